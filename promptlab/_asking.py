"""How a check asks a model: within its row's bounds, through the same limits and store, its calls counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from promptlab._protocols import Provider
from promptlab._scope import Scope
from promptlab._types import Completion, Failure, Request
from promptlab.checks import CannotTellError

Ask = Callable[[Mapping[str, Any]], Completion]
"""Sends a request's body and gives what came back; raises `CannotTellError` where nothing usable did."""


class Calls:
    """The calls that the checks of one row make.

    Args:
        provider: Answers them; None where there is none.
        case: The row's case.
        repeat: The index of the repeat.
        scope: The row's bounds.
    """

    def __init__(self, provider: Provider | None, case: str, repeat: int, scope: Scope) -> None:
        self._provider, self._case, self._repeat, self._scope = provider, case, repeat, scope
        self._made: list[Completion] = []
        self.stopped: Failure | None = None
        """What kept a call from being answered that is no trouble of its own: the end of the budget, or an interrupt."""

    def ask(self, body: Mapping[str, Any]) -> Completion:
        """Send a request's body.

        Raises:
            CannotTellError: Nothing usable came back, so that the check has no verdict.
        """
        if self._provider is None:
            return never(body)
        came = self._provider(Request(body=body, case=self._case, repeat=self._repeat), self._scope)
        if isinstance(came, Failure):
            if came.completion is not None or came.attempts:
                self._made.append(_spent([came.completion or Completion(text="")], came.attempts))
            stop = self._scope.stop
            if came.kind == "budget" or (stop.is_set() and came.kind == stop.kind):
                self.stopped = came
            raise CannotTellError(f"its call brought nothing ({came.kind}): {came.message}")
        self._made.append(_spent([came], came.attempts))
        return came

    def total(self) -> Completion | None:
        """Add up what the calls came to; None where none was made."""
        return _spent(self._made, sum(one.attempts for one in self._made)) if self._made else None


def never(_: Mapping[str, Any]) -> Completion:
    """Refuse to ask: for checks that are only looked at."""
    raise CannotTellError("it asks a model, and there is none to ask here")


def _spent(calls: Iterable[Completion], attempts: int) -> Completion:
    known = list(calls)
    paid = [one.cost_usd for one in known]
    return Completion(
        text="",
        input_tokens=_sum(one.input_tokens for one in known),
        output_tokens=_sum(one.output_tokens for one in known),
        cost_usd=None if None in paid else math.fsum(one for one in paid if one is not None),
        latency_s=math.fsum(one.latency_s or 0.0 for one in known),
        cached=not attempts,
        attempts=attempts,
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def asks_model(expect: Any) -> bool:
    """Tell whether an expectation may ask a model."""
    if isinstance(expect, Mapping):
        return any(
            key == "judge"
            or (key == "similar" and not (isinstance(value, Mapping) and value.get("by") == "letters"))
            or value in ("similar", "llm-rubric", "not-similar", "not-llm-rubric")
            or asks_model(value)
            for key, value in expect.items()
        )
    return isinstance(expect, (list, tuple)) and any(map(asks_model, expect))
