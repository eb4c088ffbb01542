"""Tables of cases: what each column means, the same for CSV files and DataFrames.

    id, request, input.language, expect, expect.found:json, tags, why

`id` (or `case`) names the case; `tags` and `why` are what they are; `expect` is what the whole answer equals and
`expect.<path>` what a field of it equals; `metadata.<name>` is carried along; every other column, with or without
`input.` before it, is an input. Text is text, whatever it looks like. A column whose name ends in `:json`
holds JSON: `true`, `7`, `{"below": 0.4}`. An empty cell expects nothing and is, as an input, empty text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from promptlab._cases._json import read_value
from promptlab._wording import a_kind, did_you_mean, quoted

JSON = ":json"
Complain = Callable[[str], Any]
"""Raises for a message about the table as a whole."""

_PREFIXES = ("input", "expect", "metadata")
_SINGLE = {"id": "id", "case": "id", "tags": "tags", "why": "why"}
_MISTAKEN = {
    "expected": "expect", "expects": "expect", "expectation": "expect", "expectations": "expect",
    "tag": "tags", "ids": "id", "case_id": "id", "inputs": "input", "meta": "metadata",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column's cells go."""

    name: str
    """As written, for messages."""
    key: str
    """The key of the case."""
    path: str | None
    """The name under that key; None for the key itself."""
    is_json: bool
    """Whether cells hold JSON."""


def read_header(names: Sequence[Any], complain: Complain) -> list[Column]:
    """Say what each column means; complain of one that means nothing, or the same as another."""
    columns: list[Column] = []
    taken: dict[tuple[str, str | None], str] = {}
    has_id = "id" in names
    for number, name in enumerate(names, start=1):
        if not isinstance(name, str):
            complain(f"column {number} has {a_kind(name)} as its name; names are text")
        if not name.strip():
            complain(f"column {number} has no name (from pandas, write with index=False)")
        column = _column(name.strip(), has_id, complain)
        place = (column.key, column.path)
        if place in taken:
            complain(f"the columns {quoted(taken[place])} and {quoted(name)} mean the same")
        taken[place] = name
        columns.append(column)
    if ("expect", None) in taken and len([key for key, _ in taken if key == "expect"]) > 1:
        complain("there is a column `expect` for the whole answer, and others for its fields; write one kind")
    return columns


def _column(name: str, has_id: bool, complain: Complain) -> Column:
    is_json = name.endswith(JSON)
    bare = name.removesuffix(JSON)
    head, dot, rest = bare.partition(".")
    if bare in _SINGLE and not (bare == "case" and has_id):
        return Column(name, _SINGLE[bare], None, is_json)
    if bare == "expect":
        return Column(name, "expect", None, is_json)
    if dot and head in _PREFIXES:
        if not rest:
            complain(f"the column {quoted(name)} ends with a dot")
        if head == "expect" and ":" in rest:
            complain(f"the column {quoted(name)} ends in something other than {JSON}")
        return Column(name, head, rest, is_json)
    meant = _MISTAKEN.get(head.lower()) or (
        head.lower() if head.lower() in {*_SINGLE, *_PREFIXES} and head.lower() != head else None
    )
    if meant is not None:
        ours = f"{meant}{dot}{rest}"
        complain(
            f"the column {quoted(name)} means nothing here: write `{ours}`, or `input.{bare}` for an input"
        )
    return Column(name, "input", bare, is_json)


class CellError(Exception):
    """What is wrong with a cell."""


def assemble(columns: Iterable[Column], cells: Iterable[Any], missing: Any) -> dict[str, Any]:
    """Make a case, as written, of one row.

    Args:
        columns: What the columns mean.
        cells: The row.
        missing: The value that stands for a cell with nothing in it.

    Raises:
        CellError: A cell of a JSON column holds none.
    """
    case: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if cell is missing or (isinstance(cell, str) and not cell and _may_be_empty(column)):
            continue
        value = _from_json(column, cell) if column.is_json and isinstance(cell, str) else cell
        if column.path is None:
            case[column.key] = value
        else:
            case.setdefault(column.key, {})[column.path] = value
    inputs = case.get("input")
    if inputs is not None and list(inputs) == ["input"] and isinstance(inputs["input"], Mapping):
        case["input"] = inputs["input"]
    return case


def _may_be_empty(column: Column) -> bool:
    return column.key != "input" or column.is_json


def _from_json(column: Column, cell: str) -> Any:
    def fail(message: str, line: int | None) -> NoReturn:  # noqa: ARG001 - the row's line is known already
        hint = did_you_mean(cell, ("true", "false", "null")) or " (text in a JSON column stands in quotes)"
        raise CellError(f"the column {quoted(column.name)} holds {quoted(cell)}: {message}{hint}")

    return read_value(cell, fail)


def is_missing(value: Any) -> bool:
    """Tell whether a cell of a frame has nothing in it: None, NaN, NaT or pandas' NA."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 - only NaN differs from itself
    return type(value).__name__ in {"NAType", "NaTType"}
