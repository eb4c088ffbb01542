"""The early stop: honest whatever the order in which calls end."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._compare import Referee
from promptlab._contest._lineup import in_order, in_turn, shuffled
from promptlab._stats import Watch, anytime_interval, evidence
from tests.compare.frames import make_row


def rows_of(verdicts: list[str]) -> list:
    """Make the rows of cases from what A and B made of each: "FP" is one that B fixed."""
    return [
        make_row(f"c{place}", letter, prompt=name)
        for place, pair in enumerate(verdicts)
        for name, letter in zip("AB", pair, strict=True)
    ]


def referee_for(verdicts: list[str]) -> Referee:
    return Referee([f"c{place}" for place in range(len(verdicts))], ["A", "B"])


@settings(max_examples=60, deadline=None)
@given(
    verdicts=st.lists(st.sampled_from(["FP", "PF", "PP", "FF", "EP", "PN"]), max_size=40),
    seed=st.integers(0, 99),
)
def test_order_of_ends_changes_nothing(verdicts, seed):
    """In whatever order calls end, the run stops at the same case and with the same figures."""
    straight, mixed = referee_for(verdicts), referee_for(verdicts)
    rows = rows_of(verdicts)

    straight.told(rows)
    random.Random(seed).shuffle(rows)
    for row in rows:
        mixed.told([row])

    assert mixed.decided_after == straight.decided_after
    assert mixed.paired("B", left_out=0) == straight.paired("B", left_out=0)


def test_quick_wins_do_not_decide():
    """Wins that come in first count when their turn has come: answers that come late may be the losses."""
    verdicts = ["PF"] * 10 + ["FP"] * 10
    rows = rows_of(verdicts)
    referee = referee_for(verdicts)

    reasons = [referee.told([row]) for row in rows[20:]]
    waited = referee.paired("B", left_out=0).cases
    referee.told(rows[:20])

    assert set(reasons) == {None}
    assert waited == 0
    assert referee.decided_after == 7
    assert referee.paired("B", left_out=0).cases == 20


def test_decides_where_the_evidence_suffices():
    """It stops at the first case at which the evidence reaches 20, and its figures are those of the test."""
    verdicts = ["FP"] * 6 + ["PP"] * 3 + ["EP"] + ["FP"] * 6
    referee = referee_for(verdicts)

    reason = referee.told(rows_of(verdicts))
    paired = referee.paired("B", left_out=1)

    assert evidence(6, 0) < 20 <= evidence(7, 0)
    assert (reason, referee.decided_after) == ("decided after 11 of 16 cases", 11)
    assert (paired.fixed, paired.broke, paired.ties, paired.left_out) == (12, 0, 3, 1)
    assert paired.p == pytest.approx(1 / evidence(12, 0))
    assert (paired.low, paired.high) == pytest.approx(
        (anytime_interval(12, 0, 15).low, anytime_interval(12, 0, 15).high)
    )


def test_turned_over_verdict_is_taken_back():
    """Where what was under way turns the lead over, the p-value is that of the evidence at the end."""
    verdicts = ["FP"] * 7 + ["PF"] * 8
    referee = referee_for(verdicts)
    referee.told(rows_of(verdicts))

    paired = referee.paired("B", left_out=0)

    assert referee.decided_after == 7
    assert paired.difference < 0
    assert paired.p == 1.0


def test_several_variants_must_all_be_decided():
    """With several variants the run goes on until each is told apart, with Holm's correction."""
    referee = Referee([f"c{place}" for place in range(40)], ["A", "B", "C"])
    wins = 0
    watch = Watch()
    while True:
        case = f"c{wins}"
        rows = [make_row(case, letter, prompt=name) for name, letter in zip("ABC", "FPP", strict=True)]
        reason = referee.told(rows)
        wins, watch = wins + 1, watch.seen(1.0)
        if reason:
            break

    assert watch.p * 2 < 0.05
    assert referee.decided_after == wins == 8

    alone = Referee([f"c{place}" for place in range(40)], ["A", "B", "C"])
    told = [
        alone.told(
            [make_row(f"c{place}", letter, prompt=name) for name, letter in zip("ABC", "FPF", strict=True)]
        )
        for place in range(40)
    ]
    assert set(told) == {None}


def test_equal_prompts_rarely_stop():
    """Of comparisons of a prompt with itself, looked at after every case, at most one in twenty stops."""
    generator = random.Random(7)
    stopped = 0
    for _ in range(400):
        verdicts = [generator.choice(["FP", "PF", "PP"]) for _ in range(60)]
        referee = referee_for(verdicts)
        referee.told(rows_of(verdicts))
        stopped += referee.decided_after is not None

    assert stopped <= 20


@given(cases=st.integers(1, 12), variants=st.integers(2, 5), seed=st.integers(0, 9))
def test_lineup_asks_every_row_once(cases, variants, seed):
    """Whatever the order, every row is begun once, and those of a case stand together."""
    rows = cases * variants
    for arrange in (in_turn(variants), in_order(shuffled(cases, seed), variants)):
        places = arrange(list(range(rows)))
        assert sorted(places) == list(range(rows))
        assert all(
            len({place // variants for place in places[start : start + variants]}) == 1
            for start in range(0, rows, variants)
        )


def test_lineup_keeps_the_longest_first():
    """Turns change who is first within a case, not which case is."""
    assert in_turn(2)([4, 5, 0, 1, 2, 3]) == [4, 5, 1, 0, 2, 3]
