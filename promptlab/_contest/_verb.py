"""The verb `compare`, and what else is said of runs side by side."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from promptlab._cases import as_suite
from promptlab._compare import Calibrated, Gap, calibrate, measure_gap
from promptlab._contest._comparison import Comparison, compared
from promptlab._contest._finished import LAST, from_frames, from_store, is_finished, is_frame
from promptlab._contest._material import Material
from promptlab._contest._run import How, ask
from promptlab._errors import SettingError
from promptlab._lab import Lab, default_lab
from promptlab._verbs import Checks
from promptlab._wording import quoted

if TYPE_CHECKING:
    import pandas as pd


def compare(
    cases: Any,
    prompts: Any = None,
    *,
    workers: int | None = None,
    repeats: int = 1,
    lab: Lab | None = None,
    fresh: bool = False,
    checks: Checks = (),
    stop_when: str | None = None,
    seed: int = 0,
) -> Comparison:
    """Say whether one prompt is better than another, and how sure that is.

    `compare(cases, {"A": a, "B": b})` runs all variants in one pool, case by case, so that drift of the provider
    hits all alike; the first is the baseline. `compare(frame_a, frame_b)`, `compare({"A": frame_a, "B": frame_b})`
    and `compare(frame)` take runs that are over; `compare("last")` the store's last run and the version before it.

    Args:
        cases: As `run_parallel` takes them; or frames, or `"last"`.
        prompts: Name to prompt, template, prompt file or callable, two or more; or the second frame. Variants
            that are the same prompt are asked, and paid for, apart.
        workers: As `run_parallel` takes them.
        repeats: How often each case is asked of each variant.
        lab: What stays the same between calls; one from the environment where none is given.
        fresh: Pay anew for what the store already holds.
        checks: Callables `(case, answer) -> bool | float | Verdict`, applied to every case.
        stop_when: `"decided"` looks after every case, taken in a seeded random order, and stops once every
            variant is told apart from the baseline; the figures allow for it. For one repeat.
        seed: Seeds that order, and the test with repeats where it has to draw.

    Raises:
        UsageError: Something asked for is wrong; raised before any call.
        RunStopped: The run was interrupted; `.partial` is its frame.
    """
    how = How(
        workers=workers, repeats=repeats, fresh=fresh, checks=checks, stop_when=stop_when, seed=seed
    )  # fmt: skip
    return compared(_material(default_lab(lab), cases, prompts, how), seed=seed)


def _material(lab: Lab, cases: Any, prompts: Any, how: How) -> Material:
    """Take runs that are over, or have the variants run."""
    _check_seed(how.seed)
    if prompts is None and isinstance(cases, str) and cases == LAST:
        _refuse_settings(how)
        return from_store(lab)
    if is_finished(cases, prompts):
        _refuse_settings(how)
        return from_frames(lab, cases, prompts)
    if prompts is None:
        raise SettingError("compare needs prompts, as in compare(cases, {'A': …, 'B': …}), or frames")
    return ask(lab, as_suite(cases, allow_code=lab.allow_code), prompts, how)


def calibration(frame: pd.DataFrame, *, seed: int = 0) -> Calibrated:
    """Say whether the confidence in a run can be believed.

    Args:
        frame: The frame of a run. Rows of one case are taken together; for one variant of a comparison give
            its rows alone: `comparison.frame[comparison.frame["prompt"] == "B"]`.
        seed: Seeds the draws of the interval.

    Returns:
        `.sentence`; `.frame` (a row a bin), `.brier`, `.ece` with `.ece_low` and `.ece_high`, `.auroc`, `.mistakes`
        (wrong answers given with a confidence of 0.8 or more). Below 30 graded rows nothing but the sentence.

    Raises:
        UsageError: It is no frame with confidences in [0, 1].
    """
    _check_seed(seed)
    if not is_frame(frame):
        raise SettingError(f"calibration takes the frame of a run, not {quoted(frame)}")
    return calibrate(frame, seed)


def holdout_gap(worked: pd.DataFrame, held: Any) -> Gap:
    """Say whether a prompt was fitted to the cases it was written on.

    Split a suite once (`work, held = suite.split(holdout=0.3)`), write on `work` alone, and look at `held` last.

    Args:
        worked: The frame of a run over the cases worked on; or one over all cases, with `held` the suite held out.
        held: The frame of a run over the cases held out, or the suite of them.

    Returns:
        A `Gap`: `.sentence`, `.fitted`, `.difference` with `.low` and `.high`.

    Raises:
        UsageError: These are no frames, or nothing was held out.
    """
    if not is_frame(worked):
        raise SettingError(f"holdout_gap takes the frame of a run, not {quoted(worked)}")
    if is_frame(held):
        return measure_gap(worked, held)
    ids = {case.id for case in as_suite(held)}
    inside = worked["case"].isin(ids)
    return measure_gap(worked[~inside], worked[inside])


def _check_seed(seed: Any) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SettingError(f"seed={quoted(seed)} is no whole number from 0 up")


def _refuse_settings(how: How) -> None:
    """Refuse what says how to run where nothing is run."""
    usual = How(seed=how.seed)
    odd = [one.name for one in fields(How) if getattr(how, one.name) != getattr(usual, one.name)]
    if odd:
        raise SettingError(f"{odd[0]}= says how to run, and these runs are over; leave it out")
