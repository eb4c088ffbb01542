"""How the score of prompts went, run by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from promptlab._errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from promptlab.charts._figure import Chart

NEEDED = ("when", "prompt", "version", "suite", "score", "low", "high")
SERIES = 6
"""Prompts that are drawn at most: those that were run last."""
APART = 5.5
"""Points of score that two names at the right keep between them."""
TICKS = 14
"""Runs that are named below the axis at most."""

Points = list[tuple[int, Mapping[str, Any]]]


def history(frame: pd.DataFrame, *, dark: bool = False) -> Chart:
    """Draw the scores of the runs, the oldest first, with their 95 % intervals; hollow where a simulator answered.

    Args:
        frame: What `promptlab.history` gave, or some of its rows.
        dark: For a dark page.

    Returns:
        A matplotlib figure that belongs to no pyplot; a notebook shows it once.

    Raises:
        UsageError: The frame lacks a column.
    """
    from promptlab.charts._figure import add_axes, new_chart, nothing_to_draw, set_title

    lacking = [name for name in NEEDED if name not in frame.columns]
    if lacking:
        raise UsageError(f"the frame has no column {lacking[0]}; give what promptlab.history returns")
    scored = frame[frame["score"].notna()].sort_values("when", kind="stable")
    rows: list[Mapping[str, Any]] = scored.to_dict("records")  # type: ignore[assignment]  # the names are texts
    if not rows:
        return nothing_to_draw("no run was graded yet", dark=dark)
    series, left_out = _series(rows)
    chart = new_chart(9.5, 4.6, dark=dark)
    axes = add_axes(chart, 1, 1, 1)
    for number, points in enumerate(series.values()):
        _line(chart, axes, points, number)
    _name_ends(chart, axes, series, len(rows))
    drawn = {place: row for points in series.values() for place, row in points}
    _dress(chart, axes, [drawn.get(place) for place in range(len(rows))])
    set_title(chart, _finding(series, left_out))
    return chart


def _series(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Points], int]:
    """Part runs by prompt, and by suite where one prompt was run on several; keep those that were run last."""
    from promptlab.charts._figure import short

    suites: dict[str, set[str]] = {}
    for row in rows:
        suites.setdefault(str(row["prompt"]), set()).add(str(row["suite"]))
    found: dict[str, Points] = {}
    for place, row in enumerate(rows):
        name = short(row["prompt"])
        if len(suites[str(row["prompt"])]) > 1:
            name = f"{name} on {short(row['suite'])}"
        found.setdefault(name, []).append((place, row))
    latest = sorted(found, key=lambda name: -found[name][-1][0])[:SERIES]
    return {name: points for name, points in found.items() if name in latest}, len(found) - len(latest)


def _line(chart: Chart, axes: Axes, points: Points, number: int) -> None:
    ink, mark = chart.palette.hues[number % len(chart.palette.hues)], "osD^vP"[number % 6]
    xs, ys = [place for place, _ in points], [100 * float(row["score"]) for _, row in points]
    axes.plot(xs, ys, "-", color=ink, linewidth=1.2, alpha=0.6)
    for x, y, (_, row) in zip(xs, ys, points, strict=True):
        errors = [[y - 100 * float(row["low"])], [100 * float(row["high"]) - y]]
        simulated = row.get("simulated") is True
        axes.errorbar(
            x, y, yerr=errors, fmt=mark, color=ink, ecolor=ink, elinewidth=1.4, capsize=3, markersize=7,
            markerfacecolor=chart.palette.ground if simulated else ink,
        )  # fmt: skip


def _name_ends(chart: Chart, axes: Axes, series: Mapping[str, Points], runs: int) -> None:
    """Name the lines at the right in the order of their ends, one below the other where they would meet."""
    from promptlab.charts._figure import label

    hues = chart.palette.hues
    ends = [(100 * float(points[-1][1]["score"]), points[-1][0], name) for name, points in series.items()]
    inks = {name: hues[number % len(hues)] for number, name in enumerate(series)}
    at = 100.0 + APART
    for y, x, name in sorted(ends, reverse=True):
        at = min(y, at - APART)
        if len(series) == 1:
            label(axes, x, y, f"    {y:.0f} %", color=inks[name], fontweight="bold")
        else:
            edge = runs - 0.5 + 0.02 * runs
            axes.plot([x, edge], [y, at], ":", color=inks[name], linewidth=0.8, alpha=0.7)
            label(axes, edge, at, f" {name}  {y:.0f} %", color=inks[name], fontweight="bold")


def _dress(chart: Chart, axes: Axes, rows: Sequence[Mapping[str, Any] | None]) -> None:
    """Name the runs below, as many as there is room for, and say how to read the marks."""
    from promptlab.charts._figure import axis_title, plain_ticks

    step = -(-len(rows) // TICKS)
    places = [place for place in range(len(rows) - 1, -1, -step) if rows[place] is not None][::-1]
    names = []
    for place in places:
        row = rows[place]
        assert row is not None
        names.append(f"{row['version']}\n{row['when']:%d %b %H:%M}")
    slanted: dict[str, Any] = (
        {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if len(places) > 6 else {}
    )
    axes.set_xticks(places, names, fontsize=8, **slanted)
    axes.set_xlim(-0.5, len(rows) - 0.5 + 0.02 * len(rows))
    axes.set_ylim(-2, 104)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.grid(visible=True, axis="y", color=chart.palette.grid)
    simulated = any(row is not None and row.get("simulated") is True for row in rows)
    hollow = "; hollow: a simulator answered" if simulated else ""
    axis_title(axes, f"passed, % of graded rows, 95 % interval; below: version and time (UTC){hollow}", chart)
    plain_ticks(axes)


def _finding(series: Mapping[str, Points], left_out: int) -> str:
    if len(series) > 1:
        more = f"; those run before them are not drawn ({left_out})" if left_out else ""
        runs = sum(len(points) for points in series.values())
        return f"{len(series)} prompts over {runs} runs{more}"
    ((name, points),) = series.items()
    versions = len({row["version"] for _, row in points})
    first, last = (100 * float(points[place][1]["score"]) for place in (0, -1))
    if len(points) == 1:
        return f"{name}: {last:.0f} % in its only run"
    told = f"{versions} versions" if versions > 1 else "one version"
    return f"{name}: from {first:.0f} % to {last:.0f} % over {len(points)} runs of {told}"
