"""What a source says, as it was written: every reader makes one of these, and `_build` checks it.

This is the socket for formats: a reader turns a text (or a frame, or a list) into a `Document`, with the
line of each case; it knows how its format is written and nothing of what a case means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from promptlab._cases._report import ImportReport
from promptlab._errors import SuiteError
from promptlab._wording import Fail

Locate = Callable[[tuple[str | int, ...]], int | None]
"""Gives the line of the deepest part of a path (keys, indexes) in the source; asked only on trouble."""


def nowhere(_: tuple[str | int, ...]) -> None:
    """Locate nothing: for sources without lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A suite as written."""

    name: str
    """The suite's name where it gives none itself."""
    shown: str
    """How messages call the source: its path, or what it is."""
    cases: Sequence[Any]
    """Each case as written: a mapping with the keys of a case, or a `Case`; anything else is refused later."""
    path: Path | None = None
    """The file it was read from."""
    top: Mapping[str, Any] = field(default_factory=dict)
    """The keys beside the cases."""
    lines: Sequence[int] | None = None
    """The line of each case."""
    places: Sequence[str] | None = None
    """The file and line of each case, where they stand in several files."""
    under: str | None = None
    """The top-level key that the cases stand under; None where they are the top themselves."""
    locate: Locate = nowhere
    """Finds lines."""
    ids_required: bool = True
    """Whether a case without an id is an error; else it is called `case_1`, `case_2`, …"""
    report: ImportReport | None = None
    """What came of reading another tool's suite."""

    def place(self, index: int) -> str | None:
        """Give the file and line of a case."""
        if self.places is not None:
            return self.places[index]
        line = self.line(index)
        return None if line is None else f"{self.shown}:{line}"

    def line(self, index: int, path: tuple[str | int, ...] = ()) -> int | None:
        """Give the line of a case, or of a key in it."""
        if self.lines is None:
            return None
        start = self.lines[index]
        if not path:
            return start
        prefix = (index,) if self.under is None else (self.under, index)
        found = self.locate((*prefix, *path))
        return start if found is None else max(found, start)


def failing(shown: str) -> Fail:
    """Make what raises a `SuiteError` that names the source and the line."""

    def fail(message: str, line: int | None) -> NoReturn:
        raise SuiteError(f"{shown}{'' if line is None else f':{line}'}: {message}")

    return fail
