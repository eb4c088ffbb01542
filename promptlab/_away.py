"""Applications under test in other processes: made there from what was pickled here."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from promptlab._background_loop import BackgroundLoop
from promptlab._elsewhere import Elsewhere, pickled, unpickled
from promptlab._errors import SettingError
from promptlab._leash import Leash
from promptlab._protocols import Target
from promptlab._scope import Scope, Stop
from promptlab._target import Application, application, target_name
from promptlab._types import Case, Completion, Failure

KEPT = 8
"""Applications that a worker process keeps at hand."""


class AwayApplication:
    """A callable under test, called by the workers of an executor.

    Args:
        elsewhere: Hands the calls over.
        target: The callable.
        resource: The factory of each case's resource, where there is one.
        shared: What the run's `shared` callable gave.
        cases: The cases that it will be called with.

    Raises:
        SettingError: It cannot be sent to a worker, or is not whole there; raised before any call.
    """

    def __init__(
        self,
        elsewhere: Elsewhere,
        target: Target,
        *,
        resource: Callable[..., Any] | None,
        shared: Any,
        cases: Iterable[Case],
    ) -> None:
        what = f"the target {target_name(target)} (with its resource and shared data)"
        self._elsewhere = elsewhere
        self._packed = pickled(what, target, resource, shared)
        for case in cases:
            pickled(f"the input of case {case.id!r}", case)
        elsewhere.check(_try, self._packed)

    def ask(self, case: Case, repeat: int, scope: Scope) -> Completion | Failure:
        """Have a worker call the target for a case."""
        if scope.stop.is_set():
            del repeat
            message = f"stopped before the call: {scope.stop.reason}"
            return Failure(kind=scope.stop.kind, message=message, attempts=0)
        packed = pickled(f"the input of case {case.id!r}", case)
        away = self._elsewhere.call(scope, _ask, self._packed, packed, scope.left())
        result: Completion | Failure = away.result
        if result.attempts and away.begun > 1:
            return dataclasses.replace(result, attempts=result.attempts + away.begun - 1)
        return result


def _ask(packed: bytes, case: bytes, seconds: float) -> Completion | Failure:
    """Call the target; runs in a worker."""
    scope = Scope(stop=Stop(), deadline=time.monotonic() + seconds)
    made = _application(packed, os.getpid())
    with contextlib.closing(
        Leash()
    ) as leash:  # of this call alone: the worker's thread lives on and does other things
        return dataclasses.replace(made, leash=leash).ask(unpickled(case)[0], 0, scope)


def _try(packed: bytes) -> str | None:
    """Say what keeps the target from being called in this process; None where nothing does."""
    try:
        _application(packed, os.getpid())
    except SettingError as wrong:
        return str(wrong)
    return None


@functools.lru_cache(maxsize=KEPT)
def _application(packed: bytes, process: int) -> Application:
    """Make the application once for each process: what a fork has from its parent is not used."""
    del process
    target, resource, shared = unpickled(packed)
    return application(
        target, resource=resource, shared=shared, wait_for=BackgroundLoop().wait_for, leash=Leash()
    )
