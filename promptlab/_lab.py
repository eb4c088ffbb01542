"""A lab holds what stays the same between calls: the endpoint, the store, the display, the limits."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from promptlab._display import Display, Panels, choose, sound_display
from promptlab._elsewhere import Elsewhere, sound_executor
from promptlab._errors import SettingError
from promptlab._lab_parts import (
    Parts,
    batch_api,
    check,
    no_call,
    sound_endpoint,
    sound_limits,
    store_at,
    wire_to,
)
from promptlab._protocols import Observer, Provider
from promptlab._providers import Budget, Gate, OpenAIProvider, Repairs, Seat, Simulator, retried, stored
from promptlab._redact import Secret, passwords_in, redactor
from promptlab._scope import Stop
from promptlab._settings import DEFAULT_MODEL, Limits, public_environment, working_folder
from promptlab._store import Store, open_store
from promptlab._types import Answer, Request
from promptlab._wording import quoted

if TYPE_CHECKING:
    from promptlab._providers import BatchApi
    from promptlab._session import Result

NO_KEY = "no-key"
"""Sent where a base URL is set and no key: servers of one's own ask for none."""

OPENAI = "https://api.openai.com/v1"
"""The SDK's default endpoint."""

SIMULATOR = "simulator:default"
"""What the store knows the embedded simulator by: its port changes from process to process."""


class Lab:
    """Hold what stays the same between calls.

    A lab is made once and used for many runs, also from several threads at once. It is a context manager;
    left alone it lets go of what it holds when it is collected.

    Args:
        model: The model where a prompt names none; `PROMPTLAB_MODEL`, else `gpt-5-nano`.
        base_url: An OpenAI-compatible endpoint; `OPENAI_BASE_URL`, else the SDK's default.
        api_key: Its key; `OPENAI_API_KEY`. With neither key nor base URL the embedded simulator answers.
        store: A path, or `"off"`; `PROMPTLAB_STORE`, else `.promptlab/lab.sqlite3` in the project's folder.
        display: `"auto"`, `"widget"`, `"html"`, `"text"`, `"none"`, or observers (callables taking an event).
        limits: What a run may take.
        resource: Called for every case with what `shared` gave; makes the target's second argument, closed afterwards.
        shared: Called once before a run, to write shared data to disk, say.
        executor: A `concurrent.futures.Executor` to run on: threads of yours, or processes here or on other machines
            (Dask's `client.get_executor()`), which then make the calls; see `docs/scaling.md`.
        loop: Where `async def` targets run: `"own"`, on a loop in a thread of the run's own; or `"kernel"`, on the
            loop of the calling thread, for async clients made in a notebook's cell (this patches asyncio for good).
        confidence: Reads the confidence from an `Answer`: gives a number in [0, 1] or None.
        replay: Serve from the store alone; a call that is not stored is an error, and none is made.
        judge: The model of `judge` checks that name none; `PROMPTLAB_JUDGE`, else `model`.
        allow_code: Let suites name Python checks (`python: "module:function"`), which then run.

    Raises:
        SettingError: A value cannot be used.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        store: str | os.PathLike[str] | None = None,
        display: str | Sequence[Observer] = "auto",
        limits: Limits | None = None,
        resource: Callable[..., Any] | None = None,
        shared: Callable[[], Any] | None = None,
        executor: Executor | None = None,
        loop: Literal["own", "kernel"] = "own",
        confidence: Callable[[Answer], float | None] | None = None,
        replay: bool = False,
        allow_code: bool = False,
        judge: str | None = None,
    ) -> None:
        called = {"resource": resource, "shared": shared, "confidence": confidence}
        check({"model": model, "judge": judge, "api_key": api_key}, called, executor, loop)
        self._key = Secret(api_key or os.environ.get("OPENAI_API_KEY") or "")
        del api_key  # so that no traceback that shows local values shows the key
        self._base_url = sound_endpoint(base_url)
        self.redact = redactor([self._key, *passwords_in(self._base_url or "")])
        """Masks the API key, and a password in the endpoint's address, in a text."""
        self.model = model or os.environ.get("PROMPTLAB_MODEL") or DEFAULT_MODEL
        """The model where a prompt names none."""
        self._embedded = not self._base_url and not self._key.reveal()
        self.simulated = self._embedded or "/simulated/" in (self._base_url or "")
        """Whether a simulator answers: the embedded one, or one whose address says so."""
        self.limits = sound_limits(limits)
        """What a run may take."""
        self.resource, self.shared, self.executor = resource, shared, sound_executor(executor)
        self.loop = loop
        """Where `async def` targets run."""
        self.confidence, self.replay, self.allow_code = confidence, replay, allow_code
        self.judge = judge or os.environ.get("PROMPTLAB_JUDGE") or self.model
        self.last: Result | None = None
        """The last run that ended, also where it was stopped."""
        self._display = sound_display(display)
        self._store_at = store_at(store)
        self._panels = Panels()
        self._lock = threading.RLock()
        # Shared by all that uses the lab: every run, variant and judge.
        self._gate = Gate(workers=self.limits.max_workers, rpm=self.limits.rpm, tpm=self.limits.tpm)
        self._repairs = Repairs()
        self._parts = Parts()
        self._finalizer = weakref.finalize(self, self._parts.close)

    @property
    def store(self) -> Store:
        """The store, opened when first needed."""
        with self._lock:
            if self._parts.store is None:
                self._parts.store = open_store(self._store_at, self.redact)
            return self._parts.store

    @property
    def endpoint(self) -> str:
        """What the store keys responses by: the base URL, or the simulator's name and settings."""
        return SIMULATOR if self._embedded else self._base_url or OPENAI

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Hands calls over to the processes of the lab's executor; None where all is done in threads."""
        with self._lock:
            return self._parts.reach(self.executor)

    def budget(self, expected: Callable[[Request], float | None]) -> Budget:
        """Make what one run may spend.

        Args:
            expected: Gives what a request is expected to cost in US dollars, or None where that is not known.
        """
        free = self.simulated or self.replay
        return Budget(
            max_calls=self.limits.max_calls,
            max_cost=None if free else self.limits.max_cost,
            expected=expected,
            least=lambda request: self._openai().least_cost(request),
        )

    def provider(self, budget: Budget, *, fresh: bool = False) -> Provider:
        """Give what answers prompts: the store first, then the endpoint with retries, within the budget.

        Args:
            budget: What the run may spend.
            fresh: Pay anew for what the store holds, and keep both.
        """
        if self.replay:
            return self._remembered()
        calls = retried(
            wire_to(self._openai(), self.elsewhere, self._key, self.model),
            self.limits.max_attempts,
            gate=self._gate,
            repairs=self._repairs,
            budget=budget,
        )
        return stored(calls, self.store.cache(self.endpoint, fresh=fresh), read=not fresh)

    def has_price(self, model: str) -> bool:
        """Tell whether the price of a model is known, so that a budget of money can be kept."""
        return self.simulated or self.replay or self._openai().has_price(model)

    def remembers(self, *, fresh: bool = False) -> Callable[[Request], bool]:
        """Give what tells whether a request would be served from the store."""
        cache = self.store.cache(self.endpoint, fresh=fresh)
        return lambda request: cache.get(request) is not None

    def _remembered(self) -> Provider:
        """Give what answers from the store alone. Without a key it cannot know who answered: it asks for both."""
        provider: Provider = no_call
        for endpoint in [self._base_url] if self._base_url else [SIMULATOR, OPENAI]:
            provider = stored(provider, self.store.cache(endpoint))
        return provider

    def batches(self) -> BatchApi:
        """Reach the endpoint's Batch API; to be closed."""
        return batch_api(self._openai(), self._key)

    def join(self, stop: Stop, workers: int) -> Seat:
        """Take a seat for a run among all that share the lab's limits; given up by its `leave`."""
        return self._gate.join(stop, workers)

    def forget_limits(self) -> None:
        """Forget what was learned of the provider's limits, where no run is under way."""
        self._gate.forget()

    def bearable(self, workers: int) -> int:
        """Cut workers to as many rows as can wait for their turn within half their deadline, at the `rpm` allowed."""
        rpm = self.limits.rpm
        workers = workers if self.elsewhere is None else self.elsewhere.bearable(workers)
        return workers if rpm is None else max(1, min(workers, int(rpm / 60.0 * self.limits.deadline / 2.0)))

    def tick(self) -> None:
        """Cut the calls whose time is over or whose run was stopped, and have what waits look up."""
        self._gate.ring()
        if self._parts.provider is not None:
            self._parts.provider.tick()

    def open_display(self) -> Display:
        """Choose the display of one run."""
        return choose(self._display, environ=public_environment(), stdout=sys.stdout, panels=self._panels)

    def close(self) -> None:
        """Let go of connections, store and simulator; the lab may be used again and takes them up anew."""
        self._parts.close()

    def _openai(self) -> OpenAIProvider:
        with self._lock:
            parts = self._parts
            if self._embedded and (parts.simulator is None or not parts.simulator.alive()):
                parts.forget_endpoint()
                parts.simulator = Simulator()
            if parts.provider is None:
                url = parts.simulator.base_url if parts.simulator else self._base_url
                key = self._key if self._key.reveal() else Secret(NO_KEY)
                parts.provider = OpenAIProvider(base_url=url, api_key=key, timeout=self.limits.timeout)
            return parts.provider

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        where = "the embedded simulator" if self._embedded else self._base_url or "the SDK's default endpoint"
        kept = str(self._store_at) if self._store_at else "off"
        return self.redact(f"Lab(model={self.model!r}, {where}, store={kept!r})")


def default_lab(lab: Lab | None = None) -> Lab:
    """Give the lab named, else that of this process for the present environment and folder, which runs share."""
    if lab is not None and not isinstance(lab, Lab):
        raise SettingError(f"lab={quoted(lab)} is no Lab(...)")
    return lab or _lab_for(_fingerprint(), str(working_folder()), os.getpid())


def _fingerprint() -> str:
    """Tell environments apart without holding a key in a variable, which a traceback might show."""
    names = (
        "OPENAI_API_KEY", "OPENAI_BASE_URL", "PROMPTLAB_MODEL", "PROMPTLAB_JUDGE", "PROMPTLAB_STORE",
        "PARALLEL_WORKERS_MAX",
    )  # fmt: skip
    told = hashlib.sha256()
    for name in names:
        told.update(f"{name}={os.environ.get(name)!r};".encode(errors="surrogateescape"))
    return told.hexdigest()


@functools.lru_cache(maxsize=1)
def _lab_for(environment: str, folder: str, pid: int) -> Lab:
    # Kept between calls so that connections, the simulator and the limits learned stay; a change of the
    # environment, the folder or the process makes a new one.
    del environment, folder, pid
    return Lab()
