"""What bounds the work on one row: the run's stop and the row's deadline."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from promptlab._types import Kind


class Stop:
    """A wish, heard by every worker at once, that nothing more be begun."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._kind: Kind = "cancelled"
        self._cut = False

    @property
    def reason(self) -> str | None:
        """Why the run was stopped: the first reason given; None while it was not."""
        return self._reason

    @property
    def kind(self) -> Kind:
        """The kind that stands in the rows which the stop keeps from a verdict."""
        return self._kind

    @property
    def cut(self) -> bool:
        """Whether calls under way are to be cut as well; else they may come to their end."""
        return self._cut

    def set(self, reason: str, kind: Kind = "cancelled", *, cut: bool = True) -> None:
        """Stop the run. The first reason counts; a later stop may still ask for the cut."""
        with self._lock:
            if self._reason is None:
                self._reason, self._kind = reason, kind
            self._cut = self._cut or cut
        self._event.set()

    def is_set(self) -> bool:
        """Tell whether the run was stopped."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, at most `seconds`; True at once where the run is or gets stopped."""
        return self._event.wait(max(seconds, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a provider must respect while it works on one row."""

    stop: Stop
    """The run's stop."""
    deadline: float
    """The row's last moment, on the clock of `time.monotonic()`."""

    def left(self) -> float:
        """Seconds until the deadline, 0 where it is over."""
        return max(0.0, self.deadline - time.monotonic())

    def sleep(self, seconds: float) -> bool:
        """Sleep in the row's name; False where the stop or the deadline came first."""
        enough = self.left() > seconds
        return not self.stop.wait(min(seconds, self.left())) and enough
