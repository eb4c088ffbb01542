"""Latencies are drawn from what was asked: right on average, and the same each time."""

from __future__ import annotations

import statistics

import pytest

from promptlab.simulator import parse_options
from promptlab.simulator._latency import FOUNDING, parse_latency
from promptlab.simulator._state import State
from tests.simulator.server_client import Wire, ask, get, post, stats, until


def _drawn(spec, count=20_000, seed=0):
    latency = parse_latency(spec)
    return [latency.draw(seed, f"key {number}") for number in range(count)]


def test_founding_latency_is_right():
    """The default has a mean of 5 s after clipping, lies in 3 to 8 s, and is skewed to the long side."""
    drawn = _drawn(FOUNDING)

    assert statistics.fmean(drawn) == pytest.approx(5.0, abs=0.03)
    assert (min(drawn), max(drawn)) == (3.0, 8.0)
    assert statistics.median(drawn) < 4.95
    assert parse_options([]).latency.spec == FOUNDING


@pytest.mark.parametrize(
    "spec", ["lognormal:1,0.1,2", "lognormal:4,3,30", "lognormal:5,3,8,2", "lognormal:7.5,3,8"]
)
def test_lognormal_mean_is_kept(spec):
    """However hard the clipping, the mean asked for is the mean drawn."""
    mean, low, high = (float(part) for part in spec.partition(":")[2].split(",")[:3])
    drawn = _drawn(spec)

    assert statistics.fmean(drawn) == pytest.approx(mean, rel=0.02)
    assert low <= min(drawn) <= max(drawn) <= high


def test_uniform_and_fixed_are_right():
    """Uniform latencies fill their range evenly; fixed ones are what they are; none is none."""
    drawn = _drawn("uniform:1,3")

    assert statistics.fmean(drawn) == pytest.approx(2.0, abs=0.02)
    assert statistics.pstdev(drawn) == pytest.approx(2 / 12**0.5, abs=0.01)
    assert set(_drawn("fixed:0.5", 10)) == {0.5}
    assert set(_drawn("none", 10)) == {0.0}


@pytest.mark.parametrize(
    "spec",
    ["", "slow", "fixed", "fixed:-1", "fixed:nan", "fixed:inf", "fixed:1,2", "uniform:3,1", "uniform:1",
     "lognormal:5,3", "lognormal:9,3,8", "lognormal:5,0,8", "lognormal:5,3,8,0", "lognormal:5,3,8,1,1", "none:1"],
)  # fmt: skip
def test_wrong_latency_is_refused(spec):
    """A distribution that is none is refused, with the forms there are."""
    with pytest.raises(ValueError, match=r"finite|one of"):
        parse_latency(spec)


def test_equal_content_equal_latency(serve):
    """Messages, model and seed decide the latency, on every server with the same seed; nothing else does."""
    keys = []
    for simulator, fields in [
        (serve(), {}),
        (serve(), {"temperature": 0, "user": "someone", "max_tokens": 99}),
        (serve(), {"seed": 1}),
        (serve(), {"model": "other"}),
    ]:
        ask(simulator, **fields)
        keys.append(get(simulator, "/calls").json["calls"][0]["key"])

    same, again, seeded, other = keys
    assert same == again
    assert len({same, seeded, other}) == 3
    first, second = (
        State(parse_options(["--answer=echo", "--scale=0.1", f"--seed={seed}"])) for seed in (0, 1)
    )
    assert first.seconds(same) != second.seconds(same)
    assert 0.3 <= first.seconds(same) <= 0.8


def test_answer_takes_its_latency(serve):
    """An answer comes no sooner than drawn; the model's own work is part of it, not added."""
    simulator = serve("--latency=fixed:2", "--scale=0.1")

    ask(simulator)

    seen = get(simulator, "/calls").json["calls"][0]
    assert seen["finished_s"] - seen["started_s"] >= 0.199


def test_client_that_leaves_is_noticed(serve):
    """A call whose client is gone ends at once and is counted as gone, however long it had to wait."""
    simulator = serve("--latency=fixed:3600")

    with Wire(simulator) as wire:
        wire.send(post())
        until(simulator, lambda counted: counted["in_flight"] == 1)
    until(simulator, lambda counted: counted["in_flight"] == 0)

    counted = stats(simulator)
    assert (counted["gone"], counted["done"]) == (1, 0)
