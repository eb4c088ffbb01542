"""Suites in CSV: commas, one header row, cells kept as written. `_columns` says what the columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from promptlab._cases._columns import CellError, assemble, read_header
from promptlab._cases._document import Document, failing
from promptlab._wording import Fail

_NEVER = object()


def read(text: str, path: Path, shown: str) -> Document:
    """Read a suite; a row whose cells hold line breaks is named by the line it begins on."""
    fail = failing(shown)
    if "\0" in text:
        fail("it holds a NUL byte, which no text file has", text.count("\n", 0, text.index("\0")) + 1)
    rows = _rows(text, fail)
    start, header = next(rows, (1, []))
    if not header:
        fail("there is nothing in it", 1)
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        fail("its columns are not separated by commas", start)
    columns = read_header(header, lambda message: fail(message, start))
    if not any(column.key == "id" for column in columns):
        fail("there is no column `id`; every case needs one", start)
    cases, lines = [], []
    for line, row in rows:
        if len(row) != len(columns):
            many = "more" if len(row) > len(columns) else "fewer"
            fail(
                f"the row has {len(row)} cells, {many} than the {len(columns)} columns "
                "(put quotes around text with commas or line breaks)",
                line,
            )
        try:
            cases.append(assemble(columns, row, _NEVER))
        except CellError as error:
            fail(str(error), line)
        lines.append(line)
    return Document(name=path.stem, shown=shown, cases=cases, path=path, lines=lines)


def _rows(text: str, fail: Fail) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not blank with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        said = str(error)
        if "field larger" in said:
            said = f"a cell is longer than {csv.field_size_limit():,} characters; use JSONL or YAML for such text"
        fail(f"this is not CSV: {said}", line)
