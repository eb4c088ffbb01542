"""Counts calls by their content, for as many contents as a bound allows."""

from __future__ import annotations

import threading
from collections import OrderedDict

__all__ = ["Attempts"]


class Attempts:
    """Numbers the calls of each content from 0; forgets the content unused for longest.

    Args:
        bound: How many contents it remembers.
    """

    def __init__(self, bound: int = 200_000) -> None:
        self._bound = bound
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()

    def next(self, key: str) -> int:
        """Give how many calls of this content came before."""
        with self._lock:
            count = self._counts.pop(key, 0)
            self._counts[key] = count + 1
            if len(self._counts) > self._bound:
                self._counts.popitem(last=False)
        return count

    def reset(self) -> None:
        """Forget all."""
        with self._lock:
            self._counts.clear()
