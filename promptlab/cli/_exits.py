"""Exit codes, and what a run's rows make of them."""

from __future__ import annotations

from collections.abc import Sequence

from promptlab._bars import Held, excused
from promptlab._summary import Summary
from promptlab._types import Outcome

FAILED, WRONG_USE, NO_VERDICT, INTERRUPTED = 1, 2, 3, 130
"""Exit codes beside 0: cases failed, wrong use, errors kept cases from a verdict, interrupted."""


def exit_code(summary: Summary, min_pass_rate: float | None) -> int:
    """Decide the exit code of a run by one bar for all its rows; every row must pass where there is none.

    It is 1 where the run fails whatever the rows without a verdict would have come to, and 3 where they
    could have decided it.
    """
    bar = 1.0 if min_pass_rate is None else min_pass_rate
    open_rows = summary.errors + summary.not_run
    graded = summary.passed + summary.failed
    best = (summary.passed + open_rows) / (graded + open_rows) if graded + open_rows else None
    if best is None:
        return 0 if min_pass_rate is None else FAILED
    if best < bar:
        return FAILED
    return NO_VERDICT if open_rows else 0


def exit_code_by_bars(held: Sequence[Held], rows: Sequence[Outcome]) -> int:
    """Decide the exit code of a run by the bars of its suite.

    A failing row is let pass where it is under a bar and every bar over it is met.
    """
    if any(one.state == "missed" for one in held):
        return FAILED
    open_rows = [row for row in rows if row.status in ("error", "not_run")]
    # With rows open a bar may be open too; a failing row that no bar covers fails the run all the same.
    under = [row for row in rows if row.status == "fail" and not any(one.bar.covers(row) for one in held)]
    if under or (not open_rows and any(row.status == "fail" and not excused(held, row) for row in rows)):
        return FAILED
    return NO_VERDICT if open_rows else 0
