"""Was a prompt fitted to the cases it was written on? The gap between two separate sets of cases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlab._compare._board import read_board
from promptlab._errors import UsageError
from promptlab._stats import Interval, Score, gap, score_by_case
from promptlab._wording import listed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How much better a prompt does on the cases it was written on than on those held out."""

    sentence: str
    """What may be said, with its numbers."""
    fitted: bool
    """Whether the 95 % interval of the gap lies above zero."""
    worked: float | None
    """The pass rate on the cases worked on; None where none was graded."""
    held: float | None
    """The pass rate on the cases held out; None where none was graded."""
    difference: float | None
    """`worked` less `held`, in [-1, 1]."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""

    def __str__(self) -> str:
        """Say the sentence."""
        return self.sentence


def measure_gap(worked: pd.DataFrame, held: pd.DataFrame) -> Gap:
    """Hold a prompt's score on the cases it was written on against that on cases held out.

    Args:
        worked: The frame of the cases worked on.
        held: The frame of the cases held out.

    Raises:
        UsageError: A frame cannot be read, or the two share cases.
    """
    board = read_board({"worked on": worked, "held out": held})
    shared = [case for case in board.cases if all(case in cases for cases in board.rows.values())]
    if shared:
        raise UsageError(f"the two parts share cases ({listed(shared, 4)}): nothing was held out")
    one, two = _score(worked), _score(held)
    interval = _interval(one, two)
    if interval is None or one.rate is None or two.rate is None:
        return Gap(
            sentence="cannot tell: one of the parts has no graded case",
            fitted=False,
            worked=one.rate,
            held=two.rate,
            difference=None,
            low=None,
            high=None,
        )
    return Gap(
        sentence=_sentence(one, two, interval),
        fitted=interval.low > 0,
        worked=one.rate,
        held=two.rate,
        difference=one.rate - two.rate,
        low=interval.low,
        high=interval.high,
    )


def _score(frame: pd.DataFrame) -> Score:
    """Score a frame; repeats count with their case."""
    (held,) = read_board({"run": frame}).rows.values()
    verdicts = [[row.passed for row in repeats.values()] for repeats in held.values()]
    return score_by_case(
        [verdict.count(True) for verdict in verdicts],
        [len(verdict) - verdict.count(None) for verdict in verdicts],
    )


def _interval(one: Score, two: Score) -> Interval | None:
    """Give the interval of the gap; with repeats Newcombe's way of joining the two clustered intervals."""
    if one.method == two.method == "wilson":
        return gap((one.passes, one.graded), (two.passes, two.graded))
    if None in (one.rate, one.low, one.high, two.rate, two.low, two.high):
        return None
    p, low_p, high_p = float(one.rate or 0), float(one.low or 0), float(one.high or 0)
    q, low_q, high_q = float(two.rate or 0), float(two.low or 0), float(two.high or 0)
    return Interval(
        low=p - q - math.hypot(p - low_p, high_q - q), high=p - q + math.hypot(high_p - p, q - low_q)
    )


def _sentence(one: Score, two: Score, interval: Interval) -> str:
    worked, held = 100 * float(one.rate or 0), 100 * float(two.rate or 0)
    rates = (
        f"{worked:.0f} % on the {one.cases:,} cases worked on, {held:.0f} % on the {two.cases:,} held out: "
        f"{_signed(worked - held)} points [{_signed(100 * interval.low)}, {_signed(100 * interval.high)}]"
    )
    if interval.low > 0:
        return f"fitted to its cases: {rates}"
    if interval.high < 0:
        return f"not fitted, the cases held out are easier: {rates}"
    return f"no sign of fitting: {rates}"


def _signed(points: float) -> str:
    return f"{round(points):+d}" if round(points) else "0"
