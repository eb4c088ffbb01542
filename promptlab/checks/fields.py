"""Checks on a value as a whole: what it equals, how large it is, of which type it is.

Types are JSON's: true is not 1, "1" is not 1, and 1 is 1.0. A whole answer that is plain text is compared without
the white space around it, and also as the number, truth value, null or quoted text that it spells exactly, so
that `42` is met by 42 and by "42".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab.checks._rules import Options, Rule, Subject
from promptlab.checks._same import NO_SCALAR, exact, number_of, plain, same, scalar_of, text_equals

_TYPES = {
    "string": "string", "text": "string", "str": "string",
    "number": "number", "float": "number",
    "integer": "integer", "int": "integer",
    "boolean": "boolean", "bool": "boolean",
    "null": "null", "none": "null",
    "array": "array", "list": "array",
    "object": "object", "mapping": "object", "dict": "object",
}  # fmt: skip
_TYPE_NAMES = "string, number, integer, boolean, null, array, object"
_CLOSE = Decimal("1e-6")


def _is(subject: Subject, expected: Any, ignore_case: bool) -> bool:
    if subject.plain:
        return text_equals(subject.text or "", expected, ignore_case=ignore_case)
    if subject.whole and isinstance(expected, str):
        return same(subject.text, expected.strip(), ignore_case=ignore_case)
    return same(subject.value, expected, ignore_case=ignore_case)


def _equals(argument: Any, options: Options) -> Rule:
    expected = plain(argument)
    if options.ignore_case and not isinstance(expected, str):
        raise UsageError(f"`ignore_case` is for text; `{options.name}` has {show(expected)}")
    number = number_of(expected)

    def holds(subject: Subject) -> bool:
        return _is(subject, expected, options.ignore_case) is not options.negated

    words = "anything but " if options.negated else ""
    return Rule(f"{words}{show(expected)}", holds, unit=number is not None and 0 <= number <= 1)


def _one_of(argument: Any, options: Options) -> Rule:
    if not isinstance(argument, (list, tuple)) or not argument:
        raise UsageError(f"`{options.name}` needs a list of values, got {show(argument)}")
    choices = plain(argument)

    def holds(subject: Subject) -> bool:
        return any(_is(subject, choice, options.ignore_case) for choice in choices) is not options.negated

    return Rule(f"{'none' if options.negated else 'one'} of {show(choices)}", holds)


def measured(subject: Subject) -> int | float | None:
    """Give the finite number that a subject is, or spells where it is a plain text answer."""
    return number_of(scalar_of(subject.text or "") if subject.plain else subject.value)


def _numeric(phrase: str, test: Callable[[float], bool], bounds: tuple[float, ...]) -> Rule:
    def holds(subject: Subject) -> bool:
        number = measured(subject)
        return number is not None and test(number)

    return Rule(f"a number {phrase}", holds, unit=all(0 <= bound <= 1 for bound in bounds))


def needs_number(argument: Any, name: str) -> float:
    """Take an argument as a finite number.

    Raises:
        UsageError: Where it is none.
    """
    value = argument.item() if getattr(argument, "shape", None) == () else argument
    number = number_of(value)
    if number is None:
        raise UsageError(f"`{name}` needs a number, got {show(argument)}")
    return number


def _above(argument: Any, options: Options) -> Rule:
    bound = needs_number(argument, options.name)
    return _numeric(f"above {show(bound)}", lambda number: number > bound, (bound,))


def _below(argument: Any, options: Options) -> Rule:
    bound = needs_number(argument, options.name)
    return _numeric(f"below {show(bound)}", lambda number: number < bound, (bound,))


def _between(argument: Any, options: Options) -> Rule:
    low, high = _pair(argument, options, "two numbers, [lowest, highest]")
    if low > high:
        raise UsageError(f"`{options.name}` needs the lower number first, got {show(argument)}")
    return _numeric(f"from {show(low)} to {show(high)}", lambda number: low <= number <= high, (low, high))


def _close_to(argument: Any, options: Options) -> Rule:
    wanted = "a number, [number, tolerance] or {value: …, tolerance: …}"
    if isinstance(argument, Mapping):
        if argument.keys() != {"value", "tolerance"}:
            raise UsageError(f"`{options.name}` needs {wanted}, got {show(argument)}")
        argument = [argument["value"], argument["tolerance"]]
    if isinstance(argument, (list, tuple)):
        target, tolerance = _pair(argument, options, wanted)
        if tolerance < 0:
            raise UsageError(
                f"`{options.name}` needs a tolerance that is not negative, got {show(tolerance)}"
            )
        slack = exact(tolerance)
    else:
        target = needs_number(argument, options.name)
        slack = abs(exact(target)) * _CLOSE
        tolerance = float(slack)
    low, high = exact(target) - slack, exact(target) + slack
    return _numeric(
        f"within {show(tolerance)} of {show(target)}", lambda number: low <= exact(number) <= high, (target,)
    )


def _pair(argument: Any, options: Options, wanted: str) -> tuple[float, float]:
    if not isinstance(argument, (list, tuple)) or len(argument) != 2:
        raise UsageError(f"`{options.name}` needs {wanted}, got {show(argument)}")
    return needs_number(argument[0], options.name), needs_number(argument[1], options.name)


def _type(argument: Any, options: Options) -> Rule:
    names = argument if isinstance(argument, (list, tuple)) else [argument]
    wanted = [_TYPES.get("null" if name is None else str(name).lower(), "") for name in names]
    if not wanted or "" in wanted:
        raise UsageError(f"`{options.name}` needs one or more of {_TYPE_NAMES}, got {show(argument)}")
    return Rule(f"a value of type {' or '.join(wanted)}", partial(_has_type, wanted=frozenset(wanted)))


def _has_type(subject: Subject, wanted: frozenset[str]) -> bool:
    if subject.plain:
        scalar = scalar_of(subject.text or "")
        return "string" in wanted or (scalar is not NO_SCALAR and not wanted.isdisjoint(types_of(scalar)))
    return not wanted.isdisjoint(types_of(subject.value))


def types_of(value: Any) -> tuple[str, ...]:
    """Name the JSON types of a value: a whole number is an integer and a number."""
    if isinstance(value, (bool, str)):
        return ("boolean",) if isinstance(value, bool) else ("string",)
    if isinstance(value, (int, float)):
        whole = isinstance(value, int) or value.is_integer()
        return ("number", "integer") if whole else ("number",)
    if isinstance(value, (dict, list)):
        return ("object",) if isinstance(value, dict) else ("array",)
    return ("null",)


FAMILY: Mapping[str, Callable[[Any, Options], Rule]] = {
    "equals": _equals,
    "one_of": _one_of,
    "above": _above,
    "below": _below,
    "between": _between,
    "close_to": _close_to,
    "type": _type,
}
"""Each check of this family with what builds its rule; `equals` and `one_of` have a `not_…` form."""
