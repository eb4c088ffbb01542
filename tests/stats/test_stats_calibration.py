"""Can the confidence be believed."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from promptlab._stats import ENOUGH, calibration, confident_mistakes
from promptlab._stats.reliability import assign_bins
from tests.stats.trials import calibrated


def rows(count: int, seed: int = 0) -> tuple[list[float], list[bool]]:
    """Draw answers whose confidence is honest."""
    luck = random.Random(seed)
    sure = [round(luck.betavariate(4, 1.5), 2) for _ in range(count)]
    return sure, [luck.random() < value for value in sure]


def test_brier_equals_its_formula():
    """The Brier score is the mean squared distance of confidence and verdict."""
    sure, passed = rows(80)

    expected = sum((value - right) ** 2 for value, right in zip(sure, passed, strict=True)) / 80

    assert calibration(sure, passed).brier == pytest.approx(expected, rel=1e-12)


def test_auroc_equals_rank_test():
    """AUROC is the rank sum statistic, ties counting half."""
    sure, passed = rows(120)
    right = [value for value, verdict in zip(sure, passed, strict=True) if verdict]
    wrong = [value for value, verdict in zip(sure, passed, strict=True) if not verdict]

    expected = mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong))

    assert calibration(sure, passed).auroc == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("verdict", [True, False])
def test_auroc_missing_without_contrast(verdict: bool):
    """All right or all wrong: there is nothing to tell apart, and no AUROC."""
    assert calibration([0.5, 0.9] * 20, [verdict] * 40).auroc is None


def test_error_equals_its_formula():
    """The calibration error is the weighted distance of confidence and pass rate over the bins."""
    found = calibration(*rows(200))

    expected = sum(b.rows * abs(b.confidence - b.rate) for b in found.bins) / 200

    assert found.error.error == pytest.approx(expected, rel=1e-9)
    assert sum(b.rows for b in found.bins) == 200


def test_bins_have_equal_mass():
    """Distinct confidences fall into bins of equal size; equal ones are never parted."""
    spread = np.random.default_rng(1).random(200)
    tied = np.array([0.95] * 190 + [0.2] * 10)

    assert set(np.bincount(assign_bins(spread, 10))) == {20}
    assert len(set(assign_bins(tied, 10)[:190])) == 1


def test_order_of_rows_does_not_matter():
    """The bins and the error are the same whatever the rows' order."""
    sure, passed = rows(150)
    shuffled = list(zip(sure, passed, strict=True))
    random.Random(2).shuffle(shuffled)
    again = calibration([row[0] for row in shuffled], [row[1] for row in shuffled])
    before = calibration(sure, passed)

    assert [(b.low, b.high, b.rows) for b in again.bins] == [(b.low, b.high, b.rows) for b in before.bins]
    assert again.error.error == pytest.approx(before.error.error, rel=1e-12)


def test_too_few_rows_say_so():
    """Below 30 graded rows with a confidence there is no figure, but a sentence that says so."""
    sure, passed = rows(60)
    some = [value if place < ENOUGH - 1 else None for place, value in enumerate(sure)]

    found = calibration(some, passed)

    assert (found.brier, found.auroc, found.error, found.bins) == (None, None, None, ())
    assert (found.rows, found.left_out) == (29, 31)
    assert found.sentence == "too few to judge the confidence: 29 graded answers came with one, 30 are needed"


def test_missing_verdicts_left_out():
    """Rows without a verdict are left out and counted."""
    sure, passed = rows(60)

    found = calibration([*sure, 0.9, None], [*passed, None, True])

    assert (found.rows, found.left_out) == (60, 2)
    assert found.brier == calibration(sure, passed).brier


@pytest.mark.parametrize("wrong", [1.2, -0.1, float("nan")])
def test_confidence_outside_is_refused(wrong: float):
    """A confidence outside [0, 1] is an error."""
    with pytest.raises(ValueError, match="confidence lies in"):
        calibration([wrong] * 40, [True] * 40)


def test_seed_decides_the_draws():
    """The same seed gives the same interval, and stands in the result."""
    sure, passed = rows(100)

    assert calibration(sure, passed, seed=3) == calibration(sure, passed, seed=3)
    assert calibration(sure, passed, seed=3).seed == 3
    assert calibration(sure, passed, seed=4).error != calibration(sure, passed, seed=3).error


def test_repeats_widen_the_interval():
    """Five equal rows of each case are no further evidence than one."""
    sure, passed = rows(100, seed=5)
    five_sure, five_passed = [v for v in sure for _ in range(5)], [v for v in passed for _ in range(5)]
    names = [place // 5 for place in range(500)]

    once = calibration(sure, passed).error
    taken_for_cases = calibration(five_sure, five_passed).error
    by_case = calibration(five_sure, five_passed, cases=names).error

    assert taken_for_cases.high - taken_for_cases.low < 0.8 * (once.high - once.low)
    assert by_case.high - by_case.low > 0.85 * (once.high - once.low)


def test_confident_mistakes_come_sorted():
    """Wrong answers given with 0.8 or more, the surest first, at their places."""
    sure = [0.9, 0.8, 0.99, 0.79, None, 0.95, 1.0]
    passed = [False, False, False, False, False, True, None]

    assert confident_mistakes(sure, passed) == [2, 0, 1]
    assert confident_mistakes(sure, passed, threshold=0.95) == [2]


def test_always_sure_half_right():
    """A source that is always 0.95 sure and right half the time errs by 0.45, within 0.05."""
    luck = random.Random(0)
    passed = [luck.random() < 0.5 for _ in range(1000)]

    found = calibration([0.95] * 1000, passed)

    assert found.error.error == pytest.approx(0.45, abs=0.05)
    assert found.error.low == pytest.approx(0.45, abs=0.06)
    assert found.error.high == pytest.approx(0.45, abs=0.06)
    assert len(found.bins) == 1
    assert found.sentence.startswith("too sure: says 95 %, right ")


def test_modest_source_is_not_sure_enough():
    """A source that is right more often than it says is said to be not sure enough."""
    assert calibration([0.5] * 200, [True] * 180 + [False] * 20).sentence.startswith("not sure enough")


@pytest.mark.parametrize("source", ["honest, all over", "honest, mostly sure", "honest, five values"])
@pytest.mark.parametrize("count", [30, 100])
def test_honest_source_reaches_chance(source: str, count: int):
    """On an honest source the interval reaches down to what so many rows give by chance alone, and to zero."""
    cell = calibrated(source, count, draws=40, seed=count)

    assert cell.error > 0.02
    assert cell.reaches_chance >= 0.95
    assert cell.reaches_zero >= 0.93


@pytest.mark.parametrize("source", ["too sure by half", "0.95 sure, half right"])
def test_dishonest_source_is_covered(source: str):
    """On a source that errs the interval holds its true error, and leaves chance behind."""
    cell = calibrated(source, 300, draws=40, seed=1)

    assert cell.covered >= 0.925
    assert cell.reaches_zero <= 0.05
