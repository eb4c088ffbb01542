"""A figure that a notebook shows once, in colours that eyes of every kind tell apart, on paper too.

The figure belongs to no pyplot: nothing global knows of it, nothing needs to be closed, threads do not meet
in it. Everything that is said by a colour is said by a shape or a word as well.
"""

from __future__ import annotations

import io
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from promptlab._show import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

DPI = 110
TITLE_PACE = 9.8
"""Characters of the title that fit an inch."""
NAME_LENGTH = 30
"""Characters of a name on a chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of a chart. The hues are those of Okabe and Ito."""

    ground: str
    """Behind everything."""
    ink: str
    """Text and what is most important."""
    faint: str
    """Small print and axes."""
    grid: str
    """Lines to read values by."""
    better: str
    """What is better."""
    worse: str
    """What is worse."""
    even: str
    """What cannot be told."""
    hues: tuple[str, ...]
    """For several series, in this order."""


LIGHT = Palette(
    ground="#ffffff", ink="#1f1f1f", faint="#5c5c5c", grid="#e2e2e2", better="#00785a", worse="#c04f00",
    even="#5c5c5c", hues=("#0072b2", "#c04f00", "#00785a", "#9c4f7c", "#8a6d00", "#1f1f1f"),
)  # fmt: skip
DARK = Palette(
    ground="#111111", ink="#e8e8e8", faint="#a8a8a8", grid="#333333", better="#2fc49a", worse="#ff8a3d",
    even="#a8a8a8", hues=("#56b4e9", "#ff8a3d", "#2fc49a", "#e39ac2", "#e6c93f", "#e8e8e8"),
)  # fmt: skip


class Chart(Figure):
    """A matplotlib figure that shows itself in a notebook without pyplot."""

    palette: Palette
    """The colours it was drawn with."""

    def _repr_png_(self) -> bytes:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", dpi=DPI)
        return drawn.getvalue()


def new_chart(width: float, height: float, *, dark: bool) -> Chart:
    """Make an empty chart of a size in inches."""
    chart = Chart(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    chart.palette = DARK if dark else LIGHT
    chart.set_facecolor(chart.palette.ground)
    return chart


def add_axes(chart: Chart, *where: Any, **options: Any) -> Axes:
    """Add axes without a box, in the chart's colours."""
    axes: Axes = chart.add_subplot(*where, **options)
    axes.set_facecolor(chart.palette.ground)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(chart.palette.faint)
    axes.tick_params(colors=chart.palette.faint, labelsize=9, length=0)
    axes.set_axisbelow(True)
    return axes


def set_title(chart: Chart, text: str) -> None:
    """Write what was found above everything, from the left."""
    width = int(TITLE_PACE * chart.get_figwidth())
    lines = [textwrap.fill(_whole(one_line(line, 400)), width) for line in text.splitlines() if line]
    title = chart.suptitle(
        "\n".join(lines), x=0.012, ha="left", fontsize=11, fontweight="bold", color=chart.palette.ink
    )
    title.set_parse_math(False)


def _whole(text: str) -> str:
    """Keep an interval on one line."""
    return re.sub(r"\[[^\[\]]{1,24}\]", lambda found: found[0].replace(" ", "\u00a0"), text)


def label(axes: Axes, x: float, y: float, text: str, **options: Any) -> Text:
    """Write beside a point; a dollar is a dollar, and no mathematics."""
    given = {"fontsize": 9, "va": "center", "clip_on": False, **options}
    return axes.text(x, y, text, parse_math=False, **given)


def axis_title(axes: Axes, text: str, chart: Chart) -> None:
    """Say above axes what they show."""
    axes.set_title(text, loc="left", fontsize=9, color=chart.palette.faint).set_parse_math(False)


def plain_ticks(axes: Axes) -> None:
    """Take what stands at the ticks as it is, and no mathematics."""
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_parse_math(False)


def short(name: Any) -> str:
    """Shorten a name so that it has room."""
    return one_line(str(name).strip(), NAME_LENGTH)


def nothing_to_draw(text: str, *, dark: bool, width: float = 7.0) -> Chart:
    """Make a chart that says why there is nothing on it."""
    chart = new_chart(width, 0.6 + 0.2 * (len(text) // int(TITLE_PACE * width)), dark=dark)
    set_title(chart, text)
    return chart
