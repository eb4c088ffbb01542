"""The sockets: what a part must look like to be plugged in. Each is a callable or two methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from promptlab._events import Event
from promptlab._scope import Scope
from promptlab._types import Answer, Case, Completion, Failure, Request, Verdict

Observer = Callable[[Event], None]
"""Is told what happens, in the caller's thread; whatever it raises cannot touch the run."""


class Provider(Protocol):
    """Answers a request, or says why not. Called from many threads; wrappers share its shape."""

    def __call__(self, request: Request, scope: Scope) -> Completion | Failure:
        """Make the call within the scope's deadline, and stop early where the run is stopped."""


class Check(Protocol):
    """One expectation."""

    @property
    def name(self) -> str:
        """Name of the column the verdicts go to, after `check.`."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:
        """Apply the expectation. Raising makes the row an `error` of kind `check`."""


class Cache(Protocol):
    """Remembers the good completions of requests."""

    def get(self, request: Request) -> Completion | None:
        """Give what is remembered of the request, or None."""

    def put(self, request: Request, completion: Completion) -> None:
        """Remember a good completion; committed when this returns."""


Target = Callable[..., Any]
"""An application under test: `target(case)` or `target(case, resource)`, plain or `async def`."""
