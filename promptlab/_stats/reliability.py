"""Bins of equal mass, and the calibration error with an interval that knows its own bias.

The expected calibration error is the mean over rows of how far their bin's mean confidence lies
from its pass rate. On finite samples it is never zero, also where the confidence is perfectly
honest; resampling adds the same bias once more. So three things are worked out:

- what chance alone gives: answers drawn as the confidences promise, in the same bins;
- the upper end: a bootstrap percentile, which errs upwards;
- the lower end: the bootstrap turned about the estimate (Davison and Hinkley 1997, 5.2), which
  takes the bias off; and zero where 97.5 % of the chance draws reach as far as the estimate.

Percentiles are widened for few rows as in Hesterberg (2015), The American Statistician 69, 371-386,
and both ends go out by half a row, since errors come in such steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlab._stats.interval import two_sided
from promptlab._stats.proportions import wilson

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.intp]

DRAWS = 2000
"""Bootstrap draws where the rows are not too many."""
_WORK = 40_000_000
"""Numbers drawn at most for an interval; beyond, the draws become fewer, down to 400."""
_CHUNK = 4_000_000
"""Numbers held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One point of the reliability diagram: rows of like confidence."""

    low: float
    """Least confidence in it, in [0, 1]."""
    high: float
    """Greatest confidence in it, in [0, 1]."""
    rows: int
    """How many rows."""
    confidence: float
    """Their mean confidence."""
    rate: float
    """Their pass rate."""
    rate_low: float
    """Lower end of Wilson's interval of the pass rate."""
    rate_high: float
    """Upper end of Wilson's interval of the pass rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInterval:
    """The expected calibration error with what belongs to it; all in [0, 1]."""

    error: float
    """The error as it comes out of these rows, biased upwards."""
    low: float
    """Lower end of its 95 % interval, the bias taken off."""
    high: float
    """Upper end of its 95 % interval."""
    chance: float
    """What a perfectly honest confidence would show on these rows, on average."""
    chance_high: float
    """What it would show once in 40 times, or more."""
    draws: int
    """Bootstrap draws, and as many draws by chance."""


def assign_bins(confidence: Floats, most: int) -> Ints:
    """Give each row a bin, 0 upwards, of about equal mass; rows of equal confidence stay together.

    Args:
        confidence: One a row, in [0, 1].
        most: How many bins at most.
    """
    import numpy as np

    _, place, count = np.unique(confidence, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2
    wanted = np.minimum((middle * most / len(confidence)).astype(np.intp), most - 1)
    _, bins = np.unique(wanted, return_inverse=True)
    return np.asarray(bins[place], dtype=np.intp)


def reliability(confidence: Floats, passed: Floats, bins: Ints) -> tuple[Bin, ...]:
    """Give the points of the reliability diagram, from low confidence to high."""
    found = []
    for number in range(int(bins.max()) + 1):
        held, verdicts = confidence[bins == number], passed[bins == number]
        interval = wilson(int(verdicts.sum()), len(verdicts))
        assert interval is not None
        found.append(
            Bin(
                low=float(held.min()),
                high=float(held.max()),
                rows=len(held),
                confidence=float(held.mean()),
                rate=float(verdicts.mean()),
                rate_low=interval.low,
                rate_high=interval.high,
            )
        )
    return tuple(found)


def error_interval(
    confidence: Floats, passed: Floats, bins: Ints, groups: Ints, *, seed: int
) -> ErrorInterval:
    """Give the calibration error, its interval, and what chance alone would give.

    Args:
        confidence: One a row, in [0, 1].
        passed: 1 or 0 a row.
        bins: The rows' bins.
        groups: The rows' cases, numbered from 0. Cases are resampled whole, and in the draws by
            chance the rows of one case succeed or fail together as far as their confidence allows.
        seed: Seeds both kinds of draws.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    cases = int(groups.max()) + 1
    error = float(np.abs(np.bincount(bins, weights=passed - confidence)).sum()) / len(bins)
    draws = int(min(DRAWS, max(400, _WORK // len(bins))))
    resampled = _bootstrap(passed - confidence, bins, groups, draws, generator)
    honest = _by_chance(confidence, bins, groups, draws, generator)
    above = float(np.quantile(resampled, _upper_percentile(cases)))
    chance_high = float(np.quantile(honest, 0.975))
    step = 0.5 / cases
    low = 0.0 if error <= chance_high else max(0.0, 2 * error - above - step)
    return ErrorInterval(
        error=error,
        low=min(low, error),
        high=min(1.0, max(above, error) + step),
        chance=float(honest.mean()),
        chance_high=chance_high,
        draws=draws,
    )


def _bootstrap(gaps: Floats, bins: Ints, groups: Ints, draws: int, generator: np.random.Generator) -> Floats:
    """Give the calibration error of resampled cases."""
    import numpy as np

    cases, width = int(groups.max()) + 1, int(bins.max()) + 1
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups, minlength=cases)
    alone = bool((sizes == 1).all())
    table = None
    if not alone:
        table = np.zeros((cases, width))
        np.add.at(table, (groups, bins), gaps)
    errors = np.empty(draws)
    step = max(1, _CHUNK // max(cases, 1))
    for start in range(0, draws, step):
        count = min(step, draws - start)
        picked = generator.integers(0, cases, (count, cases))
        if table is None:
            rows = order[picked]
            cells = bins[rows] + np.arange(count)[:, None] * width
            sums = np.bincount(cells.ravel(), weights=gaps[rows].ravel(), minlength=count * width)
            errors[start : start + count] = np.abs(sums.reshape(count, width)).sum(axis=1) / len(bins)
        else:
            cells = picked + np.arange(count)[:, None] * cases
            times = np.bincount(cells.ravel(), minlength=count * cases).reshape(count, cases)
            errors[start : start + count] = np.abs(times @ table).sum(axis=1) / (times @ sizes)
    return errors


def _by_chance(
    confidence: Floats, bins: Ints, groups: Ints, draws: int, generator: np.random.Generator
) -> Floats:
    """Give the calibration error of answers that succeed as often as their confidence says."""
    import numpy as np

    cases, rows, width = int(groups.max()) + 1, len(bins), int(bins.max()) + 1
    errors = np.empty(draws)
    step = max(1, _CHUNK // rows)
    for start in range(0, draws, step):
        count = min(step, draws - start)
        luck = generator.random((count, cases))[:, groups]
        cells = bins + np.arange(count)[:, None] * width
        gaps = (luck < confidence) - confidence
        sums = np.bincount(cells.ravel(), weights=gaps.ravel(), minlength=count * width)
        errors[start : start + count] = np.abs(sums.reshape(count, width)).sum(axis=1) / rows
    return errors


def _upper_percentile(cases: int) -> float:
    """Give the upper percentile of a 95 % interval, moved outwards as t lies outside the normal."""
    from scipy.special import ndtr, stdtrit

    if cases < 2:
        return 1.0
    reach = max(float(stdtrit(cases - 1, 0.975)) * math.sqrt(cases / (cases - 1)), two_sided(0.95))
    return float(ndtr(reach))
