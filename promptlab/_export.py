"""Frames become files for other programs: CSV for spreadsheets, JSON Lines for everything else.

What a model, a case or an error says is data there too. In a CSV no text begins a formula, and each row is one line;
JSON Lines keep every text exactly.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import numbers
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from promptlab._errors import UsageError
from promptlab._show import harmless, visible
from promptlab._wholefile import write_whole

if TYPE_CHECKING:
    import pandas as pd

CELL_LENGTH = 32_000
"""Characters of a cell in a CSV: what is longer spills over into other cells of a spreadsheet."""
DEEPEST = 200
"""Levels of a value that are written."""

_STARTS = frozenset("=+-@\u2212")
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_LEADING = re.compile(rf"\A[\s{_QUOTES}]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CELL_INSIDE = re.compile(rf"(?<=;)([\s{_QUOTES}]*)([^\s{_QUOTES};][^;]*)")


def export_csv(
    frame: pd.DataFrame, path: str | os.PathLike[str], *, encoding: Literal["utf-8", "utf-8-sig"] = "utf-8"
) -> Path:
    r"""Write a frame as a CSV that a spreadsheet can open without harm; each row is one line.

    A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay numbers. Line ends,
    control characters and those that change the direction of writing are written as escapes (`\n`, `\x1b`). Answers,
    tags and other values of several parts are JSON. Missing values are empty. A cell of more than 32,000 characters is
    cut; `export_jsonl` keeps everything.

    Args:
        frame: What `run_parallel` gave, or any other frame; its index is left out.
        path: Where; a file that is there is replaced at once, by the whole.
        encoding: `"utf-8-sig"` begins with a byte order mark, by which Excel knows UTF-8.

    Returns:
        The path.

    Raises:
        UsageError: This is no frame, or two of its columns have one name.
        SettingError: The file cannot be written.
    """
    if encoding not in ("utf-8", "utf-8-sig"):
        raise UsageError(f"encoding={encoding!r} is neither 'utf-8' nor 'utf-8-sig'")
    names = _names(frame)
    rows = _rows(frame, _cell)
    mark = b"\xef\xbb\xbf" if encoding == "utf-8-sig" else b""
    return write_whole(path, _csv_lines([_text_cell(name) for name in names], rows, mark))


def export_jsonl(frame: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a frame as JSON Lines: an object for each row, by the columns' names.

    Every text comes back exactly as it was; control characters and halves of characters stand there as escapes.
    Missing values and numbers that JSON does not know are null, times are ISO 8601, and what else JSON does not know
    is written as text.

    Args:
        frame: What `run_parallel` gave, or any other frame; its index is left out.
        path: Where; a file that is there is replaced at once, by the whole.

    Returns:
        The path.

    Raises:
        UsageError: This is no frame, or two of its columns have one name.
        SettingError: The file cannot be written.
    """
    names = _names(frame)
    rows = _rows(frame, plain_value)
    return write_whole(path, (f"{_json(dict(zip(names, row, strict=True)))}\n".encode() for row in rows))


def plain_value(value: Any, depth: int = 0) -> Any:
    """Make a copy of any value out of JSON's types; never raises."""
    if _missing(value):
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Integral):  # also True and numpy's
        return bool(value) if type(value).__name__ in ("bool", "bool_") else int(value)
    if type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    if isinstance(value, numbers.Real):
        return _real(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if depth >= DEEPEST:
        return f"<{type(value).__name__}: nested too deeply>"
    if isinstance(value, Mapping):
        return {_key(key): plain_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_value(item, depth + 1) for item in value]
    return plain_value(value.tolist(), depth + 1) if hasattr(value, "tolist") else _as_text(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    plain = plain_value(key, DEEPEST)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _real(value: Any) -> float | int | str | None:
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return _as_text(value)
    return number if math.isfinite(number) else None


def _as_text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - what cannot say what it is is named by its type
        return f"<{type(value).__name__}>"


def _missing(value: Any) -> bool:
    """Tell whether this is None or one of pandas' signs for nothing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)


def _names(frame: Any) -> list[str]:
    if not hasattr(frame, "columns") or not hasattr(frame, "attrs"):
        raise UsageError(
            f"give a DataFrame, not a {type(frame).__name__}; of a comparison its .frame or .table"
        )
    names = [_key(name) for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the frame has two columns {visible(twice)!r}: rename one")
    return names


def _rows(frame: Any, write: Callable[[Any], Any]) -> Iterator[tuple[Any, ...]]:
    """Give the rows, each cell written; several hundred at a time, so that a long frame is not held twice."""
    at_once = 500
    for start in range(0, len(frame), at_once):
        part = frame.iloc[start : start + at_once]
        columns = [[write(cell) for cell in part.iloc[:, place].tolist()] for place in range(part.shape[1])]
        yield from zip(*columns, strict=True) if columns else ((),) * len(part)


def _json(value: Any) -> str:
    """Write a plain value on one line, with nothing in it that would steer a screen."""
    return harmless(json.dumps(value, ensure_ascii=False), _json_escape)


def _json_escape(char: str) -> str:
    return json.dumps(char)[1:-1] if not char.isascii() else f"\\u{ord(char):04x}"


def _csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]], mark: bytes) -> Iterator[bytes]:
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\n")
    for number, row in enumerate(_with(head, rows)):
        writer.writerow(row)
        yield (b"" if number else mark) + line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _with(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield head
    yield from rows


def _cell(value: Any) -> Any:
    """Write a value as a cell of a CSV."""
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return "" if _missing(value) else repr(float(value))  # infinity is no harm in a spreadsheet
    plain = plain_value(value)
    if plain is None:
        return ""
    if isinstance(plain, (bool, int, float)):
        return repr(plain)
    return _text_cell(plain if isinstance(plain, str) else _json(plain))


def _text_cell(text: str) -> str:
    """Write a text as a cell: on one line, and no formula, whatever separates cells where it is read."""
    line = harmless(text[:CELL_LENGTH]).replace("\n", "\\n").replace("\t", "\\t")
    if len(text) > CELL_LENGTH or len(line) > CELL_LENGTH:
        line = line[: CELL_LENGTH - 20] + "… (cut, see the JSON)"
    line = _CELL_INSIDE.sub(lambda found: f"'{found[0]}" if _formula(found[2]) else found[0], line)
    return f"'{line}" if _formula(line) else line


def _formula(text: str) -> bool:
    """Tell whether a spreadsheet would reckon with a text instead of showing it."""
    bare = _LEADING.sub("", text, count=1)
    return (
        bool(bare) and unicodedata.normalize("NFKC", bare[0])[:1] in _STARTS and not _NUMBER.fullmatch(text)
    )
