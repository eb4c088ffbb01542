"""Could this suite tell at all."""

from __future__ import annotations

import pytest

from promptlab._stats import cases_needed, mcnemar_midp, power, smallest_difference
from promptlab._stats.power import EXACT_CHANGED, _approximate_power, _exact_power, _found_table
from tests.stats.trials import outcomes


@pytest.mark.parametrize(
    ("cases", "win", "lose"),
    [(20, 0.25, 0.05), (50, 0.25, 0.05), (12, 0.3, 0.3), (60, 0.1, 0.02), (30, 0.55, 0.4)],
)
def test_power_equals_full_count(cases: int, win: float, lose: float):
    """Power is the summed chance of all outcomes that the test would tell, in the true direction."""
    told = sum(chance for b, c, chance in outcomes(cases, win, lose) if b > c and mcnemar_midp(b, c) < 0.05)

    assert power(cases, win, lose) == pytest.approx(told, abs=1e-6)
    assert power(cases, lose, win) == power(cases, win, lose)


@pytest.mark.parametrize(("cases", "chance"), [(4, 0.0), (5, 1.0)])
def test_power_of_sure_wins(cases: int, chance: float):
    """Five wins of five are told, four of four are not."""
    assert power(cases, 1.0, 0.0) == chance


def test_power_without_change():
    """Where nothing ever changes nothing is ever told."""
    assert power(100, 0.0, 0.0) == 0.0
    assert power(0, 0.3, 0.1) == 0.0


@pytest.mark.parametrize(("win", "lose"), [(0.2, 0.16), (0.33, 0.3), (0.06, 0.05)])
def test_approximation_meets_exact(win: float, lose: float):
    """Where the exact sum ends, the approximation is within half a point of power."""
    cases = round(EXACT_CHANGED * 0.8 / (win + lose))
    table = _found_table(2 * EXACT_CHANGED, lose / (win + lose))

    exact = _exact_power(cases, win + lose, table)

    assert _approximate_power(cases, win, lose) == pytest.approx(exact, abs=0.005)


@pytest.mark.parametrize(("win", "lose"), [(0.25, 0.05), (0.3, 0.2), (0.05, 0.0), (0.15, 0.10), (0.4, 0.0)])
def test_cases_needed_reach_power(win: float, lose: float):
    """So many cases have 80 % power, and one fewer has not."""
    needed = cases_needed(win, lose)

    assert power(needed, win, lose) >= 0.8 > power(needed - 1, win, lose)


def test_cases_needed_known_figure():
    """3 fixed and 2 broke of 20 needs about 780 cases, and a difference of nothing needs no number."""
    assert cases_needed(3 / 20, 2 / 20) == pytest.approx(780, abs=5)
    assert cases_needed(0.1, 0.1) is None
    assert cases_needed(0.0, 0.0) is None


@pytest.mark.parametrize("cases", [6, 12, 20, 50, 200, 3000, 10**6])
@pytest.mark.parametrize("churn", [0.0, 0.05])
def test_smallest_difference_is_just_shown(cases: int, churn: float):
    """The smallest difference is shown with 80 % chance, and a tenth less is not."""
    smallest = smallest_difference(cases, churn=churn)

    if smallest is None:
        assert power(cases, 1 - churn, churn) < 0.8
    else:
        assert power(cases, churn + smallest, churn) >= 0.8
        assert power(cases, churn + 0.9 * smallest, churn) < 0.8


def test_tiny_suites_show_nothing():
    """Four cases cannot show any difference at all."""
    assert smallest_difference(4) is None
    assert smallest_difference(0) is None


@pytest.mark.parametrize("wrong", [(-0.1, 0.2), (0.7, 0.7), (float("nan"), 0.1)])
def test_power_refuses_impossible_rates(wrong: tuple[float, float]):
    """Rates of the same cases add up to 1 at most."""
    with pytest.raises(ValueError, match="shares of the same cases"):
        power(10, *wrong)
    with pytest.raises(ValueError, match="churn"):
        smallest_difference(10, churn=0.5)
