"""The engine: jobs in, events out. It owns the pool and the log; it knows no display and no store.

Workers append events to a log; the caller's thread takes them out. What a worker has logged stays in the
log until the caller has dealt with it, so that an interrupt at any moment loses nothing.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

from promptlab._events import CaseFinished, CaseStarted, Event
from promptlab._scope import Stop
from promptlab._types import Case, Outcome

STEP_S = 0.1
"""The caller's thread never waits longer than this, so that an interrupt is heard."""

AT_HAND = 256
"""Jobs handed to the pool beyond those under way, at least."""

GATHER_S = 0.02
"""After a batch was dealt with the next one is gathered so long, unless nobody would have anything left to do."""

MAX_BATCH = 500
"""Events handed out at once: they share one commit in the store."""

GRACE_S = 0.5
"""How long a stopped run waits for work under way to come to an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row to be worked on."""

    index: int
    """The row's place in the run, from 0."""
    case: Case
    """The case."""
    variant: int
    """Which of the run's variants, from 0."""
    repeat: int
    """The index of the repeat, from 0."""


Work = Callable[[Job, float], Outcome]
"""Does one job; its second argument is the run's start on the clock of `time.perf_counter()`."""

Lost = Callable[[Job, bool, float, BaseException | None], Outcome]
"""Makes the outcome of a job that brought none: (job, begun, seconds since the start, what was raised)."""


class Engine:
    """Runs jobs on a pool, at most `workers` at once.

    Args:
        jobs: The rows, in the suite's order.
        work: Does one job, in a worker thread. It should never raise.
        lost: Makes the outcome of a job whose work was never begun, was given up, or raised.
        workers: The ceiling on jobs under way at once.
        stop: Once set nothing more is begun.
        order: Indices into `jobs`, in the order in which they are begun; as given by default.
        executor: A pool of threads to use instead of the engine's own; it is not shut down.
        tick: Called in the caller's thread about every tenth of a second while it waits.
        wake: What the caller's thread waits for, and the workers set; one that does more while it is waited for
            may be given.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        work: Work,
        lost: Lost,
        *,
        workers: int,
        stop: Stop,
        order: Sequence[int] | None = None,
        executor: Executor | None = None,
        tick: Callable[[], None] | None = None,
        wake: threading.Event | None = None,
    ) -> None:
        self._jobs = jobs
        self._work = work
        self._lost = lost
        self._workers = workers
        self._stop = stop
        self._tick = tick
        self._waiting = deque(range(len(jobs)) if order is None else order)
        self._under_way: dict[int, Future[Outcome]] = {}
        self._begun: set[int] = set()
        self._log: deque[Event] = deque()
        self._batch: list[Event] = []
        self._wake = wake or threading.Event()
        self._open = dict.fromkeys(job.index for job in jobs)
        self._given_up_at: float | None = None
        self._ticked_at = time.monotonic()
        self._foreign = executor
        # In a pool of somebody else's, which may have more threads, what is handed over may begin at once.
        self._window = workers + max(workers, AT_HAND) if executor is None else workers
        self._few = (workers + self._window) // 2
        self._gathering = False
        self._pool: Executor = executor or ThreadPoolExecutor(workers, thread_name_prefix="promptlab")
        self.started = time.perf_counter()
        """The run's start on the clock of `time.perf_counter()`."""

    def events(self) -> Iterator[list[Event]]:
        """Yield events in batches, as they happen, until every job has its outcome.

        The generator may be left at any point (by an interrupt, say) and be called for anew: a batch is
        forgotten only when the next one is asked for, so one that was dealt with in part comes again.
        """
        while True:
            self._refill()
            self._wake.clear()
            while self._log and len(self._batch) < MAX_BATCH:
                self._batch.append(self._log[0])
                self._log.popleft()
            if self._batch:
                yield list(self._batch)
                self._batch.clear()
                self._heed_time()
                self._gather()
                continue
            if not self._open and not self._log:
                return
            if self._stop.is_set():
                self._wind_up()
            self._wake.wait(STEP_S)
            self._heed_time()

    def close(self) -> None:
        """Let the pool go without waiting for it."""
        if self._foreign is None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _refill(self) -> None:
        """Keep every worker busy, and so many jobs at hand that a slow observer does not starve them."""
        while self._waiting and len(self._under_way) < self._window and not self._stop.is_set():
            job = self._jobs[self._waiting[0]]
            future = self._pool.submit(contextvars.copy_context().run, self._do, job)
            self._under_way[job.index] = future
            self._waiting.popleft()
            future.add_done_callback(lambda done, job=job: self._done(job, done))  # type: ignore[misc]

    def _do(self, job: Job) -> Outcome:
        """Do one job in a worker thread."""
        if self._stop.is_set():
            return self._lost(job, False, self._now(), None)
        self._begun.add(job.index)
        self._append(CaseStarted(index=job.index, case=job.case.id, at_s=self._now()))
        return self._work(job, self.started)

    def _done(self, job: Job, future: Future[Outcome]) -> None:
        """Log a job's outcome; runs in the worker's thread, or where a queued job was cancelled."""
        if future.cancelled():
            outcome = self._lost(job, False, self._now(), None)
        elif (raised := future.exception()) is not None:
            outcome = self._lost(job, True, self._now(), raised)
        else:
            outcome = future.result()
        self._under_way.pop(job.index, None)
        self._settle(outcome)

    def _settle(self, outcome: Outcome) -> None:
        """Log a row's outcome; the first one counts."""
        if self._open.pop(outcome.index, self) is None:
            self._append(CaseFinished(outcome=outcome))

    def _append(self, event: Event) -> None:
        self._log.append(event)
        few = self._waiting and len(self._under_way) < self._few
        if few or not self._gathering or not self._open:
            self._wake.set()

    def _gather(self) -> None:
        """Let events come together for a moment: one commit and one look of the display serve all of them.

        Waking for every event would cost each worker its turn at Python's lock.
        """
        if len(self._log) < MAX_BATCH and not self._stop.is_set():
            self._refill()
            self._wake.clear()
            self._gathering = True
            self._wake.wait(GATHER_S if self._open else 0.0)
            self._gathering = False

    def _now(self) -> float:
        return time.perf_counter() - self.started

    def _heed_time(self) -> None:
        """Call `tick` where a tenth of a second has passed since it was last called."""
        now = time.monotonic()
        if self._tick is not None and now - self._ticked_at >= STEP_S:
            self._ticked_at = now
            self._tick()

    def _wind_up(self) -> None:
        """Cancel what has not begun; after a moment's grace give up what has not come to an end."""
        while self._waiting:
            index = self._waiting.popleft()
            if index not in self._under_way:
                self._settle(self._lost(self._jobs[index], False, self._now(), None))
        for future in list(self._under_way.values()):
            future.cancel()
        if not self._stop.cut:
            return
        now = time.monotonic()
        if self._given_up_at is None:
            self._given_up_at = now + GRACE_S
            self.close()
            if self._tick is not None:
                self._tick()
        elif now >= self._given_up_at:
            for index in list(self._under_way):
                begun = index in self._begun
                self._settle(self._lost(self._jobs[index], begun, self._now(), None))
