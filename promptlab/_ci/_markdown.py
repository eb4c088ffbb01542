"""A run as a job summary in Markdown. What others say stands in code spans, where nothing is markup."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from promptlab._bars import Held
from promptlab._display import Changes, one_line
from promptlab._display._lines import MARKS, label_of
from promptlab._summary import Summary, score_text, speed_text, spent_text
from promptlab._types import Outcome, Run
from promptlab._wholefile import write_whole

ROWS_LISTED = 50
CASES_LISTED = 20
REASON_SHOWN = 300
APPENDED_TO = "GITHUB_STEP_SUMMARY"
"""The variable that names a file which the steps of a job add to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of one run."""

    run: Run
    """What was done."""
    rows: Sequence[Outcome]
    """Its rows, in the suite's order."""
    summary: Summary
    """What it came to."""
    held: tuple[Held, ...] = ()
    """The bars it was held to."""
    changes: Changes | None = None
    """What changed since the run before it."""
    since: str | None = None
    """What was held against each other, or that nothing was asked anew."""


def job_summary(told: Sequence[Told], notes: Sequence[str] = ()) -> str:
    """Write runs as Markdown.

    Args:
        told: The runs.
        notes: Further lines, for all of them.
    """
    parts = [part for one in told for part in _run(one)]
    parts += [f"- {code(note)}" for note in notes]
    return "\n".join(parts) + "\n"


def write_summary(path: Path, text: str) -> None:
    """Write a summary, whole or not at all; added to what is there where the path is that of the job's own summary.

    Raises:
        SettingError, OSError: It cannot be written.
    """
    said = text.encode("utf-8", "backslashreplace")
    own = os.environ.get(APPENDED_TO)
    if own and Path(own).absolute() == path.absolute():
        with path.open("ab") as file:  # other steps of the job add to it as well
            file.write(said)
    else:
        write_whole(path, [said])


def code(text: str, limit: int = REASON_SHOWN) -> str:
    """Put a text of others into a code span that may stand in a table."""
    line = one_line(text, limit).strip()
    if not line:
        return "–"
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def _run(told: Told) -> list[str]:
    run, summary = told.run, told.summary
    names = ", ".join(f"{code(variant.name)} (version {code(variant.version)})" for variant in run.variants)
    label = " **(simulated: no model answered)**" if summary.simulated else ""
    parts = [
        f"## Prompt tests: {code(run.suite, 80)}",
        "",
        f"**{_plain(score_text(summary))}**{label}",
        "",
        "| | |",
        "| --- | --- |",
        f"| prompt | {names} |",
        f"| model | {code(', '.join(summary.models))} |",
        f"| time | {_plain(speed_text(summary))} |",
    ]
    if spent := spent_text(summary):
        parts.append(f"| spent | {_plain(spent)} |")
    parts += [f"| bar | {code(one.text())} |" for one in told.held]
    if summary.stopped:
        parts.append(f"| stopped | {code(summary.stopped)} |")
    parts.append(f"| run | {code(run.id)} |")
    return [*parts, "", *_trouble(told), *_changes(told.changes), *([told.since, ""] if told.since else [])]


def _trouble(told: Told) -> list[str]:
    ranks = {"fail": 0, "error": 1, "not_run": 2}
    rows = sorted((row for row in told.rows if row.status in ranks), key=lambda row: ranks[row.status])
    if not rows:
        return []
    parts = ["| case | | why |", "| --- | --- | --- |"]
    for row in rows[:ROWS_LISTED]:
        reason = (
            f"{row.error}: {row.reason}"
            if row.error and row.status != "not_run"
            else row.reason or row.error or ""
        )
        parts.append(f"| {code(label_of(told.run, row), 80)} | {MARKS[row.status]} | {code(reason)} |")
    if len(rows) > ROWS_LISTED:
        parts.append(f"| … and {len(rows) - ROWS_LISTED} more | | |")
    return [*parts, ""]


def _changes(changes: Changes | None) -> list[str]:
    if changes is None:
        return []
    parts = [f"What changed: {code(changes.headline, 400)}", ""]
    for title, cases in (("broke", changes.broke), ("fixed", changes.fixed)):
        shown = ", ".join(code(case, 80) for case, _ in cases[:CASES_LISTED])
        more = f" and {len(cases) - CASES_LISTED} more" if len(cases) > CASES_LISTED else ""
        if cases:
            parts.append(f"- {title}: {shown}{more}")
    return [*parts, ""]


def _plain(text: str) -> str:
    """Give a line of our own words and numbers, which holds nothing that Markdown would take for markup."""
    return text.replace("[", "\\[").replace("|", "\\|").replace("$", "\\$")
