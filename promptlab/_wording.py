"""How a message quotes what a user wrote: short, printable, with the nearest right word."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from promptlab._show import one_line

Fail = Callable[[str, int | None], NoReturn]
"""Raises the caller's error for a message and the line (from 1) it is about, where there is one."""


def quoted(value: Any, limit: int = 60) -> str:
    """Show a value as it may stand in a one-line message."""
    if not isinstance(value, str):
        return _kind(value, limit)
    return f"'{one_line(value, limit)}'"


def _kind(value: Any, limit: int) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 512):
        return one_line(repr(value), limit)
    return a_kind(value)


def a_kind(value: Any) -> str:
    """Say what sort of thing a value is, in an author's words."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (str, "text"),
        (bool, "true or false"),
        ((int, float), "a number"),
        (dict, "a mapping"),
        ((list, tuple), "a list"),
        (type(None), "empty"),
    )
    for kind, words in kinds:
        if isinstance(value, kind):
            return words
    return f"a {type(value).__name__}"


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Join names with commas, the first few of them."""
    every = list(names)
    shown = ", ".join(one_line(name, 40) for name in every[:limit])
    return f"{shown}, … ({len(every)} in all)" if len(every) > limit else shown


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Give ` Did you mean 'x'?` for the option nearest to `word`, or nothing."""
    known = list(options)[:1000]
    lower = {name.lower(): name for name in reversed(known)}
    near = difflib.get_close_matches(word.lower()[:80], lower, n=1, cutoff=0.6)
    return f" Did you mean {quoted(lower[near[0]])}?" if near else ""
