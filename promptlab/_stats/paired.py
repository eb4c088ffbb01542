"""Is B better than A, where both answered the same cases once.

Only the cases whose verdicts differ speak: those that B wins and those that it loses.

- McNemar's test in its mid-p form: Fagerland, Lydersen and Laake (2013), BMC Medical Research
  Methodology 13:91. The exact form beside it: never too bold, and blind to much.
- The score interval of the difference: Tango (1998), Statistics in Medicine 17, 891-908.

Everything here is closed or bisected on `math` alone: each rerun of a prompt shows it.
"""

from __future__ import annotations

import math

from promptlab._stats.interval import LEVEL, Interval, check_counts, two_sided

_BIG = 1000
"""Up to this many changed cases binomial coefficients are taken exactly, as integers."""


def mcnemar_exact(wins: int, losses: int) -> float:
    """Give the two-sided exact McNemar p-value: the sign test on the cases that changed.

    Returns:
        A p-value in [0, 1]: 1 where nothing changed, 0 where it is below the smallest float.
    """
    tail, _ = _lower_tail(wins, losses)
    return min(1.0, 2 * tail)


def mcnemar_midp(wins: int, losses: int) -> float:
    """Give the two-sided mid-p McNemar p-value: the exact one less the chance of just this count.

    Returns:
        A p-value in [0, 1]: 1 where nothing changed, 0 where it is below the smallest float.
    """
    tail, point = _lower_tail(wins, losses)
    if wins == losses:
        return 1.0 if wins == 0 else 1.0 - point / 2
    return 2 * tail - point


def tango(wins: float, losses: float, cases: float, *, level: float = LEVEL) -> Interval | None:
    """Give Tango's score interval of the difference between two paired proportions.

    It holds every difference d whose score statistic
    `(wins - losses - n d) / sqrt(n (2 q + d (1 - d)))` lies within the normal quantile, q being the
    likeliest rate of losses were d the truth.

    Args:
        wins: Cases that only the second passed. Need not be whole.
        losses: Cases that only the first passed. Need not be whole.
        cases: All cases that both answered.
        level: In (0, 1).

    Returns:
        The interval of (wins - losses) / cases within [-1, 1], or None for no case.
    """
    check_counts(wins, cases)
    check_counts(losses, cases)
    check_counts(wins + losses, cases)
    if cases == 0:
        return None
    z = two_sided(level)
    return Interval(
        low=-_upper_end(losses, wins, cases, z), high=_upper_end(wins, losses, cases, z), level=level
    )


def _upper_end(wins: float, losses: float, cases: float, z: float) -> float:
    """Bisect for the difference at which the score statistic falls to -z."""
    if wins == cases:
        return 1.0
    low, high = (wins - losses) / cases, 1.0
    while low < (middle := (low + high) / 2) < high:
        if _score_statistic(wins, losses, cases, middle) > -z:
            low = middle
        else:
            high = middle
    return high


def _score_statistic(wins: float, losses: float, cases: float, difference: float) -> float:
    """Give Tango's statistic; the root is taken in the form that does not cancel."""
    linear = (2 * cases - wins + losses) * difference - wins - losses
    constant = losses * difference * (1 - difference)
    root = math.sqrt(max(0.0, linear * linear + 8 * cases * constant))
    losing = 2 * constant / (root + linear) if linear > 0 else (root - linear) / (4 * cases)
    variance = cases * (2 * losing + difference * (1 - difference))
    excess = wins - losses - cases * difference
    if variance <= 0:
        return math.copysign(math.inf, excess) if excess else 0.0
    return excess / math.sqrt(variance)


def _lower_tail(wins: int, losses: int) -> tuple[float, float]:
    """Give the chance of at most, and of exactly, the smaller count among fair coins."""
    check_counts(wins, wins)
    check_counts(losses, losses)
    coins, fewer = wins + losses, min(wins, losses)
    point = _fair_point(fewer, coins)
    total, term = point, point
    for heads in range(fewer, 0, -1):
        term *= heads / (coins - heads + 1)
        total += term
        if term <= total * 1e-18:
            break
    return total, point


def _fair_point(heads: int, coins: int) -> float:
    """Give the chance of just `heads` among fair coins, to the last few digits at any size.

    Above `_BIG` coins by the saddle-point form of Loader (2000), which loses no digits to the
    difference of large logarithms.
    """
    if coins <= _BIG:
        return float(math.comb(coins, heads) / 2**coins)
    if heads == 0:
        return math.exp(-coins * math.log(2))
    tails = coins - heads
    half = coins / 2
    exponent = (
        _stirling_error(coins)
        - _stirling_error(heads)
        - _stirling_error(tails)
        - _deviance(heads, half)
        - _deviance(tails, half)
    )
    return math.sqrt(coins / (2 * math.pi * heads * tails)) * math.exp(exponent)


def _stirling_error(count: int) -> float:
    """Give what Stirling's formula leaves of the logarithm of a factorial."""
    if count < 16:
        exact = math.log(math.factorial(count))
        return exact - (count + 0.5) * math.log(count) + count - 0.5 * math.log(2 * math.pi)
    square = count * count
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / count


def _deviance(count: float, expected: float) -> float:
    """Give `count log(count / expected) + expected - count` without cancellation."""
    offset = (count - expected) / expected
    if abs(offset) > 0.1:
        return count * math.log(count / expected) + expected - count
    total, power, sign = 0.0, offset * offset, 1.0
    for order in range(2, 40):
        total += sign * power / (order * (order - 1))
        power *= offset
        sign = -sign
    return expected * total
