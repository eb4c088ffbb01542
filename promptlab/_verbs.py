"""The verbs a user says: each settles what was asked at the door, then has the run conducted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from promptlab._cases import Suite, as_suite
from promptlab._display import Changes, Display, Record, show_record
from promptlab._errors import RunStopped
from promptlab._lab import Lab, default_lab
from promptlab._order import Order, target_label
from promptlab._prompt import Prompt, as_prompt
from promptlab._session import Result, conduct
from promptlab._settings import public_environment, resolve_repeats, resolve_workers
from promptlab._summary import summarise
from promptlab._types import Outcome
from promptlab.checks import as_checks

if TYPE_CHECKING:
    import pandas as pd

Cases = Any
"""A path, a Suite, a DataFrame, or an iterable of `Case` or mappings."""
INTERRUPTED = 130
"""Exit code of a process that was interrupted."""

Checks = Sequence[Callable[..., Any]] | Mapping[str, Callable[..., Any]]


def run_parallel(
    cases: Cases,
    prompt: Any,
    *,
    workers: int | None = None,
    checks: Checks = (),
    repeats: int = 1,
    fresh: bool = False,
    lab: Lab | None = None,
) -> pd.DataFrame:
    """Run one prompt, or any callable, over a suite of cases in parallel.

    Args:
        cases: A path of a suite, a DataFrame, or an iterable of `Case` or mappings.
        prompt: A template (`str` with `{{ holes }}`), a `Prompt`, the path of a prompt file, or a callable
            `target(case)` or `target(case, resource)`, plain or `async def`.
        workers: How many calls may be under way at once; `PARALLEL_WORKERS`, else 10, or 5 where `CI` is set.
        checks: Callables `(case, answer) -> bool | float | Verdict`, applied to every case.
        repeats: How often each case is asked.
        fresh: Pay anew for what the store already holds; both are kept.
        lab: What stays the same between calls; one from the environment where none is given.

    Returns:
        A plain DataFrame, one row for each case and repeat, in the suite's order, with the columns of
        `docs/architecture.md`, "The frame"; `frame.attrs["promptlab"]` repeats the summary.

    Raises:
        UsageError: The cases, the prompt or a setting are wrong; raised before any call.
        RunStopped: The run was interrupted; `.partial` is its frame, with a row for every case.
    """
    lab = default_lab(lab)
    suite = as_suite(cases, allow_code=lab.allow_code)
    target = prompt if callable(prompt) and not isinstance(prompt, Prompt) else as_prompt(prompt)
    result = run_targets(
        lab,
        suite,
        {target_label(target): target},
        workers=workers,
        checks=checks,
        repeats=repeats,
        fresh=fresh,
    )
    return result.frame


def run_targets(
    lab: Lab,
    suite: Suite,
    targets: Mapping[str, Any],
    *,
    workers: int | None = None,
    checks: Checks = (),
    repeats: int = 1,
    fresh: bool = False,
    changes: Callable[[Sequence[Outcome]], Changes | None] = lambda _: None,
) -> Result:
    """Run targets over a suite; what `run_parallel` and its kin share.

    Raises:
        UsageError: Something asked for is wrong; raised before any call.
        RunStopped: The run was interrupted.
    """
    count, notes = resolve_workers(workers, lab.limits, public_environment())
    order = Order(
        suite=suite,
        targets=targets,
        workers=count,
        repeats=resolve_repeats(repeats),
        checks=as_checks(checks),
        fresh=fresh,
        notes=notes,
        changes=changes,
    )
    return run_order(lab, order)


def run_order(lab: Lab, order: Order, *, display: Display | None = None) -> Result:
    """Have a run conducted; `display` shows it, one of the lab's where none is given.

    Raises:
        UsageError: Something asked for is wrong; raised before any call.
        RunStopped: The run was interrupted.
    """
    result = conduct(lab, order, display=display)
    if result.interrupted:
        exit_as_interrupted()
        raise RunStopped(_what_is_kept(result), partial=lambda: result.frame)
    return result


def exit_as_interrupted() -> None:
    """Let a script that does not catch the interrupt end with one line and exit code 130, as a shell expects.

    Python itself does so for `KeyboardInterrupt` alone, not for what is derived from it.
    """
    before = sys.excepthook
    if getattr(before, "for_interrupts", False):
        return

    def hook(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(value, RunStopped):
            before(kind, value, trace)
            return
        sys.stderr.write(f"{RunStopped.__name__}: {value}\n")
        raise SystemExit(INTERRUPTED)

    hook.for_interrupts = True  # type: ignore[attr-defined]  # marks it, so that it is set once
    sys.excepthook = hook


def _what_is_kept(result: Result) -> str:
    finished = sum(1 for row in result.outcomes if row.status in ("pass", "fail", "ungraded"))
    kept = "in `.partial` and `promptlab.last_run()`; run it again to go on"
    return f"interrupted after {finished} of {len(result.outcomes)} rows; they are kept {kept}"


def last_run(*, lab: Lab | None = None) -> pd.DataFrame | None:
    """Show the last run again, and give its frame; also where it was stopped, or its page was reloaded.

    The last run of this process is taken, else the store's.

    Args:
        lab: Whose last run; that of the lab from the environment where none is given.

    Returns:
        The frame, as `run_parallel` gave it; None where there was no run.
    """
    lab = default_lab(lab)
    result = lab.last or _stored_run(lab)
    if result is None:
        return None
    if result.record is not None:
        show_record(result.record)
    return result.frame.copy()


def _stored_run(lab: Lab) -> Result | None:
    """Make a result of the store's last run, from the rows that were recorded."""
    entry = lab.store.last_run()
    run = lab.store.run(entry["run"]) if entry else None
    if entry is None or run is None:
        return None
    outcomes = tuple(lab.store.outcomes(run.id))
    summary = summarise(run, outcomes, entry["wall_s"] or 0.0, entry["stopped"])
    record = Record(run=run, summary=summary, outcomes=outcomes)
    return Result(run=run, outcomes=outcomes, summary=summary, record=record)
