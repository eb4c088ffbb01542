"""The forms in which a secret may come back: what others make of it when they encode it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

_UUENCODED = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "`" + "".join(map(chr, range(33, 96)))
)
"""From base64's alphabet to that of uuencode: both write six bits a character."""

_HEX_BETWEEN = (
    "",
    ":",
    "-",
    " ",
    ", ",
    ",",
    "_",
    "0x",
    " 0x",
    ", 0x",
    ",0x",
    "\\x",
    "\\\\x",
    "', '0x",
    "%",
    "=",
)
_NUMBERS_BETWEEN = (", ", ",", " ")


def encodings(value: str) -> set[str]:
    """Give the forms of a secret, in lower case, as they stand within a longer text that was encoded as a whole.

    Where an encoding writes several bytes at a time, there is a form for each place at which the secret may begin;
    the characters at either end that also hold bytes of its neighbours are left out.
    """
    raw = value.encode()
    forms = {value, value[::-1], " ".join(value), "\0".join(value)}
    forms |= {quote(value, safe=""), quote_plus(value), html.escape(value)}
    forms |= {json.dumps(value)[1:-1], json.dumps(value)[1:-1].replace("/", "\\/")}
    forms |= set(_by_character(value)) | set(_by_byte(raw)) | set(_by_group(raw))
    wide = value.encode("utf-16-le", "surrogatepass")
    forms.add(wide.hex()[:-2] if wide.endswith(b"\0") else wide.hex())  # in both orders of bytes
    for twice in (wide, b"\0" + wide[:-1], raw.hex().encode(), *(form.encode() for form in _base64(raw))):
        forms |= set(_base64(twice, safe_too=True))
    forms |= {form.encode().hex() for form in _base64(raw)}
    return {form.lower() for form in forms}


def _by_character(value: str) -> Iterator[str]:
    """Write each character as an escape: of JSON, of HTML, of JavaScript."""
    points = [ord(char) for char in value]
    yield "".join(f"\\u{point:04x}" for point in points)
    yield "".join(f"\\u{{{point:x}}}" for point in points)
    yield "".join(f"&#{point};" for point in points)
    yield "".join(f"&#x{point:x};" for point in points)


def _by_byte(raw: bytes) -> Iterator[str]:
    """Write each byte as a number: hexadecimal, decimal, octal."""
    for between in _HEX_BETWEEN:
        yield between.join(f"{byte:02x}" for byte in raw)
    for between in _NUMBERS_BETWEEN:
        yield between.join(str(byte) for byte in raw)
    yield "".join(f"\\{byte:03o}" for byte in raw)
    yield " ".join(f"{first:02x}{second:02x}" for first, second in zip(raw[::2], raw[1::2], strict=False))
    yield " ".join(f"{first:02x}{second:02x}" for first, second in zip(raw[1::2], raw[2::2], strict=False))


def _by_group(raw: bytes) -> Iterator[str]:
    """Write several bytes at a time: base64, base32, base85, uuencode."""
    for form in _base64(raw):
        yield from (form, form.replace("+", "-").replace("/", "_"), form.translate(_UUENCODED))
    grouped: tuple[tuple[Callable[[bytes], bytes], int, int], ...] = (
        (base64.b32encode, 5, 8),
        (base64.b32hexencode, 5, 8),
        (base64.b85encode, 4, 5),
        (base64.a85encode, 4, 5),
    )
    for encode, size, width in grouped:
        for before in range(size):
            whole = encode(b"\1" * before + raw)  # a85 writes four zeros in another way
            first = width if before else 0
            yield whole[first : width * ((before + len(raw)) // size)].decode()


def _base64(raw: bytes, *, safe_too: bool = False) -> Iterator[str]:
    """Write bytes as base64, at each of the three places within a group."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        form = text[(0, 2, 3)[before] : len(text) - (1 if (before + len(raw)) % 3 else 0)]
        yield form
        if safe_too:
            yield form.replace("+", "-").replace("/", "_")
