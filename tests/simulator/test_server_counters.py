"""The counters let a client's behaviour be judged from outside."""

from __future__ import annotations

import pytest

from promptlab.simulator import parse_options
from promptlab.simulator._attempts import Attempts
from promptlab.simulator._counters import KEPT, OUTCOMES, Counters
from tests.simulator.server_client import Wire, ask, call, get, post, stats, until


def test_every_call_has_one_outcome(serve):
    """Calls that were started are done, limited, faulty, invalid or gone, and add up."""
    simulator = serve(
        "--rpm=0.006", "--burst=40000", "--fault=status=503,match=fault", "--fault=hang,match=hang"
    )

    with Wire(simulator) as wire:
        wire.send(post(value={"model": "m", "messages": [{"role": "user", "content": "hang"}]}))
        until(simulator, lambda counted: counted["in_flight"] == 1)
    until(simulator, lambda counted: counted["in_flight"] == 0)
    for text in ("a" * 40, "fault", "b", "limited", "limited"):
        ask(simulator, text)
    call(simulator, post(value=b"{"))

    counted = stats(simulator)
    assert counted["started"] == 7 == sum(counted[outcome] for outcome in OUTCOMES)
    assert [counted[outcome] for outcome in OUTCOMES] == [2, 2, 2, 1, 0, 0]
    assert counted["by_status"] == {"200": 2, "400": 1, "429": 2, "503": 1}
    assert counted["by_fault"] == {"hang": 1, "status": 1}
    assert counted["tokens"] == {"input": 11, "output": 11}
    assert counted["in_flight"] == 0


def test_most_under_way_is_kept(serve):
    """The highest number of calls that were under way at once is remembered."""
    simulator = serve("--fault=hang")

    wires = [Wire(simulator) for _ in range(5)]
    for wire in wires:
        wire.send(post())
    until(simulator, lambda counted: counted["in_flight"] == 5)
    for wire in wires:
        wire.sock.close()
    until(simulator, lambda counted: counted["in_flight"] == 0)

    assert stats(simulator)["max_in_flight"] == 5


def test_asking_for_counters_is_not_counted(serve):
    """Only model calls count as calls."""
    simulator = serve()

    for path in ("/stats", "/calls", "/healthz", "/v1/models", "/nothing"):
        get(simulator, path)

    assert stats(simulator)["started"] == 0


def test_reset_starts_again(serve):
    """A reset gives what was counted and starts from zero: counts, attempts, limits, calls."""
    simulator = serve("--rpm=60", "--burst=2", "--fault=status=500,first=1")
    first = [ask(simulator).status for _ in range(3)]

    before = call(simulator, post("/reset", b"")).json
    after = stats(simulator)
    again = [ask(simulator).status for _ in range(3)]

    assert first == again == [500, 200, 429]
    assert (before["started"], after["started"]) == (3, 0)
    assert len(get(simulator, "/calls").json["calls"]) == 3


def test_call_across_a_reset_is_not_counted():
    """A call that began before a reset leaves the new counts alone when it ends."""
    counters = Counters(lambda: 0.0)
    old = counters.begin("chat")
    counters.reset()
    new = counters.begin("chat")

    counters.end(old, "done", 200)
    counters.end(new, "done", 200)
    counters.end(new, "crashed", 500)

    counted = counters.snapshot()
    assert (counted["started"], counted["done"], counted["crashed"], counted["in_flight"]) == (1, 1, 0, 0)


def test_calls_tell_what_happened(serve):
    """The list of calls has their times, contents, attempts, faults and ends, in order."""
    simulator = serve("--fault=status=503,first=1")

    for text in ("a", "a", "b"):
        ask(simulator, text)

    calls = get(simulator, "/calls").json["calls"]
    assert [(seen["attempt"], seen["fault"], seen["outcome"], seen["status"]) for seen in calls] == [
        (0, "status", "faults", 503),
        (1, None, "done", 200),
        (0, "status", "faults", 503),
    ]
    assert calls[0]["key"] == calls[1]["key"] != calls[2]["key"]
    times = [moment for seen in calls for moment in (seen["started_s"], seen["finished_s"])]
    assert times == sorted(times)


def test_memory_is_bounded():
    """What is remembered of calls and contents does not grow without end."""
    counters = Counters(lambda: 0.0)
    attempts = Attempts(bound=3)

    for _ in range(KEPT + 5):
        counters.end(counters.begin("chat"), "done", 200)
    numbers = [attempts.next(key) for key in ("a", "b", "a", "c", "d", "a", "b")]

    assert len(counters.calls()) == KEPT
    # "b" was unused for longest when "d" came, and is new again; "a" was not forgotten.
    assert numbers == [0, 0, 1, 0, 0, 2, 0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([], ["--port=0", "--rpm=5", "--concurrent=2", "--batch-seconds=1"], True),
        (["--latency=lognormal:5,3,8"], ["--latency=lognormal:5.0,3.0,8.0"], True),
        ([], ["--seed=1"], False),
        ([], ["--latency=none"], False),
        ([], ["--scale=0.5"], False),
        ([], ["--answer=echo"], False),
        ([], ["--fault=empty"], False),
        ([], ["--refuse=temperature"], False),
    ],
)
def test_settings_name_the_behaviour(one, other, same):
    """The settings differ where answers or latencies do, and nowhere else."""
    assert (parse_options(one).settings == parse_options(other).settings) is same


def test_settings_are_told(serve):
    """The counters come with the settings, the limits and the name of the server."""
    counted = stats(serve("--rpm=60", "--concurrent=3"))

    assert counted["settings"] == "revision=1; answer=echo; seed=0; latency=none; scale=1"
    assert counted["limits"] == "rpm=60; concurrent=3; burst=1; headers=on"
    assert counted["name"] == "promptlab-simulator"
