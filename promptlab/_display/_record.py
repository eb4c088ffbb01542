"""The record of a run that is over: what stays in the saved notebook, on the terminal, and in `last_run()`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from promptlab._display._changes import Changes, changes_html, changes_text
from promptlab._display._detail import Describe
from promptlab._display._escape import html, lines, one_line
from promptlab._display._lines import MARKS, WORDS, count, label_of, reason_of
from promptlab._display._style import FAINT, IGNORE_MATH, ROOT, bar
from promptlab._display._table import table
from promptlab._summary import Summary, speed_text, spent_text, summary_text
from promptlab._types import Outcome, Run

ROOM = 95_000
"""Bytes of HTML that a record takes at most, whatever it is a record of."""

NOTICES_SHOWN = 10
NOTICE_LENGTH = 200
PLAIN_ROWS = 40
PLAIN_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run that is over, ready to be shown. Front ends of notebooks show it as it is."""

    run: Run
    """What was done."""
    summary: Summary
    """What it came to."""
    outcomes: Sequence[Outcome]
    """One for each row, in the suite's order."""
    changes: Changes | None = None
    """What changed since the last version of the prompt, where that is told."""
    notices: tuple[str, ...] = ()
    """What was said once for the whole run."""
    describe: Describe | None = None
    """Gives the text that a row was asked with."""

    def html(self) -> str:
        """Write the record as HTML that says everything without styles, scripts or links."""
        head = _head(self.run, self.summary) + _notices(self.notices)
        if self.changes is not None:
            head += changes_html(self.changes)
        rows = table(self.run, self.outcomes, self.describe, ROOM - len(head.encode()))
        return f'<div class="promptlab-record {IGNORE_MATH}" style="{ROOT}">{head}{rows}</div>'

    def brief(self) -> str:
        """Write the summary as a few plain lines."""
        parts = [summary_text(self.summary)]
        if self.changes is not None:
            parts.append(changes_text(self.changes))
        return lines("\n".join(parts))

    def text(self) -> str:
        """Write the record as plain lines: the summary, what was said, the rows with trouble."""
        parts = [self.brief(), *self.note_lines()]
        return "\n".join([*parts, *self.trouble_lines(PLAIN_ROWS)])

    def note_lines(self) -> list[str]:
        """Write a line for each thing that was said once for the whole run."""
        return [f"note: {one_line(note)}" for note in self.notices[:NOTICES_SHOWN]]

    def trouble_lines(self, limit: int) -> list[str]:
        """Write a line for each row that failed or broke, at most `limit` of them and one that counts the rest."""
        trouble = [row for status in ("fail", "error") for row in self.outcomes if row.status == status]
        told = [
            f"{MARKS[row.status]} {WORDS[row.status]} {label_of(self.run, row)}: {reason_of(row, PLAIN_REASON)}"
            for row in trouble[:limit]
        ]
        if len(trouble) > limit:
            told.append(f"{len(trouble) - limit:,} more rows failed or broke: they are in the frame")
        return told

    def bundle(self) -> dict[str, str]:
        """Give the record in the forms that a notebook keeps."""
        return {"text/html": self.html(), "text/plain": self.text()}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def __repr__(self) -> str:
        return self.text()


def _head(run: Run, summary: Summary) -> str:
    """Say in words how the run went; the score with its interval first."""
    names = ", ".join(f"{variant.name} (version {variant.version})" for variant in run.variants)
    when = run.started_at[:19].replace("T", " ")
    models = f"answered by {', '.join(summary.models)}" if summary.models else ""
    small = "; ".join(part for part in (names, models, f"run {run.id} of {when} UTC") if part)
    parts = [
        ("font-weight:600;font-size:15px", score_words(summary)),
        ("", error_words(summary)),
        ("", _stop_words(summary)),
        ("", speed_text(summary)),
        ("", spent_text(summary)),
        (FAINT, one_line(small, 600)),
    ]
    told = [_line(style, text) for style, text in parts if text]
    counts = (("pass", summary.passed), ("fail", summary.failed), ("error", summary.errors))
    told.insert(1, bar((*counts, ("ungraded", summary.ungraded)), summary.rows))
    return "".join(told)


def score_words(summary: Summary) -> str:
    """Say the score and its interval in a sentence."""
    label = " (simulated: no model answered)" if summary.simulated else ""
    name = f"{one_line(summary.suite, 80)}{label}"
    if summary.score is None or summary.low is None or summary.high is None:
        return f"{name}: no row was graded ({count(summary.rows, 'row')})"
    graded = summary.passed + summary.failed
    return (
        f"{name}: {summary.passed:,} of {graded:,} passed, {100 * summary.score:.0f} % "
        f"(95 % interval {100 * summary.low:.0f} to {100 * summary.high:.0f} %)"
    )


def error_words(summary: Summary) -> str:
    """Say what stands beside the score."""
    said = []
    if summary.errors:
        bounds = ""
        if summary.floor is not None and summary.ceiling is not None:
            low, high = 100 * summary.floor, 100 * summary.ceiling
            bounds = f" ({low:.0f} % had all of them failed, {high:.0f} % had all passed)"
        said.append(f"{count(summary.errors, 'row')} without a verdict, not in the score{bounds}")
    if summary.ungraded:
        said.append(f"{summary.ungraded:,} ungraded")
    if summary.confident_mistakes:
        said.append(
            f"{count(summary.confident_mistakes, 'confident mistake')} (wrong, with a confidence of 0.8 or more)"
        )
    return "; ".join(said)


def _stop_words(summary: Summary) -> str:
    if not summary.stopped and not summary.not_run:
        return ""
    why = f" ({one_line(summary.stopped, 200)})" if summary.stopped else ""
    left = (
        f": {count(summary.not_run, 'row')} not run; run again to fill in what is missing"
        if summary.not_run
        else ""
    )
    return f"Stopped early{why}{left}"


def _notices(notices: Sequence[str]) -> str:
    told = [_line(FAINT, f"note: {one_line(note, NOTICE_LENGTH)}") for note in notices[:NOTICES_SHOWN]]
    if len(notices) > NOTICES_SHOWN:
        told.append(_line(FAINT, f"{count(len(notices) - NOTICES_SHOWN, 'more note')}"))
    return "".join(told)


def _line(style: str, text: str) -> str:
    return f'<div style="{style}">{html(text)}</div>' if style else f"<div>{html(text)}</div>"


def show_record(record: Record) -> None:
    """Show a record in the notebook's cell; where there is no notebook nothing is shown."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import display

        display(record.bundle(), raw=True)  # type: ignore[no-untyped-call]  # IPython has no types here
