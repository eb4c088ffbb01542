"""The speedup against the worker count: what was measured, and what no schedule can beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from promptlab._errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from promptlab.charts._figure import Chart

NEEDED = ("workers", "cases", "wall_s", "calls_s", "speedup", "bound_s", "rate_limited", "measured")
MARKS = "osD^vP"


def speedup(frame: pd.DataFrame, *, dark: bool = False) -> Chart:
    """Draw how many times faster than one call after another a suite ran, against the worker count.

    Filled points were measured, hollow ones reckoned from the calls. Beside them stand the ideal line (n workers, n times
    faster), the bound that no schedule of these calls can beat, and where the provider began to refuse calls for their
    rate. Frames of several measurements may be put together with `pandas.concat`: then the median is drawn, with the
    range of what was measured. Suites of different size get a line each.

    Args:
        frame: What `promptlab.measure_speedup` gave.
        dark: For a dark page.

    Returns:
        A matplotlib figure that belongs to no pyplot; a notebook shows it once.

    Raises:
        UsageError: The frame lacks a column.
    """
    from promptlab.charts._figure import add_axes, new_chart, nothing_to_draw, set_title

    lacking = [name for name in NEEDED if name not in frame.columns]
    if lacking:
        raise UsageError(f"the frame has no column {lacking[0]}; give what promptlab.measure_speedup returns")
    known = frame.dropna(subset=["speedup"])
    if known.empty:
        return nothing_to_draw("no speedup was measured yet", dark=dark)
    chart = new_chart(7.4, 5.4, dark=dark)
    axes = add_axes(chart, 1, 1, 1)
    sizes = [int(size) for size in sorted(known["cases"].unique())]
    for place, size in enumerate(sizes):
        _draw_suite(chart, axes, known[known["cases"] == size], size, place)
    _dress(chart, axes, known)
    set_title(chart, _finding(frame, known))
    return chart


def _dress(chart: Chart, axes: Axes, known: pd.DataFrame) -> None:
    """Draw the ideal line and say how to read the rest."""
    from promptlab.charts._figure import axis_title

    most = int(known["workers"].max()) * 1.04
    highest = max(float(known["speedup"].max()), float((known["calls_s"] / known["bound_s"]).max()))
    ink, faint = chart.palette.ink, chart.palette.faint
    axes.plot([0, most], [0, most], ":", color=faint, linewidth=1.2, label="ideal: n workers, n times faster")
    axes.set(xlim=(0, most), ylim=(0, min(most, highest * 1.15)))
    axes.set_xticks(sorted({int(count) for count in known["workers"]}))
    axes.set_xlabel("workers", fontsize=9, color=faint)
    axes.grid(visible=True, color=chart.palette.grid, linewidth=0.6)
    axis_title(axes, f"times faster than one call after another; {_how_sure(known)}", chart)
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))  # one entry for what every suite has
    chart.legend(
        once.values(),
        once.keys(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=9,
        labelcolor=ink,
    )


def _draw_suite(chart: Chart, axes: Axes, rows: pd.DataFrame, size: int, place: int) -> None:
    colour, mark = chart.palette.hues[place % len(chart.palette.hues)], MARKS[place % len(MARKS)]
    by_count = rows.groupby("workers")
    middle, low, high = by_count["speedup"].median(), by_count["speedup"].min(), by_count["speedup"].max()
    counts = [int(count) for count in middle.index]
    _draw_bound(axes, rows, colour)
    below, above = [float(v) for v in middle - low], [float(v) for v in high - middle]
    spread = [below, above] if by_count.size().max() > 1 else None
    axes.errorbar(
        counts, [float(v) for v in middle], yerr=spread, color=colour, linewidth=1.8, capsize=3
    )  # fmt: skip
    measured = by_count["measured"].any()
    for kind, fill in ((True, colour), (False, chart.palette.ground)):
        chosen = [count for count in counts if bool(measured[count]) is kind]
        points = [float(middle[count]) for count in chosen]
        label = f"measured, {_cases(size)}" if kind else "sum of the calls, not run"
        if chosen:
            axes.plot(
                chosen, points, mark, color=colour, markerfacecolor=fill, markersize=7, zorder=3, label=label
            )
            _write_values(axes, chosen, points, colour)
    _mark_refusals(axes, rows, size, colour)


def _draw_bound(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Draw the bound: it rises with the workers until the longest call sets it."""
    ceiling = (rows["calls_s"] / rows["bound_s"]).groupby(rows["workers"]).median()
    points = [(float(n), float(v)) for n, v in zip(ceiling.index, ceiling, strict=True)]
    knee = points[-1][1]
    if points[0][0] < knee < points[-1][0]:
        points = sorted([*points, (knee, knee)])
    axes.plot(
        *zip(*points, strict=True),
        "--",
        color=colour,
        linewidth=1.1,
        alpha=0.8,
        label="bound: no schedule is faster",
    )


def _write_values(axes: Axes, counts: Sequence[int], values: Sequence[float], colour: str) -> None:
    for count, value in zip(counts, values, strict=True):
        axes.annotate(
            f"{value:.1f}",
            (count, value),
            xytext=(5, -12),
            textcoords="offset points",
            fontsize=8.5,
            color=colour,
        )


def _mark_refusals(axes: Axes, rows: pd.DataFrame, size: int, colour: str) -> None:
    refused = rows[rows["rate_limited"] > 0]
    if refused.empty:
        return
    first = int(refused["workers"].min())
    times = int(refused.loc[refused["workers"] == first, "rate_limited"].sum())
    label = f"rate limit met from {first} workers on ({_cases(size)}, {times} refused)"
    axes.axvline(first, color=colour, linewidth=6, alpha=0.18, zorder=0, label=label)


def _cases(size: int) -> str:
    return f"{size} case{'s' if size != 1 else ''}"


def _finding(frame: pd.DataFrame, known: pd.DataFrame) -> str:
    """Say the best of what was run, and how near the bound it came."""
    from promptlab.charts._figure import short

    told: dict[str, Any] = frame.attrs.get("promptlab", {})
    ran = known[known["measured"].astype(bool)]
    middle = (
        (ran if len(ran) else known).groupby(["cases", "workers"], as_index=False).median(numeric_only=True)
    )
    best = middle.sort_values("speedup", kind="stable").iloc[-1]
    name = f"{short(told['suite'])}, " if told.get("suite") else ""
    simulated = " (simulated)" if told.get("simulated") else ""
    return (
        f"{name}{_cases(int(best['cases']))}{simulated}: {best['speedup']:.1f} times faster with {int(best['workers'])} workers; "
        f"no schedule beats {best['calls_s'] / best['bound_s']:.1f}"
    )


def _how_sure(rows: pd.DataFrame) -> str:
    """Say how often the points were measured."""
    times = rows[rows["measured"].astype(bool)].groupby(["cases", "workers"]).size()
    if times.empty:
        return "nothing was run: sums of calls"
    if int(times.max()) == 1:
        return "each count measured once"
    span = f"{times.min()}" if times.min() == times.max() else f"{times.min()} to {times.max()}"
    return f"median and range of {span} measurements a count"
