"""May one stop early."""

from __future__ import annotations

import math

import pytest

from promptlab._stats import STOP_AT, Watch, anytime_interval, evidence, finding
from tests.stats.trials import mixture, path_coverage, stopped_by


def watch(outcomes: str) -> Watch:
    """Play a run: `+` for a win, `-` for a loss, `.` for a tie."""
    state = Watch()
    for outcome in outcomes:
        state = state.seen({"+": 1.0, "-": -0.5, ".": 0.0}[outcome])
    return state


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (7, 0), (3, 9), (40, 25)])
def test_evidence_equals_beta_function(wins: int, losses: int):
    """The evidence is the ratio of beta functions, scipy's."""
    assert evidence(wins, losses) == pytest.approx(mixture(wins, losses), rel=1e-9)
    assert evidence(wins, losses) == pytest.approx(evidence(losses, wins), rel=1e-12)


@pytest.mark.parametrize("changed", [1, 2, 5, 12])
def test_evidence_is_fair_game(changed: int):
    """For a fair coin the evidence after any number of throws is 1 on average."""
    mean = sum(math.comb(changed, wins) * evidence(wins, changed - wins) for wins in range(changed + 1))

    assert mean / 2**changed == pytest.approx(1.0, rel=1e-9)


def test_evidence_of_thousands():
    """Overwhelming evidence is infinite rather than an error, and its p-value 0."""
    assert evidence(5000, 0) == math.inf
    assert evidence(500_000, 500_000) < 1


def test_seven_wins_decide():
    """Seven wins in a row decide, six do not; ties change nothing but the count."""
    before, after = watch("+.+++.++"), watch("+.+++.+++.")

    assert not before.decided
    assert after.decided_after == 9
    assert after.cases == 10
    assert after.evidence >= STOP_AT


def test_decision_outlives_later_losses():
    """What was in flight at the stop cannot undo the decision, and p stays that of the most evidence."""
    later = watch("+++++++" + "---")

    assert later.evidence < STOP_AT
    assert later.decided_after == 7
    assert later.p == 1 / watch("+++++++").evidence
    assert later.paired().low >= 0


def test_early_stop_writes_the_sentence():
    """A stopped comparison gives the same sentence, with a p-value that allows for having looked."""
    found = finding(watch("+++.++++").paired())

    assert found.word == "better"
    assert found.sentence == "B is better: +88 points [+1, +100], 7 fixed, 0 broke, p = 0.037 (8 cases)"


@pytest.mark.parametrize(
    ("wins", "losses", "cases"), [(7, 0, 7), (6, 0, 6), (30, 10, 100), (25, 10, 100), (0, 9, 40)]
)
def test_anytime_interval_matches_evidence(wins: int, losses: int, cases: int):
    """The interval leaves zero out exactly where the evidence decides."""
    interval = anytime_interval(wins, losses, cases)

    assert (interval.low > 0 or interval.high < 0) == (evidence(wins, losses) >= STOP_AT)
    assert -1 <= interval.low <= (wins - losses) / cases <= interval.high <= 1


def test_anytime_interval_without_changes():
    """No case gives no interval, and cases without a change leave zero in the middle of one."""
    interval = anytime_interval(0, 0, 20)

    assert anytime_interval(0, 0, 0) is None
    assert interval.low == -interval.high < 0


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_whole_path_errs_rarely(rate: float):
    """A prompt against itself: looked at after each of 120 cases, at most 5 % are ever stopped, by exact count."""
    for_b, for_a, _ = stopped_by(120, rate, rate)

    assert for_b == pytest.approx(for_a, rel=1e-6)
    assert for_b + for_a <= 0.05


def test_early_stop_saves_cases():
    """A clear difference is found nearly always in 160 cases, with less than half of them asked."""
    for_b, for_a, asked = stopped_by(160, 0.25, 0.05)

    assert for_b >= 0.97
    assert for_a < 1e-4
    assert asked < 80


@pytest.mark.parametrize("rates", [(0.1, 0.1), (0.25, 0.05)])
def test_anytime_interval_holds_throughout(rates: tuple[float, float]):
    """The interval holds the truth at all of 50 looks at once in 94 % of runs or more."""
    assert path_coverage(50, *rates, draws=200, seed=1) >= 0.94
