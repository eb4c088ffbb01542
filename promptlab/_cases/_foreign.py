"""Another tool's suite is known by what is in it, whatever its file is called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from promptlab._cases import _evals, _inspect, _promptfoo, _promptfoo_csv
from promptlab._cases._document import Document, failing
from promptlab._cases._json import read_value
from promptlab._wording import quoted
from promptlab._yaml import read_yaml

LFS = "version https://git-lfs.github.com/spec/"
_PEEKED = 100


def read(
    text: str, path: Path, shown: str, *, scorer: Any = None, fields: Mapping[str, str] | None = None
) -> Document | None:
    """Read another tool's suite; None where the text is none.

    Args:
        text: The file's text.
        path: The file.
        shown: How messages call it.
        scorer: How samples are graded, where the file does not say.
        fields: What a file of Inspect's samples calls `input`, `target` and so on.

    Raises:
        SuiteError: It is one, and cannot be read.
        SettingError: `fields` is wrong.
    """
    if text.startswith(LFS):
        failing(shown)("this is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`", 1)
    mapped = _inspect.field_map(fields)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _table(text, path, shown, scorer, mapped)
    if suffix in {".jsonl", ".ndjson"}:
        return _lines(text, path, shown, scorer, mapped)
    if suffix not in {".yaml", ".yml", ".json"} or not (mapped or _may_be(text)):
        return None
    return _tree(text, path, shown, scorer, mapped)


def _may_be(text: str) -> bool:
    """Tell quickly whether a word that only other tools use stands in a text."""
    words = (
        "prompts",
        "providers",
        "targets",
        "tests",
        "scenarios",
        "vars",
        "assert",
        "ideal",
        "target",
        "choices",
    )
    return any(word in text for word in words)


def _tree(text: str, path: Path, shown: str, scorer: Any, mapped: Mapping[str, str]) -> Document | None:
    fail = failing(shown)
    lines: Mapping[str | None, list[int]] = {}
    if path.suffix.lower() == ".json":
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None  # the reader of our own format says what is wrong with it
        if _known(data, mapped):
            data = read_value(text, fail)
    else:
        made = read_yaml(text, fail)
        data, lines = made.data, made.item_lines
    if not _known(data, mapped):
        return None
    if _promptfoo.is_config(data) and not mapped:
        return _promptfoo.read(data, lines, path, shown)
    return _samples(data, lines.get(None), path, shown, scorer, mapped)


def _known(data: Any, mapped: Mapping[str, str]) -> bool:
    if isinstance(data, list):
        return (
            bool(mapped)
            or _promptfoo.is_config(data)
            or any(_evals.is_sample(one) or _inspect.is_sample(one) for one in data)
        )
    return _promptfoo.is_config(data)


def _samples(  # noqa: PLR0917 - what a reader needs
    data: Sequence[Any],
    lines: Sequence[int] | None,
    path: Path,
    shown: str,
    scorer: Any,
    mapped: Mapping[str, str],
) -> Document:
    if not mapped and any(_evals.is_sample(one) for one in data):
        return _evals.read(data, lines, path, shown, scorer)
    return _inspect.read(data, lines, path, shown, scorer, mapped)


def _lines(text: str, path: Path, shown: str, scorer: Any, mapped: Mapping[str, str]) -> Document | None:
    rows = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    peeked = [one for _, line in rows[:_PEEKED] if (one := _peek(line)) is not None]
    tests = any(
        isinstance(one, Mapping) and ("vars" in one or "assert" in one) and "expect" not in one
        for one in peeked
    )
    if not (mapped or tests or any(_evals.is_sample(one) or _inspect.is_sample(one) for one in peeked)):
        return None
    data = [_value(line, shown, number) for number, line in rows]
    numbers = [number for number, _ in rows]
    if tests and not mapped:
        return _promptfoo.read(data, {None: numbers}, path, shown)
    return _samples(data, numbers, path, shown, scorer, mapped)


def _peek(line: str) -> Any:
    """Read the first value of a line, to see what the file is; what is wrong with it is said later."""
    try:
        return json.JSONDecoder().raw_decode(line.strip())[0]
    except (ValueError, RecursionError):
        return None


def _value(line: str, shown: str, number: int) -> Any:
    """Read a line; two samples that were joined into one are told apart from a broken one."""
    fail = failing(shown)

    def at_line(message: str, _: int | None) -> NoReturn:
        if message.startswith("something stands after"):
            fail("two values stand on this line; each sample has a line of its own", number)
        fail(f"{message} ({quoted(line.strip(), 40)})", number)

    return read_value(line.rstrip("\r"), at_line)


def _table(text: str, path: Path, shown: str, scorer: Any, mapped: Mapping[str, str]) -> Document | None:
    header = _promptfoo_csv.header_of(text)
    if not mapped and _promptfoo_csv.is_table(header):
        return _promptfoo.read_rows(text, path, shown)
    if not mapped and not _inspect.is_table(header):
        return None
    rows = list(_promptfoo_csv.rows_of(text, failing(shown)))
    items = [_inspect_row(row) for _, row in rows]
    return _inspect.read(items, [line for line, _ in rows], path, shown, scorer, mapped)


def _inspect_row(row: Mapping[str, str]) -> dict[str, Any]:
    """Give a row as a sample; a cell with nothing in it is left out, and metadata is JSON."""
    made: dict[str, Any] = {key: cell for key, cell in row.items() if cell != "" or key == "input"}
    metadata = _peek(made["metadata"]) if isinstance(made.get("metadata"), str) else None
    if isinstance(metadata, Mapping):
        made["metadata"] = metadata
    return made
