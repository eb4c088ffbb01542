"""What a check in another tool's words is made of: a measure of the answer's text, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab._types import Answer, Case, Verdict

NAMED = 160


class Mark(NamedTuple):
    """What a measure says of an answer."""

    passed: bool
    """Whether the expectation holds."""
    wanted: str
    """What was expected."""
    score: float | None = None
    """From 0 to 1, where it is a matter of degree."""
    got: str | None = None
    """What came instead; the answer's text where left out."""


Measure = Callable[[Case, Answer], Mark]
"""Looks at an answer."""


@dataclass(frozen=True, slots=True)
class LikeCheck:
    """A check that means what another tool means by it, to the character."""

    name: str
    """Name of its column."""
    measure: Measure
    """Looks at the answer."""
    negated: bool = False
    """Whether the expectation must not hold."""
    weight: float = 1.0
    """How much it counts in a set with a threshold; 0 for what is measured and decides nothing."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:
        """Measure, and turn the verdict round where it is negated."""
        mark = self.measure(case, answer)
        passed = mark.passed is not self.negated
        score = mark.score if mark.score is None or not self.negated else 1.0 - mark.score
        if self.weight == 0:
            return Verdict(passed=True, name=self.name, score=float(passed) if score is None else score)
        if passed:
            return Verdict(passed=True, name=self.name, score=score)
        wanted = f"anything but {mark.wanted}" if self.negated else mark.wanted
        got = show(answer.text, NAMED) if mark.got is None else mark.got
        return Verdict(
            passed=False, name=self.name, score=score, reason=f"{self.name}: expected {wanted}, got {got}"
        )


def js_text(value: Any) -> str:
    """Write a value as JavaScript makes text of it.

    Raises:
        UsageError: It is a mapping, a list or nothing.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    raise UsageError(f"it needs a text, got {show(value, 80)}")


def strict_json(text: str) -> tuple[Any] | None:
    """Read a text that is one JSON value and nothing else, as `JSON.parse` does; None where it is none."""
    try:
        return (json.loads(text.strip(" \t\n\r"), parse_constant=_no_constant),)
    except (ValueError, RecursionError):
        return None


def first_objects(text: str, most: int = 1000) -> list[Any]:
    """Give the JSON objects in a text, from left to right, those within others left out."""
    found: list[Any] = []
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = text.find("{")
    tries = 0
    while at >= 0 and tries < most:
        tries += 1
        try:
            value, end = decoder.raw_decode(text, at)
            found.append(value)
        except (ValueError, RecursionError):
            end = at + 1  # no object begins at this brace; the next one may
        at = text.find("{", end)
    return found


def texts_of(value: Any, what: str) -> list[str]:
    """Take a text or a list of texts, none of them empty.

    Raises:
        UsageError: It is neither, or one is empty: an empty text is found in every answer.
    """
    items = value if isinstance(value, list) else [value]
    texts = [js_text(item) for item in items]
    if not texts or not all(texts):
        raise UsageError(f"{what} is empty, which every answer would meet")
    return texts


def known_keys(entry: Mapping[str, Any], allowed: tuple[str, ...], what: str) -> None:
    """Refuse a key that means nothing.

    Raises:
        UsageError: There is one.
    """
    for key in entry:
        if key not in allowed:
            raise UsageError(f"`{what}` knows {', '.join(allowed)}, not {show(key)}")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
