"""How many calls may be under way: cut once for an episode of refusals, grown again while it is used. No threads."""

from __future__ import annotations

import math


class Limit:
    """A limit on the calls under way that is found out by what the provider refuses.

    It grows by one for as many answers as it is large, and by one where a while has passed in which nothing was
    refused: a refusal comes at once, an answer may take long. A number that was refused is tried again at
    first soon and then, each time that it is refused again, after twice the time.
    """

    PROOF_S = 0.3
    """Seconds in which a refusal would have come."""
    LAST_TRY_S = 60.0

    def __init__(self) -> None:
        self.ceiling = math.inf
        """What the limit never exceeds."""
        self._size = math.inf
        self._floor = 1.0
        self._carried = 0.0
        self._proven = 0.0
        self._refused_from = math.inf
        self._try_at = -math.inf
        self._try_s = 0.0
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

    def cut(self, under_way: int, carried: int, now: float) -> None:
        """Cut the limit to what the provider carries, at the beginning of an episode.

        Args:
            under_way: Calls that were under way when the refused one was sent, itself included.
            carried: Calls that are still under way: what the provider carries, as far as is known.
            now: The time.
        """
        before = min(self.now, float(max(under_way, carried + 1)))
        self._floor = max(1.0, math.ceil(before / 8))
        self._carried = float(carried)
        if under_way >= self._refused_from:
            self._try_s = min(self.LAST_TRY_S, max(1.0, 2 * self._try_s))
        self._refused_from = under_way
        self._try_at = now + self._try_s
        self._size = max(self._floor, min(before, self._carried))
        self._proven = self._easily_to = self._size

    def ease(self, share: float) -> None:
        """Cut the limit to a share of what it was, where it is not the number at once that was refused."""
        if math.isfinite(self.now):
            self._size = max(1.0, share * self.now)
            self._easily_to = self._size
        self._carried = math.inf

    def cut_further(self) -> None:
        """Count one call less that the provider carries: it was refused in the same episode, or never sent."""
        if math.isinf(self._carried):
            return
        self._carried -= 1
        self._size = max(self._floor, min(self._size, self._carried))
        self._proven = min(self._proven, self._size)
        self._refused_from = min(self._refused_from, self._size + 1)
        self._easily_to = self._size

    def good(self, under_way: int, used: bool, now: float) -> None:
        """Note that a call was answered.

        Args:
            under_way: Calls that were under way with it, as far as is known; 0 where nothing is.
            used: Whether more calls would have been sent, had the limit allowed it.
            now: The time.
        """
        self._prove(under_way)
        if not used or self._size >= self.ceiling:
            return
        grown = self._size + (1.0 if self._size < self._easily_to else 1.0 / self._size)
        if grown >= self._refused_from and now < self._try_at:
            grown = max(self._size, self._refused_from - 0.01)
        self._grow(grown)

    def wait(self, under_way: int, sent_at: float, proof_s: float, now: float) -> float:
        """Give the seconds until one call more may be under way, where no call comes back before.

        Args:
            under_way: Calls under way: as many as are allowed.
            sent_at: When the last of them was sent.
            proof_s: Seconds in which a refusal would have come.
            now: The time.
        """
        if self._size >= self.ceiling:
            return math.inf
        more = float(int(self._size) + 1)
        ready = sent_at + max(self.PROOF_S, proof_s)
        if more >= self._refused_from:
            ready = max(ready, self._try_at)
        if now >= ready:
            self._prove(under_way)
            self._grow(more)
            return 0.0
        return ready - now

    def _prove(self, under_way: int) -> None:
        self._proven = max(self._proven, float(under_way))
        if under_way >= self._refused_from:
            self._refused_from, self._try_s = math.inf, 0.0

    def _grow(self, size: float) -> None:
        self._size = size if size < self.ceiling else math.inf
