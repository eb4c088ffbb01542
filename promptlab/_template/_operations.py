"""What templates do to data: operators and methods of text, bounded before they make anything."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from promptlab._template._meter import MAX_INT_BITS, METER, PER_ITEM, LimitReached, no_hole, room, text_of
from promptlab._wording import quoted

MAX_PRODUCT = 100_000_000

_TEXT = """capitalize casefold center count endswith find index isalnum isalpha isdecimal isdigit islower
    isnumeric isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace
    rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill"""
_SLOW = frozenset({"lstrip", "rstrip", "strip", "rsplit", "rpartition"})
"""Methods whose cost is the product of both lengths."""
_PADDING = frozenset({"center", "ljust", "rjust", "zfill"})
_VIEWS = frozenset({"items", "keys", "values"})

METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT.split()),
    dict: frozenset({"get", *_VIEWS}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
}
"""The methods of data that a template may call. None of them reaches beyond the data."""

_PLACE = re.compile(r"%(?:[%(]|[-+ #0-9.*hlL]*)")


class Method:
    """A method of a piece of data, as a template may call it."""

    def __init__(self, of: Any, name: str) -> None:
        self._of = of
        self._name = name
        self.hint = f"{name} is a method here: write .{name}(), or ['{name}'] for a key of that name"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if type(self._of) is str:
            return METER.get().made(text_method(self._of, self._name, args, kwargs))
        made = getattr(self._of, self._name)(*args, **kwargs)
        return METER.get().made(list(made)) if self._name in _VIEWS else made


def text_method(text: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a method of a text."""
    if name == "join":
        return joined(text, *args, **kwargs)
    if name == "replace":
        return replaced(text, *args, **kwargs)
    if name in _PADDING and args and isinstance(args[0], int):
        room(args[0])
    longest = max((len(arg) for arg in args if isinstance(arg, str)), default=0)
    if name in _SLOW and longest * len(text) > MAX_PRODUCT:
        raise LimitReached(f"{name} would compare {quoted(args[0])} too often")
    return getattr(text, name)(*args, **kwargs)


def joined(separator: str, items: Any) -> str:
    """Join values, written as they stand in a prompt."""
    no_hole(items)
    parts = [text_of(item) for item in items]
    room(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def replaced(text: str, old: Any, new: Any, count: int | None = None) -> str:
    """Replace text by text, wherever it stands or `count` times."""
    old, new = text_of(old), text_of(new)
    times = text.count(old) if count is None or count < 0 else min(text.count(old), count)
    room(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, times)


def formatted(form: str, args: Any) -> str:
    """Fill printf-style places; lists and mappings are written as JSON."""
    widths = 0
    for place in _PLACE.findall(form):
        if "(" in place or "*" in place:
            raise ValueError(f"the format {quoted(form)} is too clever: only places such as %s, %5d and %.2f")
        widths += sum(int(digits[:12]) for digits in re.findall("[0-9]+", place))
    values = [
        value if type(value) in {int, float} else text_of(value)
        for value in (args if isinstance(args, tuple) else (args,))
    ]
    room(len(form) + widths + sum(len(value) for value in values if isinstance(value, str)))
    return form % tuple(values)


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        room(len(left) + len(right))
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for many, times in ((left, right), (right, left)):
        if isinstance(many, (str, list, tuple)) and isinstance(times, int):
            room(len(many) * times * (1 if isinstance(many, str) else PER_ITEM))
    if isinstance(left, int) and isinstance(right, int):
        _int_room(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _int_room(left.bit_length() * max(right, 0))
    made = left**right
    if isinstance(made, complex):
        raise ValueError(f"{left} ** {right} is no real number")  # noqa: TRY004 - the value, not the type
    return made


def _int_room(bits: int) -> None:
    if bits > 2 * MAX_INT_BITS:
        raise LimitReached("it makes a number with thousands of digits")


def _remainder(left: Any, right: Any) -> Any:
    return formatted(left, right) if isinstance(left, str) else left % right


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": operator.sub,
    "*": _multiply,
    "/": operator.truediv,
    "//": operator.floordiv,
    "**": _power,
    "%": _remainder,
}
OPERATORS = frozenset(_OPERATORS)


def operate(sign: str, left: Any, right: Any) -> Any:
    """Apply a binary operator to two pieces of data."""
    no_hole(left)
    no_hole(right)
    return METER.get().made(_OPERATORS[sign](left, right))
