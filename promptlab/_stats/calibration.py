"""Can the confidence be believed?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isfinite, isqrt
from typing import TYPE_CHECKING

from promptlab._stats.reliability import Bin, ErrorInterval, assign_bins, error_interval, reliability

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.intp]

ENOUGH = 30
"""Graded rows with a confidence below which nothing is said of calibration."""
CONFIDENT = 0.8
"""From this confidence on a wrong answer is a confident mistake."""
_MOST_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far confidence and success go together. All figures are None below 30 rows."""

    rows: int
    """Graded rows with a confidence."""
    left_out: int
    """Rows without a verdict or without a confidence."""
    sentence: str
    """What may be said, with its numbers."""
    confidence: float | None
    """Mean confidence, in [0, 1]."""
    rate: float | None
    """Pass rate of the same rows, in [0, 1]."""
    brier: float | None
    """Mean squared distance of confidence and verdict, in [0, 1]; 0 is best, 0.25 is a shrug."""
    auroc: float | None
    """How often a right answer has more confidence than a wrong one, in [0, 1]; None where all are right or all wrong."""
    error: ErrorInterval | None
    """The expected calibration error with its interval."""
    bins: tuple[Bin, ...]
    """The points of the reliability diagram, from low confidence to high; empty below 30 rows."""
    seed: int
    """The seed of the draws."""


def calibration(
    confidence: Sequence[float | None],
    passed: Sequence[bool | None],
    *,
    cases: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> Calibration:
    """Hold confidence against success.

    Args:
        confidence: One a row, in [0, 1]; None where there is none.
        passed: One a row; None where there is no verdict.
        cases: The case of each row, where cases were asked several times: they are resampled whole.
        seed: Seeds the draws.

    Raises:
        ValueError: A confidence lies outside [0, 1].
    """
    rows = [
        (float(sure), bool(right), place)
        for place, (sure, right) in enumerate(zip(confidence, passed, strict=True))
        if sure is not None and right is not None
    ]
    if not all(isfinite(sure) and 0 <= sure <= 1 for sure, _, _ in rows):
        raise ValueError("a confidence lies in [0, 1]")
    if len(rows) < ENOUGH:
        return _too_few(len(rows), len(passed) - len(rows), seed)
    import numpy as np

    sure = np.array([row[0] for row in rows])
    right = np.array([float(row[1]) for row in rows])
    groups = _numbered([row[2] if cases is None else cases[row[2]] for row in rows])
    bins = assign_bins(sure, min(_MOST_BINS, isqrt(len(rows))))
    error = error_interval(sure, right, bins, groups, seed=seed)
    mean, rate = float(sure.mean()), float(right.mean())
    return Calibration(
        rows=len(rows),
        left_out=len(passed) - len(rows),
        sentence=_sentence(error, mean, rate, len(rows)),
        confidence=mean,
        rate=rate,
        brier=float(((sure - right) ** 2).mean()),
        auroc=_auroc(sure, right),
        error=error,
        bins=reliability(sure, right, bins),
        seed=seed,
    )


def confident_mistakes(
    confidence: Sequence[float | None], passed: Sequence[bool | None], *, threshold: float = CONFIDENT
) -> list[int]:
    """Give the places of wrong answers given with confidence, the most confident first.

    Args:
        confidence: One a row, in [0, 1]; None where there is none.
        passed: One a row; None where there is no verdict.
        threshold: From which confidence on, in [0, 1].
    """
    wrong = [
        (-sure, place)
        for place, (sure, right) in enumerate(zip(confidence, passed, strict=True))
        if sure is not None and right is not None and not right and sure >= threshold
    ]
    return [place for _, place in sorted(wrong)]


def _numbered(names: list[Hashable]) -> Ints:
    """Number equal names alike, from 0 in the order they come."""
    import numpy as np

    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)


def _auroc(sure: Floats, right: Floats) -> float | None:
    """Give the area under the ROC curve from ranks, ties counting half (Hanley and McNeil 1982)."""
    import numpy as np

    passes = int(right.sum())
    fails = len(right) - passes
    if not passes or not fails:
        return None
    _, place, count = np.unique(sure, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[right == 1].sum() - passes * (passes + 1) / 2) / (passes * fails))


def _too_few(rows: int, left_out: int, seed: int) -> Calibration:
    return Calibration(
        rows=rows,
        left_out=left_out,
        sentence=f"too few to judge the confidence: {rows} graded answers came with one, {ENOUGH} are needed",
        confidence=None,
        rate=None,
        brier=None,
        auroc=None,
        error=None,
        bins=(),
        seed=seed,
    )


def _sentence(error: ErrorInterval, mean: float, rate: float, rows: int) -> str:
    """Say in which way the confidence errs, where more than chance speaks for it."""
    if error.low == 0:
        word = "no fault found in the confidence"
    elif abs(mean - rate) < error.error / 2:
        word = "the confidence is off, both ways"
    else:
        word = "too sure" if mean > rate else "not sure enough"
    decimals = 0 if error.low == 0 or error.low >= 0.005 else 1
    size, low, high, chance = (
        f"{100 * value:.{decimals}f}" for value in (error.error, error.low, error.high, error.chance)
    )
    return (
        f"{word}: says {100 * mean:.0f} %, right {100 * rate:.0f} %; calibration error {size}"
        f" {'point' if size == '1' else 'points'} [{low}, {high}], of which chance alone gives {chance} ({rows:,} rows)"
    )
