"""Outcomes travel from process to process whole."""

from __future__ import annotations

import json
from dataclasses import fields

from promptlab import Answer, Case, Completion, Outcome, Verdict
from promptlab._pytest._wire import plain_outcome, read_outcome

CASE = Case(id="a", input={"x": 1}, expect={"y": 2}, tags=("t",), why="w")


def full() -> Outcome:
    """Make an outcome in which every field says something."""
    completion = Completion(
        text="\ud800 text", model="m", finish_reason="stop", input_tokens=1, output_tokens=2, cached_input_tokens=1,
        reasoning_tokens=1, cost_usd=0.5, latency_s=1.5, refusal="r", logprobs=(("t", -0.5),), cached=True,
        attempts=2, notes=("n",),
    )  # fmt: skip
    return Outcome(
        index=3, prompt="p", version="v", case=CASE, repeat=1, status="fail", reason="why", error="server",
        completion=completion, checking=completion,
        answer=Answer(
            value={"k": [1, None]}, text="t", is_json=True, confidence=0.5, confidence_source="answer", notes=("n",),
            completion=completion,
        ),
        verdicts=(Verdict(passed=False, name="k", reason="r", score=0.5),), attempts=2, started_s=0.5, finished_s=1.5,
    )  # fmt: skip


def test_outcome_comes_back_whole():
    """An outcome is the same after its way through JSON, in every field; its case is the reader's own."""
    outcome = full()

    back = read_outcome(json.loads(json.dumps(plain_outcome(outcome))), CASE)

    assert back == outcome
    unset = [f.name for f in fields(outcome) if getattr(outcome, f.name) in (None, (), 0, "")]
    assert not unset, "a field that says nothing here is not tried"


def test_bare_outcome_comes_back():
    """An outcome without an answer comes back, and without the case at hand its id and tags do."""
    outcome = Outcome(index=0, prompt="p", version="v", case=CASE, repeat=0, status="not_run")

    back = read_outcome(json.loads(json.dumps(plain_outcome(outcome))))

    assert (back.case.id, back.case.tags, back.status, back.completion) == ("a", ("t",), "not_run", None)
