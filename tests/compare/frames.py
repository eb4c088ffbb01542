"""Frames as runs leave them, made without a call."""

from __future__ import annotations

from typing import Any

import pandas as pd

from promptlab._frame import to_frame
from promptlab._types import Answer, Case, Completion, Outcome

STATUSES = {"P": "pass", "F": "fail", "E": "error", "U": "ungraded", "N": "not_run"}


def make_row(case: str, letter: str = "P", repeat: int = 0, **changes: Any) -> Outcome:
    """Make a row; `text`, `confidence`, `latency_s`, `cost_usd`, `cached`, `request` shape what is inside it."""
    text = changes.pop("text", f"answer to {case}")
    completion = Completion(
        text=text,
        model=changes.pop("model", "gpt-5-nano"),
        input_tokens=100,
        output_tokens=20,
        cost_usd=changes.pop("cost_usd", 0.001),
        latency_s=changes.pop("latency_s", 1.0),
        cached=changes.pop("cached", False),
    )
    answered = letter in "PFU"
    answer = Answer(value=text, text=text, confidence=changes.pop("confidence", 0.75))
    fields = {
        "index": 0,
        "prompt": "router",
        "version": "0a1b2c3d",
        "case": Case(id=case, input={"request": changes.pop("request", f"request {case}")}),
        "repeat": repeat,
        "status": STATUSES[letter],
        "reason": {"F": "found: expected true, got false", "E": "no answer"}.get(letter),
        "error": "timeout" if letter == "E" else None,
        "completion": completion if answered else None,
        "answer": answer if answered else None,
        "attempts": 0 if letter == "N" else 1,
    }
    return Outcome(**{**fields, **changes})


def make_frame(
    letters: str, *, name: str = "router", version: str = "0a1b2c3d", **changes: Any
) -> pd.DataFrame:
    """Make the frame of a run: a letter a case (P, F, E, U, N), words of letters where cases are repeated."""
    words = letters.split() if " " in letters else list(letters)
    rows = [
        make_row(f"c{place}", letter, repeat, prompt=name, version=version, **changes)
        for place, word in enumerate(words)
        for repeat, letter in enumerate(word)
    ]
    return to_frame("20260102-030405-678abcd", rows, {})


def flipped(fixed: int, broke: int, both: int, neither: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make two frames in which B fixed and broke so many cases."""
    a = "F" * fixed + "P" * broke + "P" * both + "F" * neither
    b = "P" * fixed + "F" * broke + "P" * both + "F" * neither
    return make_frame(a, name="A"), make_frame(b, name="B")
