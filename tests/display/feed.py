"""Synthetic runs for the displays: events as the engine would say them, without a call being made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from promptlab._display import Display
from promptlab._events import CaseFinished, CaseStarted, Event, RunFinished, RunStarted
from promptlab._scope import Stop
from promptlab._summary import Summary, summarise
from promptlab._types import Answer, Case, Completion, Outcome, Run, Status, Variant, Verdict

CYCLE: tuple[Status, ...] = (
    "pass",
    "pass",
    "pass",
    "fail",
    "pass",
    "error",
    "pass",
    "ungraded",
    "pass",
    "pass",
)


def make_run(size: int = 20, **changes: Any) -> Run:
    """Describe a run of `size` cases."""
    fields: dict[str, Any] = {
        "id": "20260102-030405-678abcd",
        "suite": "discovery",
        "cases": tuple(f"case_{index}" for index in range(size)),
        "repeats": 1,
        "workers": 8,
        "variants": (Variant(name="router", version="0a1b2c3d", model="gpt-5-nano", text="Say {{ it }}"),),
        "started_at": "2026-01-02T03:04:05.678+00:00",
    }
    return Run(**{**fields, **changes})


def make_outcome(index: int = 0, status: Status = "pass", **changes: Any) -> Outcome:
    """Make the outcome of one row; `text`, `confidence`, `cached` and `id` shape what is inside it."""
    text = changes.pop("text", '{"found": true, "confidence": 0.95}')
    confidence = changes.pop("confidence", 0.95)
    cached = changes.pop("cached", False)
    case = Case(
        id=changes.pop("id", f"case_{index}"), input={"request": f"request {index}"}, where="cases.yaml:3"
    )
    completion = Completion(
        text=text,
        model="gpt-5-nano",
        input_tokens=100,
        output_tokens=20,
        cost_usd=0.001,
        latency_s=1.0,
        cached=cached,
    )
    answered = status in ("pass", "fail", "ungraded")
    verdicts = {
        "pass": (Verdict(passed=True, name="found"),),
        "fail": (Verdict(passed=False, name="found", reason="found: expected false, got true"),),
    }
    fields: dict[str, Any] = {
        "index": index,
        "prompt": "router",
        "version": "0a1b2c3d",
        "case": case,
        "repeat": 0,
        "status": status,
        "reason": {"fail": "found: expected false, got true", "error": "no answer within 60 s"}.get(status),
        "error": "timeout" if status == "error" else None,
        "completion": completion if answered else None,
        "answer": Answer(value={"found": True}, text=text, is_json=True, confidence=confidence)
        if answered
        else None,
        "verdicts": verdicts.get(status, ()),
        "attempts": 0 if cached or status == "not_run" else 1,
        "started_s": None if status == "not_run" else index * 0.1,
        "finished_s": None if status == "not_run" else index * 0.1 + 1.0,
    }
    return Outcome(**{**fields, **changes})


def make_outcomes(size: int = 20, statuses: Iterable[Status] = CYCLE) -> tuple[Outcome, ...]:
    """Make `size` outcomes with the statuses in turn."""
    turn = tuple(statuses)
    return tuple(make_outcome(index, turn[index % len(turn)]) for index in range(size))


def make_summary(run: Run, outcomes: Iterable[Outcome], stopped: str | None = None) -> Summary:
    """Count the outcomes as a lab would."""
    return summarise(run, outcomes, 2.5, stopped)


def events_of(run: Run, outcomes: Iterable[Outcome]) -> Iterator[Event]:
    """Say a run from its beginning to its end."""
    yield RunStarted(run=run)
    for outcome in outcomes:
        yield CaseStarted(index=outcome.index, case=outcome.case.id, at_s=0.0)
        yield CaseFinished(outcome=outcome)
    yield RunFinished(run=run, wall_s=2.5)


def show(display: Display, run: Run, outcomes: tuple[Outcome, ...], pause_s: float = 0.0) -> Any:
    """Drive a display through a whole run as a lab does and give the record."""
    display.start(run, Stop(), lambda outcome: f"Does it exist? {outcome.case.input}")
    for event in events_of(run, outcomes):
        display(event)
        if pause_s:
            time.sleep(pause_s)
    return display.finish(make_summary(run, outcomes), outcomes)
