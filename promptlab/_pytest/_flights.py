"""Flights: runs in threads ahead of pytest's walk, one after another, with so many rows under way in all."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from promptlab._display import Display
from promptlab._errors import PromptlabError
from promptlab._events import CaseFinished, CaseStarted, Event, Notice
from promptlab._pytest._batch import Batch, Slot
from promptlab._scope import Stop
from promptlab._types import Outcome, Run

if TYPE_CHECKING:
    from promptlab._display import Changes, Record
    from promptlab._session import Result
    from promptlab._summary import Summary

HELD = "enough cases failed"
"""Why a run is stopped that may have to go on: what is asked for after all is asked in another."""


class Flight:
    """One run to be made.

    Args:
        batch: Whose rows they are.
        wanted: The slots whose cases are in the run; those that other processes fill included.
        mine: The slots that this process is to fill.
        run: The run's id, where several processes share in it.
    """

    def __init__(
        self, batch: Batch, wanted: Iterable[Slot], mine: Sequence[Slot], run: str | None = None
    ) -> None:
        self.batch, self.mine, self.run = batch, mine, run
        cases = {slot.case.id for slot in wanted}
        self.suite = batch.suite if len(cases) == len(batch.suite) else batch.suite.filter(ids=cases)
        keys = ((case.id, repeat) for case in self.suite for repeat in range(batch.repeats))
        self.places: Mapping[int, Slot] = {place: batch.slots[key] for place, key in enumerate(keys)}
        """The slot of each row, by its place in the run."""
        self.stop = Stop()
        self.unbegun = set(mine)
        self.under_way: set[Slot] = set()
        self.thread: threading.Thread | None = None


Conduct = Callable[["Flight", Display], "Result"]
"""Makes a flight's run and shows it on a display."""


class Listener(Protocol):
    """Is told of what happens, in the run's thread."""

    def begins(self, flight: Flight, run: Run) -> None:
        """A run is about to make its first call."""

    def finishes(self, slot: Slot, outcome: Outcome) -> None:
        """A row has its outcome; whoever waits for it hears of it next."""


class Flights:
    """Makes runs in threads of their own, each as soon as the ones before it leave workers idle.

    Args:
        conduct: Makes a flight's run.
        listener: Is told of runs and outcomes.
        workers: Rows under way at once, over all runs.
    """

    def __init__(self, conduct: Conduct, listener: Listener, workers: int) -> None:
        self._conduct, self._listener, self.workers = conduct, listener, workers
        self._lock = threading.RLock()
        self._waiting: deque[Flight] = deque()
        self._flying: set[Flight] = set()
        self._held = False
        self._stopped: str | None = None
        self.notices: dict[str, None] = {}
        """What was said once for a whole run."""

    def add(self, flights: Iterable[Flight]) -> None:
        """Have runs made, in this order."""
        with self._lock:
            for flight in flights:
                for slot in flight.mine:
                    slot.flight = flight
                self._waiting.append(flight)
            self._advance()

    def hold(self) -> None:
        """Begin no more rows; those under way may come to their end."""
        with self._lock:
            self._held = True
            for flight in self._flying:
                flight.stop.set(HELD, cut=False)
            while self._waiting:
                for slot in self._waiting.popleft().mine:
                    slot.flight = None

    def release(self) -> None:
        """Let rows be begun again."""
        with self._lock:
            self._held = False

    def stop(self, reason: str) -> None:
        """Begin nothing more, cut what is under way, and leave nobody waiting."""
        with self._lock:
            self._stopped = self._stopped or reason
            for flight in self._flying:
                flight.stop.set(reason)
            while self._waiting:
                self._give_up(self._waiting.popleft(), reason)

    @property
    def stopped(self) -> str | None:
        """Why nothing more is begun; None while it is."""
        return self._stopped

    def wait(self, seconds: float) -> bool:
        """Wait for the runs to end, at most so long; tell whether they have."""
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = [flight.thread for flight in self._flying if flight.thread is not None]
            waiting = bool(self._waiting)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            return not self._flying and not waiting

    def _advance(self) -> None:
        """Begin the next run where every row of those before it is begun and a worker is idle."""
        while self._waiting and not self._held and self._stopped is None:
            busy = sum(len(flight.under_way) for flight in self._flying)
            if busy >= self.workers or any(flight.unbegun for flight in self._flying):
                return
            flight = self._waiting.popleft()
            self._flying.add(flight)
            # Context variables of the session reach the calls, as they would in pytest's own thread.
            context = contextvars.copy_context()
            flight.thread = threading.Thread(
                target=context.run, args=(self._fly, flight), name="promptlab-pytest", daemon=True
            )
            flight.thread.start()

    def _fly(self, flight: Flight) -> None:
        trouble = "the run ended without it"
        try:
            flight.batch.results.append(self._conduct(flight, Feed(self, flight)))
        except PromptlabError as wrong:
            trouble = str(wrong)
        except BaseException as broken:  # noqa: BLE001 - whatever it is, no item may be left waiting for it
            trouble = f"the run broke: {type(broken).__name__}: {broken}"[:4000]
        with self._lock:
            self._flying.discard(flight)
            self._give_up(flight, self._stopped or trouble)
            self._advance()

    def _give_up(self, flight: Flight, reason: str) -> None:
        for slot in flight.mine:
            if slot.flight is flight:
                slot.settle(None, reason)

    def begins(self, flight: Flight, run: Run) -> None:
        """Note that a run begins."""
        self._listener.begins(flight, run)

    def begun(self, flight: Flight, slot: Slot) -> None:
        """Note that a worker took a row up."""
        with self._lock:
            flight.unbegun.discard(slot)
            flight.under_way.add(slot)
            self._advance()

    def finished(self, flight: Flight, slot: Slot, outcome: Outcome) -> None:
        """Hand a row's outcome to whoever waits for it."""
        with self._lock:
            flight.unbegun.discard(slot)
            flight.under_way.discard(slot)
            held = flight.stop.reason == HELD and self._stopped is None
            put_off = held and (outcome.status == "not_run" or outcome.error == flight.stop.kind)
            if put_off:
                slot.flight = None
            else:
                self._listener.finishes(slot, outcome)
                slot.settle(outcome)
            self._advance()

    def say(self, text: str) -> None:
        """Note what is said once for a whole run."""
        self.notices[text] = None


class Feed(Display):
    """Hands what a run says to those who wait for its rows."""

    def __init__(self, flights: Flights, flight: Flight) -> None:
        self.kind = "observers"
        self._flights, self._flight = flights, flight

    @property
    def ui_errors(self) -> int:
        """There is no screen that could have any."""
        return 0

    @property
    def first_error(self) -> str | None:
        """There is no screen that could have one."""
        return None

    def start(
        self,
        run: Run,
        stop: Stop,
        describe: Callable[[Outcome], str | None] | None = None,
        expected: Sequence[float | None] | None = None,
        order: Sequence[int] | None = None,
    ) -> None:
        """Tell of the run; there is nothing to draw."""
        del stop, describe, expected, order
        self._flights.begins(self._flight, run)

    def __call__(self, event: Event) -> None:
        """Take notice of an event."""
        match event:
            case CaseStarted(index=index):
                self._flights.begun(self._flight, self._flight.places[index])
            case CaseFinished(outcome=outcome):
                self._flights.finished(self._flight, self._flight.places[outcome.index], outcome)
            case Notice(text=text):
                self._flights.say(text)

    def finish(
        self, summary: Summary, outcomes: Sequence[Outcome], changes: Changes | None = None
    ) -> Record | None:
        """End: the session's own summary follows."""
        del summary, outcomes, changes
        return None

    def close(self) -> None:
        """Let go of nothing."""
