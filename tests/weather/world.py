"""A provider, a queue of rows and the weather between them, on a clock of their own: minutes pass in no time."""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from promptlab._providers._row import Row
from promptlab._providers._weather import Weather
from promptlab._scope import Scope, Stop
from promptlab._types import Completion, Failure

WRITTEN_S = 0.002
"""From being let through to being sent."""
TRAVEL_S = 0.001
"""From the client to the server, or back."""


class Bucket:
    """Lets in `rate` calls a second, `burst` at once."""

    def __init__(self, rate: float, burst: float, *, ask: str = "", headers: bool = False) -> None:
        self.rate, self.burst, self.ask, self.headers = rate, burst, ask, headers
        self.level, self.stamp = burst, 0.0

    def enter(self, now: float) -> float | None:
        """Let a call in, or give the seconds until the next would be."""
        self.level = min(self.burst, self.level + (now - self.stamp) * self.rate)
        self.stamp = now
        if self.level >= 1:
            self.level -= 1
            return None
        return (1 - self.level) / self.rate

    def told(self) -> list:
        full = (self.burst - self.level) / self.rate
        return [("requests", self.rate * 60, math.floor(self.level), full)] if self.headers else []


class Window:
    """Lets in `most` calls in each `length` seconds, counted from the full one."""

    def __init__(self, most: int, length: float, *, ask: str = "", headers: bool = False) -> None:
        self.most, self.length, self.ask, self.headers = most, length, ask, headers
        self.number, self.count, self.left = -1, 0, 0.0

    def enter(self, now: float) -> float | None:
        number = int(now / self.length)
        if number != self.number:
            self.number, self.count = number, 0
        self.left = (number + 1) * self.length - now
        if self.count < self.most:
            self.count += 1
            return None
        return self.left

    def told(self) -> list:
        return [("requests", float(self.most), self.most - self.count, self.left)] if self.headers else []


class Sliding:
    """Lets in `most` calls in any `length` seconds."""

    def __init__(self, most: int, length: float, *, ask: str = "", headers: bool = False) -> None:
        self.most, self.length, self.ask, self.headers = most, length, ask, headers
        self.times: list[float] = []

    def enter(self, now: float) -> float | None:
        self.times = [at for at in self.times if at > now - self.length]
        if len(self.times) < self.most:
            self.times.append(now)
            return None
        return self.times[0] + self.length - now

    def told(self) -> list:
        full = self.times[-1] + self.length if self.times else 0.0
        return [("requests", float(self.most), self.most - len(self.times), full)] if self.headers else []


class AtOnce:
    """Lets in `most` calls at once."""

    ask, headers = "", False

    def __init__(self, most: int) -> None:
        self.most = most

    def enter(self, now: float) -> float | None:
        return None

    def told(self) -> list:
        return []


@dataclass
class World:
    """Runs rows against a provider."""

    provider: Bucket | Window | Sliding | AtOnce
    cases: int
    workers: int
    latency: Callable[[random.Random], float]
    noise: float = 0.0
    loners: float = 0.0
    """The share of rows that are refused for good, whatever is sent."""
    passing: float = 0.0
    """The share of rows that are refused twice and taken then."""
    refusal_s: float = 0.002
    max_attempts: int = 6
    deadline: float = 300.0
    seed: int = 0
    weather: Weather = field(default_factory=lambda: Weather(rpm=None, tpm=None))
    sent: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    asked: list[tuple[float, float]] = field(default_factory=list)
    good: int = 0
    lost: int = 0
    flights: list[tuple[float, int]] = field(default_factory=list)
    """When a call came, and how many were under way then."""
    now: float = 0.0

    def run(self) -> World:
        """Turn until every row is done."""
        self.random = random.Random(self.seed)
        random.seed(self.seed)
        self.weather.ceiling = self.workers
        self.events: list = []
        self.counter = itertools.count()
        self.queue: list[Row] = []
        self.under_way = self.carried = self.begun = 0
        self.turn_at = 0.0
        for _ in range(min(self.workers, self.cases)):
            self.begin()
        while self.good + self.lost < self.cases:
            self.now, _, action = heapq.heappop(self.events)
            action()
        return self

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self.events, (self.now + seconds, next(self.counter), action))

    def begin(self) -> None:
        if self.begun < self.cases:
            self.begun += 1
            row = Row(self.begun, Scope(stop=Stop(), deadline=self.now + self.deadline), None)
            self.at(0.001, lambda: self.enter(row))

    def enter(self, row: Row) -> None:
        bisect.insort(self.queue, row, key=lambda one: one.number)
        self.turn()

    def turn(self) -> None:
        while self.queue:
            row = self.weather.first(self.queue)
            wait = self.weather.wait(row, self.under_way, self.now)
            if wait > 0:
                if self.now + wait < self.turn_at or self.turn_at <= self.now:
                    self.turn_at = self.now + wait
                    if wait < math.inf:
                        self.at(wait + 1e-6, self.turn)
                return
            self.queue.remove(row)
            sent = self.weather.send(row, self.under_way, self.now, waiting=len(self.queue), waited=True)
            self.under_way += 1
            self.at(WRITTEN_S * self.random.uniform(0.5, 2), lambda row=row, sent=sent: self.write(row, sent))

    def write(self, row: Row, sent) -> None:
        if self.weather.tempo.hold_until > self.now:
            self.back(row, sent, None, ())
            self.enter(row)
            return
        self.at(TRAVEL_S, lambda: self.arrive(row, sent))

    def arrive(self, row: Row, sent) -> None:
        self.sent.append(self.now)
        self.flights.append((self.now, self.under_way))
        row.calls += 1
        wait = self.provider.enter(self.now)
        if isinstance(self.provider, AtOnce) and self.carried >= self.provider.most:
            wait = 1.0
        if wait is None and self.random.random() < self.noise:
            wait = 1.0
        luck = random.Random(f"{self.seed} {row.number}").random()
        if luck < self.loners or (luck < self.loners + self.passing and row.calls <= 2):
            wait = wait or 0.05
        told = self.provider.told()
        if wait is None:
            self.carried += 1
            self.at(self.latency(self.random), lambda: self.answered(row, sent, told))
            return
        self.refused.append(self.now)
        asked = {"": None, "exact": wait, "whole": float(math.ceil(wait))}[self.provider.ask]
        if asked is not None:
            self.asked.append((self.now, asked))
        failure = Failure(
            kind="rate_limited", message="429", retryable=True, retry_after_s=asked, status_code=429
        )
        self.at(self.refusal_s + TRAVEL_S, lambda: self.came_back(row, sent, failure, told))

    def answered(self, row: Row, sent, told) -> None:
        self.carried -= 1
        self.at(TRAVEL_S, lambda: self.came_back(row, sent, Completion(text="ok"), told))

    def back(self, row: Row, sent, result, told) -> bool:
        self.under_way -= 1
        lesson = self.weather.learn(
            row, sent, result, told, under_way=self.under_way, waiting=len(self.queue), now=self.now
        )
        return lesson.alone

    def came_back(self, row: Row, sent, result, told) -> None:
        alone = self.back(row, sent, result, told)
        if isinstance(result, Completion):
            self.good += 1
            self.begin()
        elif row.calls >= self.max_attempts:
            self.lost += 1
            self.begin()
        else:
            self.at(0.5 * 2 ** (row.calls - 1) if alone else 0.0, lambda: self.enter(row))
        self.turn()
