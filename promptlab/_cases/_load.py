"""The door: whatever holds cases becomes a suite."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptlab._cases import _csv, _frame_in, _json, _yaml
from promptlab._cases._build import build
from promptlab._cases._document import Document, failing
from promptlab._cases._suite import Suite
from promptlab._cases._tree import CASES
from promptlab._errors import SettingError, SuiteError
from promptlab._show import one_line
from promptlab._textfile import read_text
from promptlab._types import Case
from promptlab._wording import a_kind, did_you_mean, quoted

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 100_000_000
MAX_CASES = 1_000_000
LIST = "the list of cases"

READERS: Mapping[str, Callable[[str, Path, str], Document]] = {
    ".yaml": _yaml.read,
    ".yml": _yaml.read,
    ".json": _json.read,
    ".jsonl": _json.read_lines,
    ".ndjson": _json.read_lines,
    ".csv": _csv.read,
}
"""What reads a file, by the end of its name: text, path and how messages call it become a `Document`."""


def load_cases(
    source: str | Path | pd.DataFrame | Iterable[Case | Mapping[str, Any]] | Mapping[str, Any],
    *,
    tags: str | Iterable[str] | None = None,
    limit: int | None = None,
    allow_code: bool = False,
    strict: bool = False,
    scorer: str | Mapping[str, Any] | None = None,
    fields: Mapping[str, str] | None = None,
) -> Suite:
    """Load a suite of cases: ours, or one of promptfoo, openai/evals or Inspect, known by what is in it.

    Args:
        source: A path (.yaml, .yml, .json, .jsonl, .csv), a DataFrame, an iterable of `Case` or mappings, or a
            mapping laid out like a suite file.
        tags: Keep the cases that have any of these tags.
        limit: Keep the first so many of them.
        allow_code: Whether `python:` checks, which import and run code, may stand in it.
        strict: Whether to refuse another tool's suite of which something is not understood; else
            `suite.report` says what.
        scorer: How the samples of openai/evals (`Match`, `Includes`, `FuzzyMatch`, `JsonMatch`) or Inspect
            (`match`, `includes`, `exact`, `pattern`, `answer`, `choice`, or `{name: options}`) are graded, which
            their files do not say.
        fields: What a file of Inspect's samples calls `input`, `target`, `choices`, `id` and `metadata`.

    Raises:
        SuiteError: Something in it is wrong: names file, line and case, and says what to do.
        SettingError: An argument is wrong.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise SettingError(f"`limit` is a whole number from 1, not {quoted(limit)}")
    if (scorer is None and fields is None) or isinstance(source, Suite):
        suite = as_suite(source, allow_code=allow_code)
    else:
        suite = build(_document(source, scorer, fields), allow_code=allow_code)
    if strict and suite.report is not None and suite.report.not_understood:
        raise SuiteError(f"{suite.name}: not all of it is understood\n{suite.report}")
    if tags is not None:
        suite = suite.filter(tags=tags)
    return suite if limit is None else suite[:limit]


def as_suite(
    cases: str | Path | pd.DataFrame | Iterable[Case | Mapping[str, Any]] | Mapping[str, Any],
    *,
    allow_code: bool = False,
) -> Suite:
    """Make a suite of whatever holds cases; a `Suite` is one already.

    Raises:
        SuiteError: As `load_cases`.
    """
    if isinstance(cases, Suite):
        return cases
    return build(_document(cases), allow_code=allow_code)


def _document(source: Any, scorer: Any = None, fields: Any = None) -> Document:
    if isinstance(source, (str, Path)):
        return _file(Path(os.path.expanduser(source)), scorer, fields)  # noqa: PTH111 - Path's own raises where there is no home
    if scorer is not None or fields is not None:
        raise SettingError("`scorer` and `fields` are for files of openai/evals and Inspect")
    if _frame_in.is_frame(source):
        return _frame_in.read(source)
    if isinstance(source, Mapping):
        return _mapping(source)
    if isinstance(source, Case):
        raise SuiteError("one Case is no suite; put it in a list")
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, Iterable):
        kind = "None" if source is None else a_kind(source)
        raise SuiteError(f"cases are a path, a DataFrame or an iterable of cases, not {kind}")
    cases = list(islice(source, MAX_CASES + 1))
    if len(cases) > MAX_CASES:
        raise SuiteError(f"{LIST} has more than {MAX_CASES:,} cases")
    return Document(name="cases", shown=LIST, cases=cases, ids_required=False)


def _mapping(source: Mapping[str, Any]) -> Document:
    if not isinstance(source.get(CASES), (list, tuple)):
        raise SuiteError(
            "a mapping is a suite only with a list of `cases`; to give one case, put it in a list"
        )
    top = {key: value for key, value in source.items() if key != CASES}
    return Document(
        name="cases", shown="the mapping", cases=source[CASES], top=top, under=CASES, ids_required=False
    )


def _file(path: Path, scorer: Any, fields: Any) -> Document:
    shown = one_line(str(path), 300)
    fail = failing(shown)
    reader = READERS.get(path.suffix.lower())
    if reader is None and not path.is_dir():
        known = ", ".join(READERS)
        fail(f"suites end in {known}.{did_you_mean(path.suffix, READERS) if path.suffix else ''}", None)
    text = read_text(path, MAX_BYTES, fail)
    assert reader is not None
    from promptlab._cases import _foreign  # a dozen modules, which cases that are no file do not need

    foreign = _foreign.read(text, path, shown, scorer=scorer, fields=fields)
    tool = foreign.report.format if foreign is not None and foreign.report is not None else None
    if scorer is not None and tool in {None, "promptfoo"}:
        raise SettingError(
            f"`scorer` is for files of openai/evals and Inspect, and this is {'none' if tool is None else 'one of ' + tool}"
        )
    return foreign or reader(text, path, shown)
