"""How good is one prompt: a rate with its interval.

- One answer a case: the score interval of Wilson (1927), JASA 22, 209-212.
- Repeats: the mean over cases. Cases are what was sampled, so the interval counts cases and not
  answers. It is the exact binomial interval (Clopper and Pearson 1934, Biometrika 26, 404-413) at
  an effective number of cases, as in Korn and Graubard (1998), Survey Methodology 24, 193-201. The
  plain estimate of that number fails where cases are few or all alike (it takes ten equal cases
  for certainty), so one more case is counted as seen that goes wholly the other way.
- Two separate sets of cases (a holdout): Newcombe (1998), Stat. Med. 17, 873-890, method 10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from promptlab._stats.interval import LEVEL, Interval, check_counts, two_sided


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How good one prompt is."""

    rate: float | None
    """Passes over graded rows; with repeats the mean over cases. In [0, 1]; None for no row."""
    low: float | None
    """Lower end of the interval of `rate`, in [0, 1]."""
    high: float | None
    """Upper end of the interval of `rate`, in [0, 1]."""
    passes: int
    """Rows that passed."""
    graded: int
    """Rows that passed or failed."""
    errors: int
    """Rows without a verdict because something broke; never in `rate`."""
    worst: float | None
    """What `rate` would be had every error been a fail."""
    best: float | None
    """What `rate` would be had every error been a pass."""
    cases: int
    """Cases with at least one graded row."""
    method: str
    """`wilson` or `clustered by case`."""


def wilson(passes: int, graded: int, *, level: float = LEVEL) -> Interval | None:
    """Give Wilson's score interval of a proportion, or None where nothing was graded."""
    check_counts(passes, graded)
    if graded == 0:
        return None
    z2 = two_sided(level) ** 2
    middle = passes + z2 / 2
    half = math.sqrt(z2) * math.sqrt(passes * ((graded - passes) / graded) + z2 / 4)
    scale = graded + z2
    low = 0.0 if passes == 0 else (middle - half) / scale
    high = 1.0 if passes == graded else (middle + half) / scale
    return Interval(low=low, high=high, level=level)


def by_case(passes: Sequence[int], graded: Sequence[int], *, level: float = LEVEL) -> Interval | None:
    """Give the interval of the mean over cases where cases were asked several times.

    The cases are weighted alike, whatever their number of graded repeats; a case without any is
    left out. With rates y of n cases and their mean m, the spread of a case against that of a
    single coin is `(sum((y - m)^2) + 1) / ((n - 1) m (1 - m) + 1)`, held between what independent
    repeats would give and 1; n over that is the effective number of cases.

    Args:
        passes: For each case, how many of its repeats passed.
        graded: For each case, how many of its repeats passed or failed.
        level: In (0, 1).
    """
    asked = _asked(passes, graded)
    if not asked:
        return None
    n = len(asked)
    mean = math.fsum(p / g for p, g in asked) / n
    spread = math.fsum((p / g - mean) ** 2 for p, g in asked)
    coin = mean * (1 - mean)
    independent = math.fsum(1 / g for _, g in asked) / n
    ratio = min(1.0, max(independent, (spread + 1) / ((n - 1) * coin + 1)))
    return exact_interval(mean, n / ratio, level=level)


def exact_interval(rate: float, size: float, *, level: float = LEVEL) -> Interval:
    """Give the exact binomial interval of Clopper and Pearson.

    Args:
        rate: The share of hits, in [0, 1].
        size: The number of trials, above 0. Neither it nor the hits need be whole.
        level: In (0, 1).
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    hits = rate * size
    misses = size - hits
    low = 0.0 if rate == 0 else float(betaincinv(hits, misses + 1, tail))
    high = 1.0 if rate == 1 else float(betaincinv(hits + 1, misses, 1 - tail))
    return Interval(low=low, high=high, level=level)


def score(passes: int, graded: int, errors: int = 0, *, level: float = LEVEL) -> Score:
    """Say how good a prompt is where each case was asked once."""
    interval = wilson(passes, graded, level=level)
    check_counts(0, errors)
    rows = graded + errors
    return Score(
        rate=passes / graded if graded else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        passes=passes,
        graded=graded,
        errors=errors,
        worst=passes / rows if rows else None,
        best=(passes + errors) / rows if rows else None,
        cases=graded,
        method="wilson",
    )


def score_by_case(
    passes: Sequence[int], graded: Sequence[int], errors: Sequence[int] | None = None, *, level: float = LEVEL
) -> Score:
    """Say how good a prompt is from its cases' counts; with one answer a case this is `score`.

    Args:
        passes: For each case, how many of its repeats passed.
        graded: For each case, how many of its repeats passed or failed.
        errors: For each case, how many of its repeats broke; None for none.
        level: In (0, 1).
    """
    errors = [0] * len(graded) if errors is None else errors
    if max((g + e for g, e in zip(graded, errors, strict=True)), default=0) <= 1:
        return score(sum(passes), sum(graded), sum(errors), level=level)
    asked = _asked(passes, graded)
    interval = by_case(passes, graded, level=level)
    rows = [(p, g, e) for p, g, e in zip(passes, graded, errors, strict=True) if g + e]
    return Score(
        rate=_mean([p / g for p, g in asked]),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        passes=sum(passes),
        graded=sum(graded),
        errors=sum(errors),
        worst=_mean([p / (g + e) for p, g, e in rows]),
        best=_mean([(p + e) / (g + e) for p, g, e in rows]),
        cases=len(asked),
        method="clustered by case",
    )


def gap(first: tuple[int, int], second: tuple[int, int], *, level: float = LEVEL) -> Interval | None:
    """Give the interval of the first rate less the second, of two separate sets of cases.

    Args:
        first: Passes and graded rows of the first set (the cases that the prompt was written on).
        second: The same of the second set (the holdout).
        level: In (0, 1).

    Returns:
        Newcombe's hybrid score interval, or None where one of the sets has no graded row.
    """
    one, two = wilson(*first, level=level), wilson(*second, level=level)
    if one is None or two is None:
        return None
    p, q = first[0] / first[1], second[0] / second[1]
    return Interval(
        low=p - q - math.hypot(p - one.low, two.high - q),
        high=p - q + math.hypot(one.high - p, q - two.low),
        level=level,
    )


def _asked(passes: Sequence[int], graded: Sequence[int]) -> list[tuple[int, int]]:
    pairs = list(zip(passes, graded, strict=True))
    for part, whole in pairs:
        check_counts(part, whole)
    return [(part, whole) for part, whole in pairs if whole]


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
