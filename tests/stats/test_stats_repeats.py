"""Is B better than A, several answers a case."""

from __future__ import annotations

import itertools
import random

import pytest

from promptlab._stats import (
    cluster_interval,
    compare_repeats,
    compare_verdicts,
    mcnemar_midp,
    sign_flip,
    tango,
)
from promptlab._stats.interval import Interval
from promptlab._stats.repeats import reconciled
from tests.stats.trials import repeated


def by_hand(differences: list[float]) -> float:
    """Give the mid-p value by listing all signs."""
    sizes = [abs(value) for value in differences if value]
    seen = abs(sum(differences))
    further = level = 0
    for signs in itertools.product((-1, 1), repeat=len(sizes)):
        total = abs(sum(sign * size for sign, size in zip(signs, sizes, strict=True)))
        further += total > seen + 1e-9
        level += abs(total - seen) <= 1e-9
    return (further + level / 2) / 2 ** len(sizes)


@pytest.mark.parametrize("repeats", [2, 3, 5, 7])
@pytest.mark.parametrize("seed", range(4))
def test_sign_flip_equals_full_list(repeats: int, seed: int):
    """The counted p-value is that of listing every way to turn the differences round."""
    luck = random.Random(seed)
    differences = [luck.randint(-repeats, repeats) / repeats for _ in range(11)]

    test = sign_flip(differences)

    assert test.exact
    assert test.p == pytest.approx(by_hand(differences), rel=1e-9)


def test_sign_flip_mixed_repeats():
    """Cases with different numbers of repeats are counted exactly, too."""
    differences = [1 / 2, -1 / 3, 2 / 5, 3 / 7, -1 / 4, 0.0, 5 / 9, 1 / 10, 1.0]

    assert sign_flip(differences).p == pytest.approx(by_hand(differences), rel=1e-9)


def test_sign_flip_of_any_numbers():
    """Few differences that share no denominator are listed; many are drawn, near the same value."""
    luck = random.Random(3)
    few = [luck.uniform(-0.5, 1) for _ in range(10)]
    many = [luck.uniform(-0.5, 0.6) for _ in range(200)]

    listed, drawn, again, other = sign_flip(few), sign_flip(many), sign_flip(many), sign_flip(many, seed=1)

    assert listed.exact
    assert listed.p == pytest.approx(by_hand(few), rel=1e-9)
    assert not drawn.exact
    assert drawn.draws > 0
    assert drawn == again
    assert other.p == pytest.approx(drawn.p, rel=0.5)
    assert (drawn.seed, other.seed) == (0, 1)


def test_drawn_agrees_with_counted():
    """Drawing worlds gives what counting them gives, but for the luck of the draw."""
    from promptlab._stats.signflip import _drawn

    luck = random.Random(5)
    differences = [luck.randint(-4, 6) / 6 for _ in range(30)]
    counted = sign_flip(differences)

    p = _drawn([abs(value) for value in differences if value], abs(sum(differences)), seed=2, draws=40_000)

    assert p == pytest.approx(counted.p, abs=4 * (counted.p / 40_000) ** 0.5)


@pytest.mark.parametrize(("wins", "losses"), [(7, 1), (11, 2), (5, 5), (0, 3), (900, 800)])
def test_sign_flip_is_midp_once(wins: int, losses: int):
    """With one answer a case, or repeats that never differ, the sign flip is mid-p McNemar itself."""
    assert sign_flip([1.0] * wins + [-1.0] * losses + [0.0] * 9).p == mcnemar_midp(wins, losses)


@pytest.mark.parametrize("differences", [[], [0.0] * 5])
def test_no_change_gives_one(differences: list[float]):
    """Without a difference there is nothing to be told."""
    assert sign_flip(differences).p == 1.0


def test_sign_flip_never_zero():
    """However clear the case, no p-value is 0."""
    assert 0 < sign_flip([random.Random(1).uniform(0.1, 1) for _ in range(50)]).p < 1e-4


def test_sign_flip_refuses_nan():
    """A difference that is no number is an error."""
    with pytest.raises(ValueError, match="finite"):
        sign_flip([0.5, float("nan")])


@pytest.mark.parametrize(
    ("wins", "losses", "ties"), [(11, 2, 27), (0, 0, 20), (4, 0, 16), (3, 2, 15), (5, 0, 0)]
)
def test_cluster_interval_is_tango_once(wins: int, losses: int, ties: int):
    """With one answer a case the clustered interval is Tango's."""
    clustered = cluster_interval([1.0] * wins + [-1.0] * losses + [0.0] * ties)

    assert clustered.low == pytest.approx(tango(wins, losses, wins + losses + ties).low, abs=1e-12)
    assert clustered.high == pytest.approx(tango(wins, losses, wins + losses + ties).high, abs=1e-12)


def test_equal_changes_keep_width():
    """All cases better by the same small step is no certainty: there remains width."""
    interval = cluster_interval([0.2] * 8)

    assert interval.low < 0.2 < interval.high
    assert interval.high - interval.low > 0.1


def test_cluster_interval_refuses_counts():
    """Differences of rates lie within [-1, 1]."""
    with pytest.raises(ValueError, match="difference of two rates"):
        cluster_interval([2.0])


def test_repeats_pair_within_case():
    """Each case gives the difference of its rates over the repeats graded on both sides."""
    paired = compare_verdicts(
        [[True, False, None], [True, True, True], [None, None]],
        [[True, True, True], [False, True, None], [True, True]],
    )

    assert (paired.cases, paired.pairs, paired.left_out) == (2, 4, 4)
    assert paired.difference == pytest.approx((0.5 - 0.5) / 2)
    assert (paired.fixed, paired.broke, paired.method) == (1, 1, "sign flip")


@pytest.mark.parametrize(
    ("p", "difference", "ends"),
    [(0.01, 0.2, (0.0, 0.4)), (0.2, 0.2, (-0.1, 0.4)), (0.01, -0.2, (-0.1, 0.0))],
)
def test_test_decides_about_zero(p: float, difference: float, ends: tuple[float, float]):
    """Where test and interval differ about zero, the end near it is put at zero."""
    interval = reconciled(Interval(low=-0.1, high=0.4), difference, p, 0.05)

    assert (interval.low, interval.high) == ends


def test_doubt_reaches_out_to_zero():
    """An interval that leaves zero out although the test found nothing is widened to it."""
    assert reconciled(Interval(low=0.01, high=0.4), 0.2, 0.06, 0.05).low == 0.0


def test_no_repeated_case_gives_nothing():
    """Without a case there is no difference and no interval."""
    nothing = compare_repeats([])

    assert (nothing.difference, nothing.low, nothing.p) == (None, None, 1.0)


@pytest.mark.parametrize("cases", [8, 12, 50])
@pytest.mark.parametrize(
    "world",
    ["same prompt, every case 70 %", "same prompt, cases differ", "same prompt, nearly always passes"],
)
def test_same_prompt_repeated(world: str, cases: int):
    """A prompt against itself, several answers a case: at most 5 % false alarms, but for the draws' luck."""
    cell = repeated(world, cases, repeats=3, draws=300, seed=cases)

    assert cell.said <= 0.05 + 2 * (0.05 * 0.95 / 300) ** 0.5
    assert cell.covered >= 0.94 - 0.01


@pytest.mark.parametrize("cases", [8, 12, 50])
@pytest.mark.parametrize(
    "world",
    [
        "wins 10 %, loses 10 %",
        "wins 25 %, loses 5 %",
        "every case a little better",
        "few cases wholly better",
    ],
)
def test_repeated_coverage_holds(world: str, cases: int):
    """With repeats the interval holds the truth in 94 % of worlds or more, but for the draws' luck."""
    cell = repeated(world, cases, repeats=5, draws=300, seed=cases)

    assert cell.covered >= 0.94 - 0.015
    assert cell.wrong <= 0.05 + 2 * (0.05 * 0.95 / 300) ** 0.5


def test_t_interval_fails_rare_flips():
    """The way not taken does fail here: a t interval where few cases flip wholly."""
    cell = repeated("few cases wholly better", 8, repeats=5, draws=400, seed=2)

    assert cell.covered >= 0.94
    assert cell.covered_by_t < 0.9
