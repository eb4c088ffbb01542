"""What a marked test gets to see of its case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from promptlab._types import Outcome, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptResult:
    """What became of a test's case. Read-only; the names are those of the frame's columns."""

    case: str
    """The case's id."""
    repeat: int
    """The index of the repeat, from 0."""
    input: Mapping[str, Any]
    """The case's inputs, by name."""
    expect: Any
    """What the suite expects, as written; None for nothing."""
    tags: tuple[str, ...]
    """The case's tags."""
    prompt: str
    """Name of the prompt or application."""
    version: str
    """First 8 characters of the prompt's hash."""
    status: str
    """`pass`, `fail`, or `ungraded` where nothing was expected."""
    passed: bool | None
    """Whether every expectation was met; None where there was none."""
    reason: str | None
    """Why it failed: every failing check; None where it did not."""
    output: str
    """The completion's text."""
    answer: Any
    """The parsed answer: a JSON value, or the text."""
    confidence: float | None
    """In [0, 1], or None."""
    checks: Mapping[str, Verdict]
    """What each check said, by name."""
    latency_s: float | None
    """Seconds of the call that was paid for, also where the row came from the store."""
    cached: bool
    """Whether it came from the store."""
    attempts: int
    """Calls made for it in this run."""
    input_tokens: int | None
    """Tokens sent, as the provider counted them."""
    output_tokens: int | None
    """Tokens received, as the provider counted them."""
    cost_usd: float | None
    """What the call cost; None where the price is unknown."""
    model: str | None
    """The model that answered; `simulated-…` where the simulator did."""


def as_result(row: Outcome) -> PromptResult:
    """Make what a test sees of a row that was answered."""
    came, answer = row.completion, row.answer
    return PromptResult(
        case=row.case.id,
        repeat=row.repeat,
        input=MappingProxyType(dict(row.case.input)),
        expect=row.case.expect,
        tags=row.case.tags,
        prompt=row.prompt,
        version=row.version,
        status=row.status,
        passed={"pass": True, "fail": False}.get(row.status),
        reason=row.reason,
        output=came.text if came else "",
        answer=answer.value if answer else None,
        confidence=answer.confidence if answer else None,
        checks=MappingProxyType({verdict.name: verdict for verdict in row.verdicts}),
        latency_s=came.latency_s if came else None,
        cached=came.cached if came else False,
        attempts=row.attempts,
        input_tokens=came.input_tokens if came else None,
        output_tokens=came.output_tokens if came else None,
        cost_usd=came.cost_usd if came else None,
        model=came.model if came else None,
    )
