"""What the store's tests are made of: values to be kept, and processes to keep them in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from promptlab._store import Store
from promptlab._store._migrations import STEPS
from promptlab._types import Answer, Case, Completion, Outcome, Request, Run, Variant, Verdict

ENDPOINT = "https://api.example.com/v1"
NEXT = (*STEPS, ("ALTER TABLE runs ADD COLUMN mood TEXT", "CREATE INDEX runs_by_mood ON runs (mood)"))
"""A schema that is one version ahead."""
REPOSITORY = Path(__file__).resolve().parents[2]


def request(case: str = "case 1", repeat: int = 0, **body: Any) -> Request:
    """Make a request."""
    return Request(body={"model": "m", "messages": [], **body}, case=case, repeat=repeat)


def put(store: Store, case: str, text: str = "an answer") -> None:
    """Remember an answer for a case."""
    store.put(request(case), ENDPOINT, Completion(text=text))


def text_of(store: Store, case: str) -> str | None:
    """Give the answer remembered for a case."""
    found = store.get(request(case), ENDPOINT)
    return None if found is None else found.text


def run(run_id: str = "run-1", *, cases: int = 3, when: str = "2026-11-23T10:00:00.000Z", **more: Any) -> Run:
    """Make a run of one prompt named `discovery`."""
    values: dict[str, Any] = {
        "id": run_id,
        "suite": "suite",
        "cases": tuple(f"case {number}" for number in range(cases)),
        "repeats": 1,
        "workers": 4,
        "variants": (Variant(name="discovery", version="aaaaaaaa", model="m", text="Ask {{ request }}"),),
        "started_at": when,
    }
    return Run(**(values | more))


def outcome(index: int = 0, status: str = "pass", **more: Any) -> Outcome:
    """Make a row as it comes out of a paid call."""
    text = '{"found": true, "confidence": 0.9}'
    completion = Completion(
        text=text,
        model="m-1",
        finish_reason="stop",
        input_tokens=100,
        output_tokens=20,
        cost_usd=0.5,
        latency_s=2.0,
    )
    completion = more.pop("completion", completion)
    answer = Answer(
        value={"found": True, "confidence": 0.9},
        text=text,
        is_json=True,
        confidence=0.9,
        confidence_source="answer",
        notes=("a note",),
        completion=completion,
    )
    values: dict[str, Any] = {
        "index": index,
        "prompt": "discovery",
        "version": "aaaaaaaa",
        "case": Case(
            id=f"case {index}", input={"request": "mail it"}, tags=("smoke",), expect={"found": False}
        ),
        "repeat": 0,
        "status": status,
        "reason": None if status == "pass" else "found: expected false, got true",
        "completion": completion,
        "answer": answer,
        "verdicts": (Verdict(passed=status == "pass", name="found", reason="expected false", score=0.25),),
        "attempts": 1,
        "started_s": 0.5,
        "finished_s": 2.5,
    }
    return Outcome(**(values | more))


def start(code: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Start Python on a piece of code that may import `tests.store.parts`."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, **options)


def said(process: subprocess.Popen[str]) -> str:
    """Wait for a process and give what it printed; it must have ended well."""
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    return out
