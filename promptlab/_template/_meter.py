"""What rendering may cost: steps, time, characters; and what may stand in a prompt at all.

A template cannot be stopped from outside, so everything it does passes a meter, and nothing that
one step makes or reads is larger than a step can handle in a blink.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from contextvars import ContextVar
from numbers import Integral, Real
from typing import Any

from jinja2 import Undefined

from promptlab._wording import a_kind

MAX_LENGTH = 2_000_000
MAX_WORK = 20_000_000
MAX_STEPS = 1_000_000
MAX_SECONDS = 2.0
MAX_DEPTH = 64
MAX_INT_BITS = 14_000
PER_ITEM = 8


class LimitReached(Exception):  # noqa: N818 - it says what happened; the caller turns it into a PromptError
    """A template asked for more than rendering may cost."""


class Meter:
    """Counts what one rendering does, and ends it where that is too much."""

    __slots__ = ("_since", "_steps", "_work")

    def __init__(self) -> None:
        self._steps = 0
        self._work = 0
        self._since = time.thread_time()

    def tick(self, work: int = 0) -> None:
        """Count one step that makes `work` characters (an item of a list counts as 8)."""
        self._steps += 1
        self._work += work
        if self._work > MAX_WORK:
            raise LimitReached(f"it makes more than {MAX_WORK:,} characters on its way")
        if self._steps > MAX_STEPS:
            raise LimitReached(f"it takes more than {MAX_STEPS:,} steps")
        # The thread's own time: a busy machine makes nobody's prompt fail. Small steps look at the
        # clock now and then, large ones always.
        if (work > 10_000 or not self._steps & 15) and time.thread_time() - self._since > MAX_SECONDS:
            raise LimitReached(f"it takes more than {MAX_SECONDS:g} s")

    def made(self, value: Any) -> Any:
        """Count a value that was just made, and give it back."""
        kind = type(value)
        if kind is str:
            room(len(value))
            self.tick(len(value))
        elif kind is int:
            if value.bit_length() > MAX_INT_BITS:
                raise LimitReached("it makes a number with thousands of digits")
            self.tick()
        elif kind in _CONTAINERS:
            self.tick(PER_ITEM * _weigh(value))
        else:
            self.tick()
        return value


METER: ContextVar[Meter] = ContextVar("promptlab_template_meter")
"""The meter of the rendering under way in this thread."""


def room(length: int) -> None:
    """End the rendering where a text of `length` characters would be too long."""
    if length > MAX_LENGTH:
        raise LimitReached(f"it makes a value of more than {MAX_LENGTH:,} characters")


_ATOMS = frozenset({str, int, float, bool, type(None)})
_CONTAINERS = frozenset({list, tuple, dict})


def _weigh(value: Any) -> int:
    """Count what a value unfolds to, and refuse what is too much or no plain data.

    Sharing makes small values that unfold without end (a list of ten times the same list of ten
    times …); every operation in C would walk the whole, so none may come into being.
    """
    todo = [(value, 0)]
    nodes = size = 0
    while todo:
        item, depth = todo.pop()
        nodes += 1
        kind = type(item)
        if kind is str:
            size += len(item)
        elif kind in _CONTAINERS or isinstance(item, tuple):
            if depth >= MAX_DEPTH:
                raise LimitReached(f"it nests lists deeper than {MAX_DEPTH} levels")
            size += PER_ITEM * len(item)
            room(size)
            if kind is dict:
                todo.extend((key, depth + 1) for key in item)
                item = item.values()
            todo.extend((part, depth + 1) for part in item)
        elif kind not in _ATOMS and kind is not range:
            no_hole(item)
            raise TypeError(f"a list or mapping can hold data only, not {a_kind(item)}")
    room(size)
    return nodes


def text_of(value: Any) -> str:
    """Write a value as it stands in a prompt: text as it is, anything else as compact JSON."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]  # `kind` says so; isinstance would let subclasses in
    if value is None or kind is bool:
        return {None: "null", True: "true", False: "false"}[value]
    if kind is int:
        return str(value)
    if kind is float:
        if not math.isfinite(value):
            raise ValueError(f"{value} is no number that can stand in a prompt")
        return repr(value)
    if kind is range:
        value = list(value)
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    no_hole(value)
    raise TypeError(getattr(value, "hint", f"{a_kind(value)} is no data and cannot stand in a prompt"))


def no_hole(value: Any) -> None:
    """Raise jinja2's error, which has the name, where a value is a hole that nothing fills."""
    if isinstance(value, Undefined):
        str(value)


def plain(value: Any, name: str) -> Any:
    """Copy a case's value as plain data: exact built-in types, nothing with methods of its own."""
    if type(value) is str:
        _fits(len(value), name)
        return value
    budget = [MAX_LENGTH]
    return _plain(value, name, budget, 0)


def _plain(value: Any, name: str, budget: list[int], depth: int) -> Any:
    kind = type(value)
    budget[0] -= PER_ITEM
    if isinstance(value, str):
        budget[0] -= len(value)
        made: Any = str.__str__(value)
    elif kind in _ATOMS:
        made = value
    elif isinstance(value, (Mapping, list, tuple)):
        if depth >= MAX_DEPTH:
            raise LimitReached(f"the input {name} nests deeper than {MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            made = {
                _key(key, name, budget): _plain(item, name, budget, depth + 1) for key, item in value.items()
            }
        else:
            made = [_plain(item, name, budget, depth + 1) for item in value]
    else:
        made = _plain_odd(value, name, budget, depth)
    _fits(MAX_LENGTH - budget[0], name)
    if type(made) is int and made.bit_length() > MAX_INT_BITS:
        raise LimitReached(f"the input {name} holds a number with thousands of digits")
    return made


def _key(key: Any, name: str, budget: list[int]) -> Any:
    if not isinstance(key, (str, Integral)):
        raise TypeError(f"the input {name} holds a mapping with {a_kind(key)} as a key; keys are text")
    return _plain(key, name, budget, MAX_DEPTH)


def _plain_odd(value: Any, name: str, budget: list[int], depth: int) -> Any:
    """Turn the few other types whose meaning is plain (numpy's, dates, decimals) into data."""
    import datetime as dt
    import decimal

    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        listed = value.tolist()
        if type(listed) is not type(value):
            return _plain(listed, name, budget, depth)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    raise TypeError(
        f"the input {name} is or holds {a_kind(value)}; a prompt takes text, numbers, true, false, null, "
        "lists and mappings"
    )


def _fits(size: int, name: str) -> None:
    if size > MAX_LENGTH:
        raise LimitReached(f"the input {name} is larger than {MAX_LENGTH:,} characters")
