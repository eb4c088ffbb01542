"""Field paths: `a.b[0].c`, `items[-1]`, `a["odd.key"]`, and `$.a` where `a` alone would be a check."""

from __future__ import annotations

import re
from typing import Any, Final

from promptlab._errors import UsageError
from promptlab._show import show, visible

Path = tuple[str | int, ...]
"""The steps from the answer to a field: keys, and places in a list."""


class _Missing:
    __slots__ = ()


MISSING: Final = _Missing()
"""Stands for a field that is not there."""

_STEP = re.compile(
    r"\.?(?P<key>[^.\[\]\"'\s](?:[^.\[\]\"']*[^.\[\]\"'\s])?)"
    r"|\[(?P<place>-?[0-9]{1,9})\]"
    r"|\[(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)')\]"
)
_PLAIN_KEY = re.compile(r"[^.\[\]\"'\s$](?:[^.\[\]\"']*[^.\[\]\"'\s])?")
_BACKSLASH = re.compile(r"\\(.)")
_NAMED_KEYS = 5


def parse_path(written: str) -> Path:
    """Read a path as it is written in a suite.

    Raises:
        UsageError: Where it cannot be read as one.
    """
    start = 1 if written == "$" or written.startswith(("$.", "$[")) else 0
    steps: list[str | int] = []
    position = start
    while position < len(written):
        match = _STEP.match(written, position)
        dotted = written[position] == "."
        # A key needs the dot before it, except where the path begins with it.
        wrong_dot = dotted == (position == 0) if match and match["key"] else dotted
        if match is None or wrong_dot:
            raise UsageError(
                f'{show(written)} is no field path: write a.b[0].c, and a["odd.key"] for a key with dots,'
                " brackets or quotes in it"
            )
        steps.append(_step(match))
        position = match.end()
    if not steps:
        raise UsageError(f"{show(written)} is no field path: it names no field")
    return tuple(steps)


def path_text(path: Path) -> str:
    """Write a path in its one usual form, in one line and without a `$`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            written += f".{step}" if written else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            written += f'["{escaped}"]'
    return visible(written)


def find(value: Any, path: Path) -> Any:
    """Follow a path into a value; `MISSING` where it does not lead anywhere."""
    for step in path:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return MISSING
        elif not isinstance(value, list) or not -len(value) <= step < len(value):
            return MISSING
        value = value[step]
    return value


def nearby(value: Any, path: Path) -> str:
    """Say what there is at the step where a path leaves the value."""
    for step in path:
        below = find(value, (step,))
        if below is MISSING:
            break
        value = below
    if isinstance(value, dict):
        if not value:
            return "there are no fields"
        names = ", ".join(show(key, 40)[1:-1] for key in list(value)[:_NAMED_KEYS])
        return f"there is: {names}{', …' if len(value) > _NAMED_KEYS else ''}"
    if isinstance(value, list):
        return f"there is a list of {len(value)}"
    return f"there is {show(value, 60)}"


def _step(match: re.Match[str]) -> str | int:
    if match["place"] is not None:
        return int(match["place"])
    if match["key"] is not None:
        return match["key"]
    quoted = match["double"] if match["double"] is not None else match["single"]
    return _BACKSLASH.sub(r"\1", quoted)
