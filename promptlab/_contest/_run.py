"""Runs the variants of a comparison: all in one pool, case by case."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._cases import Suite
from promptlab._compare import Referee, Source, judge, prompt_source, read_board
from promptlab._contest._lineup import in_order, in_turn, shuffled
from promptlab._contest._onlooker import Onlooker
from promptlab._errors import SettingError
from promptlab._frame import to_frame
from promptlab._lab import Lab
from promptlab._order import Order
from promptlab._prompt import Prompt, as_prompt
from promptlab._session import Result
from promptlab._settings import resolve_repeats, resolve_workers
from promptlab._target import target_version
from promptlab._types import Outcome
from promptlab._verbs import Checks, run_order
from promptlab._wording import a_kind, quoted
from promptlab.checks import as_checks

if TYPE_CHECKING:
    import pandas as pd

DECIDED = "decided"
"""What `stop_when` may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A comparison that was run."""

    result: Result
    """The run."""
    sources: tuple[Source, ...]
    """What was compared, the baseline first."""
    referee: Referee | None
    """Who watched it, where it might stop early."""
    saved_calls: int
    """Calls that were not made since it stopped early."""


def ask(
    lab: Lab,
    suite: Suite,
    prompts: Any,
    *,
    workers: int | None,
    repeats: int,
    fresh: bool,
    checks: Checks,
    stop_when: str | None,
    seed: int,
) -> Asked:
    """Run all variants over a suite.

    Raises:
        UsageError: Something asked for is wrong; raised before any call.
        RunStopped: The run was interrupted.
    """
    targets = read_variants(prompts)
    times = resolve_repeats(repeats)
    places = shuffled(len(suite), seed)
    referee = _referee(stop_when, times, [suite[place].id for place in places], list(targets))
    count, notes = resolve_workers(workers, lab.limits, os.environ)
    order = Order(
        suite=suite,
        targets=targets,
        workers=count,
        repeats=times,
        checks=as_checks(checks),
        fresh=fresh,
        notes=notes,
        arrange=in_order(places, len(targets)) if referee else in_turn(len(targets)),
    )

    def say(outcomes: Sequence[Outcome]) -> list[str]:
        board = read_board(by_variant(to_frame("", outcomes, {})))
        return [one.finding.sentence for one in judge(board, seed=seed, referee=referee)]

    result = run_order(lab, order, display=Onlooker(lab.open_display(), say, referee))
    return Asked(
        result=result,
        sources=tuple(_source(lab, name, target) for name, target in targets.items()),
        referee=referee,
        saved_calls=_saved(lab, order, result.outcomes) if referee and referee.decided_after else 0,
    )


def read_variants(prompts: Any) -> dict[str, Any]:
    """Read the variants: names to prompts, templates, prompt files or callables.

    Raises:
        UsageError: There are fewer than two, or a name or prompt cannot be used.
    """
    if not isinstance(prompts, Mapping):
        raise SettingError(f"prompts are a mapping of names, as in {{'A': …, 'B': …}}, not {a_kind(prompts)}")
    if len(prompts) < 2:
        raise SettingError(f"a comparison needs two variants or more; there are {len(prompts)}")
    for name in prompts:
        if not isinstance(name, str) or not name.strip():
            raise SettingError(f"a variant's name is a text, not {quoted(name)}")
    return {
        name: prompt if callable(prompt) and not isinstance(prompt, Prompt) else as_prompt(prompt)
        for name, prompt in prompts.items()
    }


def by_variant(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Part a long frame by its column `prompt`, in the order of first use."""
    return {str(name): frame[frame["prompt"] == name] for name in dict.fromkeys(frame["prompt"].dropna())}


def _referee(
    stop_when: str | None, repeats: int, cases: Sequence[str], variants: Sequence[str]
) -> Referee | None:
    if stop_when is None:
        return None
    if stop_when != DECIDED:
        raise SettingError(f"stop_when={quoted(stop_when)} is neither None nor '{DECIDED}'")
    if repeats > 1:
        raise SettingError(
            "stop_when='decided' counts cases won and lost, so each is asked once; leave out repeats= or stop_when="
        )
    return Referee(cases, variants)


def _source(lab: Lab, name: str, target: Any) -> Source:
    if isinstance(target, Prompt):
        return prompt_source(name, target, lab.model)
    return Source(name=name, kind="application", version=target_version(target))


def _saved(lab: Lab, order: Order, outcomes: Sequence[Outcome]) -> int:
    """Count the calls that the rows not run would have taken: those that the store holds would have taken none."""
    left = [row for row in outcomes if row.status == "not_run"]
    remembers: Callable[..., bool] = lab.remembers(fresh=order.fresh)
    stored: Counter[bool] = Counter()
    for row in left:
        target = order.targets[row.prompt]
        known = isinstance(target, Prompt) and remembers(
            target.request(row.case, row.repeat, model=target.model or lab.model)
        )
        stored[known] += 1
    return stored[False]
