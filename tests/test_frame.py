"""The frame: columns and dtypes are a promise, also for zero rows."""

from __future__ import annotations

import pandas as pd
import pytest

from promptlab._frame import COLUMNS, to_frame
from promptlab._types import STATUSES, Answer, Case, Completion, Outcome, Verdict

PROMISED = [
    "run", "prompt", "version", "case", "repeat", "status", "passed", "confidence", "reason", "output", "answer",
    "latency_s", "cached", "attempts", "error", "input_tokens", "output_tokens", "cost_usd", "model", "started_s",
    "finished_s", "tags",
]  # fmt: skip
DTYPES = {
    "run": "string", "repeat": "Int64", "passed": "boolean", "confidence": "Float64", "answer": "object",
    "latency_s": "Float64", "cached": "boolean", "attempts": "Int64", "error": "string", "cost_usd": "Float64",
    "tags": "object",
}  # fmt: skip


def outcome(index=0, **more) -> Outcome:
    given = {
        "prompt": "p",
        "version": "12345678",
        "repeat": 0,
        "status": "pass",
        "case": Case(id=f"c{index}", input={}),
    }
    return Outcome(index=index, **(given | more))


GRADED = outcome(
    0,
    case=Case(id="c0", input={"request": "hi", "n": 3}, tags=("a", "b")),
    status="fail",
    reason="found: expected false, got true",
    completion=Completion(
        text='{"found": true}', model="m", input_tokens=5, output_tokens=2, latency_s=1.5, cost_usd=0.1
    ),
    answer=Answer(value={"found": True}, text='{"found": true}', is_json=True, confidence=0.9),
    verdicts=(Verdict(passed=False, name="found"), Verdict(passed=True, name="tone", score=0.7)),
    attempts=2,
    started_s=0.1,
    finished_s=1.7,
)
BROKEN = outcome(1, status="error", error="timeout", reason="too slow", attempts=3)


@pytest.mark.parametrize("rows", [[], [GRADED], [BROKEN], [GRADED, BROKEN, outcome(2, status="not_run")]])
def test_columns_are_promised(rows):
    """The columns of the contract come first, always, with their dtypes."""
    frame = to_frame("r1", rows, {})

    assert list(frame.columns)[: len(PROMISED)] == PROMISED == list(COLUMNS)
    assert {name: str(frame[name].dtype) for name in DTYPES} == DTYPES
    assert list(frame["status"].cat.categories) == list(STATUSES)
    assert len(frame) == len(rows)


def test_values_stand_in_rows():
    """A row says what became of it; what is missing is missing, not zero."""
    frame = to_frame("r1", [GRADED, BROKEN], {"score": 0.0})
    graded, broken = frame.iloc[0], frame.iloc[1]

    assert (graded["status"], graded["passed"], graded["confidence"]) == ("fail", False, 0.9)
    assert (graded["answer"], graded["tags"]) == ({"found": True}, ("a", "b"))
    assert (graded["attempts"], graded["latency_s"], graded["input_tokens"]) == (2, 1.5, 5)
    assert (broken["error"], broken["reason"], broken["attempts"]) == ("timeout", "too slow", 3)
    assert broken[["passed", "confidence", "latency_s", "cost_usd", "input_tokens"]].isna().all()
    assert frame.attrs["promptlab"] == {"score": 0.0}


def test_inputs_and_checks_follow():
    """Each input and each check has a column; scores are numbers, verdicts booleans."""
    frame = to_frame("r1", [GRADED, BROKEN], {})

    assert list(frame.columns)[len(PROMISED) :] == ["input.request", "input.n", "check.found", "check.tone"]
    assert (frame["input.request"][0], frame["input.n"][0]) == ("hi", 3)
    assert (str(frame["check.found"].dtype), frame["check.found"][0]) == ("boolean", False)
    assert (str(frame["check.tone"].dtype), frame["check.tone"][0]) == ("Float64", 0.7)
    assert pd.isna(frame["check.found"][1])


def test_answers_of_any_shape_fit():
    """Lists, mappings, text and numbers stand in `answer` as they are."""
    values = [[1, 2], {"a": 1}, "text", 3, None, (), float("nan")]
    rows = [outcome(i, answer=Answer(value=v, text="")) for i, v in enumerate(values)]

    answers = to_frame("r1", rows, {})["answer"].tolist()

    assert answers[:4] == values[:4]
    assert answers[4] is None


def test_checks_without_verdicts_have_columns():
    """A check whose rows all broke has its column, in its place, empty; code that a suite names is not run for it."""
    expect = {
        "found": False, "n": {"above": 1, "judge": "kind"}, "judge": "polite", "python": "no_such_module:check",
        "foreign": [{"promptfoo": "llm-rubric", "value": "kind"}, {"by_hand": "look"}],
    }  # fmt: skip
    case = Case(id="c0", input={}, expect=expect)
    rows = [
        outcome(
            0, case=case, status="error", error="check", verdicts=(Verdict(passed=True, name="n.above"),)
        ),
        outcome(1, case=case, status="not_run"),
    ]

    frame = to_frame("r1", rows, {}, ["tone", "judge"])
    checks = frame.filter(like="check.")

    assert [name.removeprefix("check.") for name in checks] == [
        "found", "n.above", "n.judge", "judge", "python", "promptfoo.llm-rubric", "tone", "judge_2",
    ]  # fmt: skip
    assert set(map(str, checks.dtypes)) == {"boolean"}
    assert checks.notna().sum().sum() == 1


def test_expectation_of_another_version_costs_nothing():
    """A row from a store whose expectation is not understood any more has its row all the same."""
    case = Case(id="c0", input={}, expect={"n": {"no_such_check": 1}})

    assert len(to_frame("r1", [outcome(0, case=case, status="error", error="timeout")], {})) == 1
