"""Stops a run before the call that would pass its budget."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable

from promptlab._scope import Scope, Stop
from promptlab._types import Completion, Failure, Kind, Request

STEP_S = 0.05


class Budget:
    """What one run may still spend.

    Money is set aside before a call and settled after it. What is set aside is what the call is expected to
    cost from history, or the most that a call to its model has cost in this run, and never less than what is
    sent costs. As long as neither is known, a model's calls are made one at a time; nothing tells how long the
    first answer will be, so it is refused only where sending it alone is too dear.

    Args:
        max_calls: Calls that may be made, retries included; None for any number.
        max_cost: US dollars that may be spent; None for any sum.
        expected: Gives what a request is expected to cost, or None where that is not known.
        least: Gives the least that a request can cost.
    """

    def __init__(
        self,
        *,
        max_calls: int | None,
        max_cost: float | None,
        expected: Callable[[Request], float | None] = lambda _: None,
        least: Callable[[Request], float] = lambda _: 0.0,
    ) -> None:
        self._max_calls, self._max_cost = max_calls, max_cost
        self._expected, self._least = expected, least
        self._free = threading.Condition()
        self._calls = 0
        self._under_way = 0
        self._spent = 0.0
        self._aside = 0.0
        self._asked: Counter[str] = Counter()
        self._dearest: dict[str, float] = {}
        self._ended: str | None = None
        self._stop: Stop | None = None

    @property
    def bounded(self) -> bool:
        """Tell whether there is anything to keep within."""
        return self._max_calls is not None or self._max_cost is not None

    def set_aside(self, request: Request, scope: Scope) -> float | Failure:
        """Wait for a place in the budget and take it; or say why there is none."""
        least = self._least(request) if self._max_cost else 0.0
        with self._free:
            while True:
                if scope.stop.is_set() or not scope.left():
                    why = scope.stop.reason or "the row's deadline is over"
                    kind: Kind = scope.stop.kind if scope.stop.is_set() else "timeout"
                    return Failure(kind=kind, message=f"not called: {why}", attempts=0)
                if self._max_calls is not None and self._calls >= self._max_calls:
                    return self._end(scope, f"the budget of {self._max_calls} calls is used up")
                share = self._share(request, least)
                if share is not None and self._fits(share):
                    self._calls += 1
                    self._under_way += 1
                    self._asked[_model(request)] += 1
                    self._aside += share
                    return share
                if share is not None and not self._under_way:
                    return self._end(
                        scope,
                        f"the budget of ${self._max_cost:g} leaves no room for another call (${share:.2g} or more)",
                    )
                # Calls under way may come to less than was set aside for them.
                self._free.wait(STEP_S)

    def _fits(self, share: float) -> bool:
        return self._max_cost is None or self._spent + self._aside + share <= self._max_cost

    def _share(self, request: Request, least: float) -> float | None:
        """Give what to set aside for a call; None where nothing is known and a call to its model is under way."""
        if self._max_cost is None:
            return 0.0
        if self._max_cost == 0:
            return math.inf
        model = _model(request)
        known = [cost for cost in (self._expected(request), self._dearest.get(model)) if cost is not None]
        if known:
            return max(*known, least)
        return None if self._asked[model] else least

    def settle(self, request: Request, share: float, result: Completion | Failure | None) -> None:
        """Put what a call cost in the place of what was set aside.

        Args:
            request: What the call was made for.
            share: What was set aside.
            result: What the call came to; None where it was not made after all.
        """
        completion = result if isinstance(result, Completion) else result.completion if result else None
        cost = completion.cost_usd if completion is not None else None
        with self._free:
            self._under_way -= 1
            self._asked[_model(request)] -= 1
            self._calls += (result.attempts if result is not None else 0) - 1
            self._aside -= share
            if cost is not None:
                self._spent += cost
                self._dearest[_model(request)] = max(cost, self._dearest.get(_model(request), 0.0))
            self._free.notify_all()
            if self._ended is not None and not self._under_way and self._stop is not None:
                self._stop.set(self._ended, "budget", cut=False)

    def _end(self, scope: Scope, why: str) -> Failure:
        # The run is stopped once the calls that were granted have come to their end, not before.
        self._ended, self._stop = why, scope.stop
        if not self._under_way:
            scope.stop.set(why, "budget", cut=False)
        return Failure(kind="budget", message=f"not called: {why}", attempts=0)


def _model(request: Request) -> str:
    return str(request.body.get("model"))
