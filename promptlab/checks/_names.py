"""The names of the checks, and what to say of a key that is almost one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from functools import lru_cache

CHECKS: tuple[str, ...] = (
    "equals", "not_equals", "one_of", "not_one_of",
    "contains", "not_contains", "contains_all", "not_contains_all", "contains_any", "not_contains_any",
    "starts_with", "not_starts_with", "ends_with", "not_ends_with", "regex", "not_regex",
    "above", "below", "between", "close_to",
    "length", "includes", "excludes", "type", "present", "json_schema",
    "similar", "judge", "max_latency_s", "max_cost_usd", "refused", "python", "foreign",
)  # fmt: skip
"""Every named check, as it may stand in a suite."""

MODIFIERS = ("ignore_case",)
"""Keys that may stand beside checks and change how they compare."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINTS = re.compile(r"[-\s_]+")
_NEAR = 0.83
_LONGEST_NAME = 40


def almost(written: str, more: Collection[str] = ()) -> str | None:
    """Give the check that a key is a slip of: another spelling, or a letter or two off; None where it is none.

    Args:
        written: The key, which is no check's name itself.
        more: Names of further checks that the caller knows.
    """
    if len(written) > _LONGEST_NAME or written.startswith("$") or "." in written or "[" in written:
        return None  # a path is no slip
    return _almost(written, (*CHECKS, *MODIFIERS, *more))


@lru_cache(maxsize=4096)
def _almost(written: str, names: tuple[str, ...]) -> str | None:
    snake = _JOINTS.sub("_", _HUMP.sub("_", written.strip())).lower().strip("_")
    joined = snake.replace("_", "")
    for name in names:
        letters = name.replace("_", "")
        if joined == letters or (len(joined) == len(letters) and _swapped(joined, letters)):
            return name
    if snake.startswith("not_") and snake[4:] in names:
        return snake[4:]  # a check that has no `not_` form
    near = difflib.get_close_matches(snake, names, n=1, cutoff=_NEAR)
    return near[0] if near else None


def _swapped(one: str, other: str) -> bool:
    """Tell whether two words differ by one pair of neighbouring letters."""
    different = [index for index, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
    return (
        len(different) == 2
        and different[1] == different[0] + 1
        and one[different[0]] == other[different[1]]
        and one[different[1]] == other[different[0]]
    )
