"""A run's seat at the gate: how many workers it brings, and what it is told of the weather."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from promptlab._events import LimitChanged, Notice
from promptlab._scope import Stop

AT_ONCE_S = 0.1
"""Changes that follow each other faster are one change."""


class Seat:
    """One run's seat at the gate, from its first call to its last.

    Args:
        stop: The run's stop.
        workers: Calls that the run may have under way at once.
        leave: Gives the seat up.
    """

    def __init__(self, stop: Stop, workers: int, leave: Callable[[Seat], None]) -> None:
        self.stop, self.workers = stop, workers
        self.refusals = 0
        """Calls of this run that were refused for the rate, so far."""
        self._leave = leave
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._news: list[LimitChanged | Notice] = []
        self._history: list[LimitChanged] = []
        self._said: set[str] = set()

    @property
    def history(self) -> tuple[LimitChanged, ...]:
        """How the limit moved during the run, so far."""
        return tuple(self._history)

    def news(self) -> list[LimitChanged | Notice]:
        """Take out what has happened since this was last asked; for the run's observers."""
        with self._lock:
            taken, self._news = self._news, []
        return taken

    def tell(self, limit: float, reason: str, now: float) -> None:
        """Tell that the limit was changed; more than the run's workers is no limit to it."""
        at_s = max(0.0, now - self._began)
        event = LimitChanged(limit=int(min(limit, self.workers)), reason=reason, at_s=at_s)
        with self._lock:
            last = self._history[-1] if self._history else None
            if last is not None and (last.limit, last.reason) == (event.limit, event.reason):
                return
            if last is not None and self._news and self._news[-1] is last and at_s - last.at_s < AT_ONCE_S:
                # One episode, still going on: nobody has heard of its beginning yet.
                self._history.pop()
                self._news.pop()
            self._history.append(event)
            self._news.append(event)

    def say(self, topic: str, text: str) -> None:
        """Say something, once for each topic."""
        with self._lock:
            if topic not in self._said:
                self._said.add(topic)
                self._news.append(Notice(text=text))

    def leave(self) -> None:
        """Give the seat up."""
        self._leave(self)
