"""A tree of plain data, read from YAML or JSON, becomes a document: our own layout of a suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptlab._cases._document import Document, Locate, failing
from promptlab._wording import a_kind, did_you_mean, listed

CASES = "cases"


def tree_document(
    data: Any, lines: Mapping[str | None, Sequence[int]], path: Path, shown: str, locate: Locate
) -> Document:
    """Make a document of a mapping with `cases`, or of a list of cases.

    Args:
        data: The tree.
        lines: The line of each item of the list under a top-level key; None names a top-level list.
        path: The file.
        shown: The file as messages call it.
        locate: Finds lines.
    """
    fail = failing(shown)
    if isinstance(data, list):
        return Document(
            name=path.stem, shown=shown, cases=data, path=path, lines=lines.get(None, ()), locate=locate
        )
    if not isinstance(data, dict):
        fail(f"a suite is a mapping with `cases`, or a list of cases; this is {a_kind(data)}", 1)
    if CASES not in data:
        hint = did_you_mean(CASES, data) or f" It has {listed(data)}."
        fail(f"there is no key `cases`.{hint}", 1)
    cases = data[CASES]
    start = locate((CASES,)) if lines.get(CASES) is None else None
    if not isinstance(cases, list):
        fail(f"`cases` is a list; this is {a_kind(cases)}", start)
    return Document(
        name=path.stem,
        shown=shown,
        cases=cases,
        path=path,
        top={key: value for key, value in data.items() if key != CASES},
        lines=lines.get(CASES) or [start or 1] * len(cases),  # an alias stands where the list was written
        under=CASES,
        locate=locate,
    )
