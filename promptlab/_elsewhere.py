"""Work in other processes, here or on other machines: what a row's thread hands to an executor and waits for.

The row itself stays with its thread in the caller's process: store, budget, limits, retries and checks are the
same as ever, and only the call leaves. So a lost worker takes nothing along but its calls under way.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import sys
import uuid
import weakref
from collections import Counter
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from promptlab._errors import SettingError
from promptlab._scope import Scope
from promptlab._types import Failure, Kind

STEP_S = 0.1
"""A row's thread looks up this often, for its run's stop."""

LATE_S = 2.0
"""How long past a row's deadline its worker is waited for: it keeps the deadline itself."""

ANSWER_S = 120.0
"""How long the first worker may take to answer at all: clusters start theirs when there is something to do."""

DEEP = 3
"""Calls handed over for each of the executor's slots, at most: a slot that becomes free has its next call at hand."""


@dataclass(frozen=True, slots=True)
class Away:
    """What came of a function that was handed over."""

    result: Any
    """What it gave, or the failure that kept it from giving anything."""
    begun: int = 1
    """How often it was begun to give this: more than once where workers were lost. A failure of this module's own
    has that in its attempts."""


def in_threads(executor: Executor | None) -> bool:
    """Tell whether an executor's workers are threads of this process, which can do a row as it is."""
    return executor is None or isinstance(executor, ThreadPoolExecutor)


def sound_executor(executor: Any) -> Executor | None:
    """Check at the door what is to be run on.

    Raises:
        SettingError: It is no executor, or its processes would be forks of this one.
    """
    if executor is None:
        return None
    if not isinstance(executor, Executor):
        hint = "; give client.get_executor()" if hasattr(executor, "get_executor") else ""
        raise SettingError(f"executor={type(executor).__name__} is no concurrent.futures.Executor{hint}")
    context = getattr(executor, "_mp_context", None)
    if context is not None and context.get_start_method() == "fork":
        raise SettingError(_FORKED)
    return executor


_FORKED = (
    "the executor forks this process, which shares connections and locks with the copies; "
    'give ProcessPoolExecutor(..., mp_context=multiprocessing.get_context("spawn"))'
)


class Elsewhere:
    """Hands functions over to an executor of processes, each under a name of its own.

    The name keeps executors that take equal calls for the same one (Dask's, by default) from answering
    several rows with one call.

    Args:
        executor: Runs them.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._client = getattr(executor, "_client", None) if _is_dask(executor) else None
        self._topic = f"promptlab-{uuid.uuid4().hex}"
        self._begun: Counter[str] = Counter()
        self.salt = uuid.uuid4().hex
        """Goes into what is sent in a secret's place."""
        if self._client is not None:
            begun = weakref.proxy(self._begun)  # the client outlives this, and need not keep it
            self._client.subscribe_topic(self._topic, lambda event: _note(begun, event))

    def slots(self) -> int | None:
        """Count the calls that the workers can make at once; None where the executor does not say."""
        if self._client is not None:
            return sum(self._client.nthreads().values()) or None
        count = getattr(self._executor, "_max_workers", None)
        return count if isinstance(count, int) else None

    def bearable(self, workers: int) -> int:
        """Cut workers to what keeps every slot busy: what else is handed over only waits there."""
        slots = self.slots()
        return workers if slots is None else max(1, min(workers, DEEP * slots))

    def check(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a worker try a function before anything is paid for.

        Args:
            function: Gives None where all is well, else says what is not.
            arguments: What it is called with.

        Raises:
            SettingError: No worker answers, what is sent does not arrive whole, or the function finds fault.
        """
        try:
            future = self._executor.submit(_probe, uuid.uuid4().hex, function, arguments)
            forked, said = future.result(ANSWER_S)
        except TimeoutError as late:
            raise SettingError(f"no worker of the executor answered within {ANSWER_S:g} s") from late
        except Exception as raised:
            what = f"{type(raised).__name__}: {raised}"[:1000]
            raise SettingError(f"the executor's workers cannot do the work ({what}); {_HINT}") from raised
        if forked:
            raise SettingError(_FORKED)
        if said is not None:
            raise SettingError(said)

    def call(self, scope: Scope, function: Callable[..., Any], *arguments: Any) -> Away:
        """Have a worker call a function, and wait for what it gives, as long as the scope lasts."""
        name = uuid.uuid4().hex
        try:
            future = self._executor.submit(_do, self._topic, name, function, arguments)
        except (RuntimeError, OSError) as closed:  # broken pools among them
            return Away(_end(scope, closed, 0))
        while not wait((future,), STEP_S).done:
            if scope.stop.cut or scope.left() <= 0:
                left = None if scope.stop.cut else LATE_S
                if left is not None and wait((future,), left).done:
                    break
                begun = self._count(name, future)
                future.cancel()
                return Away(_given_up(scope, begun))
        try:
            result = future.result()
        except (Exception, CancelledError) as raised:  # noqa: BLE001 - whatever became of the worker costs this row, no other
            return Away(_lost(scope, raised, self._count(name, future)))
        return Away(result, max(1, self._begun.pop(name, 1)))

    def _count(self, name: str, future: Future[Any]) -> int:
        """Tell how often a function was begun, as far as is known."""
        told = self._begun.pop(name, 0)
        return told if self._client is not None else int(future.running() or future.done())


_HINT = "what is under test must be importable there, and its input, shared data and resource picklable"


def pickled(what: str, *values: Any) -> bytes:
    """Pickle values for another process: functions of a notebook or script by value, where cloudpickle is installed.

    Raises:
        SettingError: They cannot be pickled.
    """
    try:
        pickler: Any = pickle
        with contextlib.suppress(ImportError):
            pickler = importlib.import_module("cloudpickle")
        packed: bytes = pickler.dumps(values)
    except Exception as raised:
        why = f"{type(raised).__name__}: {raised}"[:500]
        raise SettingError(f"{what} cannot be sent to another process: {why}") from raised
    return packed


def unpickled(packed: bytes) -> tuple[Any, ...]:
    """Give the values that `pickled` packed."""
    values: tuple[Any, ...] = pickle.loads(packed)  # noqa: S301 - the caller's own, over the executor's own way
    return values


def _is_dask(executor: Executor) -> bool:
    return any(kind.__module__.partition(".")[0] == "distributed" for kind in type(executor).__mro__)


def _note(begun: Counter[str], event: Any) -> None:
    """Count a call that a worker says it has begun; an event is its time and what was said."""
    with contextlib.suppress(ReferenceError):
        begun[event[1]] += 1


def _do(topic: str, name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Say that a function is begun, then call it; runs in a worker."""
    distributed = sys.modules.get("distributed")
    if distributed is not None:
        try:
            worker = distributed.get_worker()
        except ValueError:
            worker = None  # no worker of Dask's, though its library is loaded
        if worker is not None:
            worker.log_event(topic, name)
    return function(*arguments)


def _probe(
    name: str, function: Callable[..., str | None], arguments: tuple[Any, ...]
) -> tuple[bool, str | None]:
    """Tell whether this process is a fork of the caller's, and what the function says; runs in a worker."""
    del name
    import multiprocessing

    if type(multiprocessing.current_process()).__name__ == "ForkProcess":
        return True, None
    return False, function(*arguments)


def _end(scope: Scope, broken: BaseException, begun: int) -> Failure:
    """Stop the run: nothing can be handed over any more."""
    message = f"the executor has no workers left ({type(broken).__name__}: {broken})"[:1000]
    kind: Kind = "connection"
    scope.stop.set(message, kind, cut=False)
    return Failure(kind=kind, message=message, attempts=begun)


def _given_up(scope: Scope, begun: int) -> Failure:
    if scope.stop.cut:
        message = f"given up while with a worker: {scope.stop.reason}"
        return Failure(kind=scope.stop.kind, message=message, attempts=begun)
    return Failure(
        kind="timeout", message="no worker had an answer within the row's deadline", attempts=begun
    )


def _lost(scope: Scope, raised: BaseException, begun: int) -> Failure:
    """Say what became of a function whose worker brought nothing back."""
    if isinstance(raised, BrokenExecutor):
        return _end(scope, raised, begun)
    said = f"{type(raised).__name__}: {raised}".partition("\n")[0][:1000]
    if type(raised).__name__ == "KilledWorker":
        message = f"several workers died while they worked on this row; it is not tried again ({said})"
        return Failure(kind="connection", message=message, attempts=max(1, begun))
    if isinstance(raised, CancelledError):
        message = f"the executor gave the call up ({said})"
        return Failure(kind="connection", message=message, attempts=begun, retryable=True)
    message = f"the worker could not do the call ({said}); {_HINT}"
    return Failure(kind="target", message=message, attempts=0)
