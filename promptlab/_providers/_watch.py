"""Looks after the calls under way, so that none outlives its time, whatever the caller's thread is busy with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

STEP_S = 0.05
IDLE_STEPS = 6
"""Steps without a call after which the thread ends."""


class Watch:
    """A thread that lives as long as there is something to look after, and a moment more.

    Args:
        look: Looks once; tells whether there was anything.
    """

    def __init__(self, look: Callable[[], bool]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._running = False

    def keep(self) -> None:
        """Have the thread run, since there is something to look after now."""
        with self._lock:
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="promptlab-watch", daemon=True).start()

    def _run(self) -> None:
        idle = 0
        while True:
            time.sleep(STEP_S)
            idle = 0 if self._look() else idle + 1
            if idle >= IDLE_STEPS:
                with self._lock:
                    if not self._look():
                        self._running = False
                        return
