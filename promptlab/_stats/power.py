"""Could this suite tell at all? What mid-p McNemar finds with 80 % chance.

The power is exact up to about 2,000 changed cases: given k of them the losses are binomial, and the
chance that few enough are lost is carried from k to k + 1 by a multiplication or two, so a whole
table costs as much as its length. Beyond, the normal approximation of Connor (1987), Biometrics 43,
207-211, which by then agrees with it to 0.2 points of power.
"""

from __future__ import annotations

import math

from promptlab._stats.interval import ALPHA, normal_quantile

POWER = 0.8
"""How surely a difference must be found to count as one that the suite would show."""
EXACT_CHANGED = 2000
"""Up to this many changed cases (and what they may vary by) power is summed out exactly."""


def power(cases: int, win_rate: float, loss_rate: float) -> float:
    """Give the chance that mid-p McNemar finds the difference, in its true direction.

    Args:
        cases: How many cases both variants answer.
        win_rate: Share of cases that only B passes.
        loss_rate: Share of cases that only A passes.
    """
    more, less, changing = _rates(win_rate, loss_rate)
    longest = _longest(cases, changing)
    if longest > EXACT_CHANGED:
        return _approximate_power(cases, more, less)
    return _exact_power(cases, changing, _found_table(longest, less / changing if changing else 0.5))


def cases_needed(win_rate: float, loss_rate: float, *, chance: float = POWER) -> int | None:
    """Say how many cases would show a difference such as the one seen.

    Args:
        win_rate: Share of cases that only B passes.
        loss_rate: Share of cases that only A passes.
        chance: How surely it shall be found, in (0, 1).

    Returns:
        The number of cases, or None where there is no difference to be told.
    """
    more, less, changing = _rates(win_rate, loss_rate)
    if more == less:
        return None
    estimate = math.ceil(_approximate_cases(more, less, chance))
    low, high = 0, 2 * estimate + 20
    longest = _longest(high, changing)
    if longest > EXACT_CHANGED:
        return estimate
    table = _found_table(longest, less / changing)
    while high - low > 1:
        middle = (low + high) // 2
        if _exact_power(middle, changing, table) >= chance:
            high = middle
        else:
            low = middle
    return high


def smallest_difference(cases: int, *, churn: float = 0.0, chance: float = POWER) -> float | None:
    """Say which difference a suite of so many cases would just show.

    Args:
        cases: How many cases the suite has.
        churn: Share of cases that break by the way, and that are made up for by as many others:
            what two runs of the same prompt show. 0 gives the best that the suite can ever do.
        chance: How surely it shall be found, in (0, 1).

    Returns:
        A difference of rates in (0, 1], or None where no difference would be found so surely.
    """
    if not 0 <= churn < 0.5:
        raise ValueError(f"a churn lies in [0, 0.5), not {churn}")
    low, high = 0.0, 1 - 2 * churn
    if power(cases, churn + high, churn) < chance:
        return None
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        if power(cases, churn + middle, churn) >= chance:
            high = middle
        else:
            low = middle
    return high


def _rates(win_rate: float, loss_rate: float) -> tuple[float, float, float]:
    """Give the larger rate, the smaller and their sum, rounding errors above 1 taken off."""
    if not (win_rate >= 0 and loss_rate >= 0 and win_rate + loss_rate <= 1 + 1e-9):
        raise ValueError(f"{win_rate} and {loss_rate} are not shares of the same cases")
    more, less = max(win_rate, loss_rate), min(win_rate, loss_rate)
    return more, less, min(1.0, more + less)


def _longest(cases: int, changing: float) -> int:
    """Give the number of changed cases that is practically never exceeded."""
    mean = cases * changing
    return min(cases, math.ceil(mean + 9 * math.sqrt(mean) + 30))


def _found_table(longest: int, losing: float) -> list[float]:
    """Give, for each number of changed cases, the chance that the test finds the difference.

    Args:
        longest: The largest number of changed cases.
        losing: The chance that a changed case is a loss, in [0, 0.5].
    """
    table = [0.0] * (longest + 1)
    bar = -1
    fair_tail = fair_point = lost_tail = lost_point = 0.0
    for changed in range(1, longest + 1):
        fair_tail, fair_point = _one_more(fair_tail, fair_point, bar, changed, 0.5)
        lost_tail, lost_point = _one_more(lost_tail, lost_point, bar, changed, losing)
        next_point = _next_point(fair_point, bar, changed, 0.5)
        if 2 * (fair_tail + next_point) - next_point < ALPHA:
            lost_point = _next_point(lost_point, bar, changed, losing)
            fair_point, bar = next_point, bar + 1
            fair_tail += fair_point
            lost_tail += lost_point
        table[changed] = lost_tail
    return table


def _one_more(tail: float, point: float, bar: int, changed: int, chance: float) -> tuple[float, float]:
    """Carry P(X <= bar) and P(X = bar) of a binomial from `changed - 1` trials to `changed`."""
    if bar < 0:
        return 0.0, 0.0
    return tail - chance * point, point * changed / (changed - bar) * (1 - chance)


def _next_point(point: float, bar: int, changed: int, chance: float) -> float:
    """Give P(X = bar + 1) of a binomial from P(X = bar)."""
    if bar < 0:
        return (1 - chance) ** changed
    return point * (changed - bar) / (bar + 1) * chance / (1 - chance)


def _exact_power(cases: int, changing: float, table: list[float]) -> float:
    """Average the table over how many of the cases change."""
    if changing == 0:
        return 0.0
    if changing == 1:
        return table[cases]
    top = min(cases, int((cases + 1) * changing))
    odds = changing / (1 - changing)
    peak = math.exp(
        math.lgamma(cases + 1)
        - math.lgamma(top + 1)
        - math.lgamma(cases - top + 1)
        + top * math.log(changing)
        + (cases - top) * math.log1p(-changing)
    )
    total, weight = peak * table[top], peak
    for changed in range(top, 0, -1):
        weight *= changed / (cases - changed + 1) / odds
        total += weight * table[changed - 1]
        if weight < 1e-16:
            break
    weight = peak
    for changed in range(top, len(table) - 1):
        weight *= (cases - changed) / (changed + 1) * odds
        total += weight * table[changed + 1]
        if weight < 1e-16:
            break
    return total


def _approximate_power(cases: int, more: float, less: float) -> float:
    difference, changing = more - less, more + less
    if changing == 0:
        return 0.0
    spread = math.sqrt(max(changing - difference**2, 1e-300))
    reach = difference * math.sqrt(cases) - normal_quantile(1 - ALPHA / 2) * math.sqrt(changing)
    return math.erfc(-reach / spread / math.sqrt(2)) / 2


def _approximate_cases(more: float, less: float, chance: float) -> float:
    difference, changing = more - less, more + less
    under_null = normal_quantile(1 - ALPHA / 2) * math.sqrt(changing)
    beside = normal_quantile(chance) * math.sqrt(max(changing - difference**2, 0.0))
    return ((under_null + beside) / difference) ** 2
