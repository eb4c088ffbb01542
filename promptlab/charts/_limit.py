"""How many calls might be under way at once, over the time of a run: what the provider's limits allowed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._errors import UsageError
from promptlab._show import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from promptlab.charts._figure import Chart

NAMED = 12
"""Moves of the limit that are numbered in the chart at most, so that the numbers do not stand on each other."""
REASONS = 5
"""Lines of reasons at most."""

_WAIT = re.compile(r"\brate limit: all wait ([0-9.]+) s")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is known of one run."""

    suite: str
    workers: int
    wall_s: float
    refused: int
    simulated: bool
    moves: Sequence[tuple[float, int, str]]
    """When, to how many, why; in the order of time."""


def limit(run: Any, *, dark: bool = False) -> Chart:
    """Draw how many calls a run might have under way at once, as the provider's limits let it.

    The line falls where the provider refused calls for their rate or gave no answers, and rises again as calls get
    through; shaded is the time in which calls were held back.

    Args:
        run: The frame of a run as it was returned, or a comparison; or a `Lab`, whose last run is drawn.
        dark: For a dark page.

    Returns:
        A matplotlib figure that belongs to no pyplot; a notebook shows it once.

    Raises:
        UsageError: This is neither, or there was no run.
    """
    from promptlab.charts._figure import nothing_to_draw

    told = _read(run)
    if told is None:
        return nothing_to_draw("how the limit moved is not known: the store does not keep it", dark=dark)
    if not told.moves:
        calls = "a call" if told.workers == 1 else f"{told.workers:,} calls"
        return nothing_to_draw(
            f"{_name(told)}: the limit never moved; up to {calls} at once all along", dark=dark
        )
    return _draw(told, dark=dark)


def _read(run: Any) -> _Told | None:
    """Take what a run keeps: in its frame's attributes, or in its lab."""
    kept = getattr(run, "attrs", None)
    if kept is None and hasattr(run, "last"):
        run = run.last
        if run is None:
            raise UsageError("this lab has made no run yet")
    elif kept is None and hasattr(run, "frame"):
        kept = run.frame.attrs
    told = (
        kept.get("promptlab") if isinstance(kept, Mapping) else run.told() if hasattr(run, "told") else None
    )
    if not isinstance(told, Mapping) or not {"limits", "workers", "wall_s"} <= told.keys():
        raise UsageError("give the frame of a run as run_parallel returned it, or the Lab that made the run")
    if told["limits"] is None:
        return None
    return _Told(
        suite=str(told.get("suite") or "run"),
        workers=int(told["workers"]),
        wall_s=float(told["wall_s"]),
        refused=int(told.get("rate_limited") or 0),
        simulated=bool(told.get("simulated")),
        moves=sorted((float(at_s), int(calls), str(why)) for at_s, calls, why in told["limits"]),
    )


def _draw(told: _Told, *, dark: bool) -> Chart:
    from promptlab.charts._figure import add_axes, axis_title, new_chart, plain_ticks, set_title

    chart = new_chart(9.5, 4.4, dark=dark)
    axes = add_axes(chart, 1, 1, 1)
    end = max(told.wall_s, told.moves[-1][0]) * 1.0 or 1.0
    times = [0.0, *(at_s for at_s, _, _ in told.moves), end]
    heights = [told.workers, *(calls for _, calls, _ in told.moves)]
    palette = chart.palette
    for start, stop in _pauses(told, end):
        axes.axvspan(start, stop, color=palette.worse, alpha=0.18, linewidth=0)
    axes.stairs(heights, times, baseline=None, color=palette.hues[0], linewidth=2.0)
    _number_moves(chart, axes, told)
    most = max(*heights, told.workers)
    axes.set_xlim(0, end)
    axes.set_ylim(0, most * 1.15 + 0.5)
    axes.locator_params(axis="y", integer=True)
    axes.grid(visible=True, axis="y", color=palette.grid)
    axes.set_xlabel("seconds since the run began", fontsize=9, color=palette.faint)
    shaded = "; shaded: calls were held back" if _pauses(told, end) else ""
    marks = "▼ lowered" if len(told.moves) > NAMED else _reasons(told)
    axis_title(axes, f"calls that might be under way at once{shaded}\n{marks}", chart)
    plain_ticks(axes)
    set_title(chart, _finding(told))
    return chart


def _pauses(told: _Told, end: float) -> list[tuple[float, float]]:
    """Give the times in which calls were held back: the provider asked for a wait, or gave no answers."""
    found: list[tuple[float, float]] = []
    for place, (at_s, _, why) in enumerate(told.moves):
        stop = at_s
        if asked := _WAIT.search(why):
            stop = at_s + float(asked[1])
        elif why.startswith("outage"):
            stop = next((later for later, _, reason in told.moves[place + 1 :] if "outage" in reason), end)
        stop = min(stop, end)
        if found and at_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        elif stop > at_s:
            found.append((at_s, stop))
    return found


def _number_moves(chart: Chart, axes: Axes, told: _Told) -> None:
    """Mark where the limit went down or up, each with its number where there are few."""
    from promptlab.charts._figure import label

    before, few = told.workers, len(told.moves) <= NAMED
    for number, (at_s, calls, _) in enumerate(told.moves, start=1):
        mark = "v" if calls < before else "^" if calls > before else "D"
        ink = {"v": chart.palette.worse, "^": chart.palette.better, "D": chart.palette.ink}[mark]
        if few or mark == "v":
            axes.plot([at_s], [calls], mark, color=ink, markersize=7 if few else 4)
        if few:
            label(axes, at_s, calls, f"  {number}", color=ink, va="bottom", fontweight="bold")
        before = calls


def _reasons(told: _Told) -> str:
    """Say why the limit moved, each reason with the numbers of its moves."""
    numbers: dict[str, list[str]] = {}
    for number, (_, _, why) in enumerate(told.moves, start=1):
        numbers.setdefault(one_line(why, 110), []).append(str(number))
    lines = [f"{', '.join(places)}: {why}" for why, places in numbers.items()]
    if len(lines) > REASONS:
        lines[REASONS - 1 :] = [f"and {len(lines) - REASONS + 1} more reasons"]
    return "\n".join(lines)


def _name(told: _Told) -> str:
    return f"{one_line(told.suite, 60)}{' (simulated)' if told.simulated else ''}"


def _finding(told: _Told) -> str:
    """Say how far down the limit went, where it ended, and how many calls were refused."""
    lowest, last = min(calls for _, calls, _ in told.moves), told.moves[-1][1]
    held = math.fsum(stop - start for start, stop in _pauses(told, told.wall_s))
    most = "1 call" if told.workers == 1 else f"{told.workers:,} calls"
    parts = [
        f"{_name(told)}: the limit fell from {most} at once to {lowest:,}"
        if lowest < told.workers
        else f"{_name(told)}: the limit stayed at {most} at once"
    ]
    if last != lowest:
        parts.append(f"at the end it was {last:,}")
    if told.refused:
        parts.append(
            f"{told.refused:,} {'call was' if told.refused == 1 else 'calls were'} refused for the rate"
        )
    if held >= 0.05:
        parts.append(f"calls were held back for {held:.1f} s")
    return ", ".join(parts)
