"""A user's own code, run on a leash: it may hang for good, and the row, the run and the process end all the same.

Python cannot end a thread from outside. So a callable under test, or a check of the user's, runs in a companion of
the worker's thread; a worker that must not wait any longer lets go of its companion and takes a new one. Companions
are daemons: one that hangs keeps no process from its end.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from promptlab._scope import Scope

T = TypeVar("T")

STEP_S = 0.05
"""A worker looks up this often, for its run's stop."""

GRACE_S = 0.25
"""How long a function may take to come to an end by itself once its time is over: coroutines are cancelled then."""

Held = tuple[contextvars.Context, Callable[[], Any], "Call"]
"""What a companion is given: the context to run in, what to run, where what came of it goes."""


class Call:
    """What came of one call."""

    __slots__ = ("over", "raised", "result")

    def __init__(self) -> None:
        self.over = threading.Event()
        self.result: Any = None
        self.raised: BaseException | None = None


class Companion:
    """A thread that runs what a worker gives it; ends when its worker does, or lets go of it."""

    def __init__(self) -> None:
        self._given: queue.SimpleQueue[Held | None] = queue.SimpleQueue()
        threading.Thread(target=_serve, args=(self._given,), name="promptlab-row", daemon=True).start()
        self.leave = weakref.finalize(self, self._given.put, None)
        """Ends the thread, once it has come to the end of what it runs."""
        self.leave.atexit = False

    def begin(self, function: Callable[[], Any]) -> Call:
        """Have a function run in this thread's context."""
        call = Call()
        self._given.put((contextvars.copy_context(), function, call))
        return call


class Leash:
    """Runs functions of the user's for the workers of one run, each beside its own worker."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: weakref.WeakSet[Companion] = weakref.WeakSet()

    def run(self, function: Callable[[], T], scope: Scope) -> T:
        """Run a function until it ends or the scope does.

        Raises:
            TimeoutError: The row's deadline came first; the function is left to itself.
            asyncio.CancelledError: The run was stopped first, and what is under way was to be cut.
            BaseException: Whatever the function raised.
        """
        companion: Companion | None = getattr(self._mine, "companion", None)
        if companion is None:
            companion = self._mine.companion = Companion()
            with self._lock:
                self._all.add(companion)
        call = companion.begin(function)
        try:
            while not call.over.wait(min(STEP_S, scope.left())):
                if (scope.stop.cut or not scope.left()) and not call.over.wait(GRACE_S):
                    del self._mine.companion
                    companion.leave()
                    if scope.stop.cut:
                        raise asyncio.CancelledError(scope.stop.reason)
                    raise TimeoutError("the row's deadline is over, and it goes on by itself")
            if call.raised is not None:
                raise call.raised
            return call.result  # type: ignore[no-any-return]  # a queue forgets what type it was given
        finally:
            del companion, call  # what is raised holds this frame, and would hold the companion with it

    def close(self) -> None:
        """End all companions, each when what it runs has ended: workers of the user's own live on after the run."""
        with self._lock:
            found = list(self._all)
        for companion in found:
            companion.leave()


def _serve(given: queue.SimpleQueue[Held | None]) -> None:
    while (held := given.get()) is not None:
        context, function, call = held
        try:
            call.result = context.run(function)
        except BaseException as raised:  # noqa: BLE001 - it is raised again in the worker's thread
            call.raised = raised
        call.over.set()
        del held, context, function, call  # what a row held is let go of before the next one comes
