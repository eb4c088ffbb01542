"""One layer of retries around a provider, within the row's deadline."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Mapping
from typing import Any

from promptlab._protocols import Provider
from promptlab._providers._budget import Budget
from promptlab._providers._gate import Gate
from promptlab._providers._repair import Repairs
from promptlab._providers._row import Row
from promptlab._providers._wire import Attempt, Plain, Wire
from promptlab._scope import Scope
from promptlab._types import Completion, Failure, Request

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
MOST_REPAIRS = 6
"""Parameters of one request that are dropped or renamed."""


class Calls:
    """Makes a row's calls: mends what the model does not take, and tries again what may succeed then.

    A refusal for the rate has everybody wait, at the gate. Any other failure has its row wait, as long as the
    server asks and a little more; else from half a second on, doubled each time, so that six attempts
    outlast ten seconds.

    Args:
        wire: Makes one attempt.
        max_attempts: Attempts for a request in all, at least 1; calls without a refused parameter come on top.
        gate: Lets the calls through.
        repairs: What is known of the parameters that models take.
        budget: What the run may spend; None for any sum.
    """

    def __init__(
        self, wire: Wire, max_attempts: int, gate: Gate, repairs: Repairs, budget: Budget | None
    ) -> None:
        self._wire, self._max_attempts = wire, max_attempts
        self._gate, self._repairs = gate, repairs
        self._budget = budget if budget is not None and budget.bounded else None

    def __call__(self, request: Request, scope: Scope) -> Completion | Failure:
        """Get a completion for a row, or say why there is none."""
        row = self._gate.row(scope)
        tasted = self._repairs.taste(request.body, scope)
        try:
            return self._until_settled(request, row, tasted)
        finally:
            if tasted is not None:
                tasted.set()
            self._gate.done(row)

    def _until_settled(self, request: Request, row: Row, tasted: Any) -> Completion | Failure:
        tries = repairs = 0
        while True:
            body, notes = self._mend(request.body, row)
            made, alone = self._attempt(request, body, row)
            if tasted is not None and made.refused is None:
                tasted.set()
            result = made.result
            if result is None:
                continue
            row.calls += result.attempts
            if isinstance(result, Completion):
                changed = row.calls != result.attempts or notes
                return dataclasses.replace(result, attempts=row.calls, notes=notes) if changed else result
            if (
                made.refused is not None
                and repairs < MOST_REPAIRS
                and self._repairs.learn(body, made.refused)
            ):
                repairs += 1
                continue
            if made.refused is not None and row.seat is not None:
                text = f"{body.get('model')} refuses {made.refused.name}: {made.refused.text[:300]}"
                row.seat.say(f"refused {made.refused.name}", text)
            tries += 1
            if not result.retryable or tries >= self._max_attempts:
                return dataclasses.replace(result, attempts=row.calls)
            if (given_up := _wait(row, result, tries, alone=alone)) is not None:
                return given_up

    def _mend(self, body: Mapping[str, Any], row: Row) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        mended, notes = self._repairs.apply(body)
        if notes and row.seat is not None:
            for topic, text in self._repairs.said(body):
                row.seat.say(topic, text)
        return mended, notes

    def _attempt(self, request: Request, body: Mapping[str, Any], row: Row) -> tuple[Attempt, bool]:
        """Make one attempt, within the budget and through the gate; tells whether the row would wait alone."""
        if body is not request.body:
            request = dataclasses.replace(request, body=body)
        share: float | None = None
        if self._budget is not None:
            aside = self._budget.set_aside(request, row.scope)
            if isinstance(aside, Failure):
                return Attempt(aside), True
            share = aside
        made: Attempt | None = None
        try:
            made, alone = self._through_gate(request, row)
        finally:
            if self._budget is not None and share is not None:
                self._budget.settle(request, share, made.result if made is not None else None)
        return made, alone

    def _through_gate(self, request: Request, row: Row) -> tuple[Attempt, bool]:
        gate = self._gate
        if gate.counts_tokens and not row.tokens:
            row.tokens = gate.estimate(request.body)
        sent = gate.enter(row)
        if isinstance(sent, Failure):
            return Attempt(_after(sent, row)), True
        made: Attempt | None = None
        try:
            made = self._wire.attempt(request, row.scope, lambda: gate.held(sent))
        finally:
            alone = gate.back(row, sent, made.result if made else None, made.told if made else ())
        return made, alone


def retried(
    provider: Provider | Wire,
    max_attempts: int,
    *,
    gate: Gate | None = None,
    repairs: Repairs | None = None,
    budget: Budget | None = None,
) -> Provider:
    """Wrap what makes one attempt so that what may succeed when tried again is tried again.

    Args:
        provider: Makes one attempt.
        max_attempts: Attempts for a request in all, at least 1.
        gate: Lets the calls through; one of its own by default.
        repairs: What is known of the parameters that models take; nothing by default.
        budget: What may be spent; any sum by default.
    """
    wire: Any = provider if hasattr(provider, "attempt") else Plain(provider)
    return Calls(wire, max_attempts, gate or Gate(), repairs or Repairs(), budget)


def _wait(row: Row, failure: Failure, tries: int, *, alone: bool) -> Failure | None:
    """Wait before the next attempt; gives the row's failure where there will be none."""
    scope, asked = row.scope, failure.retry_after_s
    if asked is not None and asked > scope.left():
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + asked))
        why = f"the server asks to wait {asked:.0f} s (until {until}), longer than the row's deadline"
        return _given_up(failure, row, why)
    if not alone:
        return None  # everybody waits, at the gate
    wait = asked if asked is not None else min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (tries - 1))
    wait += random.uniform(0.01, 0.2 + min(2.0, 0.1 * wait))  # noqa: S311 - jitter is no secret
    if wait > scope.left():
        return _given_up(
            failure, row, f"the row's deadline leaves no time for another attempt after {wait:.1f} s"
        )
    if not scope.sleep(wait) and scope.stop.is_set():
        message = f"stopped while waiting to try again: {scope.stop.reason}; before that {failure.message}"
        return Failure(kind=scope.stop.kind, message=message[:4000], attempts=row.calls)
    return None


def _given_up(failure: Failure, row: Row, why: str) -> Failure:
    return dataclasses.replace(failure, attempts=row.calls, message=f"{failure.message}; {why}"[:4000])


def _after(failure: Failure, row: Row) -> Failure:
    """Say of a row that was not called again what came before."""
    if row.last is None or row.last.message in failure.message:
        return failure
    return dataclasses.replace(failure, message=f"{failure.message}; before that {row.last.message}"[:4000])
