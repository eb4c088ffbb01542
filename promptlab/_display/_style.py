"""How a page looks: inline styles only, and readable on a light and on a dark ground.

Text keeps the colour of its surroundings; what is coloured is behind it or beside it, and translucent. The
colours are those of Okabe and Ito, which eyes of every kind tell apart. Nothing is said by colour alone.
Colours are written as JupyterLab lets them stand in a notebook that it does not trust.
"""

from __future__ import annotations

from collections.abc import Iterable

ROOT = (
    "text-align:left;line-height:1.45;font-size:13px;margin:4px 0;max-width:1200px;word-wrap:break-word;"
    "font-family:system-ui,-apple-system,'Segoe UI',sans-serif"
)
IGNORE_MATH = "tex2jax_ignore mathjax_ignore"
"""Classes that tell MathJax to look for nothing here."""

RGB = {
    "pass": "0,158,115",
    "fail": "213,94,0",
    "error": "204,121,167",
    "ungraded": "128,128,128",
    "not_run": "128,128,128",
}
"""The hue of each status."""

FAINT = "opacity:.75"
LINE = "rgba(128,128,128,0.4)"
UNTINTED = "background-color:rgba(128,128,128,0)"
"""For a row that only sets things side by side: JupyterLab tints the rows of tables, also under the pointer."""
GROUND = "rgba(128,128,128,0.12)"
TABLE = "border-collapse:collapse;width:100%;table-layout:fixed;margin:0;border:0;font-size:13px"
HEAD = f"text-align:left;padding:2px 8px;font-weight:600;border-bottom:1px solid {LINE}"
CELL = "text-align:left;vertical-align:top;padding:3px 8px;word-wrap:break-word"
PRE = (
    f"margin:2px 0 6px;padding:4px 8px;background-color:{GROUND};font-size:12px;text-align:left;"
    "white-space:pre-wrap;word-break:normal;word-wrap:break-word"
)


def tint(status: str, alpha: float) -> str:
    """Give the translucent colour of a status."""
    return f"rgba({RGB[status]},{alpha})"


def edge(status: str) -> str:
    """Give the style of a cell that says a status: a bar of its colour at the left."""
    return f"border-left:4px solid {tint(status, 1)};background-color:{tint(status, 0.12)}"


def bar(parts: Iterable[tuple[str, int]], total: int) -> str:
    """Draw how many rows have which status as one stacked bar. It repeats what the words beside it say.

    Args:
        parts: Statuses with their counts.
        total: The count at which the bar is full.
    """
    pieces = "".join(
        f'<div style="width:{100 * number / max(total, 1):.2f}%;background-color:{tint(status, 0.9)}"></div>'
        for status, number in parts
        if number
    )
    frame = f"display:flex;height:8px;max-width:480px;margin:4px 0;background-color:{GROUND};border:1px solid {LINE}"
    return f'<div style="{frame}">{pieces}</div>'
