"""The wire to an endpoint from other processes: each has a client of its own, made once."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from promptlab._elsewhere import Elsewhere
from promptlab._providers._openai import OpenAIProvider
from promptlab._providers._wire import Attempt
from promptlab._redact import Secret
from promptlab._scope import Scope, Stop
from promptlab._types import Completion, Failure, Request

HERE = ("127.0.0.1", "localhost", "::1")
"""Addresses that mean another machine on every machine."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What a worker needs to know to make its client. The key is not in it.

    A worker reads the key from its own environment; what is sent is only what tells whether it is the same.
    """

    base_url: str
    """The endpoint, up to and with `/v1`."""
    timeout: float
    """Seconds one attempt may take in all."""
    model: str
    """A model whose price will be asked for."""
    salt: str
    """Goes into the digest, so that it says nothing by itself."""
    digest: str | None
    """The salted digest of the key; None where the endpoint asks for none."""


def remote(provider: OpenAIProvider, elsewhere: Elsewhere, *, key: Secret, model: str) -> RemoteWire:
    """Make the wire that does from an executor's workers what a provider does from here.

    Args:
        provider: Calls the endpoint from here.
        elsewhere: Hands the attempts over.
        key: The key; an empty one where the endpoint asks for none.
        model: A model whose price will be asked for.

    Raises:
        SettingError: The workers cannot call the endpoint; raised before any call.
    """
    digest = _digest(elsewhere.salt, key.reveal()) if key.reveal() else None
    where = Endpoint(
        base_url=provider.base_url,
        timeout=provider.timeout,
        model=model,
        salt=elsewhere.salt,
        digest=digest,
    )
    return RemoteWire(elsewhere, where)


class RemoteWire:
    """Makes attempts from the workers of an executor.

    Args:
        elsewhere: Hands the attempts over.
        where: The endpoint.

    Raises:
        SettingError: The workers cannot call it; raised before any call.
    """

    def __init__(self, elsewhere: Elsewhere, where: Endpoint) -> None:
        self._elsewhere, self._where = elsewhere, where
        elsewhere.check(_try, where)

    def attempt(self, request: Request, scope: Scope, held: Callable[[], bool]) -> Attempt:
        """Make one attempt; what was begun more than once, since a worker was lost, counts each time.

        Args:
            request: The request.
            scope: The row's bounds.
            held: Asked in the last moment; True calls the attempt back.
        """
        if held():
            return Attempt(None)
        away = self._elsewhere.call(scope, _attempt, self._where, request, scope.left())
        made = away.result if isinstance(away.result, Attempt) else Attempt(away.result)
        if away.begun < 2 or made.result is None or not made.result.attempts:
            return made
        attempts = made.result.attempts + away.begun - 1
        return dataclasses.replace(made, result=_with_attempts(made.result, attempts))


def _with_attempts(result: Completion | Failure, attempts: int) -> Completion | Failure:
    return dataclasses.replace(result, attempts=attempts)


def _attempt(where: Endpoint, request: Request, seconds: float) -> Attempt:
    """Make one attempt; runs in a worker."""
    provider = _provider(where, os.getpid())
    if isinstance(provider, str):
        return Attempt(Failure(kind="auth", message=provider, attempts=0))
    made = provider.attempt(request, Scope(stop=Stop(), deadline=time.monotonic() + seconds), _never)
    return dataclasses.replace(made, told=tuple(made.told))


def _try(where: Endpoint) -> str | None:
    """Say what keeps this process from calling the endpoint; None where nothing does."""
    address = urlsplit(where.base_url)
    if address.hostname in HERE:
        try:
            socket.create_connection((address.hostname, address.port or 80), 5.0).close()
        except OSError as raised:
            return (
                f"the workers cannot reach {where.base_url} ({raised}): it is an address of the caller's own "
                "machine; give Lab(base_url=) one that their machines reach"
            )
    provider = _provider(where, os.getpid())
    if isinstance(provider, str):
        return provider
    provider.has_price(where.model)  # loads the price table, which takes a moment
    return None


@functools.lru_cache(maxsize=8)
def _provider(where: Endpoint, process: int) -> OpenAIProvider | str:
    """Make the client once for each process, or say why not: after a fork two would read from one socket."""
    del process
    given = os.environ.get("OPENAI_API_KEY", "")
    if where.digest is not None and _digest(where.salt, given) != where.digest:
        what = "have another OPENAI_API_KEY" if given else "have no OPENAI_API_KEY"
        return f"the workers {what}; the key is never sent: set it in their environment"
    key = Secret(given if where.digest is not None else "no-key")
    return OpenAIProvider(base_url=where.base_url, api_key=key, timeout=where.timeout)


def _digest(salt: str, key: str) -> str:
    return hashlib.sha256(f"{salt}:{key}".encode()).hexdigest()


def _never(*_: Any) -> bool:
    return False
