"""The filters and tests of templates: jinja2's where they are bounded, our own where they are not.

Not here on purpose: what makes markup (`urlize`, `xmlattr`, `striptags`), what differs from call to call
(`random`), what looks into objects (`attr`, `pprint`), what costs more than its size (`wordwrap`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import pass_context
from jinja2 import tests as jinja_tests
from jinja2.filters import FILTERS as JINJA
from jinja2.filters import do_indent, do_round
from jinja2.runtime import Context
from markupsafe import escape

from promptlab._template._meter import METER, PER_ITEM, LimitReached, no_hole, room, text_of
from promptlab._template._operations import formatted, joined, replaced, text_method

Filter = Callable[..., Any]

EACH, MADE, SEEN, CONCAT = " each", " made", " seen", " concat"
"""Names that no template can write; the compiled code calls them (see `_syntax`)."""

_READERS = frozenset({"first", "last", "min", "max", "default", "d", "length", "count"})
_TEXT_FROM_JINJA = frozenset({"title", "wordcount", "truncate", "urlencode"})
_FROM_JINJA = _READERS | _TEXT_FROM_JINJA | frozenset(
    ("abs", "batch", "dictsort", "filesizeformat", "float", "groupby", "int", "items", "list", "map",
     "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "sort", "unique")
)  # fmt: skip
_NOT_OURS = frozenset({"filter", "test", "callable", "escaped", "sameas"})


def _from_jinja(name: str) -> Filter:
    """Wrap one of jinja2's filters: counted, its input bounded, its iterators unrolled."""

    @pass_context
    def run(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        METER.get().tick()
        if name in _TEXT_FROM_JINJA and not isinstance(value, str):
            value = text_of(value)
        _bound(name, value, args, kwargs)
        made = context.environment.call_filter(f" {name}", value, list(args), kwargs, context=context)
        if name in _READERS:
            return made
        return METER.get().made(list(made) if isinstance(made, Iterator) else made)

    return run


def _bound(name: str, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if name == "list" and isinstance(value, str):
        room(PER_ITEM * len(value))
    if name == "int" and isinstance(value, str) and len(value) > 1000:
        raise LimitReached("it reads a number from a text of more than 1,000 characters")
    if name in {"batch", "slice"}:
        count = args[0] if args else next(iter(kwargs.values()), None)
        if not isinstance(count, int) or not 1 <= count <= 10_000:
            raise ValueError(f"{name} takes a number from 1 to 10,000")


def _ours(function: Filter) -> Filter:
    """Wrap a function of a text: what is no text is written as it stands in a prompt."""

    def run(value: Any, *args: Any, **kwargs: Any) -> Any:
        METER.get().tick()
        return METER.get().made(function(text_of(value), *args, **kwargs))

    return run


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    by = width if isinstance(width, int) else len(width)
    room(len(text) + (text.count("\n") + text.count("\r") + 2) * by)
    return do_indent(text, width, first, blank)


def _format(text: str, *args: Any) -> str:
    return formatted(text, args)


def _center(text: str, width: int = 80) -> Any:
    return text_method(text, "center", (width,), {})


def _trim(text: str, chars: str | None = None) -> Any:
    return text_method(text, "strip", (chars,), {})


def _escape(text: str) -> str:
    return str(escape(text))


def _tojson(value: Any, indent: int | None = None) -> str:
    METER.get().tick()
    no_hole(value)
    if isinstance(value, range):
        value = list(value)
    if indent is not None and not 0 <= indent <= 8:
        raise ValueError("tojson takes an indent from 0 to 8")
    size, pieces = 0, []
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent)
    for piece in encoder.iterencode(value):
        size += len(piece)
        room(size)
        pieces.append(piece)
    return str(METER.get().made("".join(pieces)))


def _round(value: Any, precision: int = 0, method: Any = "common") -> Any:
    if not -15 <= precision <= 15:
        raise ValueError("round takes a precision from -15 to 15")
    return METER.get().made(do_round(value, precision, method))


@pass_context
def _join(context: Context, value: Any, d: Any = "", attribute: Any = None) -> Any:
    return METER.get().made(joined(text_of(d), _of_each(context, value, attribute)))


@pass_context
def _sum(context: Context, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    numbers = [*_of_each(context, value, attribute), start]
    for number in numbers:
        no_hole(number)
        if not isinstance(number, (int, float)):
            raise TypeError("sum takes numbers only")
    return METER.get().made(sum(numbers))


def _of_each(context: Context, value: Any, attribute: Any) -> Any:
    no_hole(value)
    if attribute is None:
        return value
    return context.environment.call_filter("map", value, [], {"attribute": attribute}, context=context)


class Each:
    """What a `for` loops over, counted item by item."""

    def __init__(self, items: Any, work: int) -> None:
        self._items = items
        self._work = work

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        meter = METER.get()
        for item in self._items:
            meter.tick(self._work)
            yield item


def _each(items: Any, work: int) -> Each:
    no_hole(items)
    if not isinstance(items, (str, list, tuple, dict, range)):
        raise TypeError(f"{text_of(items)} is nothing to loop over")
    return Each(items, work)


def _seen(value: Any) -> Any:
    METER.get().tick()
    return value


def _ticking(test: Any) -> Filter:
    def run(*args: Any) -> Any:
        METER.get().tick()
        return test(*args)

    return run


def filters() -> dict[str, Filter]:
    """Give the filters that templates may use, and those that only compiled code can name."""
    text: dict[str, Filter] = {
        "upper": str.upper, "lower": str.lower, "capitalize": str.capitalize, "string": str, "safe": str,
        "trim": _trim, "replace": replaced, "indent": _indent, "center": _center, "format": _format,
        "escape": _escape, "e": _escape,
    }  # fmt: skip
    return {
        **{name: _from_jinja(name) for name in _FROM_JINJA},
        **{f" {name}": JINJA[name] for name in _FROM_JINJA},
        **{name: _ours(function) for name, function in text.items()},
        "join": _join,
        "sum": _sum,
        "round": _round,
        "tojson": _tojson,
        EACH: _each,
        MADE: lambda value: METER.get().made(value),
        SEEN: _seen,
        CONCAT: lambda parts: METER.get().made(joined("", parts)),
    }


def tests() -> dict[str, Filter]:
    """Give the tests that templates may use."""
    return {name: _ticking(test) for name, test in jinja_tests.TESTS.items() if name not in _NOT_OURS}
