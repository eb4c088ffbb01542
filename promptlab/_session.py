"""One run: the parts meet, the engine turns, observers are told, a result comes out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promptlab._cases import Suite
from promptlab._display import Changes
from promptlab._errors import SettingError
from promptlab._events import CaseFinished, Event, Notice, RunFinished, RunStarted
from promptlab._frame import to_frame
from promptlab._lab import Lab
from promptlab._prompt import Prompt, check_prompt
from promptlab._protocols import Check, Target
from promptlab._row import Asked, Rows, ask_prompt
from promptlab._runner import Engine, Job
from promptlab._schedule import order as schedule
from promptlab._scope import Stop
from promptlab._summary import Summary, summarise
from promptlab._target import BackgroundLoop, application, target_name, target_version
from promptlab._types import Case, Outcome, Run, Variant
from promptlab.checks import compile_expect

if TYPE_CHECKING:
    import pandas as pd

    from promptlab._display import Display


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run that has ended."""

    run: Run
    """What was done."""
    outcomes: tuple[Outcome, ...]
    """One for each row: by case, then repeat, then variant."""
    summary: Summary
    """What it came to."""
    frame: pd.DataFrame
    """The rows as the caller gets them."""
    interrupted: bool = False
    """Whether an interrupt ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run."""

    suite: Suite
    """The cases."""
    targets: Mapping[str, Prompt | Target]
    """What is under test, by the name that stands in the frame."""
    workers: int
    """The ceiling on calls under way at once."""
    repeats: int = 1
    """How often each case is asked."""
    checks: Sequence[Check] = ()
    """Checks for every case, beside its own."""
    fresh: bool = False
    """Whether to pay anew for what the store holds."""
    notes: tuple[str, ...] = ()
    """What there is to say about the run before it begins."""
    changes: Callable[[Sequence[Outcome]], Changes | None] = lambda _: None
    """Tells what changed since an earlier run, from this one's rows."""


def conduct(lab: Lab, order: Order) -> Result:
    """Run what was ordered and give the result, also where it was stopped before its end.

    Raises:
        UsageError: What was ordered cannot be run; raised before any call.
        KeyboardInterrupt: A second interrupt, while the first was being dealt with.
    """
    for target in order.targets.values():
        if isinstance(target, Prompt):
            check_prompt(target, order.suite)
    run = _describe(lab, order)
    session = _Session(lab, order, run)
    try:
        return session.conduct()
    finally:
        session.close()


class _Session:
    """The state of one run in the caller's thread: which rows are done, who is to be told."""

    def __init__(self, lab: Lab, order: Order, run: Run) -> None:
        self._lab, self._order, self._run = lab, order, run
        self._stop = Stop()
        self._loop = BackgroundLoop()
        self._done: dict[int, Outcome] = {}
        self._told_of: set[int] = set()
        self._jobs = _jobs(order)
        self._rows = Rows(
            variants=_variants(lab, order, run, self._loop),
            checks_for=self._checks_for,
            confidence=lab.confidence,
            deadline_s=lab.limits.deadline,
            stop=self._stop,
        )
        self._display: Display = lab.open_display()

    def conduct(self) -> Result:
        """Turn the engine until every row has its outcome."""
        run, order = self._run, self._order
        self._lab.store.begin(run)
        self._display.start(run, self._stop, self._rendered)
        self._display(RunStarted(run=run))
        for note in run.notes:
            self._display(Notice(text=note))
        engine = Engine(
            self._jobs,
            self._rows.work,
            self._rows.lost,
            workers=order.workers,
            stop=self._stop,
            order=_longest_first(self._lab, order, run, self._jobs),
            executor=self._lab.executor,
            tick=self._lab.tick,
        )
        interrupted = False
        try:
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
        """End what belongs to this run alone."""
        self._stop.set("the run is over")
        self._lab.tick()
        self._loop.close()

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

    def _tell(self, event: Event) -> None:
        if isinstance(event, CaseFinished):
            if event.outcome.index in self._told_of:
                return
            self._told_of.add(event.outcome.index)
        self._display(event)

    def _finish(self, wall_s: float, interrupted: bool) -> Result:
        run, stopped = self._run, self._stop.reason
        for job in self._jobs:
            if job.index not in self._done:
                self._done[job.index] = self._rows.lost(job, False, wall_s, None)
        outcomes = tuple(self._done[job.index] for job in self._jobs)
        summary = summarise(run, outcomes, wall_s, stopped)
        self._lab.store.finish(run.id, summary.plain(), stopped)
        for warning in self._lab.store.take_warnings():
            self._display(Notice(text=warning))
        self._display(RunFinished(run=run, wall_s=wall_s, stopped=stopped))
        frame = to_frame(run.id, outcomes, summary.plain())
        result = Result(run=run, outcomes=outcomes, summary=summary, frame=frame, interrupted=interrupted)
        self._lab.last = result
        self._display.finish(summary, outcomes, self._order.changes(outcomes))
        return result

    def _checks_for(self, case: Case) -> tuple[Check, ...]:
        own = compile_expect(case.expect, allow_code=self._lab.allow_code)
        return (*own, *self._order.checks)

    def _rendered(self, outcome: Outcome) -> str | None:
        """Give the prompt that a row was asked with, as text."""
        target = self._order.targets.get(outcome.prompt)
        if not isinstance(target, Prompt):
            return None
        messages = target.messages_for(outcome.case)
        return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in messages)


def _describe(lab: Lab, order: Order) -> Run:
    variants = []
    for name, target in order.targets.items():
        if isinstance(target, Prompt):
            model = target.model or lab.model
            variants.append(Variant(name=name, version=target.version, model=model, text=target.source()))
        else:
            variants.append(Variant(name=name, version=target_version(target)))
    now = datetime.now(UTC)
    return Run(
        id=f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}{secrets.token_hex(2)}",
        suite=order.suite.name,
        cases=tuple(case.id for case in order.suite),
        repeats=order.repeats,
        workers=order.workers,
        variants=tuple(variants),
        started_at=now.isoformat(timespec="milliseconds"),
        simulated=lab.simulated and any(isinstance(t, Prompt) for t in order.targets.values()),
        notes=order.notes,
    )


def _jobs(order: Order) -> list[Job]:
    """Lay out the rows: by case, then repeat, then variant, so that variants are asked side by side."""
    jobs: list[Job] = []
    for case in order.suite:
        for repeat in range(order.repeats):
            for variant in range(len(order.targets)):
                jobs.append(Job(index=len(jobs), case=case, variant=variant, repeat=repeat))
    return jobs


def _longest_first(lab: Lab, order: Order, run: Run, jobs: Sequence[Job]) -> list[int]:
    """Put the jobs that are expected to take longest first; rows of the same case stay side by side."""
    seen: dict[str, list[float]] = {}
    for variant in run.variants:
        known = lab.store.latencies(
            run.cases, suite=run.suite, prompt=variant.name, model=variant.model, simulated=run.simulated
        )
        for case, seconds in known.items():
            seen.setdefault(case, []).append(seconds)
    expected = [max(seen[job.case.id]) if job.case.id in seen else None for job in jobs]
    sizes = {case.id: float(sum(len(str(value)) for value in case.input.values())) for case in order.suite}
    return schedule(expected, [sizes[job.case.id] for job in jobs])


def _variants(lab: Lab, order: Order, run: Run, loop: BackgroundLoop) -> list[Asked]:
    """Make the targets askable; `shared` is called once for the run, and the budget is the run's."""
    costs: dict[str, float] = {}
    budget = lab.budget(lambda request: costs.get(request.case))
    shared = lab.shared() if lab.shared else None
    asked = []
    for variant, target in zip(run.variants, order.targets.values(), strict=True):
        if isinstance(target, Prompt):
            costs |= _expected_costs(lab, run, variant)
            ask = ask_prompt(target, lab.provider(budget, fresh=order.fresh), target.model or lab.model)
        else:
            ask = application(target, resource=lab.resource, shared=shared, wait_for=loop.wait_for).ask
        asked.append(Asked(name=variant.name, version=variant.version, ask=ask))
    return asked


def _expected_costs(lab: Lab, run: Run, variant: Variant) -> dict[str, float]:
    """Give what the calls of a variant are expected to cost, by case, where money is limited.

    Raises:
        SettingError: The model's price is unknown, so that the limit could not be kept.
    """
    model = variant.model or ""
    if lab.limits.max_cost is None:
        return {}
    if not lab.has_price(model):
        raise SettingError(
            f"Limits(max_cost=) cannot be kept: no price is known for {model!r}; use max_calls"
        )
    known = lab.store.expected(
        run.cases, suite=run.suite, prompt=variant.name, model=variant.model, simulated=run.simulated
    )
    return {case: taken.cost_usd for case, taken in known.items() if taken.cost_usd is not None}


def target_label(target: Prompt | Target) -> str:
    """Give the name under which a target stands in the frame where the caller gives none."""
    return (target.name or "prompt") if isinstance(target, Prompt) else target_name(target)
