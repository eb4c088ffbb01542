"""Keeps secrets out of texts: whatever encoding they come back in."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus, unquote

MASK = "[key removed]"
SHORTEST = 6
"""A shorter secret is no secret, and masking it would spoil ordinary words."""


class Secret:
    """A secret that shows itself nowhere unless asked for."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled: let the other process read it from its environment")


def redactor(secrets: Iterable[Secret]) -> Callable[[str], str]:
    """Make a function that masks the secrets in a text, plain or encoded.

    Masked are the secret itself in any case of letters, and its percent, JSON, hexadecimal and base64
    forms (at each of the three alignments within a longer base64 text).
    """
    forms: set[str] = set()
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= SHORTEST:
            forms |= _forms(value)
    if not forms:
        return _same
    pattern = re.compile(
        "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)), re.IGNORECASE
    )
    lowered = [form.lower() for form in forms]

    def redact(text: str) -> str:
        low = text.lower()  # looking for a form costs a microsecond; the pattern a hundred
        if any(form in low for form in lowered):
            return pattern.sub(MASK, text)
        if "\\" in low or "%" in low or "&#" in low:
            plain = _decoded(low)
            if any(form in plain for form in lowered):
                return f"{MASK[:-1]}: it was written in escapes]"
        return text

    return redact


def _decoded(text: str) -> str:
    """Undo escapes: of JSON and Python, of addresses, of HTML."""
    plain = re.sub(r"\\+(?:u00|x|u\{)([0-9a-f]{2})\}?", lambda found: chr(int(found[1], 16)), text)
    return html.unescape(unquote(plain)).lower()


def _same(text: str) -> str:
    return text


def _forms(value: str) -> set[str]:
    raw = value.encode()
    forms = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], raw.hex(), value[::-1]}
    for pad in range(3):
        # The characters at either end also encode neighbouring bytes: those that are the secret's alone remain.
        text = base64.b64encode(b"\0" * pad + raw).decode().rstrip("=")
        inner = text[(0, 2, 3)[pad] : len(text) - (1 if (pad + len(raw)) % 3 else 0)]
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}
