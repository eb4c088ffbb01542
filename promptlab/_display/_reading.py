"""What a meter says at one moment, and what every screen draws."""

from __future__ import annotations

from dataclasses import dataclass

from promptlab._types import Status

ROWS_SHOWN = 12
"""A reading shows at most this many rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLine:
    """A finished row in a few words."""

    status: Status
    """The row's status."""
    label: str
    """What the row is called."""
    confidence: float | None
    """In [0, 1], or None."""
    reason: str
    """Why it failed or broke, on one line; empty where it did neither."""
    cached: bool
    """Whether it came from the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How far a run is, at one moment."""

    suite: str
    """The suite's name."""
    prompts: tuple[str, ...]
    """Names of the prompts or variants."""
    done: int
    """Rows with an outcome; rows that were not run are none of them."""
    total: int
    """Rows of the run."""
    passed: int
    """Rows with status `pass`."""
    failed: int
    """Rows with status `fail`."""
    errors: int
    """Rows with status `error`."""
    ungraded: int
    """Rows with status `ungraded`."""
    not_run: int
    """Rows that were stopped before their turn."""
    cached: int
    """Rows that came from the store."""
    retries: int
    """Calls made again."""
    under_way: int
    """Rows being worked on."""
    workers: int
    """The ceiling on calls under way at once."""
    limit: int | None
    """Calls allowed under way for now, where the provider's limits hold the run under its ceiling."""
    limit_reason: str
    """Why, on one line."""
    elapsed_s: float
    """Seconds since the run began."""
    eta_s: float | None
    """Seconds until the last row, or None where nobody can tell."""
    rows: tuple[RowLine, ...]
    """At most twelve finished rows: those with trouble first, then the newest."""
    notices: tuple[str, ...]
    """What was said once for the whole run, oldest first."""
    simulated: bool
    """Whether a simulator answers."""
    stopped: str | None
    """Why the run ends early, as soon as it was told to."""
    finished: bool
    """Whether the run is over."""
