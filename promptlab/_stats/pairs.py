"""A comparison of two variants: every figure that the sentence about them is made of.

Rows pair by case and repeat. A row without a verdict on one side is left out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from promptlab._stats.interval import ALPHA, LEVEL
from promptlab._stats.paired import mcnemar_midp, tango
from promptlab._stats.repeats import cluster_interval, flips, reconciled
from promptlab._stats.signflip import DRAWS, sign_flip

Method = Literal["mid-p McNemar", "sign flip", "anytime"]
"""How a p-value was found: one answer a case, repeats, or a look at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """B against A on the cases that both answered."""

    cases: int
    """Cases with at least one pair of verdicts."""
    pairs: int
    """Pairs of verdicts: `cases` where each was asked once."""
    left_out: int
    """Rows' pairs left out since one side, or both, had no verdict."""
    fixed: int
    """Cases that B passed and A did not; with repeats, passed more often."""
    broke: int
    """Cases that A passed and B did not; with repeats, passed more often."""
    ties: int
    """Cases without a difference."""
    difference: float | None
    """B's rate less A's, the mean over cases, in [-1, 1]; None for no case."""
    low: float | None
    """Lower end of its interval, in [-1, 1]."""
    high: float | None
    """Upper end of its interval, in [-1, 1]."""
    p: float
    """How often the same prompt twice would differ at least so much; in [0, 1], 1 for no case."""
    method: Method
    """How `p` was found."""
    exact: bool
    """Whether `p` was counted out rather than drawn."""
    seed: int
    """The seed of the draws; nothing depends on it where `exact`."""
    win_rate: float
    """Whole flips won, a case, in [0, 1]: what `cases_needed` reckons with."""
    loss_rate: float
    """Whole flips lost, a case, in [0, 1]."""


def compare_once(fixed: int, broke: int, ties: int, *, left_out: int = 0, level: float = LEVEL) -> Paired:
    """Compare two variants that answered each case once: mid-p McNemar and Tango's interval.

    Args:
        fixed: Cases that only B passed.
        broke: Cases that only A passed.
        ties: Cases that both passed or both failed.
        left_out: Cases without a verdict on one side.
        level: Level of the interval, in (0, 1).
    """
    cases = fixed + broke + ties
    interval = tango(fixed, broke, cases, level=level)
    return Paired(
        cases=cases,
        pairs=cases,
        left_out=left_out,
        fixed=fixed,
        broke=broke,
        ties=ties,
        difference=(fixed - broke) / cases if cases else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p=mcnemar_midp(fixed, broke),
        method="mid-p McNemar",
        exact=True,
        seed=0,
        win_rate=fixed / cases if cases else 0.0,
        loss_rate=broke / cases if cases else 0.0,
    )


def compare_repeats(
    differences: Sequence[float],
    *,
    pairs: int | None = None,
    left_out: int = 0,
    seed: int = 0,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Paired:
    """Compare two variants that were asked several times: sign flip and clustered interval.

    Args:
        differences: For each case its rate under B less its rate under A, over its pairs.
        pairs: Pairs of verdicts in all; as many as cases where not given.
        left_out: Pairs without a verdict on one side.
        seed: Seeds the draws of the test, where it has to draw.
        draws: How many, at least 1.
        level: Level of the interval, in (0, 1). Only the usual one is made to agree with the test.
    """
    test = sign_flip(differences, seed=seed, draws=draws)
    cases = len(differences)
    interval = cluster_interval(differences, level=level)
    worth, wins, losses = flips(differences)
    mean = worth * (wins - losses) / cases if cases else None
    if interval is not None and mean is not None and level == LEVEL:
        interval = reconciled(interval, mean, test.p, ALPHA)
    fixed, broke = sum(value > 0 for value in differences), sum(value < 0 for value in differences)
    return Paired(
        cases=cases,
        pairs=cases if pairs is None else pairs,
        left_out=left_out,
        fixed=fixed,
        broke=broke,
        ties=cases - fixed - broke,
        difference=mean,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p=test.p,
        method="sign flip",
        exact=test.exact,
        seed=test.seed,
        win_rate=wins / cases if cases else 0.0,
        loss_rate=losses / cases if cases else 0.0,
    )


def compare_verdicts(
    a: Sequence[Sequence[bool | None]],
    b: Sequence[Sequence[bool | None]],
    *,
    seed: int = 0,
    level: float = LEVEL,
) -> Paired:
    """Compare two variants from their verdicts, pairing them by case and repeat.

    Args:
        a: For each case A's verdicts, repeat by repeat; None where there is none.
        b: The same of B, the cases in the same order.
        seed: Seeds the draws of the test, where it has to draw.
        level: Level of the interval, in (0, 1).
    """
    differences: list[float] = []
    pairs = left_out = 0
    repeated = False
    for first, second in zip(a, b, strict=True):
        both = [(x, y) for x, y in zip_longest(first, second) if x is not None and y is not None]
        left_out += max(len(first), len(second)) - len(both)
        repeated = repeated or len(both) > 1
        if both:
            pairs += len(both)
            differences.append((sum(y for _, y in both) - sum(x for x, _ in both)) / len(both))
    if repeated:
        return compare_repeats(differences, pairs=pairs, left_out=left_out, seed=seed, level=level)
    fixed, broke = differences.count(1.0), differences.count(-1.0)
    return compare_once(fixed, broke, pairs - fixed - broke, left_out=left_out, level=level)
