"""One row, from case to outcome: what a worker thread does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptlab._asking import Ask as AskModel
from promptlab._asking import Calls
from promptlab._errors import PromptError
from promptlab._grade import Graded, cut_short, grade
from promptlab._leash import Leash
from promptlab._prompt import Prompt
from promptlab._protocols import Check, Provider
from promptlab._runner import Job
from promptlab._scope import Scope, Stop
from promptlab._types import Answer, Case, Completion, Failure, Outcome

Ask = Callable[[Case, int, Scope], Completion | Failure]
"""Gets a completion for a case and a repeat."""

TURN_S = 0.1
"""Whoever waits for its turn looks up this often, for its run's stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A variant, ready to be asked."""

    name: str
    """The variant's name."""
    version: str
    """First 8 characters of its hash."""
    ask: Ask
    """Gets a completion."""


def ask_prompt(prompt: Prompt, provider: Provider, model: str) -> Ask:
    """Make a prompt askable: render, then call."""

    def ask(case: Case, repeat: int, scope: Scope) -> Completion | Failure:
        try:
            request = prompt.request(case, repeat, model=model)
        except PromptError as broken:
            return Failure(kind="template", message=str(broken)[:4000], attempts=0)
        return provider(request, scope)

    return ask


def shifted(ask: Ask, first: int) -> Ask:
    """Make an ask whose repeats are counted from `first`, so that the store keeps its answers apart."""
    return lambda case, repeat, scope: ask(case, first + repeat, scope)


def through(turnstile: threading.Semaphore, ask: Ask) -> Ask:
    """Make an ask that first passes a turnstile, which several runs share."""

    def wait(case: Case, repeat: int, scope: Scope) -> Completion | Failure:
        while not turnstile.acquire(timeout=TURN_S):
            if scope.stop.is_set() or not scope.left():
                return Failure(
                    kind=scope.stop.kind if scope.stop.is_set() else "timeout",
                    message=f"not called: {scope.stop.reason or 'its time was over before its turn'}",
                    attempts=0,
                )
        try:
            return ask(case, repeat, scope)
        finally:
            turnstile.release()

    return wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Works on the rows of one run."""

    variants: Sequence[Asked]
    """What is asked, by the job's variant."""
    checks_for: Callable[[Case, AskModel], tuple[Check, ...]]
    """Gives the checks of a case; those that ask a model do so through what is given."""
    confidence: Callable[[Answer], float | None] | None
    """The user's own way to read a confidence, if there is one."""
    deadline_s: float
    """Seconds a row may take, sleeps included."""
    stop: Stop
    """The run's stop."""
    redact: Callable[[str], str] = str
    """Masks secrets: nothing that a server, a target or a check says gets one into a row."""
    checker: Provider | None = None
    """Answers the checks that ask a model, where there are any."""
    leash: Leash | None = None
    """Grades where the user's own code has a part in that, and may hang."""

    def work(self, job: Job, run_began: float) -> Outcome:
        """Ask and grade one row; never raises."""
        began = time.perf_counter()
        variant = self.variants[job.variant]
        scope = Scope(stop=self.stop, deadline=time.monotonic() + self.deadline_s)
        redact = self.redact
        try:
            result = variant.ask(job.case, job.repeat, scope)
        except Exception as raised:  # noqa: BLE001 - a broken provider costs this row, no other
            result = Failure(
                kind="target", message=f"the call broke: {type(raised).__name__}: {raised}"[:4000]
            )
        base = {
            "index": job.index, "prompt": variant.name, "version": variant.version, "case": job.case,
            "repeat": job.repeat, "started_s": began - run_began,
        }  # fmt: skip
        if isinstance(result, Failure):
            return Outcome(
                **base,  # type: ignore[arg-type]  # the keys are spelled out above
                status="not_run" if not result.attempts and self._stopped(result) else "error",
                reason=redact(result.message),
                error=result.kind,
                completion=result.completion,
                attempts=result.attempts,
                finished_s=time.perf_counter() - run_began,
            )
        result = masked_completion(result, redact)
        calls = Calls(self.checker, job.case.id, job.repeat, scope)
        graded = cut_short(self._graded(job.case, result, calls.ask, scope), calls.stopped)
        return Outcome(
            **base,  # type: ignore[arg-type]  # the keys are spelled out above
            status=graded.status,
            reason=redact(graded.reason) if graded.reason else None,
            error=graded.error,
            completion=result,
            answer=masked_answer(graded.answer, redact),
            verdicts=tuple(replace(v, reason=redact(v.reason)) if v.reason else v for v in graded.verdicts),
            attempts=result.attempts,
            checking=calls.total(),
            finished_s=time.perf_counter() - run_began,
        )

    def _graded(self, case: Case, completion: Completion, ask: AskModel, scope: Scope) -> Graded:
        """Grade a completion; checks that outlast the row or the run are left to themselves."""

        def held() -> Graded:
            return grade(case, completion, self.checks_for(case, ask), self.confidence)

        if self.leash is None:
            return held()
        try:
            return self.leash.run(held, scope)
        except TimeoutError:
            said = f"the checks did not end within the row's {self.deadline_s:g} s"
            return Graded("error", said, "check", None, ())
        except asyncio.CancelledError:
            return Graded("error", f"given up while checked: {scope.stop.reason}", scope.stop.kind, None, ())

    def _stopped(self, failure: Failure) -> bool:
        """Tell whether a row was kept from a verdict by the end of its run, not by trouble of its own."""
        return failure.kind in ("cancelled", "budget") or (
            self.stop.is_set() and failure.kind == self.stop.kind
        )

    def lost(self, job: Job, begun: bool, now_s: float, raised: BaseException | None) -> Outcome:
        """Make the outcome of a row whose work was not begun, was given up, or broke."""
        variant = self.variants[job.variant]
        why = self.stop.reason or "stopped"
        if raised is not None:
            reason = f"the row's work broke: {type(raised).__name__}: {raised}"[:4000]
        else:
            reason = f"given up while under way: {why}" if begun else f"not run: {why}"
        return Outcome(
            index=job.index,
            prompt=variant.name,
            version=variant.version,
            case=job.case,
            repeat=job.repeat,
            status="error" if begun else "not_run",
            reason=self.redact(reason),
            error="target" if raised is not None else self.stop.kind,
            attempts=1 if begun and raised is None else 0,
            started_s=None,
            finished_s=now_s if begun else None,
        )


def masked_completion(completion: Completion, redact: Callable[[str], str]) -> Completion:
    """Mask secrets in a completion's texts."""
    told = {name: getattr(completion, name) for name in ("text", "refusal", "model", "finish_reason")}
    masked: dict[str, Any] = {name: redact(text) if text else text for name, text in told.items()}
    notes = tuple(map(redact, completion.notes))
    if masked == told and notes == completion.notes:
        return completion
    return replace(completion, **masked, notes=notes, logprobs=None)


def masked_answer(answer: Answer | None, redact: Callable[[str], str]) -> Answer | None:
    """Mask secrets in an answer's value, where reading JSON has decoded one."""
    if answer is None or "\\" not in answer.text:
        return answer
    value = _masked(answer.value, redact)
    return answer if value == answer.value else replace(answer, value=value)


def _masked(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_masked(item, redact) for item in value]
    if isinstance(value, dict):
        return {redact(key): _masked(item, redact) for key, item in value.items()}
    return value
