"""Show any value in one short line, with nothing in it that a terminal or a page could act on.

What a model says is quoted in reasons and notes. Here it loses line breaks, escape bytes, bidirectional
and invisible characters: each stands there as its code, so that it can be seen and does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

LIMIT = 200
"""Characters of a shown value."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSAFE_TO_PRINT = re.compile(r"[^ -~]")
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, ESC and the eight-bit CSI among them
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # direction, line, no width
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters that cannot be encoded; hidden tags
)
_BIGGEST_WRITTEN_INT_BITS = 600


def show(value: Any, limit: int = LIMIT) -> str:
    """Show a value the way JSON writes it, in one line of at most `limit` characters.

    Never raises, whatever the value: what JSON does not know is named by its type.
    """
    shown: list[str] = []
    room = limit + 1
    for piece in _pieces(value, room, 0):
        shown.append(piece)
        room -= len(piece)
        if room <= 0:
            break
    return cut("".join(shown), limit)


def one_line(text: str, limit: int = LIMIT) -> str:
    """Put a text into one line of at most `limit` characters, everything unprintable made visible."""
    return cut(visible(text[: limit + 1]), limit)


def visible(text: str) -> str:
    """Replace every character that is not printable by its code."""
    if text.isprintable():
        return text
    return _UNSAFE_TO_PRINT.sub(_code, text)


def harmless(text: str, code: Callable[[str], str] = visible) -> str:
    """Replace what would steer the reader's screen by its code; keep line ends and tabs.

    Args:
        text: Any text.
        code: Writes such a character.
    """
    return _HARMFUL.sub(lambda found: code(found[0]), text.replace("\r\n", "\n"))


def cut(text: str, limit: int) -> str:
    """Cut a text to `limit` characters; an ellipsis says that something is gone."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _code(match: re.Match[str]) -> str:
    char = match[0]
    if char.isprintable():
        return char
    point = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _pieces(value: Any, room: int, depth: int) -> Iterator[str]:
    if value is None or isinstance(value, (bool, int, float)):
        yield _scalar(value)
    elif isinstance(value, str):
        quoted = value[:room].replace("\\", "\\\\").replace('"', '\\"')
        yield f'"{visible(quoted)}"'
    elif depth > room:
        yield "…"
    elif isinstance(value, Mapping):
        yield from _members(value, room, depth)
    elif isinstance(value, (list, tuple)):
        yield "["
        for index, item in enumerate(value):
            if index:
                yield ", "
            yield from _pieces(item, room, depth + 1)
        yield "]"
    else:
        yield f"<{visible(type(value).__name__)}>"


def _members(value: Mapping[Any, Any], room: int, depth: int) -> Iterator[str]:
    yield "{"
    for index, (key, item) in enumerate(value.items()):
        if index:
            yield ", "
        yield from _pieces(key, room, depth + 1)
        yield ": "
        yield from _pieces(item, room, depth + 1)
    yield "}"


def _scalar(value: float | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value.bit_length() > _BIGGEST_WRITTEN_INT_BITS:
            return f"<a whole number of {value.bit_length()} bits>"
        return int.__repr__(value)
    if value != value:  # noqa: PLR0124 - only NaN differs from itself
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)
