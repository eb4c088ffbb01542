"""What a screen is, and the display around it that keeps its troubles from the run."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from promptlab._display._changes import Changes
from promptlab._display._detail import Describe
from promptlab._display._escape import one_line
from promptlab._display._lines import count
from promptlab._display._meter import Meter
from promptlab._display._painter import Troubles
from promptlab._display._record import Record
from promptlab._events import Event
from promptlab._protocols import Observer
from promptlab._scope import Stop
from promptlab._summary import Summary
from promptlab._types import Outcome, Run


class Screen(Protocol):
    """Where a run is shown. All its methods are called in the caller's thread; all of them may raise."""

    def open(self, meter: Meter, stop: Stop) -> None:
        """Begin to show a run."""

    def tell(self, event: Event) -> None:
        """Take notice of an event, which the meter has already counted."""

    def end(self, record: Record) -> None:
        """Show the record in place of what was live."""

    def close(self) -> None:
        """Let go of everything; also called where the run came to no end."""


class Display:
    """An observer that shows a run on a screen. Nothing it does can raise, but for the user's interrupt.

    `start` comes first; then it is called with each event; `finish` ends it. `close` may be called at any
    time, also twice, and must be called where `finish` was not.

    Args:
        kind: What it is: `widget`, `html`, `text`, `terminal`, `none` or `observers`.
        screen: Where it shows the run, or None for nowhere.
        troubles: Where what goes wrong is counted.
    """

    def __init__(self, kind: str, screen: Screen | None, troubles: Troubles) -> None:
        self.kind = kind
        """What it is: `widget`, `html`, `text`, `terminal`, `none` or `observers`."""
        self._screen = screen
        self._troubles = troubles
        self._meter: Meter | None = None
        self._run: Run | None = None
        self._stop: Stop | None = None
        self._describe: Describe | None = None

    @property
    def ui_errors(self) -> int:
        """How many errors the display had; none of them reached the run."""
        return self._troubles.count

    @property
    def first_error(self) -> str | None:
        """What the first of them was."""
        return self._troubles.first

    def start(
        self,
        run: Run,
        stop: Stop,
        describe: Describe | None = None,
        expected: Sequence[float | None] | None = None,
        order: Sequence[int] | None = None,
    ) -> None:
        """Begin to show a run.

        Args:
            run: What will be done.
            stop: Is set where the user asks the display to stop the run.
            describe: Gives the text that a row was asked with; called while the record is made.
            expected: The seconds that each row is expected to take, by its place; None for unknown.
            order: The rows' places in the order in which they are begun; the suite's by default.
        """
        self._run, self._stop, self._describe = run, stop, describe
        with self._troubles.caught():
            self._meter = Meter(run, stop, expected=expected, order=order)
            if self._screen is not None:
                self._screen.open(self._meter, stop)

    def __call__(self, event: Event) -> None:
        """Take notice of an event."""
        with self._troubles.caught():
            new = self._meter is not None and self._meter.fold(event)
            if new and self._screen is not None:
                self._screen.tell(event)

    def finish(
        self, summary: Summary, outcomes: Sequence[Outcome], changes: Changes | None = None
    ) -> Record | None:
        """Show the run's record and give it; None where no run was begun.

        Args:
            summary: What the run came to.
            outcomes: One for each row, in the suite's order.
            changes: What changed since the last version of the prompt, where that is to be told.
        """
        if self._run is None:
            return None
        notices = self._meter.notices() if self._meter is not None else ()
        record = Record(
            run=self._run,
            summary=summary,
            outcomes=outcomes,
            changes=changes,
            notices=(*notices, *self._own_trouble()),
            describe=self._describe,
        )
        if self._screen is not None:
            with self._troubles.caught():
                self._screen.end(record)
        self.close()
        return replace(record, notices=(*notices, *self._own_trouble()))

    def close(self) -> None:
        """Let go of threads and screens; what is shown of a run that came to no end says so."""
        screen, self._screen = self._screen, None
        if screen is None:
            return
        with self._troubles.caught():
            if self._meter is not None:
                self._meter.end(self._stop.reason if self._stop is not None else None)
        with self._troubles.caught():
            screen.close()

    def _own_trouble(self) -> tuple[str, ...]:
        if self._troubles.first is None or self.kind == "observers":
            return ()
        had = count(self._troubles.count, "error")
        return (one_line(f"the live display had {had}; the first: {self._troubles.first}"),)


class ObserverScreen:
    """Tells observers of the user's own; one that raises is named in a warning once and told all the same."""

    def __init__(self, observers: Sequence[Observer], troubles: Troubles) -> None:
        self._observers = observers
        self._troubles = troubles
        self._named: set[int] = set()

    def open(self, meter: Meter, stop: Stop) -> None:
        """Do nothing: observers see events alone."""

    def tell(self, event: Event) -> None:
        """Tell every observer."""
        for place, observer in enumerate(self._observers):
            try:
                observer(event)
            except Exception as error:  # noqa: BLE001 - whatever an observer raises cannot touch the run
                self._troubles.note(error)
                self._warn(place, observer, error)

    def end(self, record: Record) -> None:
        """Do nothing: the last event said that the run is over."""

    def close(self) -> None:
        """Do nothing: the observers are the user's."""

    def _warn(self, place: int, observer: Observer, error: Exception) -> None:
        if place not in self._named:
            self._named.add(place)
            text = one_line(f"observer {observer!r} raised {type(error).__name__}: {error}")
            with self._troubles.caught():
                warnings.warn(text, RuntimeWarning, stacklevel=2)
