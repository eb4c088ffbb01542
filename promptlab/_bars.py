"""The bars that a run is held to: read from a suite's settings, held against its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from promptlab._errors import SuiteError
from promptlab._show import one_line
from promptlab._types import Outcome
from promptlab._wording import listed, quoted

ALL = "all"
"""The key in `bars` that stands for every case of the suite."""

MOST_REPEATS = 1000

State = Literal["met", "missed", "open"]
"""`open` where rows without a verdict could have decided it."""

_K_OF_N = re.compile(r"\s*(\d{1,4})\s+of\s+(\d{1,4})\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The least share of graded rows that must pass."""

    name: str
    """What the bar is for, in words."""
    least: float
    """The share, in [0, 1]."""
    tag: str | None = None
    """Only cases with this tag are held to it; every case where it is None."""
    each: bool = False
    """Whether each case's repeats are held to it, instead of all rows together."""
    said: str = ""
    """The bar as it was written."""

    def covers(self, row: Outcome) -> bool:
        """Tell whether a row is held to the bar."""
        return self.tag is None or self.tag in row.case.tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A bar, held against rows."""

    bar: Bar
    """The bar."""
    passed: int
    """Rows that passed; cases that cleared it where each case is held to it."""
    graded: int
    """Rows that passed or failed; cases likewise."""
    state: State
    """Whether the bar was met."""
    below: tuple[str, ...] = ()
    """The cases under the bar, where each case is held to it."""

    def text(self) -> str:
        """Say it on one line."""
        unit = "cases" if self.bar.each else "rows"
        words = {"met": "met", "missed": "MISSED", "open": "OPEN, rows without a verdict could decide it"}
        share = f" ({100 * self.passed / self.graded:.0f} %)" if self.graded else ""
        said = f"bar {self.bar.said} for {self.bar.name}: {words[self.state]}, {self.passed} of {self.graded} {unit}{share}"
        return f"{said}; under it: {listed(self.below)}" if self.below else said


def read_bars(suite: str, settings: Mapping[str, Any], least: float | None = None) -> tuple[Bar, ...]:
    """Read the bars of a suite.

    Args:
        suite: The suite's name.
        settings: Its settings: `min_pass_rate`, and `bars`, a mapping of tags (or `all`) to a share from 0 to 1
            or to a text such as `2 of 3`, which each case's repeats are held to.
        least: A share that stands in the place of `min_pass_rate`.

    Raises:
        SuiteError: A bar is neither.
    """
    name = one_line(suite, 80)
    share = settings.get("min_pass_rate") if least is None else least
    found = [] if share is None else [Bar(name=name, least=float(share), said=f"{float(share):g}")]
    for tag, value in (settings.get("bars") or {}).items():
        word = tag if isinstance(tag, str) else str(tag)
        what = name if word == ALL else f"{name}, tag {one_line(word, 60)}"
        only = None if word == ALL else word
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            found.append(Bar(name=what, least=float(value), tag=only, said=f"{float(value):g}"))
        else:
            k, n = _k_of_n(suite, word, value)
            found.append(Bar(name=what, least=k / n, tag=only, each=True, said=f"{k} of {n}"))
    return tuple(found)


def read_repeats(suite: str, settings: Mapping[str, Any]) -> int | None:
    """Give how often a suite wants each case asked: its `repeats`, else the n of a bar `k of n`.

    Raises:
        SuiteError: They do not agree.
    """
    asked = {
        _k_of_n(suite, str(tag), value)[1]
        for tag, value in (settings.get("bars") or {}).items()
        if not isinstance(value, int | float) or isinstance(value, bool)
    }
    if settings.get("repeats") is not None:
        asked.add(int(settings["repeats"]))
    if len(asked) > 1:
        numbers = listed(str(number) for number in sorted(asked))
        raise SuiteError(
            f"suite {quoted(suite)}: `repeats` and the bars `k of n` ask for different numbers of repeats: {numbers}"
        )
    return asked.pop() if asked else None


def hold(bars: Iterable[Bar], rows: Sequence[Outcome]) -> tuple[Held, ...]:
    """Hold bars against rows; a bar that covers none of them is left out."""
    return tuple(
        _each(bar, covered) if bar.each else _together(bar, covered)
        for bar in bars
        if (covered := [row for row in rows if bar.covers(row)])
    )


def hold_counts(bar: Bar, *, passed: int, failed: int, undecided: int) -> Held:
    """Hold a bar against rows that are counted already.

    Args:
        bar: The bar.
        passed: Rows that passed.
        failed: Rows that failed.
        undecided: Rows that should have a verdict and have none.
    """
    graded = passed + failed
    return Held(bar=bar, passed=passed, graded=graded, state=_state(bar.least, passed, graded, undecided))


def excused(held: Sequence[Held], row: Outcome) -> bool:
    """Tell whether a failing row is let pass: it is under a bar, and every bar over it is met."""
    over = [one for one in held if one.bar.covers(row)]
    return bool(over) and all(one.state == "met" for one in over)


def _together(bar: Bar, rows: Sequence[Outcome]) -> Held:
    passed, graded, undecided = _count(rows)
    return Held(bar=bar, passed=passed, graded=graded, state=_state(bar.least, passed, graded, undecided))


def _each(bar: Bar, rows: Sequence[Outcome]) -> Held:
    cases: dict[str, list[Outcome]] = {}
    for row in rows:
        cases.setdefault(row.case.id, []).append(row)
    states = {case: _state(bar.least, *_count(repeats)) for case, repeats in cases.items()}
    below = tuple(case for case, state in states.items() if state == "missed")
    worst: State = "missed" if below else "open" if "open" in states.values() else "met"
    met = sum(state == "met" for state in states.values())
    return Held(bar=bar, passed=met, graded=len(states), state=worst, below=below)


def _count(rows: Sequence[Outcome]) -> tuple[int, int, int]:
    """Count rows that passed, that were graded, and that have no verdict and should."""
    passed = sum(row.status == "pass" for row in rows)
    failed = sum(row.status == "fail" for row in rows)
    return passed, passed + failed, sum(row.status in ("error", "not_run") for row in rows)


def _state(least: float, passed: int, graded: int, undecided: int) -> State:
    if not graded + undecided or (passed + undecided) / (graded + undecided) < least:
        return "missed"
    return "open" if undecided else "met"


def _k_of_n(suite: str, tag: str, value: Any) -> tuple[int, int]:
    found = _K_OF_N.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        _refuse(suite, tag, value)
    k, n = int(found[1]), int(found[2])
    if not 1 <= k <= n <= MOST_REPEATS:
        _refuse(suite, tag, value)
    return k, n


def _refuse(suite: str, tag: str, value: Any) -> NoReturn:
    raise SuiteError(
        f"suite {quoted(suite)}: the bar for {quoted(tag)} is a share from 0 to 1, or a text such as '2 of 3' "
        f"(each case passes in 2 of its 3 repeats); this is {quoted(value)}"
    )
