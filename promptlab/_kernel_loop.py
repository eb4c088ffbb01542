"""The event loop of the caller's thread, kept turning while a run waits in that thread.

An async client belongs to the loop on which it was first used, and fails on any other. In a notebook that is
the kernel's loop, which a cell blocks for as long as it runs; a target that uses such a client has to be driven
there. Turning a loop from inside itself is what nest_asyncio2 and nest-asyncio are for. They patch asyncio for
the rest of the process, so this is done only where it was asked for (`Lab(loop="kernel")`) and a run has a
callable under test.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import ModuleType
from typing import Any

from promptlab._background_loop import await_on
from promptlab._errors import SettingError
from promptlab._scope import Scope

GRACE_S = 0.5
"""How long the end of a run waits for tasks that were cancelled."""


class KernelLoop:
    """Runs the coroutines of one run on the loop of the thread that makes it; has the shape of `BackgroundLoop`.

    Raises:
        SettingError: No loop runs in this thread, or it cannot be turned from inside itself.
    """

    def __init__(self) -> None:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise SettingError(
                'Lab(loop="kernel") needs an event loop that runs in the calling thread, as in a notebook\'s cell; '
                "elsewhere leave it out: coroutines then run on a loop of the run's own"
            ) from None
        _allow_nesting(self._loop)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.wake: threading.Event = TurningEvent(self._loop)
        """What the caller's thread waits for: while it does, the loop turns."""

    def wait_for(self, coroutine: Coroutine[Any, Any, Any], scope: Scope) -> Any:
        """Run a coroutine on the loop, from a worker's thread and in its context, until the scope ends it.

        Raises:
            TimeoutError: The row's deadline came first.
            asyncio.CancelledError: The run was stopped first.
        """
        # The caller's interrupt may be raised inside of a coroutine here, and must get through to the caller.
        return await_on(self._loop, coroutine, scope, self._tasks, contained=(SystemExit,))

    def close(self) -> None:
        """Cancel what is left, and turn the loop until that has come to an end."""
        for task in self._tasks:
            if not task.cancelling():  # else it is cleaning up already, and is not to be disturbed
                task.cancel()
        if self._tasks:
            self._loop.run_until_complete(asyncio.wait(self._tasks, timeout=GRACE_S))


class TurningEvent(threading.Event):
    """An event for which the loop's own thread can wait without blocking the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._rung = asyncio.Event()  # is touched in the loop's thread alone

    def set(self) -> None:
        """Set the event, from any thread."""
        super().set()
        self._loop.call_soon_threadsafe(self._rung.set)

    def wait(self, timeout: float | None = None) -> bool:
        """Turn the loop until the event is set; True where it was. For the loop's thread."""
        self._rung.clear()
        if not self.is_set():  # what is set from here on rings
            self._loop.run_until_complete(self._heard(timeout))
        return self.is_set()

    async def _heard(self, timeout: float | None) -> None:  # noqa: ASYNC109 - the shape of threading.Event.wait
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), timeout)


def _allow_nesting(loop: asyncio.AbstractEventLoop) -> None:
    """Let a loop be turned from inside itself, for the rest of the process."""
    try:
        _nesting().apply(loop)
    except ValueError as refused:  # both modules raise it for loops that are not asyncio's own
        raise SettingError(f'Lab(loop="kernel") cannot be used with this event loop: {refused}') from None


def _nesting() -> ModuleType:
    """Import the kept fork where it is installed, else nest-asyncio where that works."""
    with suppress(ImportError):
        return importlib.import_module("nest_asyncio2")
    if sys.version_info >= (3, 14):
        raise SettingError(
            'Lab(loop="kernel") needs nest_asyncio2 from Python 3.14 on, where nest-asyncio breaks async clients'
        )
    try:
        return importlib.import_module("nest_asyncio")
    except ImportError:
        raise SettingError(
            'Lab(loop="kernel") needs nest_asyncio2 or nest-asyncio; install one of them'
        ) from None
