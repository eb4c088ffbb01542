"""The crew: has the calls of the selected items made ahead of pytest's walk, and hands out what came of them."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from promptlab._display import Display
from promptlab._lab import Lab
from promptlab._order import Order
from promptlab._pytest._batch import Batch, Bench, Slot
from promptlab._pytest._collector import Pause, leave_the_rest
from promptlab._pytest._flights import Flight, Flights
from promptlab._pytest._line import LineError
from promptlab._pytest._options import REASON, read_options
from promptlab._pytest._roster import ENVIRONMENT, Roster
from promptlab._pytest._share import share_of
from promptlab._session import Result, conduct
from promptlab._settings import Limits, resolve_workers
from promptlab._types import Outcome, Run

STEP_S = 0.1
SHARED_STEP_S = 0.02
"""How often an item that waits looks up; more often where another process makes its call."""

LEAVE_S = 1.2
"""How long a session that was stopped waits for its runs to end."""


class NoVerdictError(LineError):
    """A row came to no verdict: an error of its item, not a failure."""


class Crew:
    """Works for one session.

    Args:
        config: The session's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.options = read_options(config)
        self.roster = Roster(self.options)
        self.share = share_of(config)
        self.notes: tuple[str, ...] = ()
        """What there is to say of the settings."""
        self.not_suites: list[Path] = []
        """Files in folders that were looked at and hold no suite."""
        self.trouble: str | None = None
        """Why no call can be made at all."""
        self.tags: set[str] = set()
        """The tags that are registered as markers."""
        self._lock = threading.RLock()
        self._labs: dict[tuple[int, int, int], Lab] = {}
        self._flights: Flights | None = None
        self._turnstile = threading.Semaphore()
        self._pause = Pause()
        self._walk: list[Slot] = []
        self._failures = 0
        # Which cases fail is known before pytest comes to them; each process sees a part of them only.
        self._max_fail = self.options.max_fail if self.share is None else 0
        if self.options.allow_code:
            sys.path.insert(0, str(config.rootpath))  # where `python: "module:function"` finds its module

    def depart(self, slots: Iterable[Slot]) -> None:
        """Have the rows of the selected items made, in the order of pytest's walk.

        Raises:
            SettingError: The number of workers is wrong.
        """
        self._walk = list(dict.fromkeys(slots))
        if not self._walk:
            return
        flights, share = self._ready(), self.share
        if share is not None:
            for place, slot in enumerate(self._walk):
                slot.foreign = not share.mine(place, slot)
        self._pause.begin()
        flights.add(self._flights_for(self._walk, share is not None))

    def outcome(self, slot: Slot) -> Outcome:
        """Wait for a row's outcome.

        Raises:
            NoVerdictError: There is none, and will be none.
        """
        if self.trouble is not None:
            raise NoVerdictError(self.trouble)
        while not slot.ready.is_set():
            self._look_for(slot)
            slot.ready.wait(STEP_S if self.share is None else SHARED_STEP_S)
        if slot.outcome is None:
            raise NoVerdictError(slot.trouble or "the row was not run")
        return slot.outcome

    def halt(self, reason: str) -> None:
        """Stop all calls at once."""
        if self._flights is not None:
            self._flights.stop(reason)

    def land(self, reason: str | None) -> None:
        """End the session's runs: at once where there is a reason to, else as they come to their end."""
        flights = self._flights
        if flights is None:
            return
        if reason is not None:
            flights.stop(reason)
        while reason is None and not flights.wait(STEP_S):
            if self.share is not None and self.share.stopped():
                reason = "the session was stopped"
                flights.stop(reason)
        flights.wait(LEAVE_S)

    def lab(self, bench: Bench = ENVIRONMENT) -> Lab:
        """Give the lab of a bench."""
        with self._lock:
            if bench.key not in self._labs:
                self._labs[bench.key] = Lab(
                    display="none",
                    limits=self._limits(),
                    replay=self.options.replay,
                    allow_code=self.options.allow_code,
                    shared=bench.shared,
                    resource=bench.resource,
                    confidence=bench.confidence,
                )
            return self._labs[bench.key]

    def lab_for_tests(self) -> Lab:
        """Give the session's lab to a test that makes calls of its own."""
        if self.options.gated:
            pytest.skip(REASON)
        return self.lab()

    @property
    def notices(self) -> tuple[str, ...]:
        """What was said once for a whole run."""
        return (*self.notes, *(self._flights.notices if self._flights is not None else ()))

    @property
    def workers(self) -> int:
        """Rows that this process has under way at once."""
        return self._flights.workers if self._flights is not None else 0

    def close(self) -> None:
        """Let go of the labs and of what they hold."""
        self._pause.end()
        for lab in self._labs.values():
            lab.close()
        if self._labs:
            leave_the_rest()

    def begins(self, flight: Flight, run: Run) -> None:
        """Tell the other processes of a run."""
        self._pause.end()
        if self.share is not None:
            self.share.announce(flight.batch, run)

    def finishes(self, slot: Slot, outcome: Outcome) -> None:
        """Tell the other processes of a row; begin no more once so many have failed that the session ends."""
        if self.share is not None:
            self.share.publish(slot, outcome)
        if self._max_fail and slot.strict and outcome.status not in ("pass", "ungraded"):
            self._failures += 1
            if self._failures >= self._max_fail and self._flights is not None:
                self._flights.hold()

    def _ready(self) -> Flights:
        if self._flights is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what it warns of stands in the notes
                workers, self.notes = resolve_workers(self.options.workers, Limits(), os.environ)
            if self.share is not None:
                workers = self.share.divide(workers)
            self._turnstile = threading.Semaphore(workers)
            self._flights = Flights(self._conduct, self, workers)
        return self._flights

    def _limits(self) -> Limits:
        return Limits() if self.share is None else Limits(max_workers=max(1, self._ready().workers))

    def _flights_for(self, slots: Sequence[Slot], shared: bool = False) -> list[Flight]:
        """Make a run of each batch's slots; one that all processes share in, where they are asked for together."""
        batches: dict[Batch, list[Slot]] = {}
        for slot in slots:
            batches.setdefault(slot.batch, []).append(slot)
        flights = []
        for batch, wanted in batches.items():
            mine = [slot for slot in wanted if not slot.foreign]
            run = self.share.run_id(batch.number) if shared and self.share is not None else None
            if mine:
                flights.append(Flight(batch, wanted, mine, run))
        return flights

    def _conduct(self, flight: Flight, display: Display) -> Result:
        batch = flight.batch
        order = Order(
            suite=flight.suite,
            targets={batch.name: batch.target},
            workers=self._ready().workers,
            repeats=batch.repeats,
            checks=batch.checks,
            fresh=self.options.fresh,
            # Where the session may end early the cases are begun in the order in which it comes to them.
            arrange=sorted if self.options.max_fail else list,
            only={slot.key for slot in flight.mine},
            run=flight.run,
            turnstile=self._turnstile,
            framed=False,
        )
        try:
            return conduct(self.lab(batch.bench), order, stop=flight.stop, display=display)
        finally:
            self._pause.end()  # also where it came to no run

    def _look_for(self, slot: Slot) -> None:
        """See what became of a row that an item waits for, and have it made where nobody else does."""
        flights, share = self._ready(), self.share
        if share is not None and share.stopped():
            flights.stop("the session was stopped")
        if flights.stopped is not None:
            slot.settle(None, f"not run: {flights.stopped}")
        elif share is not None and slot.foreign:
            outcome = share.fetch(slot)
            if outcome is not None:
                slot.settle(outcome)
            elif share.is_gone(slot):
                slot.foreign = False
        elif slot.idle:
            self._go_on(slot)

    def _go_on(self, slot: Slot) -> None:
        """Make a row, and what was put off behind it: the session did not end where it was thought to."""
        self._max_fail = 0
        flights = self._ready()
        flights.release()
        rest = self._walk[self._walk.index(slot) :] if slot in self._walk else [slot]
        flights.add(self._flights_for([other for other in rest if other.idle and not other.foreign]))


CREW = pytest.StashKey[Crew]()


def crew_of(config: pytest.Config) -> Crew:
    """Give the session's crew; made, with the hooks that it needs, when first asked for."""
    if CREW not in config.stash:
        from promptlab._pytest._hooks import Hooks

        config.stash[CREW] = Crew(config)
        config.pluginmanager.register(Hooks(config.stash[CREW]), "promptlab-session")
    return config.stash[CREW]
