"""One run: the parts meet, the engine turns, observers are told, a result comes out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from promptlab._asking import Ask
from promptlab._display import Record
from promptlab._events import CaseFinished, Event, LimitChanged, Notice, RunFinished, RunStarted
from promptlab._frame import import_pandas, to_frame
from promptlab._judge import judge_factory
from promptlab._lab import Lab
from promptlab._leash import Leash
from promptlab._order import Order, askable, describe, expected_seconds, lay_out, loop_for, sizes
from promptlab._prompt import Prompt, check_prompt
from promptlab._protocols import Check
from promptlab._row import Rows
from promptlab._runner import STEP_S, Engine
from promptlab._schedule import order as schedule
from promptlab._scope import Stop
from promptlab._similar import similar_factory
from promptlab._summary import Summary, summarise
from promptlab._types import Case, Outcome, Run
from promptlab.checks import compile_expect

if TYPE_CHECKING:
    import pandas as pd

    from promptlab._display import Display

LIMITS_KEPT = 300
"""Moves of the limit that a frame tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run that has ended."""

    run: Run
    """What was done."""
    outcomes: tuple[Outcome, ...]
    """One for each row: by case, then repeat, then variant."""
    summary: Summary
    """What it came to."""
    record: Record | None = None
    """What is shown of it."""
    limits: tuple[LimitChanged, ...] | None = None
    """How the limit on calls under way moved; None where the run comes from the store, which does not keep it."""
    rate_limited: int = 0
    """Calls that were refused for the rate, whatever became of their rows."""
    interrupted: bool = False
    """Whether an interrupt ended it."""
    checks: tuple[str, ...] = ()
    """Names of the checks that every case has beside its own."""
    made: list[pd.DataFrame] = field(default_factory=list, repr=False, compare=False)
    """The frame, once it was asked for."""

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as the caller gets them; made when first asked for, since pandas takes long to load."""
        if not self.made:
            self.made.append(to_frame(self.run.id, self.outcomes, self.told(), self.checks))
        return self.made[0]

    def told(self) -> dict[str, Any]:
        """Give the summary and how the limit moved, as plain JSON types; of a long history an even choice."""
        moved = self.limits or ()
        step = -(-len(moved) // LIMITS_KEPT) or 1
        chosen = [[round(one.at_s, 3), one.limit, one.reason] for one in moved[::step]]
        limits = None if self.limits is None else chosen
        return {**self.summary.plain(), "rate_limited": self.rate_limited, "limits": limits}


def conduct(lab: Lab, order: Order, *, stop: Stop | None = None, display: Display | None = None) -> Result:
    """Run what was ordered and give the result, also where it was stopped before its end.

    Args:
        lab: What stays the same between runs.
        order: What is to be run.
        stop: Stops the run from outside; one of the run's own where none is given.
        display: Shows the run; one of the lab's where none is given.

    Raises:
        UsageError: What was ordered cannot be run; raised before any call.
        KeyboardInterrupt: A second interrupt, while the first was being dealt with.
    """
    for target in order.targets.values():
        if isinstance(target, Prompt):
            check_prompt(target, order.suite)
    run = describe(lab, order)
    session = _Session(lab, order, run, stop or Stop(), display or lab.open_display())
    try:
        return session.conduct()
    finally:
        session.close()


class _Session:
    """The state of one run in the caller's thread: which rows are done, who is to be told."""

    def __init__(self, lab: Lab, order: Order, run: Run, stop: Stop, display: Display) -> None:
        self._lab, self._order, self._run = lab, order, run
        self._stop, self._display = stop, display
        self._loop = loop_for(lab, order)
        self._done: dict[int, Outcome] = {}
        self._told_of: set[int] = set()
        self._jobs = lay_out(order)
        self._leash = Leash()
        variants, checker = askable(lab, order, run, self._loop, self._leash)
        self._rows = Rows(
            variants=variants,
            checker=checker,
            checks_for=self._checks_for,
            confidence=lab.confidence,
            deadline_s=lab.limits.deadline,
            redact=lab.redact,
            stop=self._stop,
            leash=self._leash if order.checks or lab.confidence or lab.allow_code else None,
        )
        self._seat = lab.join(stop, order.workers)

    def conduct(self) -> Result:
        """Turn the engine until every row has its outcome."""
        run, order = self._run, self._order
        self._lab.store.begin(run)
        expected = expected_seconds(self._lab, run, self._jobs)
        begun = order.arrange(schedule(expected, sizes(order, run, self._jobs)))
        self._display.start(run, self._stop, self._rendered, expected, begun)
        self._display(RunStarted(run=run))
        for note in run.notes:
            self._display(Notice(text=note))
        engine = Engine(
            self._jobs,
            self._rows.work,
            self._rows.lost,
            workers=self._lab.bearable(order.workers),
            stop=self._stop,
            order=begun,
            executor=self._lab.executor if self._lab.elsewhere is None else None,
            tick=self._tick,
            wake=self._loop.wake,
        )
        interrupted = False
        try:
            if order.before is not None:
                order.before(self._pause, self._display)
            self._turn(engine)
        except KeyboardInterrupt:
            interrupted = True
            self._stop.set("interrupt")
            self._turn(engine)  # a second interrupt falls through
        finally:
            engine.close()
        wall_s = time.perf_counter() - engine.started
        return self._finish(wall_s, interrupted)

    def close(self) -> None:
        """End what belongs to this run alone, also where it came to no end."""
        if len(self._done) < len(self._jobs):
            self._stop.set("the run is over")
        self._lab.tick()
        self._seat.leave()
        self._loop.close()
        self._leash.close()
        self._display.close()

    def _turn(self, engine: Engine) -> None:
        """Take events out: what was paid for is stored before anybody is told."""
        for batch in engine.events():
            fresh: dict[int, Outcome] = {}
            for event in batch:
                if isinstance(event, CaseFinished) and event.outcome.index not in self._told_of:
                    fresh[event.outcome.index] = event.outcome
            self._done |= fresh
            if fresh:
                self._lab.store.record(self._run, list(fresh.values()))
            for event in batch:
                self._tell(event)

    def _pause(self, seconds: float) -> bool:
        """Wait in the caller's thread, awake to the stop button; False where the run was stopped."""
        until = time.monotonic() + seconds
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            self._loop.wake.wait(min(left, STEP_S))
            self._loop.wake.clear()
            self._tick()
        return not self._stop.is_set()

    def _tick(self) -> None:
        """Cut what is overdue, and tell how the limits moved."""
        self._lab.tick()
        if self._order.framed:
            import_pandas()  # while the calls are waited for
        for event in self._seat.news():
            self._display(event)

    def _tell(self, event: Event) -> None:
        if isinstance(event, CaseFinished):
            if event.outcome.index in self._told_of:
                return
            self._told_of.add(event.outcome.index)
        self._display(event)

    def _finish(self, wall_s: float, interrupted: bool) -> Result:
        run, order, stopped = self._run, self._order, self._stop.reason
        for job in self._jobs:
            if job.index not in self._done:
                self._done[job.index] = self._rows.lost(job, False, wall_s, None)
        outcomes = tuple(self._done[job.index] for job in self._jobs)
        summary = summarise(run, outcomes, wall_s, stopped)
        self._lab.store.finish(run.id, summary.plain(), stopped)
        for warning in self._lab.store.take_warnings():
            self._display(Notice(text=warning))
        self._tick()
        self._display(RunFinished(run=run, wall_s=wall_s, stopped=stopped))
        result = Result(
            run=run,
            outcomes=outcomes,
            summary=summary,
            limits=self._seat.history,
            rate_limited=self._seat.refusals,
            interrupted=interrupted,
            checks=tuple(check.name for check in order.checks),
        )
        self._lab.last = result
        record = self._display.finish(summary, outcomes, self._order.changes(outcomes))
        self._lab.last = result = replace(result, record=record)
        return result

    def _checks_for(self, case: Case, ask: Ask) -> tuple[Check, ...]:
        extra = {"judge": judge_factory(ask, self._lab.judge), "similar": similar_factory(ask)}
        own = compile_expect(case.expect, allow_code=self._lab.allow_code, extra=extra)
        return (*own, *self._order.checks)

    def _rendered(self, outcome: Outcome) -> str | None:
        """Give the prompt that a row was asked with, as text."""
        target = self._order.targets.get(outcome.prompt)
        if not isinstance(target, Prompt):
            return None
        messages = target.messages_for(outcome.case)
        return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in messages)
