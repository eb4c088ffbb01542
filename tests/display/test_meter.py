"""The meter: events in, readings out."""

import sys
import threading
from itertools import pairwise

import pytest

from promptlab._display import Meter
from promptlab._events import CaseFinished, CaseStarted, LimitChanged, Notice, RunFinished, RunStarted
from promptlab._scope import Stop
from tests.display.feed import events_of, make_outcome, make_outcomes, make_run


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def metered(run, events, clock=None, stop=None):
    """Fold events and give the meter."""
    meter = Meter(run, stop, clock or Clock())
    for event in events:
        meter.fold(event)
    return meter


def test_reading_counts_every_status():
    """Each status has its own count, and rows that were not run are not done."""
    outcomes = make_outcomes(10, ("pass", "fail", "error", "ungraded", "not_run"))

    reading = metered(make_run(10), events_of(make_run(10), outcomes)).read()

    assert (reading.passed, reading.failed, reading.errors, reading.ungraded, reading.not_run) == (
        2,
        2,
        2,
        2,
        2,
    )
    assert (reading.done, reading.total, reading.finished, reading.elapsed_s) == (8, 10, True, 2.5)


def test_outcome_told_twice_counts_once():
    """An event that comes again, as after an interrupt, changes nothing and is said to be nothing new."""
    meter = Meter(make_run(3))

    told = [meter.fold(CaseFinished(outcome=make_outcome(1))) for _ in range(2)]
    meter.fold(CaseStarted(index=1, case="case_1", at_s=0.0))

    assert told == [True, False]
    assert (meter.read().done, meter.read().under_way) == (1, 0)


@pytest.mark.parametrize("index", [-1, 3, 10**9])
def test_outcome_of_no_row_is_left_out(index):
    """A row that the run does not have cannot push the count over the total."""
    meter = Meter(make_run(3))

    assert not meter.fold(CaseFinished(outcome=make_outcome(index)))
    assert meter.read().done == 0


def test_rows_shown_are_trouble_first():
    """At most twelve rows, those with trouble first and newest first, the newest others kept in sight."""
    outcomes = make_outcomes(40, ("fail", "pass"))
    reading = metered(make_run(40), events_of(make_run(40), outcomes)).read()

    labels = [row.label for row in reading.rows]

    assert [row.status for row in reading.rows] == ["fail"] * 9 + ["pass"] * 3
    assert labels[:2] + labels[9:] == ["case_38", "case_36", "case_39", "case_37", "case_35"]


def test_rows_shown_fill_up_with_newest():
    """Without trouble the twelve newest rows are shown."""
    reading = metered(make_run(40), events_of(make_run(40), make_outcomes(40, ("pass",)))).read()

    assert [row.label for row in reading.rows] == [f"case_{index}" for index in range(39, 27, -1)]


def test_eta_follows_calls_and_workers():
    """The time left is what waits and what runs, shared by the workers."""
    clock = Clock()
    run = make_run(9, workers=2)
    meter = metered(run, [RunStarted(run=run)], clock)
    clock.now += 1.0
    meter.fold(CaseFinished(outcome=make_outcome(0, started_s=0.0, finished_s=1.0)))

    assert meter.read().eta_s == pytest.approx(4.0)


def test_eta_grows_where_the_limit_falls():
    """A lower limit means more time, and its end means the old time again."""
    clock = Clock()
    run = make_run(9, workers=4)
    meter = metered(run, [CaseFinished(outcome=make_outcome(0, started_s=0.0, finished_s=1.0))], clock)

    before = meter.read()
    meter.fold(LimitChanged(limit=1, reason="rate limited\nby the provider", at_s=1.0))
    limited = meter.read()
    meter.fold(LimitChanged(limit=4, reason="recovered", at_s=2.0))
    after = meter.read()

    assert (before.eta_s, limited.eta_s, after.eta_s) == (
        pytest.approx(2.0),
        pytest.approx(8.0),
        pytest.approx(2.0),
    )
    assert (before.limit, limited.limit, after.limit) == (None, 1, None)
    assert limited.limit_reason == "rate limited ⏎ by the provider"


def test_eta_from_the_store_alone():
    """Rows from the store say nothing of calls: the time left comes from the pace of all rows."""
    clock = Clock()
    run = make_run(4)
    meter = metered(run, [RunStarted(run=run)], clock)
    clock.now += 2.0
    meter.fold(CaseFinished(outcome=make_outcome(0, cached=True)))

    assert meter.read().eta_s == pytest.approx(6.0)
    assert meter.read().cached == 1


def test_expected_times_shape_the_eta():
    """What rows took in an earlier run tells the time left before the first has ended."""
    meter = Meter(make_run(3, workers=1), expected=[1.0, 2.0, 4.0])

    assert meter.read().eta_s == pytest.approx(7.0)


def test_notice_is_kept_once():
    """What is said for the whole run is kept in order, harmless, and once."""
    run = make_run(2, notes=("workers cut to 20",))
    events = [
        Notice(text="workers cut to 20"),
        Notice(text="temperature \x1b[31mdropped"),
        Notice(text="disk full"),
    ]

    meter = metered(run, events)

    assert meter.notices() == ("workers cut to 20", "temperature \\x1b[31mdropped", "disk full")


def test_reading_knows_of_a_stop():
    """A stop is read before the run has ended, and its reason stays."""
    stop, run = Stop(), make_run(2)
    meter = metered(run, [], stop=stop)
    stop.set("stop button")
    before = meter.read()
    meter.fold(RunFinished(run=run, wall_s=1.0, stopped="stop button"))

    assert (before.stopped, before.finished) == ("stop button", False)
    assert (meter.read().stopped, meter.read().finished) == ("stop button", True)


def test_retries_are_counted():
    """Calls made again are counted over all rows."""
    run = make_run(3)
    outcomes = [make_outcome(0, attempts=3), make_outcome(1, attempts=1), make_outcome(2, cached=True)]

    assert metered(run, events_of(run, outcomes)).read().retries == 2


@pytest.mark.parametrize(("asked", "answered"), [(True, "gpt-5-nano"), (False, "simulated-small")])
def test_simulator_shows_in_the_reading(asked, answered):
    """The reading says that a simulator answers where the run or an answer says so."""
    run = make_run(1, simulated=asked)
    outcome = make_outcome(0)
    from dataclasses import replace

    meter = metered(
        run, events_of(run, [replace(outcome, completion=replace(outcome.completion, model=answered))])
    )

    assert meter.read().simulated


def test_readings_never_run_backwards():
    """Readings taken while events are folded in another thread are whole, and their counts only grow."""
    size = 4_000
    run = make_run(size)
    outcomes = make_outcomes(size)
    meter = Meter(run)
    readings = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        worker = threading.Thread(target=lambda: [meter.fold(CaseFinished(outcome=one)) for one in outcomes])
        worker.start()
        while worker.is_alive():
            readings.append(meter.read())
        worker.join()
    finally:
        sys.setswitchinterval(interval)

    torn = sum(r.done != r.passed + r.failed + r.errors + r.ungraded for r in readings)
    back = sum(later.done < earlier.done for earlier, later in pairwise(readings))
    assert len(readings) > 2
    assert (torn, back) == (0, 0)
    assert meter.read().done == size
