"""The batches behind one run: what is submitted, waited for, fetched, and found again after a restart."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from promptlab._errors import SettingError
from promptlab._events import Event, Notice
from promptlab._lab import Lab
from promptlab._protocols import Provider
from promptlab._providers import BatchApi, BatchState, BatchTroubleError, line, packs, stored
from promptlab._scope import Scope
from promptlab._store import Entry, Ledger, request_key
from promptlab._types import Completion, Failure, Request

FIRST_LOOK_S = 1.0
LONGEST_LOOK_S = 60.0
GROWTH = 1.5
"""A batch is looked at a second after it was submitted, then less and less often."""

Pause = Callable[[float], bool]
"""Waits so many seconds; False where the run was stopped meanwhile."""
Tell = Callable[[Event], None]

_LATER = "the same call finds it again, also after a restart"


class Batch:
    """The batches that one run's answers come from.

    Args:
        lab: The endpoint, the store and the limits.
        requests: What is asked, by key.
        fresh: Whether to pay anew for what the store holds.
        wait_s: Seconds to wait at most.

    Raises:
        SettingError: What would be sent passes the limits.
    """

    def __init__(
        self, lab: Lab, requests: Mapping[str, Request], *, fresh: bool, wait_s: float | None
    ) -> None:
        self._lab, self._wait_s = lab, wait_s
        remembers = lab.remembers(fresh=fresh)
        self._missing = {key: request for key, request in requests.items() if not remembers(request)}
        self._ledger = Ledger(lab.store.path)
        self._results: dict[str, Completion | Failure] = {}
        self._unsure: dict[str, Failure] = {}  # what may be paid for all the same stays in the ledger
        self._given: set[str] = set()
        self._said: dict[str, tuple[str, int]] = {}
        self._api: BatchApi | None = None
        self._provider = stored(self._answer, lab.store.cache(lab.endpoint, fresh=fresh), read=not fresh)
        try:
            self._afford()
        except BaseException:
            self._ledger.close()
            raise

    @property
    def provider(self) -> Provider:
        """What gives each row its answer: from the store, or from a batch; it makes no call."""
        return self._deliver

    def close(self) -> None:
        """Forget what has reached its row, and is in the store where that keeps it."""
        self._ledger.settle(sorted(self._given))
        self._ledger.close()
        if self._api is not None:
            self._api.close()

    def bring(self, pause: Pause, tell: Tell) -> None:
        """Submit what nobody has submitted, and wait for the answers; called in the caller's thread."""
        if not self._missing:
            return
        until = None if self._wait_s is None else time.monotonic() + self._wait_s
        interval = FIRST_LOOK_S
        try:
            with _turn(self._ledger.path):
                self._submit(tell)
        except BatchTroubleError as trouble:
            self._unsure |= dict.fromkeys(self._missing.keys() - self._results.keys(), trouble.failure)
            return
        while (live := self._live()) and self._fetch_all(live, tell):
            left = interval if until is None else min(interval, until - time.monotonic())
            if left <= 0 or not pause(left):
                return
            interval = min(LONGEST_LOOK_S, interval * GROWTH)

    def _afford(self) -> None:
        """Refuse what passes the limits: a batch cannot be stopped half-way."""
        limits, held = self._lab.limits, self._ledger.holding(list(self._missing))
        new = [request for key, request in self._missing.items() if key not in held]
        if limits.max_calls is not None and len(new) > limits.max_calls:
            raise SettingError(f"the batch has {len(new)} requests, more than Limits(max_calls=) allows")
        if limits.max_cost is not None and new and not self._lab.simulated:
            least = sum(self._opened().least_cost(request.body) for request in new)
            if least > limits.max_cost:
                raise SettingError(
                    f"the batch costs at least ${least:.2g}, more than Limits(max_cost=) allows"
                )

    def _submit(self, tell: Tell) -> None:
        """Submit what no batch holds, and clear up claims that came to nothing."""
        api, ledger = self._opened(), self._ledger
        held = ledger.holding(list(self._missing))
        for entry in {entry.token: entry for entry in held.values()}.values():
            if entry.batch is None and not entry.claimed_elsewhere:
                self._clear_up(api, entry)
            elif entry.batch is not None and self._lab.simulated and _gone(api, entry.batch):
                ledger.release(entry.token)  # simulators forget, and nothing was paid
        held = ledger.holding(list(self._missing))
        for batch in sorted({entry.batch for entry in held.values() if entry.batch}):
            tell(Notice(text=f"batch {batch} was submitted before: its answers are waited for"))
        new = ((key, line(key, r.body)) for key, r in self._missing.items() if key not in held)
        for pack in packs(new):
            token, mine = ledger.claim(pack)
            if not mine:
                continue
            try:
                batch = api.submit([pack[key] for key in mine], token)
            except BatchTroubleError as trouble:
                if trouble.failure.retryable:
                    self._unsure |= dict.fromkeys(mine, trouble.failure)
                else:
                    self._results |= dict.fromkeys(mine, trouble.failure)
                continue
            ledger.submitted(token, batch)
            tell(Notice(text=f"batch {batch} submitted, {len(mine)} requests: {_LATER}"))

    def _clear_up(self, api: BatchApi, entry: Entry) -> None:
        """Find out what became of a claim whose process ended, or lost its connection, while it submitted."""
        found = api.find(entry.token)
        if found is None:
            self._ledger.release(entry.token)
        else:
            self._ledger.submitted(entry.token, found)

    def _live(self) -> dict[str, list[str]]:
        """Give the keys that are waited for, by batch; those another process is about to submit under ''."""
        live: dict[str, list[str]] = {}
        known = self._results.keys() | self._unsure.keys()
        wanted = [key for key in self._missing if key not in known]
        for key, entry in self._ledger.holding(wanted).items():
            if entry.batch is not None or entry.claimed_elsewhere:
                live.setdefault(entry.batch or "", []).append(key)
        return live

    def _fetch_all(self, live: Mapping[str, list[str]], tell: Tell) -> bool:
        """Fetch what has ended; tells whether there is anything left to wait for."""
        api, left = self._opened(), False
        for batch, keys in live.items():
            try:
                state = api.look(batch) if batch else None
                if state is None or state.running:
                    left = True
                    self._say(state, tell)
                    continue
                self._fetch(api, state, keys)
            except BatchTroubleError as trouble:
                if trouble.failure.retryable:
                    left = True
                    self._note(batch, trouble.failure.message, 0, tell)
                elif trouble.failure.kind == "not_found":
                    said = f"{trouble.failure.message}; the next call submits its requests anew"
                    self._results |= dict.fromkeys(keys, replace(trouble.failure, message=said))
                else:
                    self._unsure |= dict.fromkeys(keys, trouble.failure)
        return left

    def _fetch(self, api: BatchApi, state: BatchState, keys: list[str]) -> None:
        asked = {key: self._missing[key].body for key in keys}
        found: dict[str, Completion | Failure] = {}
        for file in state.files:
            found |= dict(api.answers(file, asked))
        lost = state.trouble or _unanswered(state)
        self._results |= {key: found.get(key, lost) for key in keys}

    def _say(self, state: BatchState | None, tell: Tell) -> None:
        """Tell how far a batch is, where that has changed by a tenth or more."""
        if state is None:
            self._note("", "another process submits the same requests: its batch is waited for", 0, tell)
        elif state.total:
            tenths = state.done * 10 // state.total
            said = f"batch {state.id}: {state.done} of {state.total} answered"
            self._note(state.id, said if state.done else state.status, tenths, tell)

    def _note(self, batch: str, text: str, step: int, tell: Tell) -> None:
        before, self._said[batch] = self._said.get(batch), (text, step)
        if before is None or before[1] != step:
            tell(Notice(text=text if batch in text else f"batch {batch}: {text}"))

    def _opened(self) -> BatchApi:
        if self._api is None:
            self._api = self._lab.batches()
        return self._api

    def _deliver(self, request: Request, scope: Scope) -> Completion | Failure:
        result = self._provider(request, scope)
        key = request_key(request, self._lab.endpoint)
        if key in self._results:
            self._given.add(key)
        return result

    def _answer(self, request: Request, scope: Scope) -> Completion | Failure:
        key = request_key(request, self._lab.endpoint)
        if key in self._results:
            return self._results[key]
        if key in self._unsure:
            return self._unsure[key]
        kind = scope.stop.kind if scope.stop.is_set() else "cancelled"
        return Failure(kind=kind, message=f"the batch has no answer yet; {_LATER}", attempts=0)


@functools.cache
def _turn(_: Path | None) -> threading.Lock:
    """Give the lock that a process's threads take turns with: a claim of this process is then one that came to nothing."""
    return threading.Lock()


def _gone(api: BatchApi, batch: str) -> bool:
    """Tell whether the endpoint knows nothing of a batch."""
    try:
        api.look(batch)
    except BatchTroubleError as trouble:
        return trouble.failure.kind == "not_found"
    return False


def _unanswered(state: BatchState) -> Failure:
    """Say why a request that a batch held has no line in its files."""
    said = f"the batch {state.id} has no answer to it ({state.status})"
    if state.status == "expired":
        return Failure(kind="timeout", message=said, attempts=0)
    if state.status == "cancelled":
        return Failure(kind="cancelled", message=said, attempts=0)
    return Failure(kind="bad_response", message=said, attempts=0)
