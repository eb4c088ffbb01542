"""What a run says while it happens. Observers get these, in order, in the caller's thread."""

from __future__ import annotations

from dataclasses import dataclass

from promptlab._types import Outcome, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run is about to make its first call."""

    run: Run
    """What will be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStarted:
    """A worker took a row up."""

    index: int
    """The row's place in the run, from 0."""
    case: str
    """The case's id."""
    at_s: float
    """Seconds since the run began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFinished:
    """A row has its outcome; it is stored before an observer hears of it."""

    outcome: Outcome
    """The outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged:
    """How many calls may be under way was changed, by the provider's limits or an outage."""

    limit: int
    """Calls allowed under way from now on."""
    reason: str
    """Why, in one line."""
    at_s: float
    """Seconds since the run began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something said once for the whole run: a parameter dropped, a key missing, a disk full."""

    text: str
    """One line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is over; every row has its outcome."""

    run: Run
    """What was done."""
    wall_s: float
    """Seconds from the start to the last outcome."""
    stopped: str | None = None
    """Why it ended early (`interrupt`, `stop button`, `budget`, …); None where it ran to its end."""


Event = RunStarted | CaseStarted | CaseFinished | LimitChanged | Notice | RunFinished
