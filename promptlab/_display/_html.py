"""The live panel: a reading becomes a piece of HTML of a fixed height. Pure; the same for every front end."""

from __future__ import annotations

from promptlab._display._escape import html
from promptlab._display._lines import MARKS, WORDS, count, duration
from promptlab._display._reading import ROWS_SHOWN, Reading, RowLine
from promptlab._display._style import FAINT, HEAD, IGNORE_MATH, LINE, ROOT, TABLE, bar, edge

ROW_HEIGHT = 27
STOP_HINT = "To stop: Kernel menu, Interrupt (press I twice)"
"""Said where a click on a button would not be heard."""

_ONE_LINE = "white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
_CELL = f"text-align:left;padding:2px 8px;height:{ROW_HEIGHT - 5}px;line-height:{ROW_HEIGHT - 7}px;{_ONE_LINE};border-bottom:1px solid {LINE}"


def panel(reading: Reading, *, hint: str = "", clock: str = "") -> str:
    """Draw a run under way.

    Args:
        reading: How far it is.
        hint: What to say about stopping it.
        clock: The time of day, `hh:mm:ss`.
    """
    words = [headline(reading), counts(reading), times(reading, clock)]
    note = " · ".join([*([hint] if hint else []), *reading.notices[-1:]])
    return (
        f'<div class="promptlab-panel {IGNORE_MATH}" style="{ROOT}">'
        f'<div class="promptlab-head" style="font-weight:600;{_ONE_LINE}">{html(words[0])}</div>'
        f"{_bar(reading)}"
        f'<div style="{_ONE_LINE}">{html(words[1])}</div>'
        f'<div style="{_ONE_LINE}">{html(words[2])}</div>'
        f'<div style="{_ONE_LINE};{FAINT}">{html(note) or "&nbsp;"}</div>'
        f"{_table(reading)}</div>"
    )


def headline(reading: Reading) -> str:
    """Say in one line what runs and how far it is."""
    names = ", ".join(reading.prompts)
    share = 100 * reading.done // reading.total if reading.total else 100
    label = " (simulated)" if reading.simulated else ""
    return f"{_state(reading)}: {reading.suite}{label} with {names}: {reading.done} of {reading.total} done ({share} %)"


def counts(reading: Reading) -> str:
    """Say in one line what became of the rows so far."""
    parts = [f"{reading.passed} passed", f"{reading.failed} failed", count(reading.errors, "error")]
    if reading.ungraded:
        parts.append(f"{reading.ungraded} ungraded")
    if reading.not_run:
        parts.append(f"{reading.not_run} not run")
    parts.append(f"{reading.cached} from the store")
    if reading.retries:
        parts.append(count(reading.retries, "retry", "retries"))
    return ", ".join(parts)


def times(reading: Reading, clock: str = "") -> str:
    """Say in one line what is under way, what limits it, and how long it takes."""
    parts = [f"{reading.under_way} under way with {count(reading.workers, 'worker')}"]
    if reading.limit is not None:
        why = f" ({reading.limit_reason})" if reading.limit_reason else ""
        parts.append(f"limit {reading.limit} of {reading.workers} at once{why}")
    parts.append(f"{duration(reading.elapsed_s)} elapsed")
    if not reading.finished:
        parts.append(
            f"about {duration(reading.eta_s)} left" if reading.eta_s is not None else "time left unknown"
        )
    if clock:
        parts.append(f"as of {clock}")
    return " · ".join(parts)


def _state(reading: Reading) -> str:
    if not reading.stopped:
        return "Done" if reading.finished else "Running"
    return f"{'Stopped' if reading.finished else 'Stopping'} ({reading.stopped})"


def _bar(reading: Reading) -> str:
    parts = (
        ("pass", reading.passed),
        ("fail", reading.failed),
        ("error", reading.errors),
        ("ungraded", reading.ungraded),
    )
    return bar(parts, reading.total)


def _table(reading: Reading) -> str:
    """Draw the rows; the height is that of all rows there will be, so that the page does not jump."""
    height = ROW_HEIGHT * (1 + min(ROWS_SHOWN, reading.total)) + 4
    columns = (("18%", "case"), ("14%", "result"), ("12%", "confidence"), ("56%", "reason"))
    head = "".join(f'<th style="{HEAD};width:{width}">{name}</th>' for width, name in columns)
    rows = "".join(_row(row) for row in reading.rows)
    return (
        f'<div style="min-height:{height}px">'
        f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(row: RowLine) -> str:
    cached = " (cached)" if row.cached else ""
    confidence = "" if row.confidence is None else f"{row.confidence:.2f}"
    return (
        f'<tr><td style="{_CELL}">{html(row.label)}</td>'
        f'<td style="{_CELL};{edge(row.status)}">{MARKS[row.status]} {WORDS[row.status]}{cached}</td>'
        f'<td style="{_CELL}">{confidence}</td><td style="{_CELL}">{html(row.reason)}</td></tr>'
    )
