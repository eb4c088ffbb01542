"""Variants against their baseline: how good each is, and by how much it differs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from promptlab.charts._figure import Chart

MOST = 40
"""Variants that are drawn at most."""
MARKERS = {"better": "^", "worse": "v", "cannot tell": "o"}
"""The shape of each verdict."""


class Compared(Protocol):
    """What a chart of a comparison needs."""

    @property
    def summary(self) -> pd.DataFrame:
        """A row a variant."""

    @property
    def verdicts(self) -> pd.DataFrame:
        """A row a variant but the baseline."""

    @property
    def sentence(self) -> str:
        """What may be said."""


def comparison(compared: Compared, *, dark: bool = False) -> Chart:
    """Draw a comparison: the variants' scores, and their differences from the baseline, with 95 % intervals.

    Args:
        compared: What `promptlab.compare` gave.
        dark: For a dark page.

    Returns:
        A matplotlib figure that belongs to no pyplot; a notebook shows it once.
    """
    from promptlab.charts._figure import add_axes, new_chart, nothing_to_draw, set_title

    standings = compared.summary.to_dict("records")[:MOST]
    verdicts = {row["variant"]: row for row in compared.verdicts.to_dict("records")}
    if not any(_number(row["score"]) is not None for row in standings):
        return nothing_to_draw("no case was graded: there is nothing to compare", dark=dark)
    chart = new_chart(9.5, 1.5 + 0.5 * len(standings), dark=dark)
    left = add_axes(chart, 1, 2, 1)
    right = add_axes(chart, 1, 2, 2)
    _scores(chart, left, standings)
    _differences(chart, right, standings, verdicts)
    set_title(chart, _finding(compared, verdicts))
    more = len(compared.summary) - len(standings)
    if more:
        left.set_xlabel(f"{more} more variants are not drawn", fontsize=8, color=chart.palette.faint)
    return chart


def _scores(chart: Chart, axes: Axes, standings: Sequence[Mapping[Any, Any]]) -> None:
    """Draw a row a variant: the score with its interval, dotted what its errors leave open."""
    from promptlab.charts._figure import axis_title, label, plain_ticks, short

    colours = chart.palette
    for y, row in enumerate(standings):
        score, low, high = (_percent(row[name]) for name in ("score", "low", "high"))
        if score is None or low is None or high is None:
            label(axes, 2, y, "no verdict", color=colours.faint)
            continue
        floor, ceiling = _percent(row["floor"]), _percent(row["ceiling"])
        if row["errors"] and floor is not None and ceiling is not None:
            axes.plot([floor, ceiling], [y + 0.22, y + 0.22], ":", color=colours.faint, linewidth=2)
            label(
                axes,
                ceiling + 1.5,
                y + 0.24,
                f"{row['errors']} without a verdict",
                fontsize=7.5,
                color=colours.faint,
            )
        axes.errorbar(
            score, y, xerr=[[score - low], [high - score]], fmt="o", color=colours.ink, ecolor=colours.ink,
            elinewidth=1.6, capsize=3, markersize=6, clip_on=False,
        )  # fmt: skip
        label(axes, score, y - 0.27, f"{score:.0f} %", ha="center", color=colours.ink)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.grid(visible=True, axis="x", color=colours.grid)
    axes.set_yticks(range(len(standings)), [short(row["variant"]) for row in standings])
    axes.tick_params(axis="y", labelsize=10, labelcolor=colours.ink)
    axes.set_ylim(len(standings) - 0.4, -0.6)
    axis_title(axes, "passed, % of cases, 95 % interval", chart)
    plain_ticks(axes)


def _differences(
    chart: Chart,
    axes: Axes,
    standings: Sequence[Mapping[Any, Any]],
    verdicts: Mapping[str, Mapping[Any, Any]],
) -> None:
    """Draw a row a variant: its difference from the baseline with its interval, and the cases behind it."""
    from promptlab.charts._figure import axis_title, label

    colours = chart.palette
    inks = {"better": colours.better, "worse": colours.worse, "cannot tell": colours.even}
    reach = 10.0
    for y, row in enumerate(standings):
        found = verdicts.get(row["variant"])
        if found is None:
            label(axes, 0, y, " baseline", color=colours.faint)
            continue
        middle, low, high = (_percent(found[name]) for name in ("difference", "low", "high"))
        if middle is None or low is None or high is None:
            label(axes, 0, y, " no pair of verdicts", color=colours.faint)
            continue
        reach = max(reach, abs(low), abs(high))
        ink = inks[found["word"]]
        axes.errorbar(
            middle, y, xerr=[[middle - low], [high - middle]], fmt=MARKERS[found["word"]], color=ink, ecolor=ink,
            elinewidth=1.6, capsize=3, markersize=8, clip_on=False,
        )  # fmt: skip
        told = f"{found['word']}\n{found['fixed']:,} fixed, {found['broke']:,} broke"
        label(axes, 1.03, y, told, color=ink, transform=axes.get_yaxis_transform())
    axes.axvline(0, color=colours.faint, linewidth=1.2)
    reach = min(100.0, 5 * math.ceil(1.1 * reach / 5))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(standings) - 0.4, -0.6)
    axes.set_yticks([])
    axes.grid(visible=True, axis="x", color=colours.grid)
    axis_title(axes, f"difference from {_baseline(standings)}, points, 95 % interval", chart)


def _baseline(standings: Sequence[Mapping[Any, Any]]) -> str:
    from promptlab.charts._figure import short

    return short(standings[0]["variant"])


def _finding(compared: Compared, verdicts: Mapping[str, Mapping[Any, Any]]) -> str:
    """Say what was found: the sentence of one pair, or who is better and worse among several."""
    from promptlab.charts._figure import short

    if len(verdicts) == 1:
        return compared.sentence
    told = []
    baseline = short(compared.summary["variant"].iloc[0])
    for word, words in (
        ("better", f"better than {baseline}"),
        ("worse", "worse"),
        ("cannot tell", "cannot tell"),
    ):
        names = [short(name) for name, row in verdicts.items() if row["word"] == word]
        if names:
            told.append(
                f"{words}: {', '.join(names[:6])}{f' and {len(names) - 6} more' if len(names) > 6 else ''}"
            )
    return "; ".join(told)


def _percent(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else 100 * number


def _number(value: Any) -> float | None:
    """Give a number, or None for what is missing in a frame."""
    if value is None or type(value).__name__ == "NAType" or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    return float(value)
