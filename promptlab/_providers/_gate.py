"""The gate through which every call to one endpoint goes, whichever run, variant or judge makes it."""

from __future__ import annotations

import bisect
import math
import os
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from promptlab._providers._row import Row
from promptlab._providers._seat import Seat
from promptlab._providers._tempo import Sent
from promptlab._providers._waits import LimitTold
from promptlab._providers._weather import Weather
from promptlab._scope import Scope, Stop
from promptlab._types import Completion, Failure

POLL_S = 0.1
"""Whoever waits looks up this often, for its run's stop."""
FORGET_S = 60.0
"""What was learned longer ago is forgotten where a run begins and no other is under way."""


class Gate:
    """Lets calls through, at most as many at once and as fast as runs, user and provider allow.

    A row holds its place only while its call is under way. Rows wait in the order in which they came.

    Args:
        workers: The ceiling on calls under way for rows that belong to no run with a seat.
        rpm: Requests a minute that the user allows.
        tpm: Tokens a minute that the user allows.
    """

    def __init__(
        self, *, workers: float = math.inf, rpm: float | None = None, tpm: float | None = None
    ) -> None:
        self._workers, self._rpm, self._tpm = workers, rpm, tpm
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._weather = Weather(rpm=self._rpm, tpm=self._tpm)
        self._seats: dict[int, Seat] = {}
        self._queue: list[Row] = []
        self._under_way = 0
        self._rows = 0
        self._last_at = -math.inf
        self._set_ceiling()

    def join(self, stop: Stop, workers: int) -> Seat:
        """Take a seat for a run; the most workers that any run brings are the ceiling for all."""
        self._heed_fork()
        seat = Seat(stop, workers, self._leave)
        with self._lock:
            if not self._seats:
                self._weather.forgive()
                if not self._under_way and time.monotonic() - self._last_at > FORGET_S:
                    self._weather.forget()
            self._seats[id(stop)] = seat
            self._set_ceiling()
        return seat

    def forget(self) -> None:
        """Begin anew with what was learned of the provider's limits, where no run is under way."""
        self._heed_fork()
        with self._lock:
            if not self._seats and not self._under_way:
                self._weather.forget()

    def row(self, scope: Scope) -> Row:
        """Take a place in the order of rows."""
        self._heed_fork()
        self._rows += 1
        return Row(self._rows, scope, self._seats.get(id(scope.stop)))

    @property
    def counts_tokens(self) -> bool:
        """Tell whether a row's tokens are worth estimating."""
        return self._weather.tempo.counts_tokens

    def estimate(self, body: Mapping[str, Any]) -> float:
        """Guess the tokens of a call before it is sent."""
        return self._weather.estimate(body)

    def enter(self, row: Row) -> Sent | Failure:
        """Wait until the row's call may be sent; or say why it may not be."""
        scope = row.scope
        with self._lock:
            now = time.monotonic()
            free = not self._queue and not self._weather.outage.open
            free = free and now < scope.deadline and not scope.stop.is_set()
            if free and self._weather.wait(row, self._under_way, now) <= 0:
                return self._send(row, now, waited=False)
            bisect.insort(self._queue, row, key=_number)
            if row.bell is None:
                row.bell = threading.Event()
        try:
            while True:
                with self._lock:
                    answer = self._turn(row, time.monotonic())
                    row.bell.clear()
                if not isinstance(answer, float):
                    return answer
                row.bell.wait(answer)
        finally:
            with self._lock:
                self._queue.remove(row)
                self._ring()

    def held(self, sent: Sent) -> bool:
        """Tell, in the last moment before a call is sent, that it had better not be."""
        if self._weather.outage.open and not sent.ahead:
            return True
        return self._weather.tempo.hold_until > time.monotonic()

    def back(
        self, row: Row, sent: Sent, result: Completion | Failure | None, told: Iterable[LimitTold] = ()
    ) -> bool:
        """Take a call back, with what it came to; None where it was not sent after all.

        Returns:
            Whether the row had better wait by itself before it tries again, since nobody waits with it.
        """
        with self._lock:
            self._under_way -= 1
            now = self._last_at = time.monotonic()
            if row.seat is not None and isinstance(result, Failure) and result.kind == "rate_limited":
                row.seat.refusals += 1
            waiting = len(self._queue)
            lesson = self._weather.learn(
                row, sent, result, told, under_way=self._under_way, waiting=waiting, now=now
            )
            if lesson.news is not None:
                for seat in self._seats.values():
                    seat.tell(self._weather.limit, lesson.news, now)
            self._ring()
        if lesson.stop is not None:
            # Calls under way may come to their end: what was paid for is kept.
            row.scope.stop.set(*lesson.stop, cut=False)
        return lesson.alone

    def done(self, row: Row) -> None:
        """Note that a row is not tried any more."""
        if row.last is not None:
            with self._lock:
                self._weather.outage.done(row)

    def ring(self) -> None:
        """Have those look up whose run was stopped while they wait."""
        with self._lock:
            for row in self._queue:
                if row.bell is not None and row.scope.stop.is_set():
                    row.bell.set()

    def _turn(self, row: Row, now: float) -> Sent | Failure | float:
        """Decide on a row that waits: send it, fail it, or give the seconds after which it looks up again."""
        stop, left = row.scope.stop, row.scope.deadline - now
        if stop.is_set():
            return Failure(kind=stop.kind, message=f"not called: {stop.reason}", attempts=0)
        if left <= 0:
            return self._weather.late(row, now)
        if self._weather.outage.open:
            may = self._weather.ahead(row, self._queue, self._under_way, now)
            if isinstance(may, Failure):
                return may
            if not may:
                return min(POLL_S, left)
            sent = self._send(row, now, waited=True)
            sent.ahead = True
            return sent
        if self._weather.first(self._queue) is not row:
            return min(POLL_S, left)
        wait = self._weather.wait(row, self._under_way, now)
        if wait <= 0:
            return self._send(row, now, waited=True)
        if self._weather.tempo.hold_until - now > left:
            return self._weather.late(row, now)
        return min(wait, POLL_S, left)

    def _send(self, row: Row, now: float, *, waited: bool) -> Sent:
        waiting = len(self._queue) - waited
        sent = self._weather.send(row, self._under_way, now, waiting=waiting, waited=waited)
        self._under_way += 1
        return sent

    def _ring(self) -> None:
        """Wake who is next; in an outage everybody looks up by itself."""
        if self._queue and (bell := self._weather.first(self._queue).bell) is not None:
            bell.set()

    def _leave(self, seat: Seat) -> None:
        with self._lock:
            if self._seats.get(id(seat.stop)) is seat:
                del self._seats[id(seat.stop)]
            self._set_ceiling()

    def _set_ceiling(self) -> None:
        seats = self._seats.values()
        self._weather.ceiling = max((seat.workers for seat in seats), default=self._workers)

    def _heed_fork(self) -> None:
        if self._pid != os.getpid():
            # The lock may have been held by a thread that does not exist here.
            self._begin()


def _number(row: Row) -> int:
    return row.number
