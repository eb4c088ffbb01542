"""A provider's limits: requests and tokens a minute in buckets, and calls at once."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from promptlab.simulator._errors import ApiError

__all__ = ["Limits", "Ticket", "go_duration"]

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to be under way, until it is given back."""

    number: int
    """Names it."""
    headers: Headers
    """What the answer says of the limits."""


class Bucket:
    """Fills at a steady rate; what is taken must be in it first.

    Args:
        per_minute: What flows in, a minute.
        burst_s: How many seconds' worth it holds; at least one.
        now: The time on the clock of its later calls.
    """

    def __init__(self, per_minute: float, burst_s: float, now: float) -> None:
        self.per_minute = per_minute
        self.rate = per_minute / 60.0
        self.capacity = max(1.0, self.rate * burst_s)
        self.level = self.capacity
        self._stamp = now

    def refill(self, now: float) -> None:
        """Let in what came since the last time."""
        self.level = min(self.capacity, self.level + (now - self._stamp) * self.rate)
        self._stamp = now

    def wait(self, cost: float) -> float:
        """Give the seconds until `cost` may be taken: what is more than it holds needs it full."""
        lacking = min(cost, self.capacity) - self.level
        return lacking / self.rate if lacking > 1e-9 else 0.0

    def headers(self, what: str) -> Headers:
        """Say how it stands, in OpenAI's three headers."""
        return [
            (f"x-ratelimit-limit-{what}", f"{self.per_minute:.0f}"),
            (f"x-ratelimit-remaining-{what}", str(max(0, math.floor(self.level + 1e-9)))),
            (f"x-ratelimit-reset-{what}", go_duration((self.capacity - self.level) / self.rate)),
        ]


class Limits:
    """Lets calls in or raises a 429 that says when to come back.

    A call takes one request and its prompt's tokens on the way in, and its answer's tokens on the way
    out, which may leave the bucket below zero. A call that was turned away takes nothing.

    Args:
        clock: A monotonic clock, in seconds.
        rpm: Requests a minute.
        tpm: Tokens a minute.
        concurrent: Calls at once.
        burst_s: How many seconds' worth may be taken at once.
        say: Whether answers carry the headers, `retry-after` among them.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        rpm: float | None = None,
        tpm: float | None = None,
        concurrent: int | None = None,
        burst_s: float = 1.0,
        say: bool = True,
    ) -> None:
        self._clock = clock
        self._asked = (rpm, tpm, burst_s)
        self._concurrent = concurrent
        self._say = say
        self._lock = threading.Lock()
        self._under_way: dict[int, float] = {}
        self._numbers = 0
        self._buckets: dict[str, Bucket] = {}
        self._limited = not (rpm is None and tpm is None and concurrent is None)
        self.reset()

    def reset(self) -> None:
        """Fill the buckets; calls under way stay so."""
        rpm, tpm, burst_s = self._asked
        now = self._clock()
        asked = {"requests": rpm, "tokens": tpm}
        with self._lock:
            self._buckets = {
                what: Bucket(limit, burst_s, now) for what, limit in asked.items() if limit is not None
            }

    def enter(self, tokens: int, seconds: float) -> Ticket:
        """Let a call in.

        Args:
            tokens: The prompt's tokens.
            seconds: How long the call will take.

        Raises:
            ApiError: A limit is reached (429).
        """
        if not self._limited:
            return Ticket(0, [])
        costs: dict[str, float] = {"requests": 1, "tokens": tokens}
        now = self._clock()
        with self._lock:
            self._check(costs, now)
            for what, bucket in self._buckets.items():
                bucket.level -= costs[what]
            self._numbers += 1
            self._under_way[self._numbers] = now + seconds
            return Ticket(self._numbers, self._headers())

    def leave(self, ticket: Ticket, tokens: int) -> None:
        """Take a ticket back, once, and the answer's tokens with it."""
        with self._lock:
            if self._under_way.pop(ticket.number, None) is not None and "tokens" in self._buckets:
                bucket = self._buckets["tokens"]
                bucket.refill(self._clock())
                bucket.level -= tokens

    def _check(self, costs: dict[str, float], now: float) -> None:
        """Raise the refusal with the longest wait, so that who waits for it gets in."""
        waits: list[tuple[float, str, str]] = []
        for what, bucket in self._buckets.items():
            bucket.refill(now)
            allowed = f"{bucket.per_minute:.0f} {what} a minute are allowed"
            if costs[what] > max(bucket.per_minute, bucket.capacity):
                raise self._refusal(
                    f"request too large: {costs[what]:.0f} {what} where {allowed}", what, None
                )
            waits.append((bucket.wait(costs[what]), what, allowed))
        if self._concurrent is not None and len(self._under_way) >= self._concurrent:
            soonest = max(0.001, min(self._under_way.values()) - now)
            waits.append((soonest, "concurrency", f"{self._concurrent} calls at once are allowed"))
        wait, what, why = max(waits, default=(0.0, "", ""))
        if wait:
            raise self._refusal(why, what, wait)

    def _refusal(self, why: str, kind: str, wait: float | None) -> ApiError:
        headers: Headers = []
        again = ""
        if wait is not None:
            headers = [("retry-after", str(math.ceil(wait))), ("retry-after-ms", str(math.ceil(wait * 1000)))]
            again = f" Please try again in {go_duration(wait)}." if self._say else ""
        shown = [*headers, *self._headers()] if self._say else []
        message = f"Rate limit reached: {why}.{again}"
        return ApiError(429, message, kind=kind, code="rate_limit_exceeded", headers=shown)

    def _headers(self) -> Headers:
        if not self._say:
            return []
        return [line for what, bucket in self._buckets.items() for line in bucket.headers(what)]


def go_duration(seconds: float) -> str:
    """Write seconds as OpenAI's reset headers do: `0s`, `120ms`, `1.5s`, `6m0s`, `1h0m3s`."""
    millis = math.ceil(max(0.0, seconds) * 1000 - 1e-6)
    if millis < 1000:
        return f"{millis}ms" if millis else "0s"
    minutes, millis = divmod(millis, 60_000)
    rest = f"{millis / 1000:g}s"
    if not minutes:
        return rest
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}" if hours else f"{minutes}m{rest}"
