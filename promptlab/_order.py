"""A run made ready: what was ordered becomes jobs, targets that can be asked, and what each is expected to take."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from promptlab._asking import asks_model, never
from promptlab._away import AwayApplication
from promptlab._background_loop import BackgroundLoop
from promptlab._cases import Suite
from promptlab._display import Changes
from promptlab._errors import SettingError
from promptlab._events import Event
from promptlab._judge import JudgeCheck, judge_factory
from promptlab._kernel_loop import KernelLoop
from promptlab._lab import Lab
from promptlab._leash import Leash
from promptlab._prompt import Prompt
from promptlab._protocols import Check, Provider, Target
from promptlab._row import Ask, Asked, ask_prompt, shifted, through
from promptlab._runner import Job
from promptlab._similar import SimilarCheck, similar_factory
from promptlab._target import application, target_name, target_version
from promptlab._types import Outcome, Request, Run, Variant
from promptlab._unused import unused_inputs
from promptlab.checks import Factory, compile_expect

TWIN = 1_000_000
"""How far apart in the store the repeats of two targets lie that are the same prompt."""


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
    arrange: Callable[[Sequence[int]], list[int]] = list
    """Puts the rows' places, the longest expected first, in the order in which they are begun."""
    changes: Callable[[Sequence[Outcome]], Changes | None] = lambda _: None
    """Tells what changed since an earlier run, from this one's rows."""
    only: Collection[tuple[str, int]] | None = None
    """The cases and repeats to ask, where it is not all of them; rows keep their places in the whole run."""
    run: str | None = None
    """The run's id, where several processes share in one run; one of its own by default."""
    turnstile: threading.Semaphore | None = None
    """Bounds the rows under way over several runs at once; each row passes it before it is asked."""
    before: Callable[[Callable[[float], bool], Callable[[Event], None]], None] | None = None
    """Does in the caller's thread what must be done before the first row, told how to pause and to tell of it."""
    provider: Provider | None = None
    """Answers the prompts instead of the lab."""
    framed: bool = True
    """Whether the frame will be asked for: pandas is then loaded while the calls are waited for."""


def describe(lab: Lab, order: Order) -> Run:
    variants = []
    for name, target in order.targets.items():
        if isinstance(target, Prompt):
            model = target.model or lab.model
            variants.append(Variant(name=name, version=target.version, model=model, text=target.source()))
        else:
            variants.append(Variant(name=name, version=target_version(target)))
    prompts = [target for target in order.targets.values() if isinstance(target, Prompt)]
    unused = [note for prompt in prompts if (note := unused_inputs(prompt, order.suite))]
    now = datetime.now(UTC)
    return Run(
        id=order.run or f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}{secrets.token_hex(2)}",
        suite=order.suite.name,
        cases=tuple(case.id for case in order.suite),
        repeats=order.repeats,
        workers=order.workers,
        variants=tuple(variants),
        started_at=now.isoformat(timespec="milliseconds"),
        simulated=lab.simulated
        and (any(isinstance(t, Prompt) for t in order.targets.values()) or _asking(order)),
        notes=(*order.notes, *unused, *([order.suite.report.line] if order.suite.report else [])),
    )


def lay_out(order: Order) -> list[Job]:
    """Lay out the rows: by case, then repeat, then variant, so that variants are asked side by side."""
    jobs: list[Job] = []
    for case in order.suite:
        for repeat in range(order.repeats):
            for variant in range(len(order.targets)):
                jobs.append(Job(index=len(jobs), case=case, variant=variant, repeat=repeat))
    if order.only is None:
        return jobs
    return [job for job in jobs if (job.case.id, job.repeat) in order.only]


def expected_seconds(lab: Lab, run: Run, jobs: Sequence[Job]) -> list[float | None]:
    """Give what each job is expected to take, from history; a case's variants count as the longest of them."""
    seen: dict[str, float] = {}
    for variant in run.variants:
        known = lab.store.latencies(
            run.cases, suite=run.suite, prompt=variant.name, model=variant.model, simulated=run.simulated
        )
        for case, seconds in known.items():
            seen[case] = max(seconds, seen.get(case, 0.0))
    return [seen.get(job.case.id) for job in jobs]


def sizes(order: Order, run: Run, jobs: Sequence[Job]) -> list[float]:
    """Give what stands in for the time of a job that is not known: how often its text doubles.

    Only a text twice as long is expected to take longer; small differences in length say nothing.
    """
    text = max((len(variant.text or "") for variant in run.variants), default=0)
    sizes = {
        case.id: float((text + sum(len(str(value)) for value in case.input.values())).bit_length())
        for case in order.suite
    }
    return [sizes[job.case.id] for job in jobs]


def loop_for(lab: Lab, order: Order) -> BackgroundLoop | KernelLoop:
    """Make what runs the coroutines of callables under test.

    Raises:
        SettingError: The lab asks for the kernel's loop, and none can be had.
    """
    callables = any(not isinstance(target, Prompt) for target in order.targets.values())
    return KernelLoop() if lab.loop == "kernel" and callables else BackgroundLoop()


def askable(
    lab: Lab, order: Order, run: Run, loop: BackgroundLoop | KernelLoop, leash: Leash
) -> tuple[list[Asked], Provider | None]:
    """Make the targets askable, and the models that checks ask, where any do.

    `shared` is called once for the run, and the budget is the run's.
    """
    costs = _Costs()
    budget = lab.budget(costs.expected)
    asking = _asking(order)
    if asking and lab.limits.max_cost is not None:
        for model in judging_models(lab, order.suite):
            _must_have_price(lab, model)
    shared = lab.shared() if lab.shared else None
    asked = []
    firsts = first_repeats(lab, order)
    for variant, target, first in zip(run.variants, order.targets.values(), firsts, strict=True):
        if isinstance(target, Prompt):
            costs.add(variant.model or "", _expected_costs(lab, run, variant))
            provider = order.provider or lab.provider(budget, fresh=order.fresh)
            ask = ask_prompt(target, provider, target.model or lab.model)
            ask = shifted(ask, first) if first else ask
        else:
            here = application(
                target, resource=lab.resource, shared=shared, wait_for=loop.wait_for, leash=leash
            )
            ask = here.ask if lab.elsewhere is None else _away(lab, order, target, shared)
        if order.turnstile is not None:
            ask = through(order.turnstile, ask)
        asked.append(Asked(name=variant.name, version=variant.version, ask=ask))
    return asked, lab.provider(budget, fresh=order.fresh) if asking else None


def _away(lab: Lab, order: Order, target: Target, shared: Any) -> Ask:
    """Make a callable askable where the lab's executor has its processes."""
    assert lab.elsewhere is not None
    return AwayApplication(lab.elsewhere, target, resource=lab.resource, shared=shared, cases=order.suite).ask


def first_repeats(lab: Lab, order: Order) -> list[int]:
    """Give at which repeat each target begins in the store.

    Targets that are the same prompt (a prompt compared with itself) are asked apart: were the second served
    the first one's answers, they would agree whatever the model does.
    """
    seen: Counter[str] = Counter()
    firsts = []
    for target in order.targets.values():
        sent = target.replace(model=target.model or lab.model).hash if isinstance(target, Prompt) else ""
        firsts.append(TWIN * seen[sent])
        seen[sent] += 1
    return firsts


def _expected_costs(lab: Lab, run: Run, variant: Variant) -> dict[str, float]:
    """Give what the calls of a variant are expected to cost, by case, where money is limited.

    Raises:
        SettingError: The model's price is unknown, so that the limit could not be kept.
    """
    model = variant.model or ""
    if lab.limits.max_cost is None:
        return {}
    _must_have_price(lab, model)
    known = lab.store.expected(
        run.cases, suite=run.suite, prompt=variant.name, model=variant.model, simulated=run.simulated
    )
    return {case: taken.cost_usd for case, taken in known.items() if taken.cost_usd is not None}


def _asking(order: Order) -> bool:
    """Tell whether the suite's checks ask a model."""
    return any(asks_model(case.expect) for case in order.suite)


class _Costs:
    """What calls are expected to cost, by case and model."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], float] = {}

    def add(self, model: str, costs: Mapping[str, float]) -> None:
        """Take up what a variant's calls are expected to cost; of several for a case the dearest counts."""
        for case, cost in costs.items():
            self._known[case, model] = max(cost, self._known.get((case, model), 0.0))

    def expected(self, request: Request) -> float | None:
        """Give what a request is expected to cost, or None where that is not known."""
        return self._known.get((request.case, str(request.body.get("model"))))


def judging_models(lab: Lab, suite: Suite) -> list[str]:
    """Give the models that a suite's checks ask, sorted.

    Raises:
        UsageError: An expectation is wrong.
    """
    found: set[str] = set()

    def noting(build: Factory) -> Factory:
        def noted(argument: Any, path: str) -> Check:
            made = build(argument, path)
            if isinstance(made, JudgeCheck) or (isinstance(made, SimilarCheck) and not made.letters):
                found.add(made.model)
            return made

        return noted

    extra = {"judge": noting(judge_factory(never, lab.judge)), "similar": noting(similar_factory(never))}
    for case in suite:
        if asks_model(case.expect):
            compile_expect(case.expect, allow_code=lab.allow_code, extra=extra)
    return sorted(found)


def _must_have_price(lab: Lab, model: str) -> None:
    if not lab.has_price(model):
        raise SettingError(
            f"Limits(max_cost=) cannot be kept: no price is known for {model!r}; use max_calls"
        )


def target_label(target: Prompt | Target) -> str:
    """Give the name under which a target stands in the frame where the caller gives none."""
    return (target.name or "prompt") if isinstance(target, Prompt) else target_name(target)
