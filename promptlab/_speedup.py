"""The speedup at several worker counts: really measured, with fresh calls; what was only reckoned says so."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._cases import as_suite
from promptlab._errors import RunStopped, SettingError
from promptlab._lab import Lab, default_lab
from promptlab._order import Order, target_label
from promptlab._prompt import Prompt, as_prompt
from promptlab._session import Result
from promptlab._settings import public_environment, resolve_workers
from promptlab._sweep import Sweep, workers_text
from promptlab._verbs import exit_as_interrupted
from promptlab._wording import a_kind

if TYPE_CHECKING:
    import pandas as pd

NEAR = 0.05
"""The smallest worker count whose time is within this share of the best is recommended."""

COLUMNS: Mapping[str, str] = {
    "workers": "Int64", "cases": "Int64", "wall_s": "Float64", "calls_s": "Float64", "speedup": "Float64",
    "bound_s": "Float64", "efficiency": "Float64", "rate_limited": "Int64", "measured": "boolean",
}  # fmt: skip
"""The columns of `measure_speedup`, in order, with their dtypes."""


def measure_speedup(
    cases: Any,
    prompt: Any,
    *,
    workers: Sequence[int] = (1, 5, 10, 15, 20),
    lab: Lab | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how much faster a suite runs with more workers.

    Each count is a run of its own with fresh calls, never from the store, and meets the provider's limits anew.
    Counts are measured once each, in shuffled order, so that a drift of the provider does not look like a gain.
    One worker comes last; where it would take over a minute its time is the sum of the calls, not `measured`.

    Args:
        cases: As `run_parallel` takes them.
        prompt: As `run_parallel` takes it.
        workers: The counts to measure.
        lab: What stays the same between calls; one from the environment where none is given.
        seed: Shuffles the order of the counts.

    Returns:
        A row for each count that came to its end, ascending: `workers`, `cases`, `wall_s`, `calls_s` (the calls one
        after another), `speedup` (calls_s / wall_s), `bound_s` (no schedule ends sooner), `efficiency` (speedup /
        workers), `rate_limited` (calls refused for the rate), `measured`. `frame.attrs["promptlab"]` has the
        `recommended` count and why (`recommendation`).

    Raises:
        UsageError: The cases, the prompt or a count are wrong; raised before any call.
        RunStopped: It was interrupted; `.partial` is the frame of the counts that were measured.
    """
    lab = default_lab(lab)
    suite = as_suite(cases, allow_code=lab.allow_code)
    target = prompt if callable(prompt) and not isinstance(prompt, Prompt) else as_prompt(prompt)
    counts, notes = _counts(workers, lab)
    targets = {target_label(target): target}
    orders = {n: Order(suite=suite, targets=targets, workers=n, fresh=True) for n in counts}
    sweep = Sweep(lab, orders)
    try:
        sweep.measure(random.Random(seed).sample(counts, len(counts)))  # noqa: S311 - an order, no secret
        points = sorted(_points(sweep), key=lambda point: point.workers)
        advice = recommend(points)
        sweep.finish([*notes, *(point.says() for point in points), *([advice[1]] if advice else [])])
    finally:
        sweep.close()
    frame = _frame(points, _told(sweep, target_label(target), advice))
    if sweep.interrupted:
        exit_as_interrupted()
        raise RunStopped("interrupted; counts that were measured are in `.partial`", partial=lambda: frame)
    return frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What one worker count came to. Times are seconds."""

    workers: int
    """The count."""
    cases: int
    """Cases asked."""
    wall_s: float
    """From the start to the last outcome; the sum of the calls where it was not run."""
    calls_s: float
    """The calls one after another."""
    bound_s: float | None
    """No schedule ends sooner; None where no call was made."""
    longest_s: float = 0.0
    """The longest call."""
    rate_limited: int = 0
    """Calls that were refused for the rate."""
    errors: int = 0
    """Rows without a verdict because a call or a check broke."""
    measured: bool = True
    """Whether it was run."""

    @property
    def speedup(self) -> float | None:
        """How many times faster than one call after another."""
        return self.calls_s / self.wall_s if self.bound_s is not None and self.wall_s > 0 else None

    def row(self) -> dict[str, Any]:
        """Give the row of the frame."""
        speedup = self.speedup
        efficiency = None if speedup is None else speedup / self.workers
        known = {"speedup": speedup, "efficiency": efficiency}
        return {name: known[name] if name in known else getattr(self, name) for name in COLUMNS}

    def says(self) -> str:
        """Say it in a line."""
        if not self.measured:
            return f"{workers_text(self.workers)}: {self.wall_s:.1f} s, the sum of the calls (not run)"
        text = f"{workers_text(self.workers)}: {self.wall_s:.1f} s"
        if self.speedup is not None:
            text += f", {self.speedup:.1f} times faster than one after another"
        if self.rate_limited:
            text += f", refused for the rate {self.rate_limited:,} times"
        return text + (f", {self.errors:,} rows without a verdict" if self.errors else "")


def recommend(points: Sequence[Point]) -> tuple[int, str] | None:
    """Give the smallest count within 5 % of the best time, and say why; None where nothing was measured."""
    if not any(point.measured for point in points):
        return None
    best = min(points, key=lambda point: point.wall_s)
    chosen = min(
        (point for point in points if point.wall_s <= best.wall_s * (1 + NEAR)),
        key=lambda point: point.workers,
    )
    text = f"{workers_text(chosen.workers)}: {chosen.wall_s:.1f} s"
    if chosen is best:
        text += ", the best time"
    else:
        text += f", within 5 % of the best ({best.wall_s:.1f} s with {best.workers})"
    text += f"; {_why(chosen, points)} (each count measured once)"
    if broken := sum(point.errors for point in points):
        text += f". {broken:,} rows had no verdict, so the times say little"
    return chosen.workers, text


def _why(chosen: Point, points: Sequence[Point]) -> str:
    """Say what keeps more workers from being faster."""
    more = [point for point in points if point.workers > chosen.workers]
    refused = [point for point in more if point.rate_limited]
    if refused:
        first = refused[0]
        return f"with {first.workers} the provider refuses calls for the rate ({first.rate_limited:,} times)"
    if chosen.rate_limited:
        return f"the provider's rate limit sets the pace (it refused {chosen.rate_limited:,} times)"
    if chosen.workers >= chosen.cases:
        return f"there are only {chosen.cases} cases, so more have nothing to do"
    if not more:
        return "the most that was measured: more may be faster still"
    if chosen.longest_s >= 0.8 * chosen.wall_s:
        return f"no schedule ends before the longest call ({chosen.longest_s:.1f} s)"
    return f"more workers gain less than {100 * NEAR:.0f} %"


def _counts(workers: Any, lab: Lab) -> tuple[list[int], list[str]]:
    """Check the counts; each once, ascending, none above the ceiling."""
    if isinstance(workers, str | bytes | Mapping) or not hasattr(workers, "__iter__"):
        raise SettingError(f"workers are several counts, as in workers=(1, 5, 10), not {a_kind(workers)}")
    if None in (asked := list(workers)) or not asked:
        raise SettingError(f"workers={asked!r} names no worker count")
    resolved = [resolve_workers(count, lab.limits, public_environment()) for count in asked]
    return sorted({count for count, _ in resolved}), [note for _, notes in resolved for note in notes]


def _points(sweep: Sweep) -> list[Point]:
    points = [_point(count, result) for count, result in sweep.results.items()]
    if (serial := sweep.serial_s) is not None:
        cases = len(sweep.run.cases)
        points.append(
            Point(workers=1, cases=cases, wall_s=serial, calls_s=serial, bound_s=serial, measured=False)
        )
    return points


def _point(count: int, result: Result) -> Point:
    summary = result.summary
    return Point(
        workers=count,
        cases=summary.cases,
        wall_s=summary.wall_s,
        calls_s=summary.calls_s,
        bound_s=summary.bound_s,
        longest_s=summary.longest_s,
        rate_limited=result.rate_limited,
        errors=summary.errors,
    )


def _told(sweep: Sweep, prompt: str, advice: tuple[int, str] | None) -> dict[str, Any]:
    """Say what there is to say of all counts together, as plain JSON types."""
    results = sweep.results.items()
    return {
        "suite": sweep.run.suite,
        "prompt": prompt,
        "recommended": advice[0] if advice else None,
        "recommendation": advice[1] if advice else None,
        "simulated": sweep.run.simulated or any(result.summary.simulated for _, result in results),
        "stopped": sweep.stop.reason,
        "runs": {str(count): result.run.id for count, result in results},
    }


def _frame(points: Sequence[Point], told: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    rows = [point.row() for point in points]
    columns = {
        name: pd.array([row[name] for row in rows], dtype=dtype)  # type: ignore[call-overload]
        for name, dtype in COLUMNS.items()
    }
    frame = pd.DataFrame(columns)
    frame.attrs["promptlab"] = dict(told)
    return frame
