"""Suites in JSON and JSONL, strictly: no key twice, no NaN, no bottomless nesting; a line for each case."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from promptlab._cases._document import Document, failing
from promptlab._cases._tree import CASES, tree_document
from promptlab._wording import Fail, quoted
from promptlab._yaml_lines import find_line

MAX_DEPTH = 64

_BLANK = re.compile(r"[ \t\n\r]*")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class _Wrong(Exception):  # noqa: N818 - a signal within this module, never seen outside
    """What is wrong with a value."""


def read(text: str, path: Path, shown: str) -> Document:
    """Read a suite: an object with `cases`, or an array of cases."""
    scan = _Scan(text, failing(shown))
    data = scan.document()
    return tree_document(data, scan.item_lines, path, shown, lambda keys: find_line(text, keys))


def read_lines(text: str, path: Path, shown: str) -> Document:
    """Read a suite with a case on each line."""
    fail = failing(shown)
    cases, lines = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        cases.append(read_value(line.rstrip("\r"), _at_line(fail, number)))
        lines.append(number)
    return Document(name=path.stem, shown=shown, cases=cases, path=path, lines=lines)


def read_value(text: str, fail: Fail) -> Any:
    """Read a text that is one JSON value."""
    return _Scan(text, fail).whole()


def _at_line(fail: Fail, number: int) -> Fail:
    def at_line(message: str, line: int | None) -> NoReturn:  # noqa: ARG001 - a text of one line has no other
        fail(message, number)

    return at_line


class _Scan:
    """Goes through a JSON text from one value to the next, keeping count of the lines."""

    def __init__(self, text: str, fail: Fail) -> None:
        self.item_lines: dict[str | None, list[int]] = {}
        self._text = text
        self._fail = fail
        self._decode = _decoder().raw_decode
        self._halves = _HALF.search(text) is not None
        self._line, self._counted = 1, 0

    def document(self) -> Any:
        """Read the top: an object or array, its items one by one."""
        data: Any
        at = self._blank(0)
        if self._text.startswith("{", at):
            data, at = self._object(at + 1)
        elif self._text.startswith("[", at):
            data, at = self._array(at + 1, None)
        else:
            data, at = self._value(at)
        self._end(at)
        return data

    def whole(self) -> Any:
        """Read one value and nothing after it."""
        data, at = self._value(self._blank(0))
        self._end(at)
        return data

    def _end(self, at: int) -> None:
        if self._blank(at) < len(self._text):
            self._fail("something stands after the end of the JSON value", self._line_at(self._blank(at)))

    def _object(self, at: int) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}

        def entry(at: int) -> int:
            key, after = self._value(at)
            if not isinstance(key, str):
                self._fail("a key in quotes was expected", self._line_at(at))
            if key in made:
                self._fail(f"the key {quoted(key)} stands twice", self._line_at(at))
            after = self._blank(self._token(self._blank(after), ":"))
            if key == CASES and self._text.startswith("[", after):
                made[key], after = self._array(after + 1, key)
            else:
                made[key], after = self._value(after)
            return after

        return made, self._members(at, "}", entry)

    def _array(self, at: int, name: str | None) -> tuple[list[Any], int]:
        made: list[Any] = []
        lines = self.item_lines[name] = []

        def entry(at: int) -> int:
            lines.append(self._line_at(at))
            value, after = self._value(at)
            made.append(value)
            return after

        return made, self._members(at, "]", entry)

    def _members(self, at: int, closer: str, entry: Callable[[int], int]) -> int:
        at = self._blank(at)
        if self._text.startswith(closer, at):
            return at + 1
        while True:
            at = self._blank(entry(at))
            if self._text.startswith(closer, at):
                return at + 1
            at = self._blank(self._token(at, ","))

    def _token(self, at: int, token: str) -> int:
        if not self._text.startswith(token, at):
            self._fail(f"this is not JSON: `{token}` was expected", self._line_at(at))
        return at + 1

    def _value(self, at: int) -> tuple[Any, int]:
        try:
            value, end = self._decode(self._text, at)
            self._check(value, at, end)
        except json.JSONDecodeError as error:
            self._fail(f"this is not JSON: {error.msg}", error.lineno)
        except RecursionError:
            self._fail(f"it nests deeper than {MAX_DEPTH} levels", self._line_at(at))
        except _Wrong as wrong:
            self._fail(str(wrong), self._line_at(at))
        except ValueError:
            self._fail("a number has thousands of digits; put it in quotes", self._line_at(at))
        return value, end

    def _check(self, value: Any, at: int, end: int) -> None:
        if self._text.count("[", at, end) + self._text.count("{", at, end) > MAX_DEPTH and _deep(value):
            raise _Wrong(f"it nests deeper than {MAX_DEPTH} levels")
        if self._halves and not _encodes(value):
            raise _Wrong("it holds half a character (a lone \\ud8… escape), which has no meaning")

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found else at

    def _line_at(self, at: int) -> int:
        if at < self._counted:
            return self._text.count("\n", 0, at) + 1
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Wrong(f"the key {quoted(key)} stands twice in one object")
            seen.add(key)
    return made


def _no_constant(name: str) -> NoReturn:
    raise _Wrong(f"{name} is no JSON; leave the value out or write null")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Wrong(f"the number {quoted(text)} is too large; put it in quotes")
    return value


def _encodes(value: Any) -> bool:
    text = json.dumps(value, ensure_ascii=False)
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _deep(value: Any) -> bool:
    todo = [(value, 1)]
    while todo:
        item, depth = todo.pop()
        if isinstance(item, (dict, list)):
            if depth > MAX_DEPTH:
                return True
            todo.extend((part, depth + 1) for part in (item.values() if isinstance(item, dict) else item))
    return False
