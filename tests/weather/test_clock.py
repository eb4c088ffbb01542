"""Rate limits at their full size, on a clock of their own: what is sent, when, and how long it takes in all."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.weather.world import AtOnce, Bucket, Sliding, Window, World

SEEDS = range(5)
LIMITS: dict[str, Callable[[], Any]] = {
    "bucket": lambda: Bucket(20, 20, ask="whole"),
    "sliding": lambda: Sliding(20, 1.0, ask="whole"),
    "window": lambda: Window(20, 1.0, ask="exact"),
    "headers": lambda: Bucket(20, 20, ask="exact", headers=True),
}
"""Providers that allow 20 calls a second and say how long to wait."""
AT_ONCE = 1e-6


def half_a_second(_random: random.Random) -> float:
    """Take half a second for every answer."""
    return 0.5


def worlds(provider: Callable[[], Any], cases: int = 200, workers: int = 32, **more: Any) -> list[World]:
    """Run the same with several seeds."""
    return [World(provider(), cases, workers, half_a_second, seed=seed, **more).run() for seed in SEEDS]


@pytest.mark.parametrize("counts", LIMITS)
def test_told_limit_is_used_well(counts: str):
    """Two hundred cases at 20 a second: all graded, at most 1.2 calls a case, at most 14 s."""
    for world in worlds(LIMITS[counts]):
        assert (world.good, world.lost) == (200, 0)
        assert len(world.sent) <= 1.2 * 200
        assert world.now <= 14


@pytest.mark.parametrize("counts", LIMITS)
def test_nothing_is_sent_before_its_time(counts: str):
    """After a refusal that names a wait nothing is sent before that is over, but what was under way."""
    for world in worlds(LIMITS[counts]):
        early = [
            sent for sent in world.sent for at, wait in world.asked if at + 0.02 < sent < at + wait - AT_ONCE
        ]
        assert not early


@pytest.mark.parametrize("provider", [Bucket, Sliding, Window])
def test_silent_limit_is_found(provider: type):
    """The same without a word: at most 2.5 calls a case and 30 s."""
    second = 20 if provider is Bucket else 1.0
    for world in worlds(lambda: provider(20, second)):
        assert (world.good, world.lost) == (200, 0)
        assert len(world.sent) <= 2.5 * 200
        assert world.now <= 30


def test_number_at_once_settles():
    """Where four at once are allowed: at most 1.5 calls a case; after 5 s six or fewer are under way."""
    for world in worlds(lambda: AtOnce(4)):
        late = [under_way for at, under_way in world.flights if at > 5]

        assert (world.good, world.lost) == (200, 0)
        assert len(world.sent) <= 1.5 * 200
        assert max(late) <= 6


@pytest.mark.parametrize("ask", ["", "exact"])
def test_refused_rows_do_not_slow_others(ask: str):
    """Where single rows are refused for good, or twice, that is soon told from a rate limit: none of the others waits."""
    for seed in SEEDS:
        world = World(
            Bucket(1e6, 1e6, ask=ask), 1000, 20, lambda _: 0.05, seed=seed, loners=0.03, passing=0.03, max_attempts=3
        ).run()  # fmt: skip
        refused = sum(random.Random(f"{seed} {number}").random() < 0.03 for number in range(1, 1001))

        assert world.lost == refused
        assert world.good == 1000 - refused
        assert world.now <= 60


def test_refused_rows_leave_the_limit_in_force():
    """A rate limit is kept to although single rows are refused for good beside it."""
    for world in worlds(lambda: Bucket(20, 20), cases=300, loners=0.02, max_attempts=4):
        assert world.good + world.lost == 300
        assert world.lost <= 300 * 0.06
        assert len(world.sent) <= 1.4 * 300
        assert world.now <= 60
