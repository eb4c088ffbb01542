"""The line that says one finished row, and the few words that all displays share."""

from __future__ import annotations

from promptlab._display._escape import REASON_LENGTH, one_line
from promptlab._types import Outcome, Run

MARKS = {"pass": "✅", "fail": "❌", "error": "⚠️", "ungraded": "➖", "not_run": "⏹"}
"""The sign of each status."""

WORDS = {"pass": "PASS", "fail": "FAIL", "error": "ERROR", "ungraded": "UNGRADED", "not_run": "NOT RUN"}
"""The word of each status, for eyes and screens that cannot tell the signs apart."""

LABEL_WIDTH = 20
LABEL_LENGTH = 80


def progress_line(outcome: Outcome, *, label: str, done: int, total: int, eta_s: float | None) -> str:
    """Write the line of one finished row.

    Args:
        outcome: The row.
        label: What the row is called, as `label_of` gives it.
        done: Rows finished so far, this one included.
        total: Rows of the run.
        eta_s: Seconds until the last row, or None where nobody can tell.
    """
    mark = MARKS[outcome.status]
    line = f"[{done}/{total}] {mark} {label:<{LABEL_WIDTH}} conf={confidence_text(outcome)} ({_wait(outcome, eta_s)})"
    reason = reason_of(outcome)
    return f"{line} → {reason}" if reason else line


def label_of(run: Run, outcome: Outcome) -> str:
    """Name a row: the case, with the variant where there are several and the repeat where there are more."""
    label = one_line(outcome.case.id, LABEL_LENGTH)
    if len(run.variants) > 1:
        label = f"{one_line(outcome.prompt, LABEL_LENGTH)}/{label}"
    return f"{label}#{outcome.repeat}" if run.repeats > 1 else label


def confidence_of(outcome: Outcome) -> float | None:
    """Give the confidence of a row's answer, or None."""
    return outcome.answer.confidence if outcome.answer is not None else None


def confidence_text(outcome: Outcome) -> str:
    """Write a row's confidence with two decimals, `n/a` where there is none."""
    confidence = confidence_of(outcome)
    return "n/a" if confidence is None else f"{confidence:.2f}"


def is_cached(outcome: Outcome) -> bool:
    """Tell whether a row was served from the store."""
    return outcome.completion is not None and outcome.completion.cached


def reason_of(outcome: Outcome, limit: int = REASON_LENGTH) -> str:
    """Say on one line why a row failed or broke; empty where it did neither."""
    if outcome.status not in ("fail", "error", "not_run"):
        return ""
    reason = outcome.reason or ""
    if outcome.status == "error" and outcome.error and not reason.startswith(outcome.error):
        reason = f"{outcome.error}: {reason}" if reason else outcome.error
    return one_line(reason, limit)


def duration(seconds: float) -> str:
    """Write a time for people: `7.1 s`, `2 min 05 s`, `1 h 03 min`."""
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: `1 row`, `1,200 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _wait(outcome: Outcome, eta_s: float | None) -> str:
    if is_cached(outcome):
        return "cached"
    return "ETA: ?" if eta_s is None else f"ETA: {eta_s:.1f}s"
