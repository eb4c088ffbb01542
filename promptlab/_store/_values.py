"""Values as the store keeps them: plain JSON, without secrets, of bounded depth."""

from __future__ import annotations

import hashlib
import json
import math
import numbers
import re
from collections.abc import Callable, Mapping
from typing import Any

Redact = Callable[[str], str]
"""Strips secrets from a text."""

DEEPEST = 100
"""Values nested deeper are not kept: reading them back could exhaust the stack."""

LONGEST_MESSAGE = 4096
"""Bytes kept of a message that says why something failed."""

_LONGEST_REPR = 4096
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


def plain(value: Any, redact: Redact, depth: int = 0) -> Any:
    """Make a copy of a value out of JSON's types, every text in it redacted.

    What JSON has no type for is kept as its repr. The copy shares nothing that can be changed.
    """
    kind = type(value)  # asked first: the classes of numbers and mappings take ten times as long to ask
    if kind is str:
        return redact(value)
    if value is None or kind is bool or kind is float or (kind is int and -(2**53) < value < 2**53):
        return value
    if isinstance(value, str):
        return redact(str(value))
    if isinstance(value, int | float):
        return _number(value)
    if depth > DEEPEST:
        return "(nested too deeply to be kept)"
    if isinstance(value, dict | Mapping):  # the check for a dict is quick
        return {
            redact(key if isinstance(key, str) else _show(key)): plain(item, redact, depth + 1)
            # Taken at once: another thread may be changing what it was given.
            for key, item in list(value.items())
        }
    if isinstance(value, list | tuple):
        return [plain(item, redact, depth + 1) for item in value]
    return _number(value) if isinstance(value, numbers.Real) else redact(_show(value))


def _number(value: Any) -> int | float:
    """Make a plain number of any kind of number; an integer too long to be read back becomes infinite."""
    if not isinstance(value, numbers.Integral):
        return float(value)
    number = int(value)
    if number.bit_length() < 10_000:
        return number
    return math.inf if number > 0 else -math.inf


def _show(value: Any) -> str:
    """Give the repr of a foreign object, the same in every process where it can be."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a foreign object's repr may raise anything
        text = f"<{type(value).__qualname__}, whose repr raised {type(error).__qualname__}>"
    return _ADDRESS.sub("", text[:_LONGEST_REPR])


def pack(value: Any) -> bytes:
    """Write a plain value as JSON in UTF-8; half a surrogate pair, which has no UTF-8, is kept too."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def unpack(body: bytes) -> Any:
    """Read what `pack` wrote.

    Raises:
        ValueError: It is no JSON.
    """
    return json.loads(body.decode("utf-8", "surrogatepass"))


def unpack_or(default: Any, body: object) -> Any:
    """Read what `pack` wrote; give the default where it is damaged or missing."""
    if not isinstance(body, bytes):
        return default
    try:
        return unpack(body)
    except ValueError:
        return default


def digest(body: bytes) -> bytes:
    """Give the 16 bytes under which a text is kept."""
    return hashlib.blake2b(body, digest_size=16).digest()


def column(text: str) -> str:
    """Make a text fit for a column: half a surrogate pair, which SQLite refuses, is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def cut(text: str | None) -> str | None:
    """Cut a message to 4 kB."""
    if text is None or len(text) * 4 <= LONGEST_MESSAGE:
        return text
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) <= LONGEST_MESSAGE:
        return text
    return raw[: LONGEST_MESSAGE - 3].decode("utf-8", "ignore") + "…"


def whole(value: Any) -> int | None:
    """Give a count that fits a column, or None."""
    if isinstance(value, int | numbers.Integral) and not isinstance(value, bool) and abs(int(value)) < 2**53:
        return int(value)
    return None


def real(value: Any) -> float | None:
    """Give a finite number, or None."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if not isinstance(value, float | numbers.Real) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
