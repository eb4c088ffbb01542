"""The one sentence."""

from __future__ import annotations

import pytest

from promptlab._stats import compare_once, compare_repeats, finding, mcnemar_midp, tango


@pytest.mark.parametrize(
    ("fixed", "broke", "ties", "sentence"),
    [
        (11, 2, 27, "B is better: +23 points [+6, +39], 11 fixed, 2 broke, p = 0.013 (40 cases)"),
        (2, 11, 27, "B is worse: -23 points [-39, -6], 2 fixed, 11 broke, p = 0.013 (40 cases)"),
        (3, 2, 15, "cannot tell on 20 cases: +5 points [-19, +29], 3 fixed, 2 broke, p = 0.69; to tell a difference this small needs about 780 cases"),
        (4, 0, 16, "cannot tell on 20 cases: +20 points [+1, +42], 4 fixed, 0 broke, p = 0.062; to tell a difference this small needs about 33 cases"),
        (0, 0, 20, "cannot tell on 20 cases: 0 points [-16, +16], 0 fixed, 0 broke, p = 1; 20 cases can tell differences from about 32 points"),
        (2, 2, 0, "cannot tell on 4 cases: 0 points [-70, +70], 2 fixed, 2 broke, p = 0.81; 4 cases can hardly tell any difference"),
        (1, 0, 0, "cannot tell on 1 case: +100 points [-59, +100], 1 fixed, 0 broke, p = 0.5; to tell a difference this small needs about 5 cases"),
        (0, 0, 0, "cannot tell: no case has a verdict on both sides"),
        (400, 300, 9300, "B is better: +1.0 points [+0.5, +1.5], 400 fixed, 300 broke, p < 0.001 (10,000 cases)"),
        (400, 300, 39300, "B is better: +0.3 points [+0.1, +0.4], 400 fixed, 300 broke, p < 0.001 (40,000 cases)"),
    ],
)  # fmt: skip
def test_sentence_has_its_form(fixed: int, broke: int, ties: int, sentence: str):
    """The sentence is one of three, with its numbers, also at the edges."""
    assert finding(compare_once(fixed, broke, ties)).sentence == sentence


def test_sentence_names_the_variant():
    """The variant's own name stands in the sentence."""
    assert finding(compare_once(9, 0, 11), name="short").sentence.startswith("short is better: ")


@pytest.mark.parametrize("counts", [(11, 2, 27), (3, 2, 15), (0, 9, 11), (5, 5, 5), (0, 0, 0)])
def test_sentence_never_says_significant(counts: tuple[int, int, int]):
    """The word significant is never used, nor an arrow."""
    sentence = finding(compare_once(*counts)).sentence

    assert "significan" not in sentence
    assert not set("→↑↓▲▼") & set(sentence)


def test_correction_can_take_it_back():
    """With several pairs the corrected value decides and is shown as such."""
    paired = compare_once(11, 2, 27)

    assert finding(paired, corrected=0.026, pairs=2).sentence == (
        "B is better: +23 points [+6, +39], 11 fixed, 2 broke, p = 0.026 corrected for 2 pairs (40 cases)"
    )
    assert finding(paired, corrected=0.065, pairs=5).word == "cannot tell"
    assert not finding(paired, corrected=0.065, pairs=5).interval_agrees


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.0496, "p = 0.0496"), (0.0499999, "p = 0.0499999"), (0.0504, "p = 0.0504"), (0.05, "p = 0.05")],
)
def test_p_never_rounds_onto_bar(p: float, shown: str):
    """A value beside the bar is shown with enough digits to see on which side it lies."""
    assert shown in finding(compare_once(11, 2, 27), corrected=p, pairs=2).sentence


def test_bar_itself_is_not_under():
    """A value of just 0.05 is not under it."""
    assert finding(compare_once(11, 2, 27), corrected=0.05, pairs=2).word == "cannot tell"


@pytest.mark.parametrize("cases", [20, 60, 200])
def test_claims_never_contradict_interval(cases: int):
    """Wherever a difference is claimed, Tango's interval leaves zero out."""
    for wins in range(cases + 1):
        for losses in range(0, cases - wins + 1, 3):
            if mcnemar_midp(wins, losses) < 0.05:
                interval = tango(wins, losses, cases)
                assert interval.low > 0 or interval.high < 0


def test_doubt_beside_clear_interval_is_rare():
    """The other way round they differ in ten ways to win and lose up to 400 changed cases."""
    z2 = 1.959963984540054**2
    differ = [
        (changed - fewer, fewer)
        for changed in range(1, 401)
        for fewer in range(changed // 2 + 1)
        if (changed - 2 * fewer) ** 2 > z2 * changed and mcnemar_midp(changed - fewer, fewer) >= 0.05
    ]

    assert differ[:3] == [(4, 0), (15, 6), (18, 8)]
    assert len(differ) == 10
    assert not finding(compare_once(4, 0, 16)).interval_agrees


def test_repeats_agree_with_interval():
    """With repeats the interval and the word always agree."""
    for step in (0.2, 0.4, -0.2):
        for count in range(2, 12):
            found = finding(compare_repeats([step] * count + [-0.2, 0.2] + [0.0] * 4))
            assert found.interval_agrees
