"""What a lab holds open, apart from it, and where its store lies."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from promptlab._elsewhere import Elsewhere, in_threads
from promptlab._errors import SettingError
from promptlab._providers import BatchApi, OpenAIProvider, RemoteWire, Simulator, remote
from promptlab._redact import Secret
from promptlab._scope import Scope
from promptlab._settings import Limits, public_environment, store_path, working_folder
from promptlab._store import Store
from promptlab._types import Failure, Request
from promptlab._wording import a_kind, quoted

_HTTP = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)


class Parts:
    """What a lab holds open; apart from it, so that it can be let go of when the lab is collected."""

    def __init__(self) -> None:
        self.simulator: Simulator | None = None
        self.provider: OpenAIProvider | None = None
        self.store: Store | None = None
        self.elsewhere: Elsewhere | None = None

    def forget_endpoint(self) -> None:
        """Close the connections and the simulator."""
        provider, self.provider = self.provider, None
        simulator, self.simulator = self.simulator, None
        if provider is not None:
            provider.close()
        if simulator is not None:
            simulator.close()

    def reach(self, executor: Executor | None) -> Elsewhere | None:
        """Give what hands calls over to an executor's processes; None where its workers are threads."""
        if self.elsewhere is None and executor is not None and not in_threads(executor):
            self.elsewhere = Elsewhere(executor)
        return self.elsewhere

    def close(self) -> None:
        """Close everything."""
        self.forget_endpoint()
        store, self.store = self.store, None
        if store is not None:
            store.close()


def no_call(request: Request, scope: Scope) -> Failure:
    del scope
    message = (
        f"not in the store: case {request.case!r}; a replay makes no calls, so run it once without replay"
    )
    return Failure(kind="budget", message=message, attempts=0)


def store_at(store: str | os.PathLike[str] | None) -> Path | None:
    if store is None:
        return store_path(public_environment(), working_folder())
    if isinstance(store, str) and store.lower() == "off":
        return None
    try:
        return Path(store).expanduser()
    except (TypeError, RuntimeError) as wrong:
        raise SettingError(f"store={store!r} is no path: {wrong}") from None


def wire_to(
    provider: OpenAIProvider, elsewhere: Elsewhere | None, key: Secret, model: str
) -> OpenAIProvider | RemoteWire:
    """Give what makes attempts: the client of this process, or those of the executor's processes."""
    return provider if elsewhere is None else remote(provider, elsewhere, key=key, model=model)


def batch_api(provider: OpenAIProvider, key: Secret) -> BatchApi:
    """Reach the Batch API of a provider's endpoint."""
    sent = key if key.reveal() else Secret("no-key")
    return BatchApi(base_url=provider.base_url, api_key=sent, timeout=provider.timeout)


def _text(name: str, value: Any) -> None:
    """Refuse what is no text; the value is not shown, since it may be a key."""
    if value is not None and not isinstance(value, str):
        raise SettingError(f"{name}= is text, not {a_kind(value)}")


def sound_endpoint(given: Any) -> str | None:
    """Give the endpoint's address, the argument's or that of the environment; None where there is neither.

    Raises:
        SettingError: It is no address of HTTP.
    """
    _text("base_url", given)
    address = given or os.environ.get("OPENAI_BASE_URL") or None
    if address is None or (_HTTP.match(address) and address.isprintable()):
        return address
    name = "base_url" if given else "OPENAI_BASE_URL"
    shown = "" if "@" in address else f", not {quoted(address)}"  # before an @ may stand a password
    raise SettingError(f"{name}= is an address such as http://127.0.0.1:8000/v1{shown}")


def check(texts: Mapping[str, Any], callables: Mapping[str, Any], executor: Any, loop: Any) -> None:
    """Check at the door what is a text, and what is to be called, where it is given.

    Raises:
        SettingError: It is something else.
    """
    for name, value in texts.items():
        _text(name, value)
    for name, value in callables.items():
        if value is not None and not callable(value):
            raise SettingError(f"{name}={value!r} cannot be called")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise SettingError(f"executor={executor!r} is no concurrent.futures.Executor")
    if loop not in ("own", "kernel"):
        raise SettingError(f"loop={loop!r} is neither 'own' nor 'kernel'")


def sound_limits(limits: Limits | None) -> Limits:
    """Check at the door what a run may take.

    Raises:
        SettingError: It is no `Limits`.
    """
    if limits is not None and not isinstance(limits, Limits):
        raise SettingError(f"limits={limits!r} is no Limits(...)")
    return Limits() if limits is None else limits
