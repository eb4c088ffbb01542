"""The meter: folds what a run says into a reading, under one lock.

Events are folded in the caller's thread, readings are taken by the thread that draws. Each event costs the
same, however many came before it, and what is counted never goes down.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from promptlab._display._escape import one_line
from promptlab._display._lines import confidence_of, is_cached, label_of, reason_of
from promptlab._display._reading import ROWS_SHOWN, Reading, RowLine
from promptlab._events import CaseFinished, CaseStarted, Event, LimitChanged, Notice, RunFinished
from promptlab._schedule import Eta
from promptlab._scope import Stop
from promptlab._summary import simulated_model
from promptlab._types import Outcome, Run

NEWEST_SHOWN = 3
"""So many of them are for the newest rows without trouble, however many failed."""

NOTICES_KEPT = 50


class Meter:
    """Counts what a run says.

    Args:
        run: What will be done.
        stop: The run's stop, so that a reading knows of it before the run has ended.
        clock: Gives seconds; they only ever grow.
        expected: The seconds that each row is expected to take, by its place in the run; None for unknown.
        order: The rows' places in the order in which they are begun; the suite's by default.
    """

    def __init__(
        self,
        run: Run,
        stop: Stop | None = None,
        clock: Callable[[], float] = time.monotonic,
        expected: Sequence[float | None] | None = None,
        order: Sequence[int] | None = None,
    ) -> None:
        self.run = run
        self._stop = stop
        self._clock = clock
        self._lock = threading.Lock()
        self._begun_at = clock()
        self._ended_s: float | None = None
        self._stopped: str | None = None
        self._seen = bytearray(run.rows)
        self._done = 0
        self._count: Counter[str] = Counter()
        self._cached = 0
        self._retries = 0
        self._under_way: set[int] = set()
        begun = order or range(run.rows)
        self._turn = {index: turn for turn, index in enumerate(begun)}
        seconds = [expected[index] for index in begun] if expected else [None] * run.rows
        self._eta = Eta(seconds, max(1, run.workers))
        self._limit: tuple[int, str] | None = None
        self._trouble: deque[RowLine] = deque(maxlen=ROWS_SHOWN)
        self._newest: deque[RowLine] = deque(maxlen=ROWS_SHOWN)
        self._notices: deque[str] = deque((one_line(note) for note in run.notes), maxlen=NOTICES_KEPT)
        self._to_tell = set(self._notices)
        self._simulated = run.simulated

    def fold(self, event: Event) -> bool:
        """Take an event in; False where it says nothing new (a row's outcome told twice, say)."""
        with self._lock:
            match event:
                case CaseFinished(outcome=outcome):
                    return self._finish(outcome)
                case CaseStarted(index=index):
                    self._start(index)
                case LimitChanged(limit=limit, reason=reason):
                    self._limit = (limit, one_line(reason, 120)) if limit < self.run.workers else None
                case Notice(text=text):
                    return self._note(one_line(text))
                case RunFinished(wall_s=wall_s, stopped=stopped):
                    self._ended_s, self._stopped = wall_s, stopped
                    self._under_way.clear()
                case _:
                    self._begun_at = self._clock()
            return True

    def end(self, reason: str | None) -> None:
        """Close the reading of a run that may not have said that it is over."""
        with self._lock:
            if self._ended_s is None:
                self._ended_s, self._stopped = self._elapsed_s(), reason or "broken off"

    def progress(self) -> tuple[int, int, float | None]:
        """Give rows done, rows in all, and seconds until the last one."""
        with self._lock:
            return self._done, self.run.rows, self._eta_s()

    def notices(self) -> tuple[str, ...]:
        """Give what was said once for the whole run, oldest first."""
        with self._lock:
            return tuple(self._notices)

    def read(self) -> Reading:
        """Give everything a display shows, as of now."""
        with self._lock:
            stopped = self._stopped or (self._stop.reason if self._stop is not None else None)
            return Reading(
                suite=one_line(self.run.suite, 80),
                prompts=tuple(one_line(variant.name, 80) for variant in self.run.variants),
                done=self._done,
                total=self.run.rows,
                passed=self._count["pass"],
                failed=self._count["fail"],
                errors=self._count["error"],
                ungraded=self._count["ungraded"],
                not_run=self._count["not_run"],
                cached=self._cached,
                retries=self._retries,
                under_way=min(len(self._under_way), self.run.workers),
                workers=self.run.workers,
                limit=self._limit[0] if self._limit else None,
                limit_reason=self._limit[1] if self._limit else "",
                elapsed_s=self._elapsed_s(),
                eta_s=self._eta_s(),
                rows=self._rows(),
                notices=tuple(self._notices),
                simulated=self._simulated,
                stopped=one_line(stopped, 120) if stopped else None,
                finished=self._ended_s is not None,
            )

    def _is_open(self, index: int) -> bool:
        return 0 <= index < len(self._seen) and not self._seen[index]

    def _start(self, index: int) -> None:
        if self._is_open(index):
            self._under_way.add(index)
            self._eta.started(self._turn[index], self._clock())

    def _finish(self, outcome: Outcome) -> bool:
        if not self._is_open(outcome.index):
            return False
        self._under_way.discard(outcome.index)
        self._seen[outcome.index] = 1
        self._count[outcome.status] += 1
        if outcome.status == "not_run":
            self._eta.finished(self._turn[outcome.index])
            return True
        self._done += 1
        self._retries += max(0, outcome.attempts - 1)
        cached = is_cached(outcome)
        self._cached += cached
        self._eta.finished(self._turn[outcome.index], _seconds(outcome))
        if outcome.completion is not None and simulated_model(outcome.completion.model):
            self._simulated = True
        line = RowLine(
            status=outcome.status,
            label=label_of(self.run, outcome),
            confidence=confidence_of(outcome),
            reason=reason_of(outcome),
            cached=cached,
        )
        (self._trouble if outcome.status in ("fail", "error") else self._newest).appendleft(line)
        return True

    def _note(self, text: str) -> bool:
        if text in self._to_tell:  # known from the run's beginning, and told now
            self._to_tell.remove(text)
            return True
        if text in self._notices:
            return False
        self._notices.append(text)
        return True

    def _rows(self) -> tuple[RowLine, ...]:
        room = ROWS_SHOWN - min(len(self._newest), NEWEST_SHOWN)
        trouble = list(self._trouble)[:room]
        return tuple(trouble + list(self._newest)[: ROWS_SHOWN - len(trouble)])

    def _elapsed_s(self) -> float:
        return self._clock() - self._begun_at if self._ended_s is None else self._ended_s

    def _eta_s(self) -> float | None:
        """Give the time left; where nothing is known of the calls, from the rows done in the time so far."""
        left = self.run.rows - self._done - self._count["not_run"]
        if left <= 0 or self._ended_s is not None:
            return 0.0
        at_once = min(self.run.workers, self._limit[0]) if self._limit else self.run.workers
        seconds = self._eta.seconds_left(self._clock(), max(1, at_once))
        if seconds is None and self._done:
            return self._elapsed_s() / self._done * left
        return seconds


def _seconds(outcome: Outcome) -> float | None:
    """Give the seconds that a row took, where they tell something of the others."""
    if (
        is_cached(outcome)
        or outcome.status == "error"
        or outcome.started_s is None
        or outcome.finished_s is None
    ):
        return None
    return outcome.finished_s - outcome.started_s
