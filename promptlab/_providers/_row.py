"""One row's calls, from its first to its last: its place in the queue, and what it was refused."""

from __future__ import annotations

import math
import threading

from promptlab._providers._seat import Seat
from promptlab._scope import Scope
from promptlab._types import Failure


class Row:
    """A row at the gate.

    Args:
        number: Its place in the order in which rows came.
        scope: Its bounds.
        seat: Its run's seat, where it has one.
    """

    __slots__ = ("bell", "calls", "last", "number", "refused_at", "scope", "seat", "tokens", "yields_to")

    def __init__(self, number: int, scope: Scope, seat: Seat | None) -> None:
        self.number, self.scope, self.seat = number, scope, seat
        self.calls = 0
        """Calls made for it."""
        self.tokens = 0.0
        """What a call is estimated to cost, where that matters."""
        self.refused_at = math.inf
        """When it was last refused for the rate; infinite where it never was."""
        self.yields_to = 0
        """So many calls are to be taken by the provider before it is first again."""
        self.last: Failure | None = None
        """What its last call came to, where that was no answer."""
        self.bell: threading.Event | None = None
        """Wakes it while it waits."""
