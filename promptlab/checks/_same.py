"""When two JSON values are the same, and what can be compared with one at all."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from promptlab._errors import UsageError
from promptlab._lenient import MAX_DEPTH

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,5})?")
_WORDS: Mapping[str, bool | None] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
NO_SCALAR: Final = object()
"""Stands for a text that spells no number, truth value or null."""


def same(one: Any, other: Any, *, ignore_case: bool = False) -> bool:
    """Compare two JSON values by JSON's types: true is not 1, "1" is not 1, and 1 is 1.0."""
    if isinstance(one, str):
        return isinstance(other, str) and (fold(one, ignore_case) == fold(other, ignore_case))
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, (int, float)):
        return isinstance(other, (int, float)) and one == other
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(item, other[key], ignore_case=ignore_case) for key, item in one.items())
        )
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(same(*pair, ignore_case=ignore_case) for pair in zip(one, other, strict=True))
        )
    return False


def covers(expected: Any, item: Any, *, ignore_case: bool = False) -> bool:
    """Tell whether a list's item is the expected one; of an expected mapping, whether it has all its fields."""
    if isinstance(expected, dict) and isinstance(item, dict):
        return all(
            key in item and same(value, item[key], ignore_case=ignore_case) for key, value in expected.items()
        )
    return same(expected, item, ignore_case=ignore_case)


def fold(text: str, ignore_case: bool) -> str:
    """Fold a text's case where case does not count."""
    return text.casefold() if ignore_case else text


def scalar_of(text: str) -> Any:
    """Read a text that spells exactly one number, truth value or null; `NO_SCALAR` where it does not."""
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return NO_SCALAR
    return float(text) if match[1] or match[2] else int(text)


def text_equals(text: str, expected: Any, *, ignore_case: bool = False) -> bool:
    """Compare a whole plain text with a value: as text, as the scalar it spells, or as the text it quotes."""
    if not isinstance(expected, str):
        return same(scalar_of(text), expected)
    wanted = fold(expected.strip(), ignore_case)
    if fold(text, ignore_case) == wanted:
        return True
    return text[:1] == '"' and fold(_unquoted(text).strip(), ignore_case) == wanted


def number_of(value: Any) -> int | float | None:
    """Give a value where it is a finite number; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def exact(number: float) -> Decimal:
    """Take a number as it is written, so that 0.7 + 0.1 is 0.8."""
    return Decimal(number) if isinstance(number, int) else Decimal(repr(float(number)))


def plain(value: Any, depth: int = 0) -> Any:
    """Copy a value into plain JSON types.

    Raises:
        UsageError: Where it is nothing that an answer could hold: a date, a set, NaN, a key that is no text.
    """
    if depth > MAX_DEPTH:
        raise UsageError(f"it is nested deeper than {MAX_DEPTH} levels")
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        if number_of(value) is None:
            raise UsageError(f"{value!r} equals nothing; leave it out or write what is meant")
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise UsageError(f"the key {key!r} is no text; put it in quotes")
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    raise UsageError(f"a value of type {type(value).__name__} is in no answer; write it as text, in quotes")


def _unquoted(text: str) -> str:
    """Give what a text says that is exactly one JSON string; else the text as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, str) else text
