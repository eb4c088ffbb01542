"""The reliability diagram: how sure the answers were, against how often they were right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from promptlab._errors import UsageError
from promptlab._stats import calibration as reckon

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from promptlab.charts._figure import Chart

BINS = ("low", "high", "rows", "confidence", "rate", "rate_low", "rate_high")


class Calibrated(Protocol):
    """What a reliability diagram needs."""

    @property
    def frame(self) -> pd.DataFrame:
        """A row a bin."""

    @property
    def sentence(self) -> str:
        """What may be said."""


def calibration(result: Calibrated | pd.DataFrame, *, dark: bool = False) -> Chart:
    """Draw whether the confidence can be believed: a point a bin, with its 95 % interval, beside the honest line.

    Args:
        result: What `promptlab.calibration` gave, or the frame of a run.
        dark: For a dark page.

    Returns:
        A matplotlib figure that belongs to no pyplot; a notebook shows it once.
    """
    from promptlab.charts._figure import add_axes, new_chart, nothing_to_draw, set_title

    bins, sentence = _read(result)
    if not bins:
        return nothing_to_draw(sentence, dark=dark)
    chart = new_chart(7.0, 6.4, dark=dark)
    grid = chart.add_gridspec(2, 1, height_ratios=(5, 1))
    points = add_axes(chart, grid[0])
    counts = add_axes(chart, grid[1], sharex=points)
    _points(chart, points, bins)
    _counts(chart, counts, bins)
    set_title(chart, sentence)
    return chart


def _read(result: Any) -> tuple[list[Mapping[str, Any]], str]:
    """Give the bins and the sentence, reckoned here where a run's frame was given."""
    if hasattr(result, "sentence"):
        rows = result.frame.to_dict("records")
        return [{name: float(row[name]) for name in BINS} for row in rows], str(result.sentence)
    lacking = [
        name for name in ("confidence", "passed", "case") if name not in getattr(result, "columns", ())
    ]
    if lacking:
        raise UsageError(f"the frame of a run has a column {lacking[0]}; this has none")
    sure, passed, cases = (
        [None if gone else value for value, gone in zip(result[name], result[name].isna(), strict=True)]
        for name in ("confidence", "passed", "case")
    )
    try:
        found = reckon(sure, passed, cases=cases)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    return [{name: getattr(one, name) for name in BINS} for one in found.bins], found.sentence


def _points(chart: Chart, axes: Axes, bins: list[Mapping[str, Any]]) -> None:
    from promptlab.charts._figure import axis_title, label

    colours = chart.palette
    axes.plot([0, 100], [0, 100], "--", color=colours.faint, linewidth=1.2)
    label(axes, 3, 6, "honest", color=colours.faint, rotation=45, rotation_mode="anchor", va="bottom")
    for row in bins:
        x, y = 100 * row["confidence"], 100 * row["rate"]
        errors = [[y - 100 * row["rate_low"]], [100 * row["rate_high"] - y]]
        surer = row["rate_high"] < row["confidence"]
        shy = row["rate_low"] > row["confidence"]
        ink = colours.worse if surer else colours.better if shy else colours.ink
        mark = "v" if surer else "^" if shy else "o"
        axes.errorbar(
            x, y, yerr=errors, fmt=mark, color=ink, ecolor=ink, elinewidth=1.4, capsize=3, markersize=7
        )
    axes.set_xlim(-2, 102)
    axes.set_ylim(-2, 102)
    axes.grid(visible=True, color=colours.grid)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.tick_params(labelbottom=False)
    axis_title(axes, "right, % (95 % interval)     ▼ too sure   ▲ not sure enough   ● no fault found", chart)


def _counts(chart: Chart, axes: Axes, bins: list[Mapping[str, Any]]) -> None:
    """Draw how many answers stand behind each point, over the confidences that they had."""
    from promptlab.charts._figure import label

    most = max(row["rows"] for row in bins)
    for row in bins:
        low, high = 100 * row["low"], 100 * row["high"]
        width = max(high - low, 1.2)
        axes.bar(
            (low + high) / 2,
            row["rows"],
            width=width,
            color=chart.palette.grid,
            edgecolor=chart.palette.faint,
        )
        label(
            axes, 100 * row["confidence"], row["rows"] + 0.1 * most, f"{row['rows']:.0f}", ha="center", fontsize=8,
            color=chart.palette.faint,
        )  # fmt: skip
    axes.set_ylim(0, 1.35 * most)
    axes.set_yticks([])
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("confidence said, % (bars: answers)", fontsize=9, color=chart.palette.faint)
