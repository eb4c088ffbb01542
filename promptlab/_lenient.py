"""Read one JSON value that was written with the slips models make; never guess at what is missing.

Read: trailing commas, single or curly quotes, odd spaces, `True`, `False`, `None`, comments, raw line breaks in a text,
`NaN` and `Infinity` (as the numbers Python has for them), a key given twice with the same value, and, where the
caller is sure that an object was meant, bare keys. Each leaves a note. Not read: anything cut short, missing
commas or quotes, an ellipsis, nesting deeper than `MAX_DEPTH`.
"""

from __future__ import annotations

import re
from typing import Any

MAX_DEPTH = 100
"""How deep an answer may be nested: far above real answers, far below where Python's own code gives up."""

_CURLY_DOUBLE = r"([^“”\"\\]*(?:\\.[^“”\"\\]*)*)[“”]"
_CURLY_SINGLE = r"([^‘’'\\]*(?:\\.[^‘’'\\]*)*)[‘’]"
_STRINGS = {
    opening: re.compile(body, re.DOTALL)
    for openings, body in (
        ('"', r'([^"\\]*(?:\\.[^"\\]*)*)"'),
        ("'", r"([^'\\]*(?:\\.[^'\\]*)*)'"),
        ("“”„", _CURLY_DOUBLE),
        ("‘’‚", _CURLY_SINGLE),
    )
    for opening in openings
}
_SPACE = re.compile(r"[ \t\r\n]*")
_ODD_SPACE = re.compile(r"[\u00a0\ufeff\u2028\u2029]*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|#[^\n]*", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"-?[A-Za-z_$][A-Za-z0-9_$-]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_MOST_DIGITS = 4000


class NotJsonError(ValueError):
    """The text at this place is not one whole JSON value."""


class Reader:
    """Reads one value from a text, tolerantly."""

    def __init__(self, text: str, start: int = 0, *, bare_keys: bool = False) -> None:
        self.text = text
        self.position = start
        """Where the value ended, after `read`."""
        self.notes: dict[str, None] = {}
        """What was put up with, in the order met."""
        self._bare_keys = bare_keys

    def read(self) -> Any:
        """Read the value that begins at the start.

        Raises:
            NotJsonError: Where no whole value begins there.
        """
        return self._value(0)

    def skip(self) -> None:
        """Go past white space and comments."""
        while True:
            self.position = _end(_SPACE, self.text, self.position)
            odd = _end(_ODD_SPACE, self.text, self.position)
            if odd > self.position:
                self._note("spaces that are none in JSON")
                self.position = odd
                continue
            comment = _COMMENT.match(self.text, self.position)
            if comment is None:
                return
            self._note("comments")
            self.position = comment.end()

    def _note(self, text: str) -> None:
        self.notes[text] = None

    def _peek(self) -> str:
        if self.position >= len(self.text):
            raise NotJsonError("it ends too early")
        return self.text[self.position]

    def _value(self, depth: int) -> Any:
        char = self._peek()
        if char in "{[":
            if depth >= MAX_DEPTH:
                raise NotJsonError(f"it is nested deeper than {MAX_DEPTH} levels")
            self.position += 1
            return self._object(depth) if char == "{" else self._array(depth)
        if char in _STRINGS:
            return self._string(char)
        number = _NUMBER.match(self.text, self.position)
        if number is not None:
            return self._number(number)
        return self._word()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.skip()
        while self._peek() != "}":
            key = self._key()
            self.skip()
            if self._peek() != ":":
                raise NotJsonError("a colon is missing")
            self.position += 1
            self.skip()
            value = self._value(depth + 1)
            if key in found:
                if found[key] != value:
                    raise NotJsonError(f"the key {key[:80]!a} came twice, with different values")
                self._note(f"the key {key[:80]!a} came twice, with the same value")
            found[key] = value
            self._separator("}")
        self.position += 1
        return found

    def _array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self.skip()
        while self._peek() != "]":
            found.append(self._value(depth + 1))
            self._separator("]")
        self.position += 1
        return found

    def _separator(self, closing: str) -> None:
        self.skip()
        char = self._peek()
        if char == closing:
            return
        if char != ",":
            raise NotJsonError("a comma or a closing bracket is missing")
        self.position += 1
        self.skip()
        if self._peek() == closing:
            self._note("a trailing comma")

    def _key(self) -> str:
        char = self._peek()
        if char in _STRINGS:
            return self._string(char)
        word = _WORD.match(self.text, self.position)
        if word is None or not self._bare_keys:
            raise NotJsonError("a key is not in quotes")
        self._note("keys without quotes")
        self.position = word.end()
        return word[0]

    def _string(self, opening: str) -> str:
        match = _STRINGS[opening].match(self.text, self.position + 1)
        if match is None:
            raise NotJsonError("a text is not closed")
        self.position = match.end()
        if opening != '"':
            self._note("single quotes" if opening == "'" else "curly quotes")
        body = match[1]
        if "\n" in body or "\r" in body:
            self._note("a line break inside a text")
        return _ESCAPE.sub(_unescape, body) if "\\" in body else body

    def _number(self, match: re.Match[str]) -> float:
        self.position = match.end()
        if match[1] or match[2]:
            return float(match[0])
        if len(match[0]) > _MOST_DIGITS:
            raise NotJsonError(f"a number has more than {_MOST_DIGITS} digits")
        return int(match[0])

    def _word(self) -> Any:
        match = _WORD.match(self.text, self.position)
        if match is None or match[0] not in _WORDS:
            raise NotJsonError("a value is not in quotes")
        self.position = match.end()
        if match[0] in ("True", "False", "None"):
            self._note("Python literals")
        elif match[0] in ("NaN", "Infinity", "-Infinity"):
            self._note("NaN or Infinity, which JSON does not have")
        return _WORDS[match[0]]


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return position if match is None else match.end()


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    if code not in _ESCAPES:
        raise NotJsonError("a text has a backslash that JSON does not know")
    return _ESCAPES[code]
