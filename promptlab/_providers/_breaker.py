"""Breakers: what a series of failures says about the whole endpoint. No threads; every clock is an argument."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from promptlab._types import Failure, Kind

OUTAGE_KINDS = frozenset({"server", "connection", "timeout"})
ACCOUNT_KINDS = frozenset({"auth", "permission", "quota", "not_found"})


class Row(Protocol):
    """What a breaker wants to know of a row."""

    calls: int
    """Calls made for it."""
    number: int
    """Its place among all rows, by when it came."""


class Outage:
    """Holds the rows back while the endpoint is down, sends a few ahead, and gives up after a while.

    Down is an endpoint that failed again and again without one answer in between: five times where it has
    never answered, else twice as often as calls may be under way. Then three rows go on as if nothing were
    (each with its own growing waits, so that a fault that goes away after some tries is overcome), and every
    three seconds the row with the fewest calls is sent ahead; one answer ends it. After 24 seconds without
    an answer the rows that were tried are given up. Since these may be the very rows at fault, up to five
    rows that were never tried go before all others are given up too.
    """

    PATIENCE_S = 24.0
    SCOUTS = 3
    MOST_CALLS = 22
    """Calls that scouts and probes may make together."""
    PROBE_EVERY_S = 3.0
    LAST_PROBES = 5
    AGAIN_S = 10.0
    """Seconds after which an endpoint that was given up is asked again."""

    def __init__(self) -> None:
        self.last: Failure | None = None
        """The last failure of the series."""
        self._proven = False
        self._failed = 0
        self._opened_at = math.inf
        self._open = False
        self._scouts: set[int] = set()
        self._sent = 0
        self._probe_at = math.inf
        self._fresh_sent = 0
        self._fresh_under_way: set[int] = set()
        self._ahead_at = -math.inf

    @property
    def open(self) -> bool:
        """Whether rows are held back."""
        return self._open

    @property
    def failed(self) -> int:
        """Calls that failed in a row."""
        return self._failed

    def alive(self, row: Row) -> bool:
        """Note an answer of any sort; tells whether it ended an outage."""
        was = self._open
        self._fresh_under_way.discard(row.number)
        self._proven, self._failed, self._open = True, 0, False
        return was

    def fail(self, row: Row, failure: Failure, limit: float, now: float) -> bool:
        """Note a call that failed as in an outage; tells whether it began one.

        Args:
            row: The row it was made for.
            failure: What it came to.
            limit: Calls that may be under way.
            now: The time.
        """
        self._fresh_under_way.discard(row.number)
        self._failed += 1
        self.last = failure
        enough = max(5.0, 2.0 * min(limit, 50.0)) if self._proven else 5.0
        if self._open or self._failed < enough:
            return False
        self._open, self._opened_at = True, now
        self._sent = self._fresh_sent = 0
        self._scouts.clear()
        self._fresh_under_way.clear()
        self._probe_at = now + 0.25
        return True

    def done(self, row: Row) -> None:
        """Note that a row is not tried any more."""
        self._scouts.discard(row.number)
        self._fresh_under_way.discard(row.number)

    def may_go(self, row: Row, waiting: Sequence[Row], now: float) -> bool | None:
        """Decide on a row that is held back: True to send it, False to keep it, None to give it up."""
        if now >= self._opened_at + self.PATIENCE_S:
            return self._at_last(row, now)
        if self._sent < self.MOST_CALLS:
            if row.number in self._scouts or (row.calls and len(self._scouts) < self.SCOUTS):
                self._scouts.add(row.number)
                self._sent += 1
                return True
            if now >= self._probe_at and row is min(waiting, key=lambda one: (one.calls, one.number)):
                self._probe_at = now + self.PROBE_EVERY_S
                self._sent += 1
                return True
        return False

    def message(self) -> str:
        """Say what the outage is and that it was given up."""
        last = self.last.message if self.last else "no answer"
        return f"given up: the endpoint gave no answer for {self.PATIENCE_S:.0f} s ({self._failed} calls failed); the last said: {last}"

    def kind(self) -> Kind:
        """Give the kind of the last failure."""
        return self.last.kind if self.last else "connection"

    def _at_last(self, row: Row, now: float) -> bool | None:
        """Send a few rows ahead that were never tried, one at a time; give up all others."""
        if row.calls:
            return None
        if self._fresh_under_way:
            return False
        if self._fresh_sent >= self.LAST_PROBES:
            if now < self._ahead_at + self.AGAIN_S:
                return None
            self._fresh_sent = self.LAST_PROBES - 1
        self._fresh_sent += 1
        self._ahead_at = now
        self._fresh_under_way.add(row.number)
        return True


class Account:
    """Counts refusals that no case is to blame for: key, permission, credit, model.

    Five in a row without one success are enough. Until the first call has shown that the account works, no
    more than sixteen are under way in the first quarter of a second, in which a refusal would come; and while a
    refusal is the last that was heard, no more are sent than would make it five.
    """

    ENOUGH = 5
    FIRST = 16
    FIRST_S = 0.25

    def __init__(self) -> None:
        self._refused = 0
        self._proven = False
        self._sent = 0
        self._first_at = math.inf

    def good(self) -> None:
        """Note a success."""
        self._refused, self._proven = 0, True

    def neutral(self) -> None:
        """Note an answer that shows only that the account is not refused."""
        self._proven = True

    def refused(self) -> bool:
        """Note a refusal; tells whether it is one too many."""
        self._refused += 1
        return self._refused >= self.ENOUGH

    def sent(self, now: float) -> None:
        """Note a send."""
        if not self._proven:
            self._sent += 1
            self._first_at = min(self._first_at, now)

    def forgive(self) -> None:
        """Begin to count anew, as for a new run."""
        self._refused = 0

    def wait(self, under_way: int, now: float) -> float:
        """Give the seconds until a call may be sent; infinite until another has come back."""
        if self._refused and (not self._proven or self._refused >= self.ENOUGH - 2):
            return math.inf if under_way and self._refused + under_way >= self.ENOUGH else 0.0
        if not self._proven and self._sent >= self.FIRST:
            return max(0.0, self._first_at + self.FIRST_S - now)
        return 0.0
