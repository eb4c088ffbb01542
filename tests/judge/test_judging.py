"""Judges are judged: agreement with people, and what the order of two answers does."""

from __future__ import annotations

import json
import random

import pandas as pd
import pytest

import promptlab
from promptlab import Lab, Prompt, SettingError
from tests.servers import ScriptedServer


@pytest.fixture
def lab(server: ScriptedServer):
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", judge="wise") as made:
        yield made


def judged(*verdicts) -> pd.DataFrame:
    cases = [f"c{i}" for i in range(len(verdicts))]
    return pd.DataFrame({
        "case": pd.array(cases, dtype="string"), "repeat": pd.array([0] * len(cases), dtype="Int64"),
        "check.judge": pd.array(verdicts, dtype="boolean"),
    })  # fmt: skip


def answers(count: int = 40) -> pd.DataFrame:
    frames = [
        pd.DataFrame({
            "prompt": name, "case": [f"c{i}" for i in range(count)], "repeat": 0, "status": "ungraded",
            "output": [f"{name} says {i}" for i in range(count)], "input.q": [f"question {i}" for i in range(count)],
        })
        for name in ("alpha", "beta")
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def test_kappa_is_that_of_the_textbook():
    """Twenty agree on yes, fifteen on no, fifteen do not: kappa is 0.4 (worked by hand: (0.7 - 0.5) / (1 - 0.5))."""
    judge = [True] * 20 + [True] * 5 + [False] * 10 + [False] * 15
    people = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15

    found = promptlab.judge_agreement(judged(*judge), {f"c{i}": one for i, one in enumerate(people)})

    assert found.kappa == pytest.approx(0.4)
    assert found.observed == pytest.approx(0.7)
    assert found.low < 0.4 < found.high
    assert (found.rows, found.left_out) == (50, 0)


@pytest.mark.parametrize(
    "labels", [["pass", "fail", None], [True, False, pd.NA], [1, 0, float("nan")], ["Yes", "no", None]]
)
def test_labels_may_be_words(labels):
    """Labels are words, truth values or numbers; who labelled nothing is left out and counted."""
    found = promptlab.judge_agreement(judged(True, False, True), pd.Series(labels, index=["c0", "c1", "c2"]))

    assert (found.rows, found.left_out, found.observed) == (2, 1, 1.0)


def test_rows_without_verdict_are_left_out():
    """A row that the judge gave no verdict on is left out, not counted as a no."""
    assert promptlab.judge_agreement(judged(True, None), {"c0": True, "c1": False}).rows == 1


def test_scores_count_from_a_half():
    """A judge that gives scores is taken by the half."""
    frame = judged(True, True).assign(**{"check.judge": pd.array([0.9, 0.2], dtype="Float64")})

    assert promptlab.judge_agreement(frame, {"c0": True, "c1": False}).observed == 1.0


@pytest.mark.parametrize(
    ("labels", "check"), [({"other": True}, "judge"), ({"c0": "perhaps"}, "judge"), ({"c0": True}, "jugde")]
)
def test_wrong_labels_are_refused(labels, check):
    """Labels for other cases, labels that say nothing, and a check that is not there are errors."""
    with pytest.raises(SettingError):
        promptlab.judge_agreement(judged(True), labels, check=check)


def test_judge_of_the_first_is_found_out(lab, server):
    """A judge that always prefers the first shows it: share 1, every pair flips; neither variant gains by it."""
    server.says(lambda call: {"reason": "it came first", "better": "first", "confidence": 0.9})

    pairs = promptlab.judge_pairs(answers(), "alpha", "beta", rubric="is right", lab=lab)
    bias = promptlab.position_bias(pairs)
    both = promptlab.position_bias(
        promptlab.judge_pairs(answers(), "alpha", "beta", rubric="is right", both_orders=True, lab=lab)
    )

    assert bias.first_share == 1.0
    assert bias.low > 0.9
    assert 10 <= (pairs["winner"] == "alpha").sum() <= 30
    assert (both.both_orders, both.flipped, both.decided) == (40, 40, 80)
    assert len(server.calls) == 80  # the order that was asked before comes from the store


def test_simulated_judge_prefers_the_first():
    """The simulator's judge of the first is measured as what it is: every pair flips, and it is content with all."""
    with (
        promptlab.simulate(latency="none", options={"answer": "first"}) as simulator,
        Lab(base_url=simulator.base_url, api_key="k" * 12, display="none", store="off") as lab,
    ):
        pairs = promptlab.judge_pairs(
            answers(), "alpha", "beta", rubric="is right", both_orders=True, lab=lab
        )
        bias = promptlab.position_bias(pairs)
        cases = [{"id": f"c{i}", "input": {"q": "x"}, "expect": {"judge": "is right"}} for i in range(8)]
        frame = promptlab.run_parallel(cases, lambda case: "an answer", lab=lab)
        agreement = promptlab.judge_agreement(frame, {f"c{i}": i % 2 == 0 for i in range(8)})

    assert (bias.first_share, bias.decided, bias.both_orders, bias.flipped) == (1.0, 80, 40, 40)
    assert set(pairs.groupby("case")["winner"].nunique()) == {2}
    assert frame["status"].tolist() == ["pass"] * 8
    assert (agreement.kappa, agreement.observed) == (0.0, 0.5)
    assert agreement.low < 0 < agreement.high


def test_kappa_equals_another_implementation():
    """Kappa is what statsmodels computes, on drawn tables of verdicts."""
    rater = pytest.importorskip("statsmodels.stats.inter_rater")
    draw = random.Random(4)
    for _ in range(50):
        judge = [draw.random() < 0.6 for _ in range(draw.randrange(5, 60))]
        people = [one if draw.random() < 0.7 else not one for one in judge]
        table = [
            [sum((a, b) == (x, y) for a, b in zip(judge, people, strict=True)) for y in (0, 1)]
            for x in (0, 1)
        ]
        found = promptlab.judge_agreement(judged(*judge), {f"c{i}": one for i, one in enumerate(people)})
        if found.kappa is not None:
            assert found.kappa == pytest.approx(rater.cohens_kappa(table, return_results=False))
            assert found.low <= found.kappa <= found.high


def test_honest_judge_is_cleared(lab, server):
    """A judge that finds the better answer wherever it stands has no bias, and the better variant wins."""

    def answer(call):
        there = "second" if call.text.index("beta says") > call.text.index("<second") else "first"
        return {"reason": "beta", "confidence": 0.9, "better": there}

    server.says(answer)

    pairs = promptlab.judge_pairs(answers(), "alpha", "beta", rubric="is right", both_orders=True, lab=lab)
    bias = promptlab.position_bias(pairs)

    assert set(pairs["winner"]) == {"beta"}
    assert (bias.first_share, bias.flipped) == (0.5, 0)


def test_pair_is_judged_blind(lab, server):
    """The judge of a pair sees both answers and the rubric, and neither name where the answers hold none."""
    server.says(lambda call: {"better": "neither", "reason": "alike"})
    frame = answers(1).assign(output="the same words")

    pairs = promptlab.judge_pairs(frame, "alpha", "beta", rubric="is right", lab=lab)
    sent = json.dumps(server.calls[0].body)

    assert pairs["winner"].tolist() == ["neither"]
    assert "alpha" not in sent
    assert "beta" not in sent
    assert server.calls[0].body["model"] == "wise"


@pytest.mark.parametrize("said", ["nonsense", {"better": "third"}, {"better": None}, "{}"])
def test_unreadable_comparison_has_no_winner(lab, server, said):
    """A judge that says nothing readable leaves the winner missing, and the bias counts no such pair."""
    server.says(lambda call: said)

    pairs = promptlab.judge_pairs(answers(2), "alpha", "beta", rubric="is right", lab=lab)

    assert pairs["winner"].isna().all()
    assert promptlab.position_bias(pairs).first_share is None


@pytest.mark.parametrize(
    ("first", "second", "rubric"), [("alpha", "gamma", "x"), ("alpha", "alpha", "x"), ("alpha", "beta", " ")]
)
def test_wrong_pairs_are_refused(lab, server, first, second, rubric):
    """A variant that is not there, one against itself, and no rubric are errors before any call."""
    with pytest.raises(SettingError):
        promptlab.judge_pairs(answers(), first, second, rubric=rubric, lab=lab)

    assert not server.calls


def test_agreement_takes_a_real_frame(lab, server):
    """The frame of a run goes straight in."""
    server.says(
        lambda call: (
            {"reason": "r", "verdict": "pass" if "good" in call.text else "fail"}
            if "judge" in str(call.body["messages"][0])
            else call.text
        )
    )
    cases = [
        {"id": word, "input": {"q": word}, "expect": {"judge": "is good enough"}}
        for word in ("good 1", "bad 1", "good 2", "bad 2")
    ]

    frame = promptlab.run_parallel(
        [{**case, "expect": {"judge": "fits"}} for case in cases], Prompt("{{ q }}"), lab=lab
    )
    found = promptlab.judge_agreement(frame, {"good 1": 1, "good 2": 1, "bad 1": 0, "bad 2": 0})

    assert found.kappa == 1.0
