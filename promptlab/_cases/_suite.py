"""The suite: cases in their order, with a name."""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from promptlab._cases._case import Trouble, split_tags
from promptlab._cases._reference import is_reference
from promptlab._cases._report import ImportReport
from promptlab._errors import SettingError, SuiteError
from promptlab._prompt import Prompt
from promptlab._show import one_line, show
from promptlab._types import Case
from promptlab._wording import a_kind, did_you_mean, listed, quoted

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 10


class Suite(Sequence[Case]):
    """Cases in their order. Never changes; slicing, filtering and splitting give other suites."""

    __slots__ = ("_cases", "_name", "_path", "_report", "_settings")

    def __init__(
        self,
        cases: Iterable[Case],
        *,
        name: str = "cases",
        path: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        report: ImportReport | None = None,
    ) -> None:
        self._cases = tuple(cases)
        self._name = name
        self._path = path
        self._settings = dict(settings or {})
        self._report = report

    @property
    def name(self) -> str:
        """The suite's name: its key `suite`, or its file's name."""
        return self._name

    @property
    def path(self) -> Path | None:
        """The file it was read from."""
        return self._path

    @property
    def settings(self) -> Mapping[str, Any]:
        """What else the file says: description, prompt, repeats, min_pass_rate, bars."""
        return MappingProxyType(self._settings)

    @property
    def prompt(self) -> Path | str | None:
        """The prompt that the file names: the path of its file, or its text where it is written out."""
        named: str | None = self._settings.get("prompt")
        if named is None or self._path is None or not is_reference(named):
            return named
        return self._path.parent / named

    @property
    def report(self) -> ImportReport | None:
        """What came of reading it from another tool's format; None where it is one of ours."""
        return self._report

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        """The prompts that another tool's suite brings along, by name; `compare` takes them as they are."""
        return MappingProxyType({} if self._report is None else dict(self._report.prompts))

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag, in the order of its first use."""
        return tuple(dict.fromkeys(tag for case in self._cases for tag in case.tags))

    def __len__(self) -> int:
        return len(self._cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases)

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> Suite: ...
    def __getitem__(self, index: int | slice) -> Case | Suite:
        return self._with(self._cases[index]) if isinstance(index, slice) else self._cases[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Suite):
            return NotImplemented
        return (self._name, self._cases) == (other._name, other._cases)

    __hash__ = None  # type: ignore[assignment]  # cases hold mappings, which have no hash

    def filter(
        self, *, tags: str | Iterable[str] | None = None, ids: str | Iterable[str] | None = None
    ) -> Suite:
        """Keep the cases that have any of `tags`, and one of `ids`, in the suite's order.

        Raises:
            SuiteError: No case has one of the tags or ids, or none is left.
        """
        kept = self._cases
        if tags is not None:
            wanted = _words(tags, "tags")
            self._all_known("tag", wanted, self.tags)
            kept = tuple(case for case in kept if not wanted.isdisjoint(case.tags))
        if ids is not None:
            wanted = _words(ids, "ids")
            self._all_known("id", wanted, [case.id for case in self._cases])
            kept = tuple(case for case in kept if case.id in wanted)
        if not kept and self._cases:
            raise SuiteError(
                f"suite {quoted(self._name)}: no case has both one of the tags and one of the ids"
            )
        return self._with(kept)

    def split(self, holdout: float = 0.3, seed: int = 0) -> tuple[Suite, Suite]:
        """Split into a suite to work on and one to hold out, alike in their mix of tags.

        The split depends on the ids, the tags, the share and the seed alone, not on the order.

        Args:
            holdout: The share to hold out, over 0 and under 1.
            seed: Another seed gives another split.

        Returns:
            `NAME` without the part held out, and `NAME-holdout`, both in the suite's order.
        """
        if isinstance(holdout, bool) or not isinstance(holdout, (int, float)) or not 0 < holdout < 1:
            raise SettingError(f"`holdout` is a share over 0 and under 1, not {quoted(holdout)}")
        held = _drawn(self._cases, holdout, seed)
        rest = self._with(case for case in self._cases if case.id not in held)
        out = Suite(
            (case for case in self._cases if case.id in held),
            name=f"{self._name}-holdout",
            path=self._path,
            settings=self._settings,
            report=self._report,
        )
        return rest, out

    def to_frame(self) -> pd.DataFrame:
        """Give the cases as a table: case, a column `input.<name>` for each input, expect, tags, why."""
        import pandas as pd

        names = dict.fromkeys(name for case in self._cases for name in case.input)
        columns: dict[str, Any] = {"case": pd.Series([case.id for case in self._cases], dtype="string")}
        for name in names:
            columns[f"input.{name}"] = pd.Series(
                [case.input.get(name) for case in self._cases], dtype="object"
            )
        columns["expect"] = pd.Series([case.expect for case in self._cases], dtype="object")
        columns["tags"] = pd.Series([case.tags for case in self._cases], dtype="object")
        columns["why"] = pd.Series([case.why for case in self._cases], dtype="string")
        return pd.DataFrame(columns)

    def _with(self, cases: Iterable[Case]) -> Suite:
        return Suite(cases, name=self._name, path=self._path, settings=self._settings, report=self._report)

    def _all_known(self, word: str, wanted: Iterable[str], known: Sequence[str]) -> None:
        unknown = sorted(set(wanted) - set(known))
        if unknown:
            hint = did_you_mean(unknown[0], known) or (f" There are {listed(known)}." if known else "")
            raise SuiteError(
                f"suite {quoted(self._name)}: no case has the {word} {listed(map(quoted, unknown))}.{hint}"
            )

    def __repr__(self) -> str:
        cases = "1 case" if len(self) == 1 else f"{len(self)} cases"
        tags = f", tags: {listed(self.tags)}" if self.tags else ""
        return f"<Suite {quoted(self._name)}: {cases}{tags}>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in _HEAD)
        rows = "".join(_row(case) for case in self._cases[:SHOWN_ROWS])
        more = len(self) - SHOWN_ROWS
        rest = f"<p>… and {more} more</p>" if more > 0 else ""
        title = html.escape(one_line(self._name, 100))
        return f"<p><b>{title}</b>, {len(self)} cases</p><table><tr>{head}</tr>{rows}</table>{rest}"


_HEAD = ("case", "input", "expect", "tags", "why")


def _row(case: Case) -> str:
    cells = (one_line(case.id, 60), show(case.input, 120), show(case.expect, 120), listed(case.tags))
    texts = (*cells, one_line(case.why or "", 120))
    return "".join(
        ("<tr>", *(f"<td style='text-align:left'>{html.escape(text)}</td>" for text in texts), "</tr>")
    )


def _words(given: str | Iterable[str], what: str) -> set[str]:
    try:
        words = set(split_tags(given if isinstance(given, str) else list(given)))
    except (Trouble, TypeError):
        raise SettingError(f"`{what}` is a word or a list of words, not {a_kind(given)}") from None
    if not words:
        raise SettingError(f"`{what}` is empty; leave it out to take every case")
    return words


def _drawn(cases: Sequence[Case], holdout: float, seed: int) -> set[str]:
    """Draw the ids to hold out: from each mix of tags its share, the odd ones by the largest remainder."""
    groups: dict[frozenset[str], list[str]] = {}
    for case in cases:
        groups.setdefault(frozenset(case.tags), []).append(case.id)
    held: set[str] = set()
    rest: list[tuple[float, str, str]] = []
    for group in groups.values():
        group.sort(key=lambda identity: _draw(seed, identity))
        share = len(group) * holdout
        whole = math.floor(share)
        held.update(group[:whole])
        if whole < len(group):
            rest.append((whole - share, _draw(seed, f"{group[0]}\n"), group[whole]))
    wanted = max(1, min(len(cases) - 1, round(len(cases) * holdout))) if len(cases) > 1 else 0
    rest.sort()
    held.update(identity for _, _, identity in rest[: max(0, wanted - len(held))])
    return held


def _draw(seed: int, identity: str) -> str:
    return hashlib.sha256(f"{seed}\n{identity}".encode("utf-8", "surrogatepass")).hexdigest()
