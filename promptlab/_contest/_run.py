"""Runs the variants of a comparison: all in one pool, case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._cases import Suite
from promptlab._compare import Referee, Source, judge, prompt_source, read_board
from promptlab._contest._lineup import in_order, in_turn, shuffled
from promptlab._contest._material import Material
from promptlab._contest._onlooker import Onlooker
from promptlab._errors import SettingError
from promptlab._frame import to_frame
from promptlab._lab import Lab
from promptlab._order import Order, first_repeats
from promptlab._prompt import Prompt, as_prompt
from promptlab._settings import public_environment, resolve_repeats, resolve_workers
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
class How:
    """How variants are run."""

    workers: int | None = None
    """Calls under way at once at most."""
    repeats: int = 1
    """How often each case is asked of each variant."""
    fresh: bool = False
    """Whether to pay anew for what the store holds."""
    checks: Checks = ()
    """Checks for every case, beside its own."""
    stop_when: str | None = None
    """`decided` to stop as soon as the comparison is."""
    seed: int = 0
    """Seeds what is drawn."""


def ask(lab: Lab, suite: Suite, prompts: Any, how: How) -> Material:
    """Run all variants over a suite.

    Raises:
        UsageError: Something asked for is wrong; raised before any call.
        RunStopped: The run was interrupted.
    """
    targets = read_variants(prompts)
    repeats = resolve_repeats(how.repeats)
    places = shuffled(len(suite), how.seed)
    referee = _referee(how.stop_when, repeats, [suite[place].id for place in places], list(targets))
    workers, notes = resolve_workers(how.workers, lab.limits, public_environment())
    order = Order(
        suite=suite,
        targets=targets,
        workers=workers,
        repeats=repeats,
        checks=as_checks(how.checks),
        fresh=how.fresh,
        notes=notes,
        arrange=in_order(places, len(targets)) if referee else in_turn(len(targets)),
    )

    def say(outcomes: Sequence[Outcome]) -> list[str]:
        board = read_board(by_variant(to_frame("", outcomes, {})))
        return [one.finding.sentence for one in judge(board, seed=how.seed, referee=referee)]

    result = run_order(lab, order, display=Onlooker(lab.open_display(), say, referee))
    early = referee is not None and referee.decided_after is not None
    return Material(
        frames=by_variant(result.frame),
        sources=tuple(_source(lab, name, target) for name, target in targets.items()),
        suite=suite.name,
        referee=referee,
        saved_calls=_saved(lab, order, result.outcomes) if early else 0,
        simulated=result.run.simulated,
        stopped=result.summary.stopped,
        summary=result.told(),
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
    firsts = dict(zip(order.targets, first_repeats(lab, order), strict=True))
    remembers = lab.remembers(fresh=order.fresh)
    saved = 0
    for row in outcomes:
        target = order.targets[row.prompt]
        if row.status != "not_run":
            continue
        if isinstance(target, Prompt):
            request = target.request(
                row.case, firsts[row.prompt] + row.repeat, model=target.model or lab.model
            )
            saved += not remembers(request)
        else:
            saved += 1
    return saved
