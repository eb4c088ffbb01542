"""YAML becomes plain data, strictly: one document, no tags, no surprises, line numbers at hand.

Plain words mean what YAML 1.2's core schema says, with one addition: numbers that begin with needless
zeros, or are too large to hold, stay text. So `no`, `on`, `12:30:45`, `2024-01-01`, `1_000`, `007` and `1e999`
are text; `true`, `null`, `7`, `0x1f` and `1.5` are not. Keys are text as written, whatever they look like, save a bare
`<<`: it stands for the keys of the mapping, or mappings, beside it, as far as they are not written out.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from promptlab._wording import Fail, quoted
from promptlab._yaml_events import events, line_of

MAX_DEPTH = 64
MAX_NODES = 10_000_000
MAX_ALIASED = 200_000

_NOTHING = object()
_MERGE = "<<"
_FIRST = frozenset("-+.0123456789tTfFnN~") | {""}
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,4000})")
_BASED = re.compile(r"0o[0-7]{1,4000}|0x[0-9a-fA-F]{1,4000}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Yaml:
    """A YAML document as plain data."""

    data: Any
    """Dicts, lists, str, int, float, bool and None."""
    item_lines: dict[str | None, list[int]]
    """The line of each item of each list right under a top-level key; None names a top-level list."""


def plain_word(text: str) -> Any:
    """Give the value that an unquoted word stands for."""
    if text[:1] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    return text


def read_yaml(text: str, fail: Fail, *, raw_key: str | None = None) -> Yaml:
    """Read one document; `fail` is called with what is wrong and its line.

    Args:
        text: The document.
        fail: Raises the caller's error.
        raw_key: A key whose value stays as written (`1.10`, `0x1f`) in the items of lists right under a
            top-level key, and of a top-level list.
    """
    import yaml

    builder = _Builder(fail, raw_key)
    steps = {
        yaml.ScalarEvent: builder.scalar,
        yaml.MappingStartEvent: builder.open_mapping,
        yaml.SequenceStartEvent: builder.open_list,
        yaml.MappingEndEvent: builder.close,
        yaml.SequenceEndEvent: builder.close,
        yaml.AliasEvent: builder.alias,
        yaml.DocumentStartEvent: builder.document,
    }
    for event in events(text, fail):
        step = steps.get(type(event))
        if step is not None:
            step(event)
    if builder.root is _NOTHING:
        fail("there is nothing in it", 1)
    return Yaml(builder.root, builder.item_lines)


class _Builder:
    """Folds parser events into data, without recursion."""

    def __init__(self, fail: Fail, raw_key: str | None) -> None:
        self.fail = fail
        self.raw_key = raw_key
        self.root: Any = _NOTHING
        self.item_lines: dict[str | None, list[int]] = {}
        self._stack: list[tuple[Any, list[int] | None, bool, str | None, int, int, list[Any] | None]] = []
        self._into: Any = None
        self._merged: list[Any] | None = None
        self._merging = False
        self._key: Any = _NOTHING
        self._anchors: dict[str, tuple[Any, int, int]] = {}
        self._nodes = 0
        self._deepest = 0
        self._aliased = 0
        self._lines: list[int] | None = None
        self._in_item = False

    def document(self, event: Any) -> None:
        if self.root is not _NOTHING:
            self.fail("a second document begins here (`---`); write one document a file", line_of(event))

    def scalar(self, event: Any) -> None:
        if event.tag is not None:
            self._no_tag(event)
        value = event.value
        if type(self._into) is dict and self._key is _NOTHING:
            self._take_key(event, value)
            return
        if event.implicit[0]:
            plain = plain_word(value)
            raw = self._in_item and self._key == self.raw_key and plain is not None
            value = value if raw else plain
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1, 0)
        self._put(value, event)

    def open_mapping(self, event: Any) -> None:
        self._open({}, event)

    def open_list(self, event: Any) -> None:
        self._open([], event)

    def _open(self, made: Any, event: Any) -> None:
        if event.tag is not None:
            self._no_tag(event)
        if type(self._into) is dict and self._key is _NOTHING:
            self.fail("a key is a list or a mapping; keys are text", line_of(event))
        self._reach(1, event)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        name = self._key if self._into is not None and not self._merging else None
        inner = self._merging
        self._put(made, event)
        before = (self._nodes, self._deepest)
        self._stack.append((self._into, self._lines, self._in_item, event.anchor, *before, self._merged))
        self._merged, self._deepest = None, len(self._stack)
        self._in_item = self._lines is not None
        self._lines = None
        listed = type(made) is list and not inner and name is not _NOTHING
        if listed and len(self._stack) == (1 if name is None else 2):
            self._lines = self.item_lines[name] = []
        self._into = made

    def close(self, event: Any) -> None:
        made = self._into
        if self._merged is not None:
            self._merge(made, self._merged, event)
        inner = self._deepest
        self._into, self._lines, self._in_item, anchor, before, outer, self._merged = self._stack.pop()
        self._deepest = max(outer, inner)
        if anchor is not None:
            self._anchors[anchor] = (made, self._nodes - before + 1, inner - len(self._stack))

    def _reach(self, levels: int, event: Any) -> None:
        """Note how deep the data goes with so many levels more."""
        self._deepest = max(self._deepest, len(self._stack) + levels)
        if self._deepest > MAX_DEPTH:
            self.fail(f"it nests deeper than {MAX_DEPTH} levels", line_of(event))

    def _merge(self, made: dict[str, Any], merged: list[Any], event: Any) -> None:
        """Put the keys of merged mappings before a mapping's own; what is named first counts."""
        own = dict(made)
        made.clear()
        for value in merged:
            for one in value if type(value) is list else [value]:
                if type(one) is not dict:
                    self.fail("beside `<<` stands a mapping, or a list of mappings", line_of(event))
                for key, item in one.items():
                    made.setdefault(key, item)
        made.update(own)

    def alias(self, event: Any) -> None:
        if type(self._into) is dict and self._key is _NOTHING:
            self.fail("an alias stands as a key; keys are text", line_of(event))
        if event.anchor not in self._anchors:
            self.fail(f"the alias *{event.anchor} names nothing that was complete before it", line_of(event))
        value, weight, height = self._anchors[event.anchor]
        self._reach(height, event)
        self._aliased += weight
        self._nodes += weight
        if self._aliased > MAX_ALIASED:
            self.fail(f"its aliases unfold to more than {MAX_ALIASED:,} values", line_of(event))
        self._put(_copy(value), event)

    def _take_key(self, event: Any, key: str) -> None:
        self._merging = key == _MERGE and event.implicit[0]
        if key in self._into and not self._merging:
            self.fail(f"the key {quoted(key)} stands twice in one mapping", line_of(event))
        if not key:
            self.fail("a key is empty", line_of(event))
        self._key = key

    def _put(self, value: Any, event: Any) -> None:
        self._nodes += 1
        if type(self._into) is dict:
            if self._merging:
                self._merged = [*(self._merged or ()), value]
                self._merging = False
            else:
                self._into[self._key] = value
            self._key = _NOTHING
        elif type(self._into) is list:
            if self._lines is not None:
                self._lines.append(line_of(event))
            self._into.append(value)
        else:
            self.root = value
        if self._nodes > MAX_NODES:
            self.fail(f"it holds more than {MAX_NODES:,} values", line_of(event))

    def _no_tag(self, event: Any) -> None:
        self.fail(f"the tag {quoted(event.tag)} is not read: write plain values", line_of(event))


def _copy(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copy(item) for key, item in value.items()}
    if type(value) is list:
        return [_copy(item) for item in value]
    return value
