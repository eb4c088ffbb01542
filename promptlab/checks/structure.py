"""Checks on the shape of a value: its length, what a list includes or excludes, a JSON schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab.checks._rules import Options, Rule, Subject, not_json_subject
from promptlab.checks._same import covers, plain
from promptlab.checks._schema import Schema, schema
from promptlab.checks.fields import needs_number

_LENGTHS: Mapping[str, tuple[str, Callable[[int, float], bool]]] = {
    "equals": ("of {}", lambda length, bound: length == bound),
    "min": ("of at least {}", lambda length, bound: length >= bound),
    "max": ("of at most {}", lambda length, bound: length <= bound),
    "above": ("above {}", lambda length, bound: length > bound),
    "below": ("below {}", lambda length, bound: length < bound),
}


def _length(argument: Any, options: Options) -> Rule:
    bounds = argument if isinstance(argument, Mapping) else {"equals": argument}
    if not bounds:
        raise UsageError(f"`{options.name}` needs a number, or a mapping of min, max, equals, above, below")
    phrases, tests = [], []
    for word, bound in bounds.items():
        for name, number in _bounds(word, bound, options):
            phrase, test = _LENGTHS[name]
            phrases.append(phrase.format(show(number)))
            tests.append((test, number))

    def holds(subject: Subject) -> bool:
        length = _length_of(subject)
        return length is not None and all(test(length, number) for test, number in tests)

    return Rule(f"a length {' and '.join(phrases)}", holds, _got_length)


def _bounds(word: Any, bound: Any, options: Options) -> list[tuple[str, float]]:
    if word == "between":
        if not isinstance(bound, (list, tuple)) or len(bound) != 2:
            raise UsageError(f"`{options.name}: between` needs two numbers, got {show(bound)}")
        return [*_bounds("min", bound[0], options), *_bounds("max", bound[1], options)]
    if word not in _LENGTHS:
        raise UsageError(f"`{options.name}` knows {', '.join(_LENGTHS)} and between, not {show(word)}")
    number = needs_number(bound, options.name)
    if number < 0 or number != int(number):
        raise UsageError(f"`{options.name}` needs a whole number that is not negative, got {show(bound)}")
    return [(word, number)]


def _length_of(subject: Subject) -> int | None:
    if subject.plain:
        return len(subject.text or "")
    return len(subject.value) if isinstance(subject.value, (str, list, dict)) else None


def _got_length(subject: Subject) -> str:
    length = _length_of(subject)
    return show(subject.value) if length is None else f"{length} ({show(subject.value, 120)})"


def _members(argument: Any, options: Options, *, wanted: bool) -> Rule:
    items = plain(argument if isinstance(argument, (list, tuple)) else [argument])
    if not items:
        raise UsageError(f"`{options.name}` needs an item or a list of items")

    def wrong(value: list[Any]) -> list[Any]:
        return [
            item
            for item in items
            if any(covers(item, other, ignore_case=options.ignore_case) for other in value) is not wanted
        ]

    def holds(subject: Subject) -> bool:
        return isinstance(subject.value, list) and not wrong(subject.value)

    def got(subject: Subject) -> str:
        if not isinstance(subject.value, list):
            return f"{show(subject.value)} (no list)"
        word = "without" if wanted else "with"
        return f"{show(subject.value, 140)} ({word} {', '.join(show(item, 60) for item in wrong(subject.value)[:5])})"

    return Rule(f"a list {'with' if wanted else 'without'} {show(items)}", holds, got)


def _includes(argument: Any, options: Options) -> Rule:
    return _members(argument, options, wanted=True)


def _excludes(argument: Any, options: Options) -> Rule:
    return _members(argument, options, wanted=False)


def _json_schema(argument: Any, options: Options) -> Rule:
    compiled: Schema = schema(argument, options.name)

    def holds(subject: Subject) -> bool:
        return not subject.plain and compiled.trouble(subject.value) is None

    def got(subject: Subject) -> str:
        return not_json_subject(subject) if subject.plain else str(compiled.trouble(subject.value))

    return Rule("JSON that fits the schema", holds, got)


FAMILY: Mapping[str, Callable[[Any, Options], Rule]] = {
    "length": _length,
    "includes": _includes,
    "excludes": _excludes,
    "json_schema": _json_schema,
}
"""Each check of this family with what builds its rule."""
