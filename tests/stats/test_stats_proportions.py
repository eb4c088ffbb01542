"""How good is one prompt."""

from __future__ import annotations

import math

import pytest
from scipy.stats import beta
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from promptlab._stats import by_case, gap, score, score_by_case, wilson
from promptlab._stats.proportions import exact_interval
from tests.stats.trials import case_coverage, wilson_coverage

COUNTS = [(0, 1), (1, 1), (0, 12), (12, 12), (3, 7), (16, 20), (1, 200), (199, 200), (0, 10**6), (10**6, 10**6), (1, 10**6), (499_999, 10**6)]  # fmt: skip


@pytest.mark.parametrize(("passes", "graded"), COUNTS)
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_equals_statsmodels(passes: int, graded: int, level: float):
    """Wilson's interval is that of statsmodels to 1e-9, also at the ends and for a million rows."""
    low, high = proportion_confint(passes, graded, alpha=1 - level, method="wilson")

    interval = wilson(passes, graded, level=level)

    assert interval.low == pytest.approx(low, abs=1e-9)
    assert interval.high == pytest.approx(high, abs=1e-9)


def test_wilson_gives_known_digits():
    """16 of 20 is anything from 58 % to 92 %."""
    interval = wilson(16, 20)

    assert (round(interval.low, 2), round(interval.high, 2)) == (0.58, 0.92)


@pytest.mark.parametrize(("passes", "graded", "ends"), [(0, 5, (0.0, None)), (5, 5, (None, 1.0))])
def test_wilson_ends_exactly_at_bounds(passes: int, graded: int, ends: tuple[float | None, float | None]):
    """None or all passed: the end there is 0 or 1 itself, and the other end leaves room."""
    interval = wilson(passes, graded)

    assert interval.low == ends[0] or interval.low > 0
    assert interval.high == ends[1] or interval.high < 1
    assert (interval.low == 0) == (passes == 0)


@pytest.mark.parametrize("wrong", [(-1, 5), (6, 5), (1, -1), (math.nan, 5)])
def test_wilson_refuses_impossible_counts(wrong: tuple[int, int]):
    """Counts that cannot be are an error and no interval."""
    with pytest.raises(ValueError, match="not a count"):
        wilson(*wrong)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_wilson_refuses_impossible_levels(level: float):
    """A level is a share between 0 and 1."""
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level=level)


def test_nothing_graded_gives_none():
    """Where nothing was graded there is no rate and no interval, rather than a zero."""
    nothing = score(0, 0, 3)

    assert wilson(0, 0) is None
    assert (nothing.rate, nothing.low, nothing.high) == (None, None, None)
    assert (nothing.worst, nothing.best) == (0.0, 1.0)
    assert score(0, 0).worst is None
    assert score_by_case([0, 0], [0, 0], [2, 2]).rate is None
    assert by_case([], []) is None


def test_errors_stay_beside_rate():
    """Errors leave the rate alone and show as the bounds they leave."""
    with_errors = score(16, 18, 2)

    assert with_errors.rate == 16 / 18
    assert (with_errors.worst, with_errors.best) == (0.8, 0.9)
    assert with_errors.low == score(16, 18).low


def test_one_answer_each_is_wilson():
    """Cases that were asked once each are scored as plain rows."""
    assert score_by_case([1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]) == score(2, 3, 1)


def test_cases_weigh_alike():
    """With repeats the rate is the mean over cases, whatever number of repeats was graded."""
    uneven = score_by_case([4, 0, 1], [4, 1, 2], [0, 3, 2])

    assert uneven.rate == pytest.approx((1 + 0 + 0.5) / 3)
    assert uneven.worst == pytest.approx((1 + 0 + 0.25) / 3)
    assert uneven.best == pytest.approx((1 + 0.75 + 0.75) / 3)
    assert (uneven.passes, uneven.graded, uneven.errors, uneven.cases) == (5, 7, 5, 3)
    assert uneven.method == "clustered by case"


def test_equal_repeats_count_cases():
    """Repeats that never differ are no further evidence: as many cases as were asked, not answers."""
    repeated = by_case([5] * 9 + [0] * 3, [5] * 12)
    plain = exact_interval(9 / 12, 12)

    assert repeated.low == pytest.approx(plain.low)
    assert repeated.high == pytest.approx(plain.high)


def test_all_passes_leave_doubt():
    """All passes of few cases never give an interval without width."""
    interval = by_case([5] * 6, [5] * 6)

    assert interval.high == 1.0
    assert interval.low == pytest.approx(0.025 ** (1 / 6))


def test_independent_repeats_narrow():
    """Repeats that differ within every case narrow the interval, but not below all answers as one."""
    cases = 50
    clustered = by_case([4] * cases, [5] * cases)
    plain = exact_interval(0.8, cases)
    pooled = exact_interval(0.8, 5 * cases)

    assert pooled.high - pooled.low <= clustered.high - clustered.low < 0.6 * (plain.high - plain.low)


@pytest.mark.parametrize(("hits", "size"), [(0, 7), (7, 7), (3, 11), (199, 200)])
def test_exact_interval_equals_scipy(hits: int, size: int):
    """The exact interval is the quantiles of the beta distributions."""
    interval = exact_interval(hits / size, size)

    assert interval.low == pytest.approx(beta.ppf(0.025, hits, size - hits + 1) if hits else 0, abs=1e-9)
    assert interval.high == pytest.approx(
        beta.ppf(0.975, hits + 1, size - hits) if hits < size else 1, abs=1e-9
    )


@pytest.mark.parametrize(("first", "second"), [((18, 20), (5, 10)), ((20, 20), (10, 10)), ((3, 30), (9, 14))])
def test_gap_equals_statsmodels(first: tuple[int, int], second: tuple[int, int]):
    """The gap between two separate parts has Newcombe's interval."""
    low, high = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")

    interval = gap(first, second)

    assert interval.low == pytest.approx(low, abs=1e-9)
    assert interval.high == pytest.approx(high, abs=1e-9)
    assert gap(first, (0, 0)) is None


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.7, 0.8])
@pytest.mark.parametrize("graded", [20, 50, 200])
def test_wilson_covers_middling_rates(graded: int, rate: float):
    """Wilson's interval holds a middling rate in 93 % of samples or more, by exact count."""
    assert wilson_coverage(graded, rate) >= 0.93


@pytest.mark.parametrize(("cases", "repeats"), [(3, 5), (8, 2), (12, 5), (20, 10), (50, 3), (200, 5)])
@pytest.mark.parametrize(("mean", "alike"), [(0.5, 0.3), (0.8, 0.0), (0.95, 0.6), (0.99, 0.3)])
def test_clustered_interval_holds_coverage(cases: int, repeats: int, mean: float, alike: float):
    """With repeats the interval holds the truth in 94 % of worlds or more, however few or alike the cases."""
    ours, _, _ = case_coverage(cases, repeats, mean, alike, draws=400, seed=cases + repeats)

    assert ours >= 0.94


def test_naive_intervals_fail_repeats():
    """The ways not taken do fail here: a t interval of few good cases, and answers taken for cases."""
    ours, student, _ = case_coverage(8, 5, 0.98, 0.6, draws=400, seed=1)
    _, _, pooled = case_coverage(20, 10, 0.8, 0.6, draws=400, seed=1)

    assert ours >= 0.94
    assert student < 0.6
    assert pooled < 0.8
