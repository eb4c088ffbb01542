"""Is B better than A, where the cases were asked several times.

Repeats of one case are no further cases, so everything counts cases: a case gives one difference,
its rate under B less its rate under A. The test is the sign flip (`signflip`).

The interval carries Tango's over to such differences. A difference of a case that is 0 or 1 either
way has the spread of a coin; one of several repeats has less of it. With A the sum of their sizes and Q that of
their squares, a whole flip is taken to be worth `s = (Q + 1) / (A + 1)`, and the interval is s times
Tango's for `wins = (sum of the positive) / s` and `losses = (sum of the negative) / s`: the same mean,
and no less spread than was seen. The ones count a further case as seen that flips wholly: without
it five small changes would speak as if large ones could not happen. With one answer a case s is 1,
and this is Tango's interval. A t interval covers far too little here, see `docs/trust.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from promptlab._stats.interval import LEVEL, Interval
from promptlab._stats.paired import tango

_SLACK = 1e-12


def cluster_interval(differences: Sequence[float], *, level: float = LEVEL) -> Interval | None:
    """Give the interval of the mean difference of the cases, or None for no case.

    Args:
        differences: For each case its rate under B less its rate under A, in [-1, 1].
        level: In (0, 1).
    """
    if not differences:
        return None
    worth, wins, losses = flips(differences)
    found = tango(wins, losses, len(differences), level=level)
    assert found is not None
    return Interval(low=worth * found.low, high=worth * found.high, level=level)


def flips(differences: Sequence[float]) -> tuple[float, float, float]:
    """Say in whole flips what the cases' differences amount to.

    Args:
        differences: For each case its rate under B less its rate under A, in [-1, 1].

    Returns:
        What a flip is worth, in (0, 1]; flips won; flips lost. The last two need not be whole.
    """
    if not all(abs(value) <= 1 + _SLACK for value in differences):
        raise ValueError("a difference of two rates lies in [-1, 1]")
    won = math.fsum(value for value in differences if value > 0)
    lost = -math.fsum(value for value in differences if value < 0)
    squares = math.fsum(value * value for value in differences)
    worth = min(1.0, (squares + 1) / (won + lost + 1))
    wins, losses = won / worth, lost / worth
    over = max(1.0, (wins + losses) / max(len(differences), 1))
    return worth, wins / over, losses / over


def reconciled(interval: Interval, difference: float, p: float, alpha: float) -> Interval:
    """Let the test decide whether an interval reaches zero, at the end that lies nearest to it.

    Where test and interval differ, one of them has found a difference and the other has not. An
    end is then moved to zero, never across it: inwards where the test found a difference (which
    misses a truth of zero no oftener than the test errs), outwards where it did not (which can
    only cover more).

    Args:
        interval: The interval of the difference.
        difference: The difference seen.
        p: The test's p-value.
        alpha: The bar it is held against.
    """
    low, high = interval.low, interval.high
    if p < alpha:
        low = max(low, 0.0) if difference > 0 else low
        high = min(high, 0.0) if difference < 0 else high
    else:
        low, high = min(low, 0.0), max(high, 0.0)
    return Interval(low=low, high=high, level=interval.level)
