"""Checks on text: what it contains, begins or ends with, or matches; with `ignore_case`, and in `not_…` forms.

They look at a field that is text, or at the whole answer's text without the white space around it. Anything
else (a number, a list, a missing field) fails, the `not_…` forms too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab.checks._pattern import pattern
from promptlab.checks._rules import Options, Rule, Subject
from promptlab.checks._same import fold


def _rule(phrase: str, test: Callable[[str], bool], options: Options) -> Rule:
    def holds(subject: Subject) -> bool:
        return subject.text is not None and test(subject.text) is not options.negated

    case = " (in any case)" if options.ignore_case else ""
    return Rule(f"text that {phrase}{case}", holds, _got)


def _got(subject: Subject) -> str:
    return show(subject.value if subject.text is None else subject.text)


def _one(argument: Any, options: Options, otherwise: str = "") -> str:
    if not isinstance(argument, str) or not argument:
        hint = otherwise if isinstance(argument, (list, tuple)) else "; put it in quotes"
        raise UsageError(f"`{options.name}` needs a text that is not empty, got {show(argument)}{hint}")
    return argument


def _several(argument: Any, options: Options) -> list[str]:
    if not isinstance(argument, (list, tuple)) or not argument:
        raise UsageError(f"`{options.name}` needs a list of texts, got {show(argument)}")
    return [_one(item, options) for item in argument]


def _verb(options: Options, plain: str, negated: str) -> str:
    return negated if options.negated else plain


def _contains(argument: Any, options: Options) -> Rule:
    part = _one(argument, options, "; for several there are `contains_all` and `contains_any`")
    wanted = fold(part, options.ignore_case)
    phrase = f"{_verb(options, 'contains', 'does not contain')} {show(part)}"
    return _rule(phrase, lambda text: wanted in fold(text, options.ignore_case), options)


def _contains_many(argument: Any, options: Options, *, every: bool) -> Rule:
    parts = _several(argument, options)
    wanted = [fold(part, options.ignore_case) for part in parts]
    combine = all if every else any
    if every:
        verb = _verb(options, "contains all of", "does not contain all of")
    else:
        verb = _verb(options, "contains any of", "contains none of")

    def test(text: str) -> bool:
        folded = fold(text, options.ignore_case)
        return combine(part in folded for part in wanted)

    return _rule(f"{verb} {show(parts)}", test, options)


def _at_an_end(argument: Any, options: Options, *, start: bool) -> Rule:
    part = _one(argument, options)
    wanted = fold(part, options.ignore_case)

    def test(text: str) -> bool:
        folded = fold(text, options.ignore_case)
        return folded.startswith(wanted) if start else folded.endswith(wanted)

    word = "start" if start else "end"
    phrase = f"{_verb(options, f'{word}s', f'does not {word}')} with {show(part)}"
    return _rule(phrase, test, options)


def _regex(argument: Any, options: Options) -> Rule:
    compiled = pattern(_one(argument, options), ignore_case=options.ignore_case)
    phrase = f"{_verb(options, 'matches', 'does not match')} {show(argument)}"
    return _rule(phrase, compiled.search, options)


FAMILY: Mapping[str, Callable[[Any, Options], Rule]] = {
    "contains": _contains,
    "contains_all": partial(_contains_many, every=True),
    "contains_any": partial(_contains_many, every=False),
    "starts_with": partial(_at_an_end, start=True),
    "ends_with": partial(_at_an_end, start=False),
    "regex": _regex,
}
"""Each check of this family with what builds its rule; each has a `not_…` form."""
