"""What the simulator counts, so that a client's behaviour can be judged from outside.

Every model call is counted as started when its request was read, and ends as exactly one of `OUTCOMES`.
It ends *before* the last byte of its answer is sent: a client that calls again as soon as it has its
answer is never counted as having had two calls under way.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["KEPT", "OUTCOMES", "CallRecord", "Counters"]

OUTCOMES = ("done", "limited", "faults", "invalid", "gone", "crashed")
"""A good answer, a 429 of the limits, a scripted fault, a request refused as wrong, a client that left
before its answer, and a defect of the simulator itself."""

KEPT = 10_000
"""How many of the last calls `/calls` tells of."""


@dataclass(slots=True)
class CallRecord:
    """One model call, from its arrival to its end."""

    route: str
    """`chat` or `embeddings`."""
    started_s: float
    """When it was read, on the server's clock."""
    generation: int
    """How often the counters had been reset by then."""
    finished_s: float | None = None
    """When it ended; None while it is under way."""
    outcome: str | None = None
    """One of `OUTCOMES`; None while it is under way."""
    status: int = 0
    """The HTTP status, 0 where none was sent."""
    key: str | None = None
    """Names the content of the request: equal for equal messages, model and seed."""
    attempt: int | None = None
    """How many calls of the same content were let in before it."""
    fault: str | None = None
    """The kind of the scripted fault that hit it."""
    input_tokens: int = 0
    """Tokens of the prompt."""
    output_tokens: int = 0
    """Tokens of the answer."""

    def as_dict(self, epoch: float) -> dict[str, Any]:
        """Give it as JSON, with times in seconds since `epoch`."""
        finished = self.finished_s
        return {
            "route": self.route,
            "started_s": round(self.started_s - epoch, 6),
            "finished_s": None if finished is None else round(finished - epoch, 6),
            "outcome": self.outcome,
            "status": self.status,
            "key": self.key,
            "attempt": self.attempt,
            "fault": self.fault,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
        }


class Counters:
    """Counts calls and connections, and remembers the last calls; safe to use from every thread.

    Args:
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._generation = 0
        self._in_flight = 0
        self._open = 0
        self._clear()

    def _clear(self) -> None:
        self._epoch = self._clock()
        self._started = 0
        self._max_in_flight = self._in_flight
        self._opened = 0
        self._max_open = self._open
        self._outcomes: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._tokens = [0, 0]
        self._calls: deque[CallRecord] = deque(maxlen=KEPT)

    def reset(self) -> None:
        """Start again from zero; what is open or under way stays so and is not counted at its end."""
        with self._lock:
            self._generation += 1
            self._clear()

    def connected(self) -> None:
        """Count a connection that was opened."""
        with self._lock:
            self._opened += 1
            self._open += 1
            self._max_open = max(self._max_open, self._open)

    def disconnected(self) -> None:
        """Count a connection that was closed."""
        with self._lock:
            self._open -= 1

    def begin(self, route: str) -> CallRecord:
        """Count a call that was read."""
        with self._lock:
            record = CallRecord(route, self._clock(), self._generation)
            self._started += 1
            self._in_flight += 1
            self._max_in_flight = max(self._max_in_flight, self._in_flight)
            self._calls.append(record)
        return record

    def end(self, record: CallRecord, outcome: str, status: int) -> None:
        """Count a call's end; only its first end counts."""
        with self._lock:
            if record.outcome is not None:
                return
            record.outcome, record.status, record.finished_s = outcome, status, self._clock()
            self._in_flight -= 1
            if record.generation != self._generation:
                return
            self._outcomes[outcome] += 1
            if status:
                self._statuses[str(status)] += 1
            if record.fault is not None:
                self._faults[record.fault] += 1
            self._tokens[0] += record.input_tokens
            self._tokens[1] += record.output_tokens

    def snapshot(self) -> dict[str, Any]:
        """Give the counts as JSON."""
        with self._lock:
            return {
                "started": self._started,
                **{outcome: self._outcomes[outcome] for outcome in OUTCOMES},
                "in_flight": self._in_flight,
                "max_in_flight": self._max_in_flight,
                "by_status": dict(sorted(self._statuses.items())),
                "by_fault": dict(sorted(self._faults.items())),
                "tokens": {"input": self._tokens[0], "output": self._tokens[1]},
                "connections": {"opened": self._opened, "open": self._open, "max_open": self._max_open},
                "seconds": round(self._clock() - self._epoch, 6),
            }

    def calls(self) -> list[dict[str, Any]]:
        """Give the last calls, oldest first; times are seconds since the start or the last reset."""
        with self._lock:
            return [record.as_dict(self._epoch) for record in self._calls]
