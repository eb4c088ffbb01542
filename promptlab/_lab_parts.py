"""What a lab holds open, apart from it, and where its store lies."""

from __future__ import annotations

import os
from pathlib import Path

from promptlab._errors import SettingError
from promptlab._providers import OpenAIProvider, Simulator
from promptlab._scope import Scope
from promptlab._settings import public_environment, store_path, working_folder
from promptlab._store import Store
from promptlab._types import Failure, Request


class Parts:
    """What a lab holds open; apart from it, so that it can be let go of when the lab is collected."""

    def __init__(self) -> None:
        self.simulator: Simulator | None = None
        self.provider: OpenAIProvider | None = None
        self.store: Store | None = None

    def forget_endpoint(self) -> None:
        """Close the connections and the simulator."""
        provider, self.provider = self.provider, None
        simulator, self.simulator = self.simulator, None
        if provider is not None:
            provider.close()
        if simulator is not None:
            simulator.close()

    def close(self) -> None:
        """Close everything."""
        self.forget_endpoint()
        store, self.store = self.store, None
        if store is not None:
            store.close()


def no_call(request: Request, scope: Scope) -> Failure:
    del scope
    message = (
        f"case {request.case!r} is not in the store, and a replay makes no calls; run it once without replay"
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
