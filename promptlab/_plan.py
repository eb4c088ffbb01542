"""What a run will take, said before it is paid for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptlab._asking import asks_model
from promptlab._cases import as_suite
from promptlab._lab import Lab, default_lab
from promptlab._prompt import as_prompt, check_prompt
from promptlab._schedule import bound
from promptlab._settings import public_environment, resolve_repeats, resolve_workers
from promptlab._store import Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will take, before it is paid for; from history, so an expectation and no promise."""

    rows: int
    """Rows in all."""
    stored: int
    """Rows that come from the store."""
    new: int
    """Calls to be made."""
    wall_s: float | None
    """Seconds it will take; None where no call like these is known."""
    input_tokens: int | None
    """Tokens that will be sent; None likewise."""
    output_tokens: int | None
    """Tokens that will be received; None likewise."""
    cost_usd: float | None
    """What it will cost; None where a price is unknown."""
    known: int
    """New calls whose case was called before: the expectation rests on them."""
    judged: bool = False
    """Whether checks ask a judge or for embeddings: their calls and their cost come on top."""

    def __str__(self) -> str:
        """Say the plan in a sentence."""
        return self._said() + ("; what judges and embeddings take comes on top" if self.judged else "")

    def _said(self) -> str:
        said = f"{self.rows} rows: {self.stored} from the store, {self.new} new calls"
        if not self.new:
            return said + ", nothing to pay"
        if self.wall_s is None:
            return said + "; what they take is not known yet, as nothing like them was called before"
        cost = "at an unknown price" if self.cost_usd is None else f"for about ${self.cost_usd:.4f}"
        tokens = (self.input_tokens or 0) + (self.output_tokens or 0)
        basis = f" (from {self.known} of them that were called before)" if self.known < self.new else ""
        return f"{said}, about {self.wall_s:.1f} s and {tokens:,} tokens {cost}{basis}"


def plan(
    cases: Any,
    prompt: Any,
    *,
    workers: int | None = None,
    repeats: int = 1,
    fresh: bool = False,
    lab: Lab | None = None,
) -> Plan:
    """Tell what a run would take, without making a call.

    Args:
        cases: As `run_parallel` takes them.
        prompt: A template, a `Prompt` or a prompt file; for a callable there is nothing in the store.
        workers: As `run_parallel` takes them.
        repeats: As `run_parallel` takes them.
        fresh: Whether the run would pay anew for what the store holds.
        lab: Whose store to read.

    Raises:
        UsageError: The cases, the prompt or a setting are wrong.
    """
    lab = default_lab(lab)
    suite, prompt = as_suite(cases, allow_code=lab.allow_code), as_prompt(prompt)
    check_prompt(prompt, suite)
    count, _ = resolve_workers(workers, lab.limits, public_environment())
    model = prompt.model or lab.model
    times = range(resolve_repeats(repeats))
    asked = [prompt.request(case, repeat, model=model) for case in suite for repeat in times]
    remembers = lab.remembers(fresh=fresh)
    new = [request.case for request in asked if not remembers(request)]
    expected = lab.store.expected(
        [case.id for case in suite],
        suite=suite.name,
        prompt=prompt.name or "prompt",
        model=model,
        simulated=lab.simulated,
    )
    found = _plan(len(asked), len(new), [expected[case] for case in new if case in expected], count)
    return replace(found, judged=any(asks_model(case.expect) for case in suite))


def _plan(rows: int, new: int, known: Sequence[Expected], workers: int) -> Plan:
    """Scale what the calls known before took to all the new ones."""
    scale = new / len(known) if known else 0.0
    seconds = [taken.latency_s for taken in known]
    return Plan(
        rows=rows,
        stored=rows - new,
        new=new,
        wall_s=max([*seconds, bound(seconds, workers) * scale]) if seconds else None,
        input_tokens=_sum([taken.input_tokens for taken in known], scale),
        output_tokens=_sum([taken.output_tokens for taken in known], scale),
        cost_usd=_cost([taken.cost_usd for taken in known], scale),
        known=len(known),
    )


def _sum(values: Sequence[float | None], scale: float) -> int | None:
    told = [value for value in values if value is not None]
    return round(math.fsum(told) * scale) if told else None


def _cost(values: Sequence[float | None], scale: float) -> float | None:
    told = [value for value in values if value is not None]
    return math.fsum(told) * scale if told and len(told) == len(values) else None
