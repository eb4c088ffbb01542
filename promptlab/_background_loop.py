"""An event loop of a run's own, and how a worker's thread waits for a coroutine on a loop that turns elsewhere."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any

from promptlab._scope import Scope

STEP_S = 0.1


class BackgroundLoop:
    """An event loop in a thread of its own, begun when first used, for `async def` targets of one run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.wake = threading.Event()
        """What the caller's thread waits for."""

    def wait_for(self, coroutine: Coroutine[Any, Any, Any], scope: Scope) -> Any:
        """Run a coroutine on the loop, in this thread's context, until the scope ends it.

        Raises:
            TimeoutError: The row's deadline came first.
            asyncio.CancelledError: The run was stopped first.
        """
        return await_on(self._begun(), coroutine, scope)

    def close(self) -> None:
        """Cancel what is left and end the thread."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(1.0)

    def _begun(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="promptlab-loop", daemon=True
                )
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            if not task.cancelling():  # else it is cleaning up already, and is not to be disturbed
                task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=0.5))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def await_on(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, Any],
    scope: Scope,
    tasks: set[asyncio.Task[Any]] | None = None,
    contained: tuple[type[BaseException], ...] = (KeyboardInterrupt, SystemExit),
) -> Any:
    """Run a coroutine on a loop that turns in another thread, in this thread's context.

    Args:
        loop: Where it runs.
        coroutine: What runs.
        scope: Ends it.
        tasks: Holds the task while it runs; touched in the loop's thread alone.
        contained: What is handed over where the coroutine raises it: raised on the loop it would end the loop.

    Raises:
        TimeoutError: The row's deadline came first.
        asyncio.CancelledError: The run was stopped first, and what is under way was to be cut.
    """
    context = contextvars.copy_context()
    held: set[asyncio.Task[Any]] = set() if tasks is None else tasks
    made: list[asyncio.Task[Any]] = []
    over = threading.Event()

    def begin() -> None:
        task = loop.create_task(_contained(coroutine, contained, scope), context=context)
        made.append(task)
        held.add(task)
        task.add_done_callback(held.discard)
        task.add_done_callback(lambda _: coroutine.close())  # one that was cancelled first was never begun
        task.add_done_callback(lambda _: over.set())

    def cancel() -> None:
        for task in made:
            task.cancel()

    loop.call_soon_threadsafe(begin)
    while not over.wait(STEP_S):
        if scope.stop.cut or not scope.left():
            loop.call_soon_threadsafe(cancel)
            over.wait(STEP_S)
            if scope.stop.cut:
                raise asyncio.CancelledError(scope.stop.reason)
            raise TimeoutError("the row's deadline is over")
    result, escaped = made[0].result()
    if escaped is not None:
        raise escaped
    return result


async def _contained(
    coroutine: Coroutine[Any, Any, Any], what: tuple[type[BaseException], ...], scope: Scope
) -> tuple[Any, BaseException | None]:
    if scope.stop.is_set():  # it came while others held the loop
        raise asyncio.CancelledError(scope.stop.reason)
    try:
        return await coroutine, None
    except what as escaped:
        return None, escaped
