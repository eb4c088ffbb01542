"""How many calls may be under way: cut once for an episode of refusals, grown again while it is used. No threads."""

from __future__ import annotations

import math


class Limit:
    """A limit on the calls under way that is found out by what the provider refuses.

    Args:
        ceiling: The limit where nothing was refused.
    """

    FIRST_TRY_S = 2.0
    """Seconds after which a number of calls that was refused is tried again; doubled each time it is refused."""
    LAST_TRY_S = 60.0

    def __init__(self, ceiling: float = math.inf) -> None:
        self.ceiling = ceiling
        """What the limit never exceeds."""
        self._size = math.inf
        self._floor = 1.0
        self._carried = 0.0
        self._proven = 0.0
        self._refused_from = math.inf
        self._try_at = -math.inf
        self._try_s = self.FIRST_TRY_S
        self._easily_to = 0.0

    @property
    def now(self) -> float:
        """Calls allowed under way; infinite where neither ceiling nor refusal sets a bound."""
        size = min(self._size, self.ceiling)
        return size if math.isinf(size) else max(1, int(size))

    def too_many(self, under_way: int) -> bool:
        """Tell whether a refusal of a call fits the provider's allowing fewer at once, and not a rate.

        Args:
            under_way: Calls that were under way when it was sent, itself included.
        """
        return under_way > self._proven

    def cut(self, under_way: int, carried: int, now: float, *, too_many: bool) -> None:
        """Cut the limit at the beginning of an episode.

        Args:
            under_way: Calls that were under way when the refused one was sent, itself included.
            carried: Calls that are still under way: what the provider carries, as far as is known.
            now: The time.
            too_many: Whether the number at once seems to be what was refused.
        """
        before = min(self.now, float(max(under_way, carried + 1)))
        self._floor = max(1.0, math.ceil(before / 8))
        self._carried = float(carried)
        if too_many:
            if under_way >= self._refused_from:
                self._try_s = min(self.LAST_TRY_S, self._try_s * 2)
            self._refused_from = under_way
            self._try_at = now + self._try_s
            self._size = max(self._floor, min(before, self._carried))
            self._proven = self._size
        else:
            self._size = max(self._floor, min(before, max(self._carried, 0.7 * before)))
        self._easily_to = self._size

    def cut_further(self) -> None:
        """Count one more refusal of the episode: the provider carries one call less than was thought."""
        self._carried -= 1
        self._size = max(self._floor, min(self._size, self._carried))
        self._proven = min(self._proven, max(self._size, 1.0))
        self._easily_to = self._size

    def good(self, under_way: int, used: bool, now: float) -> None:
        """Note that a call was answered.

        Args:
            under_way: Calls that were under way when it was sent, itself included.
            used: Whether more calls would have been sent, had the limit allowed it.
            now: The time.
        """
        self._proven = max(self._proven, float(under_way))
        if under_way >= self._refused_from:
            self._refused_from, self._try_s = math.inf, self.FIRST_TRY_S
        if not used or self._size >= self.ceiling or math.isinf(self._size):
            return
        grown = self._size + (1.0 if self._size < self._easily_to else 1.0 / self._size)
        if grown >= self._refused_from and now < self._try_at:
            grown = max(self._size, self._refused_from - 0.01)
        self._size = grown
        if self._size >= self.ceiling:
            self._size = math.inf
