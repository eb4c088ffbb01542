"""DataFrames as suites: a row a case. `_columns` says what the columns mean."""

from __future__ import annotations

from typing import Any

from promptlab._cases._columns import CellError, assemble, is_missing, read_header
from promptlab._cases._document import Document, failing

SHOWN = "the DataFrame"
_MISSING = object()


def is_frame(source: Any) -> bool:
    """Tell whether a value is a pandas DataFrame, without importing pandas."""
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pandas"
        for kind in type(source).__mro__
    )


def read(frame: Any) -> Document:
    """Read a suite; a cell with NaN, None, NaT or NA is missing, whatever its column."""
    fail = failing(SHOWN)
    names = list(frame.columns)
    columns = read_header(names, lambda message: fail(message, None))
    values = [[_plain(cell) for cell in frame.iloc[:, place].tolist()] for place in range(len(names))]
    cases = []
    for number, row in enumerate(zip(*values, strict=True), start=1):
        try:
            cases.append(assemble(columns, row, _MISSING))
        except CellError as error:
            fail(f"in row {number}, {error}", None)
    if not columns:
        fail("it has no columns", None)
    has_id = any(column.key == "id" for column in columns)
    return Document(name="cases", shown=SHOWN, cases=cases, ids_required=has_id)


def _plain(cell: Any) -> Any:
    """Give a cell as a Python value, or the mark of a missing one."""
    if is_missing(cell):
        return _MISSING
    if type(cell).__module__ == "numpy" and hasattr(cell, "tolist"):
        cell = cell.tolist()
        return _MISSING if is_missing(cell) else cell
    return cell
