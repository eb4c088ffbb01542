"""Several runs of one suite under one panel and one stop, at one worker count after another."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from promptlab._display import Changes, Display, Record
from promptlab._events import CaseFinished, CaseStarted, Event, LimitChanged, Notice, RunFinished, RunStarted
from promptlab._lab import Lab
from promptlab._order import Order, describe
from promptlab._scope import Stop
from promptlab._session import Result, conduct
from promptlab._summary import Summary
from promptlab._types import Outcome, Variant

SERIAL_S = 60.0
"""A serial run that would take longer than this is reckoned from the calls of the others instead."""


class Sweep:
    """Measures an order at several worker counts. Its panel is open from the beginning until `finish`.

    Args:
        lab: What stays the same between the runs.
        orders: The same order at each worker count.
    """

    def __init__(self, lab: Lab, orders: Mapping[int, Order]) -> None:
        self._lab, self._orders = lab, dict(orders)
        self.stop = Stop()
        """Stops the run under way and those to come."""
        self.results: dict[int, Result] = {}
        """The runs that came to their end, by worker count."""
        self.serial_s: float | None = None
        """What one worker would take, where that was reckoned and not run."""
        self.interrupted = False
        """Whether an interrupt ended it."""
        self._begun: list[int] | None = None
        self._wall_s = 0.0
        names = tuple(Variant(name=workers_text(count), version="") for count in orders)
        first = next(iter(orders.values()))
        self.run = replace(describe(lab, first), variants=names, workers=max(orders))
        """All runs as one, a variant for each count."""
        self._panel = lab.open_display()
        self._panel.start(self.run, self.stop)
        self._tell(RunStarted(run=self.run))

    def measure(self, counts: Sequence[int]) -> None:
        """Run at the counts, in the order given; a count of one is run last, where it does not take too long."""
        try:
            for count in (count for count in counts if count > 1):
                self._measure(count)
            if 1 in counts and not self.stop.is_set():
                self._measure_serial()
        except KeyboardInterrupt:  # between two runs; one within a run has become its result
            self.interrupted = True
            self.stop.set("interrupt")

    def finish(self, said: Sequence[str]) -> None:
        """Say what came out and leave the last panel."""
        for line in said:
            self._tell(Notice(text=line))
        self._tell(RunFinished(run=self.run, wall_s=self._wall_s, stopped=self.stop.reason))
        self._panel.close()

    def close(self) -> None:
        """Let go of the panel, also where the sweep came to no end."""
        self._panel.close()

    def _measure(self, count: int) -> None:
        if self.stop.is_set() or not self._affordable():
            return
        # Each count meets the provider anew: what an earlier one learned of its limits would help or hinder it.
        self._lab.forget_limits()
        self._tell(LimitChanged(limit=count, reason=f"measuring {workers_text(count)}", at_s=self._wall_s))
        place = list(self._orders).index(count)
        part = _Part(self._tell, parts=len(self._orders), place=place, name=workers_text(count))
        order = replace(self._orders[count], arrange=self._same_order)
        result = conduct(self._lab, order, stop=self.stop, display=part)
        self._wall_s += result.summary.wall_s
        self.interrupted = self.interrupted or result.interrupted
        if result.summary.stopped is None:
            self.results[count] = result

    def _measure_serial(self) -> None:
        """Run with one worker, or say what that would take."""
        sums = [result.summary.calls_s for result in self.results.values()]
        expected = statistics.median(sums) if sums else 0.0
        if expected <= SERIAL_S:
            self._measure(1)
            return
        self.serial_s = expected
        self._tell(
            Notice(
                text=f"1 worker was not run: its time is the sum of the calls, {expected:.0f} s, not measured"
            )
        )

    def _same_order(self, places: Sequence[int]) -> list[int]:
        """Begin the rows of every run as those of the first: what it teaches of their length must not help later ones."""
        if self._begun is None:
            self._begun = list(places)
        return list(self._begun)

    def _affordable(self) -> bool:
        """Tell whether another run fits into what all of them together may spend; else stop."""
        limits, done = self._lab.limits, [result.summary for result in self.results.values()]
        calls, cost = sum(one.calls for one in done), sum(one.cost_usd or 0.0 for one in done)
        more = cost / len(done) if done else 0.0
        if limits.max_calls is not None and done and calls + len(self.run.cases) > limits.max_calls:
            self.stop.set(f"budget: {calls} calls made, {limits.max_calls} allowed", "budget")
        elif limits.max_cost is not None and cost + more > limits.max_cost:
            self.stop.set(f"budget: ${cost:.4f} spent, ${limits.max_cost:.4f} allowed", "budget")
        return not self.stop.is_set()

    def _tell(self, event: Event) -> None:
        self._panel(event)


class _Part(Display):
    """Hands the events of one run of a sweep to the sweep's panel, as rows of their own.

    Args:
        tell: Takes the events.
        parts: How many runs there are.
        place: Which of them this is, from 0.
        name: What its rows are called.
    """

    def __init__(self, tell: Callable[[Event], None], *, parts: int, place: int, name: str) -> None:
        self._tell, self._parts, self._place, self._name = tell, parts, place, name

    def start(self, *_: Any, **__: Any) -> None:
        """Begin nothing: the panel is there already."""

    def __call__(self, event: Event) -> None:
        """Pass an event on under this part's name."""
        if isinstance(event, CaseStarted):
            self._tell(replace(event, index=event.index * self._parts + self._place))
        elif isinstance(event, CaseFinished):
            index = event.outcome.index * self._parts + self._place
            named = replace(event.outcome, index=index, prompt=self._name, version="")
            self._tell(CaseFinished(outcome=named))
        elif not isinstance(event, RunStarted | RunFinished):
            self._tell(event)

    def finish(
        self, summary: Summary, outcomes: Sequence[Outcome], changes: Changes | None = None
    ) -> Record | None:
        """Show nothing: the sweep ends with what all its runs came to."""
        del summary, outcomes, changes
        return None

    def close(self) -> None:
        """Leave the panel open for the next part."""


def workers_text(count: int) -> str:
    """Write a number of workers."""
    return f"{count} worker" + ("s" if count != 1 else "")
