"""A provider that asks a memory first, and remembers good completions before it gives them."""

from __future__ import annotations

from promptlab._protocols import Cache, Provider
from promptlab._scope import Scope
from promptlab._types import Completion, Failure, Request


def stored(provider: Provider, cache: Cache, *, read: bool = True) -> Provider:
    """Wrap a provider with a memory.

    Args:
        provider: Makes the call where nothing is remembered.
        cache: Remembers; a completion is committed before it is given.
        read: Whether to serve from memory; False pays anew and still remembers.
    """

    def call(request: Request, scope: Scope) -> Completion | Failure:
        if read and (remembered := cache.get(request)) is not None:
            return remembered
        result = provider(request, scope)
        if isinstance(result, Completion) and not result.cached:
            cache.put(request, result)
        return result

    return call
