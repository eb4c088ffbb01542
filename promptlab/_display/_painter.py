"""The one thread of a display that draws, how often it may, and what becomes of its troubles."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HERTZ = 8
"""A display is drawn at most so often in a second: more is wasted, and much more drowns the front end."""

IDLE_S = 0.5
"""A display is drawn after this long even if nothing happened, since its clock goes on."""

JOIN_S = 2.0


class Troubles:
    """Counts what goes wrong in a display, which must never touch the run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0
        """How many errors there were."""
        self.first: str | None = None
        """What the first one was."""

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Keep what goes wrong inside from getting out. An interrupt is the caller's and passes."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is: a display must not cost a run its rows
            self.note(error)

    def note(self, error: BaseException) -> bool:
        """Count an error; True where it is the first one."""
        with self._lock:
            self.count += 1
            if self.first is not None:
                return False
            self.first = f"{type(error).__name__}: {error}"
            return True


class Painter:
    """Draws in a thread of its own: soon after it is told that there is something new, and seldom enough.

    Args:
        paint: Draws. It is never called twice at the same time, and not after `close` has returned.
        troubles: Where errors of `paint` are counted.
    """

    def __init__(self, paint: Callable[[], None], troubles: Troubles) -> None:
        self._paint = paint
        self._troubles = troubles
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._closed = threading.Event()
        # The caller's context names the cell that runs: what the thread draws belongs to that cell.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._turn,), name="promptlab-display", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new."""
        self._news.set()

    def close(self) -> bool:
        """Stop drawing; False where a drawing under way does not come to an end."""
        self._closed.set()
        self._news.set()
        self._thread.join(JOIN_S)
        return not self._thread.is_alive()

    def _turn(self) -> None:
        while not self._closed.is_set():
            self._news.wait(IDLE_S)
            self._news.clear()
            with self._lock, self._troubles.caught():
                if not self._closed.is_set():
                    self._paint()
            self._closed.wait(1 / HERTZ)
