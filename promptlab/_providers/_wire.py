"""What one attempt brings back besides its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from promptlab._protocols import Provider
from promptlab._providers._repair import Refused
from promptlab._providers._waits import LimitTold
from promptlab._scope import Scope
from promptlab._types import Completion, Failure, Request


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a call."""

    result: Completion | Failure | None
    """What it came to; None where it was called back before it was sent."""
    told: Sequence[LimitTold] = ()
    """What the response says of the provider's limits."""
    refused: Refused | None = None
    """The parameter that the response refuses, where it refuses one."""


class Wire(Protocol):
    """Makes attempts."""

    def attempt(self, request: Request, scope: Scope, held: Callable[[], bool]) -> Attempt:
        """Make one attempt.

        Args:
            request: The request.
            scope: The row's bounds.
            held: Asked in the last moment; True calls the attempt back.
        """


@dataclass(frozen=True, slots=True)
class Plain:
    """A provider as a wire: nothing is known but its result."""

    provider: Provider
    """Makes the attempt."""

    def attempt(self, request: Request, scope: Scope, held: Callable[[], bool]) -> Attempt:
        """Make one attempt."""
        return Attempt(None if held() else self.provider(request, scope))
