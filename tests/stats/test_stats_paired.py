"""Is B better than A, one answer a case."""

from __future__ import annotations

import math
import sys

import pytest
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar

from promptlab._stats import compare_once, compare_verdicts, mcnemar_exact, mcnemar_midp, tango
from promptlab._stats.paired import _score_statistic
from tests.stats.trials import RATES, SIZES, one_answer

CHANGED = [(0, 0), (1, 0), (0, 1), (1, 1), (7, 1), (6, 16), (11, 2), (3, 2), (40, 60), (500, 500), (501, 500), (600, 500), (9_800, 10_200), (500_700, 499_300)]  # fmt: skip


@pytest.mark.parametrize(("wins", "losses"), CHANGED)
def test_exact_mcnemar_equals_statsmodels(wins: int, losses: int):
    """The exact p-value is that of statsmodels, up to a million changed cases."""
    expected = mcnemar([[5, wins], [losses, 5]], exact=True).pvalue if wins + losses else 1.0

    assert mcnemar_exact(wins, losses) == pytest.approx(min(1.0, expected), rel=1e-9)


@pytest.mark.parametrize(("wins", "losses"), CHANGED)
def test_midp_equals_its_formula(wins: int, losses: int):
    """The mid-p value is the exact one less the point probability, by scipy's binomial."""
    fewer, changed = min(wins, losses), wins + losses
    point = binom.pmf(fewer, changed, 0.5)
    expected = 1 - point / 2 if wins == losses else 2 * binom.cdf(fewer, changed, 0.5) - point

    assert mcnemar_midp(wins, losses) == pytest.approx(expected if changed else 1.0, rel=1e-9)


@pytest.mark.parametrize(
    ("wins", "losses", "midp", "exact"),
    [
        pytest.param(7, 1, "0.039", "0.070", id="airway hyper-responsiveness, Bentur 2009"),
        pytest.param(16, 6, "0.0347", "0.0525", id="complete response, Cavo 2012"),
    ],
)
def test_midp_gives_published_digits(wins: int, losses: int, midp: str, exact: str):
    """The examples of Fagerland, Lydersen and Laake come out to their printed digits."""
    assert f"{mcnemar_midp(wins, losses):.{len(midp) - 2}f}" == midp
    assert f"{mcnemar_exact(wins, losses):.{len(exact) - 2}f}" == exact


@pytest.mark.parametrize(
    ("counts", "level", "low", "high"),
    [
        pytest.param((9, 3, 32), 0.95, "-0.027", "0.390", id="sleeping difficulties, Tango 1998, 6.2"),
        pytest.param((0, 1, 44), 0.90, "-0.096", None, id="soft contact lenses, Tango 1998, 6.1"),
        pytest.param((6, 16, 161), 0.95, "-0.1240", "-0.0054", id="Cavo 2012, R contingencytables"),
        pytest.param((28, 25, 618), 0.90, "-0.0148", "0.0247", id="R PropCIs scoreci.mp(25, 28, 618, 0.9)"),
    ],
)
def test_tango_gives_published_digits(counts: tuple[int, int, int], level: float, low: str, high: str | None):
    """Tango's own examples, and those of two R packages, come out to their printed digits."""
    interval = tango(*counts, level=level)

    assert f"{interval.low:.{len(low.lstrip('-')) - 2}f}" == low
    assert high is None or f"{interval.high:.{len(high.lstrip('-')) - 2}f}" == high


def test_tango_statistic_of_its_paper():
    """The contact lenses' statistic for a margin of 0.1 is 1.709, as printed."""
    assert f"{_score_statistic(0, 1, 44, -0.1):.3f}" == "1.709"


@pytest.mark.parametrize(
    ("wins", "losses", "cases"), [(3, 2, 20), (0, 0, 20), (4, 0, 20), (30, 70, 1000), (0, 5, 7)]
)
def test_tango_ends_solve_equation(wins: int, losses: int, cases: int):
    """At both ends the score statistic is the normal quantile."""
    interval = tango(wins, losses, cases)

    assert _score_statistic(wins, losses, cases, interval.low) == pytest.approx(1.959963984540054, abs=1e-6)
    assert _score_statistic(wins, losses, cases, interval.high) == pytest.approx(-1.959963984540054, abs=1e-6)


def test_tango_is_mcnemar_at_zero():
    """At no difference the statistic is McNemar's own."""
    assert _score_statistic(11, 2, 40, 0.0) == pytest.approx(9 / math.sqrt(13))


@pytest.mark.parametrize(
    ("wins", "losses", "cases"), [(11, 2, 40), (0, 0, 5), (5, 0, 5), (1, 0, 10**6), (0, 0, 10**6)]
)
def test_tango_mirrors_and_stays_inside(wins: int, losses: int, cases: int):
    """Exchanging the sides mirrors the interval; it holds what was seen and stays within [-1, 1]."""
    one, other = tango(wins, losses, cases), tango(losses, wins, cases)

    assert (one.low, one.high) == (-other.high, -other.low)
    assert -1 <= one.low <= (wins - losses) / cases <= one.high <= 1
    assert one.high - one.low > 0


def test_tango_of_a_million():
    """A million cases without a change leave z^2 / (n + z^2) either way, without losing digits."""
    square = 1.959963984540054**2

    interval = tango(0, 0, 10**6)

    assert interval.high == pytest.approx(square / (10**6 + square), rel=1e-9)


def test_no_case_gives_nothing():
    """Without a case there is no difference, no interval, and p is 1."""
    nothing = compare_once(0, 0, 0)

    assert tango(0, 0, 0) is None
    assert (nothing.difference, nothing.low, nothing.high, nothing.p) == (None, None, None, 1.0)


@pytest.mark.parametrize("wrong", [(-1, 0, 5), (3, 3, 5), (math.nan, 0, 5)])
def test_tango_refuses_impossible_counts(wrong: tuple[float, float, int]):
    """More changed cases than cases, or fewer than none, are an error."""
    with pytest.raises(ValueError, match="not a count"):
        tango(*wrong)


def test_rows_pair_by_repeat():
    """A row without a verdict on one side is left out of its pair and counted."""
    paired = compare_verdicts(
        [[True], [None], [False], [True], []], [[False], [True], [True], [None], [True]]
    )

    assert (paired.cases, paired.pairs, paired.left_out) == (2, 2, 3)
    assert (paired.fixed, paired.broke, paired.ties) == (1, 1, 0)
    assert paired.method == "mid-p McNemar"


@pytest.mark.parametrize("cases", SIZES)
@pytest.mark.parametrize("rates", RATES)
def test_false_alarms_and_coverage_hold(cases: int, rates: tuple[float, float]):
    """By exact count: at most 5 % false claims, 94 % coverage or more, and all the power of mid-p."""
    cell = one_answer(cases, *rates)

    assert cell.wrong <= 0.05
    assert cell.covered >= 0.94
    assert cell.said == pytest.approx(cell.midp, abs=1e-12)
    assert cell.exact <= cell.midp


@pytest.mark.parametrize(("cases", "midp", "exact"), [(20, 0.31, 0.20), (50, 0.77, 0.70)])
def test_midp_finds_more_than_exact(cases: int, midp: float, exact: float):
    """The power that the mid-p test is chosen for, against the exact one's."""
    cell = one_answer(cases, 0.25, 0.05)

    assert cell.midp == pytest.approx(midp, abs=0.01)
    assert cell.exact == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
def test_same_prompt_at_any_size(share: float):
    """A prompt against itself is told apart in at most 5 % of runs from 5 cases to 60."""
    assert max(one_answer(cases, share, share).said for cases in (5, 6, 7, 8, 9, 10, 15, 25, 40, 60)) <= 0.05


def test_reruns_need_no_numpy():
    """What every rerun shows imports neither numpy nor scipy nor anything slow."""
    import subprocess

    code = (
        "import sys; from promptlab._stats import compare_once, finding, score;"
        "finding(compare_once(3, 2, 15)); finding(compare_once(11, 2, 27)); score(16, 20, 1);"
        "print([name for name in ('numpy', 'scipy', 'pandas', 'statistics', 'decimal') if name in sys.modules])"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"
