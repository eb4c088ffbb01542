"""Rows that are refused for reasons of their own, told from a rate that is too high. No threads, no clock."""

from __future__ import annotations

from collections import deque

FEW = 2
"""Refusals between two of one row, the second included, up to which the row alone is thought to be refused."""
MANY = 6
"""Rows refused one upon another, with at most `AMONG` calls taken in between, that show a rate."""
AMONG = 6


class Loners:
    """Finds out whether an endpoint refuses single rows, and then tells these from all others.

    A row that is refused again, while others got through and hardly any was refused, is one of these. Where there are
    such rows a single refusal says nothing of the rate; many upon another still do.
    """

    def __init__(self) -> None:
        self._found, self._enough = 0, 2
        self._refused_at: deque[float] = deque(maxlen=8)
        self._firsts: deque[int] = deque(maxlen=MANY)

    @property
    def known(self) -> bool:
        """Whether single rows are refused here."""
        return self._found >= self._enough

    def refused(self, now: float) -> None:
        """Note a refusal."""
        self._refused_at.append(now)

    def found(self, before: float) -> bool:
        """Look at a row that was refused again while others got through; tells whether it is what makes them known.

        Args:
            before: When the row was refused before.
        """
        if sum(1 for at in self._refused_at if at > before) > FEW:
            return False
        self._found += 1
        return self._found == self._enough

    def many(self, accepted: int, *, again: bool) -> bool:
        """Tell whether so many rows are refused one upon another that it cannot be for reasons of their own.

        Args:
            accepted: Calls that the provider has taken so far.
            again: Whether the row was refused before.
        """
        if again:
            return False
        self._firsts.append(accepted)
        if len(self._firsts) < MANY or accepted - self._firsts[0] > AMONG:
            return False
        # It looked as if single rows were refused, and it was the rate: be slower to think so again.
        self._found, self._enough = 0, 2 * self._enough
        return True
