"""`measure_speedup` really measures, with fresh calls, and says what it did not measure."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

import promptlab
from promptlab import CaseFinished, Completion, Lab, LimitChanged, Limits, RunFinished, RunStarted, RunStopped
from promptlab._speedup import COLUMNS, Point, recommend
from tests.servers import Reply

PROMPT = 'Answer with JSON: {"found": true} {{ request }}'


def suite(count):
    return [{"id": f"c{n}", "input": {"request": f"r{n}"}, "expect": {"found": True}} for n in range(count)]


def found(_case):
    return {"found": True}


def test_frame_has_promised_columns():
    """A row for each count, ascending, each once, with the promised columns and dtypes."""
    frame = promptlab.measure_speedup(suite(3), found, workers=(3, 1, 2, 3))

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == dict(COLUMNS)
    assert list(frame["workers"]) == [1, 2, 3]
    assert list(frame["cases"]) == [3, 3, 3]
    assert frame["measured"].all()
    assert (frame["wall_s"] >= frame["bound_s"]).all()
    assert ((frame["speedup"] - frame["calls_s"] / frame["wall_s"]).abs() < 1e-9).all()
    assert ((frame["efficiency"] - frame["speedup"] / frame["workers"]).abs() < 1e-9).all()


def test_every_count_pays_afresh(server):
    """No count is served from the store, not even where an earlier run has paid for every case."""
    server.says(lambda _: {"found": True})
    with Lab(base_url=server.base_url) as lab:
        promptlab.run_parallel(suite(4), PROMPT, lab=lab)
        frame = promptlab.measure_speedup(suite(4), PROMPT, workers=(1, 2, 4), lab=lab)

    assert len(server.calls) == 4 + 3 * 4
    assert frame["measured"].all()


@pytest.mark.parametrize("count", [2, 5])
def test_count_is_under_way_at_once(count):
    """With so many workers so many calls are under way: none returns before all of them are."""
    barrier = threading.Barrier(count, timeout=20)

    def meet(_case):
        barrier.wait()
        return {"found": True}

    frame = promptlab.measure_speedup(suite(count), meet, workers=(count,))

    assert list(frame["workers"]) == [count]


def test_refusals_are_counted_exactly(server):
    """`rate_limited` is the number of 429s that the server gave during that count."""
    lock, seen, given = threading.Lock(), set(), [0]

    def answer(call):
        with lock:
            if call.text not in seen:
                seen.add(call.text)
                given[0] += 1
                return Reply(
                    {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}},
                    429,
                    {"retry-after-ms": "10"},
                )
        return {"found": True}

    server.says(answer)
    with Lab(base_url=server.base_url) as lab:
        frame = promptlab.measure_speedup(suite(3), PROMPT, workers=(2, 3), lab=lab)

    assert given[0] == 3
    assert sorted(frame["rate_limited"]) == [0, 3]


def test_one_panel_for_all_counts():
    """A sweep begins and ends once for its observers, and tells each row of each count once."""
    events = []
    with Lab(display=[events.append]) as lab:
        promptlab.measure_speedup(suite(3), found, workers=(1, 2, 3), lab=lab)

    rows = [event.outcome.index for event in events if isinstance(event, CaseFinished)]
    assert sum(isinstance(event, RunStarted) for event in events) == 1
    assert isinstance(events[-1], RunFinished)
    assert sum(isinstance(event, RunFinished) for event in events) == 1
    assert sorted(rows) == list(range(9))


def test_counts_come_shuffled_one_last():
    """The counts are not measured in rising order, the seed decides in which, and one worker comes last."""
    orders = []
    for seed in (0, 0, 1, 2, 3):
        events = []
        with Lab(display=[events.append]) as lab:
            promptlab.measure_speedup(suite(1), found, workers=(1, 2, 3, 4, 5), lab=lab, seed=seed)
        orders.append([event.limit for event in events if isinstance(event, LimitChanged)])

    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) > 1
    assert all(sorted(order) == [1, 2, 3, 4, 5] and order[-1] == 1 for order in orders)
    assert any(order != [2, 3, 4, 5, 1] for order in orders)


def test_counts_begin_in_same_order():
    """What the first count teaches of the cases' lengths does not change the order of later ones."""
    begun = []

    def slower_and_slower(case):
        begun.append(case.id)
        return Completion(text='{"found": true}', latency_s=float(case.id[1:]) / 10)

    promptlab.measure_speedup(suite(6), slower_and_slower, workers=(2, 1))

    assert begun[6:] == [f"c{n}" for n in range(6)]


def test_long_serial_run_is_reckoned():
    """One worker is not run where it would take over a minute: the sum of the calls stands, marked so."""
    asked = []

    def slow(case):
        asked.append(case.id)
        return Completion(text='{"found": true}', latency_s=31.0)

    frame = promptlab.measure_speedup(suite(2), slow, workers=(1, 2))

    assert len(asked) == 2
    assert list(frame["measured"]) == [False, True]
    assert frame["wall_s"][0] == frame["calls_s"][0] == frame["bound_s"][0] == 62.0
    assert frame["speedup"][0] == 1.0


def test_interrupt_keeps_measured_counts():
    """An interrupt ends the sweep; the counts that came to their end are in `.partial`."""
    seen = []

    def interrupt(event):
        if isinstance(event, CaseFinished):
            seen.append(event)
            if len(seen) == 5:
                raise KeyboardInterrupt

    with Lab(display=[interrupt]) as lab, pytest.raises(RunStopped) as stopped:
        promptlab.measure_speedup(suite(3), found, workers=(2, 3), lab=lab)

    assert len(stopped.value.partial) == 1
    assert stopped.value.partial.attrs["promptlab"]["stopped"] == "interrupt"


def test_budget_counts_all_runs():
    """A sweep stops before its runs together make more calls than allowed, and keeps what was measured."""
    with promptlab.simulate(latency="none") as simulator:
        lab = Lab(base_url=simulator.base_url, limits=Limits(max_calls=7))
        with lab:
            frame = promptlab.measure_speedup(suite(3), PROMPT, workers=(1, 2, 3), lab=lab)
        started = simulator.stats()["started"]

    assert started == 6
    assert len(frame) == 2
    assert "budget" in frame.attrs["promptlab"]["stopped"]


@pytest.mark.parametrize("workers", [(), (0,), (-3,), ("5",), (2.5,), (None,), 5, "15", None, (True,)])
def test_wrong_counts_raise_early(workers):
    """A count that is no whole number from 1 up is a clear error before any call is made."""
    asked = []

    with pytest.raises(promptlab.SettingError, match="workers"):
        promptlab.measure_speedup(suite(2), asked.append, workers=workers)

    assert not asked


def point(workers, wall_s, *, cases=20, calls_s=100.0, longest_s=4.0, rate_limited=0, errors=0):
    return Point(
        workers=workers,
        cases=cases,
        wall_s=wall_s,
        calls_s=calls_s,
        bound_s=max(longest_s, calls_s / workers),
        longest_s=longest_s,
        rate_limited=rate_limited,
        errors=errors,
    )


@pytest.mark.parametrize(
    ("points", "count", "why"),
    [
        ([point(5, 21.0), point(10, 11.0), point(15, 8.0)], 15, "most that was measured"),
        ([point(10, 4.1), point(15, 4.0), point(20, 4.05)], 10, "longest call (4.0 s)"),
        ([point(5, 4.9, cases=5), point(10, 5.0, cases=5)], 5, "only 5 cases"),
        (
            [point(10, 11.0), point(20, 7.0), point(30, 7.1, rate_limited=4)],
            20,
            "with 30 the provider refuses",
        ),
        ([point(10, 11.0, rate_limited=2), point(20, 11.2)], 10, "sets the pace"),
        ([point(10, 11.0), point(15, 10.6), point(20, 10.5)], 10, "gain less than 5 %"),
    ],
)
def test_recommendation_says_why(points, count, why):
    """The smallest count within 5 % of the best time is recommended, with what keeps more from being faster."""
    recommended, text = recommend(points)

    assert recommended == count
    assert why in text
    assert "measured once" in text


def test_recommendation_warns_of_errors():
    """Times of runs whose rows broke are not sold as a gain."""
    _, text = recommend([point(5, 0.1, errors=20), point(10, 0.1, errors=20)])

    assert "40 rows had no verdict" in text


def test_attrs_are_plain():
    """What is said of the sweep as a whole is in the frame's attrs, as plain JSON types."""
    told = promptlab.measure_speedup(suite(2), found, workers=(1, 2)).attrs["promptlab"]

    assert told["recommended"] in (1, 2)
    assert told["stopped"] is None
    assert list(pd.json_normalize(told)["prompt"]) == ["found"]
