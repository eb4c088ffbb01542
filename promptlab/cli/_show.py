"""Tables: drawn on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from promptlab._display import one_line
from promptlab._display._escape import lines

NUMBERS = ("confidence", "latency_s", "score", "low", "high", "graded", "errors", "wall_s", "cost_usd")
"""Columns whose cells stand to the right."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with lines around it on a terminal, else in columns that `cut` and `awk` can take apart."""
    if sys.stdout is None:  # closed before the command began
        return
    if sys.stdout.isatty():
        _draw(columns, rows)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        cells = (
            cell.rjust(width) if name in NUMBERS else cell.ljust(width)
            for name, cell, width in zip(columns, row, widths, strict=True)
        )
        sys.stdout.write(lines("  ".join(cells).rstrip()) + "\n")  # some are commands to a CI service


def short(value: Any) -> str:
    """Write a cell: nothing for what is missing, two digits for a fraction, one line for a text."""
    import pandas as pd

    if pd.isna(value):
        return ""
    return f"{value:.2f}" if isinstance(value, float) else one_line(str(value))


def _draw(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        table.add_column(column, justify="right" if column in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
