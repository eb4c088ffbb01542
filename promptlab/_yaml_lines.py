"""Where a key of a YAML (or JSON) text stands: read again, only when there is trouble to point at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from promptlab._yaml_events import events, kind_of, line_of


class _Broken(Exception):  # noqa: N818 - a signal within this module, never seen outside
    """The text could not be read to the place looked for."""


@dataclass(slots=True)
class _Frame:
    is_map: bool
    on_path: bool
    at: Any
    wants_key: bool


def find_line(text: str, path: tuple[str | int, ...]) -> int | None:
    """Give the line of the deepest part of `path` (keys and indexes) that the text holds."""

    def fail(message: str, line: int | None) -> NoReturn:
        raise _Broken(message, line)

    stack: list[_Frame] = []
    best: tuple[int, int | None] = (0, None)
    try:
        for event in events(text, fail):
            kind = kind_of(event)
            if kind == "end":
                stack.pop()
            if kind in {"end", "other"}:
                continue
            depth = _step(stack, event, path)
            if depth > best[0]:
                best = (depth, line_of(event))
            if depth == len(path):
                break
            if kind != "leaf":
                on_path = not stack or (stack[-1].on_path and stack[-1].at == path[len(stack) - 1])
                is_map = kind == "mapping"
                stack.append(_Frame(is_map, on_path, None if is_map else -1, is_map))
    except _Broken:
        return best[1]
    return best[1]


def _step(stack: list[_Frame], event: Any, path: tuple[str | int, ...]) -> int:
    """Move the innermost mapping or list on by one node; tell how deep on the path that is."""
    if not stack:
        return 0
    top = stack[-1]
    if not top.is_map:
        top.at += 1
    elif top.wants_key:
        top.at, top.wants_key = getattr(event, "value", None), False
    else:
        top.wants_key = True
        return 0
    on = top.on_path and len(stack) <= len(path) and top.at == path[len(stack) - 1]
    return len(stack) if on else 0
