"""Which row goes first, and the time left."""

from __future__ import annotations

import itertools
import random
import sys

import pytest

from promptlab._schedule import Eta, bound, list_schedule, order, time_left


@pytest.mark.parametrize(
    ("expected", "fallback", "places"),
    [
        pytest.param([1.0, 3.0, 2.0], None, [1, 2, 0], id="longest first"),
        pytest.param([2.0, 3.0, 2.0, 3.0], None, [1, 3, 0, 2], id="equal ones keep their places"),
        pytest.param([None, None, None], None, [0, 1, 2], id="nothing known: suite order"),
        pytest.param([None, None, None], [5, 9, 5], [1, 0, 2], id="nothing known: longest prompt first"),
        pytest.param([], None, [], id="no row"),
        pytest.param([9.0, None, 1.0, 2.0], None, [0, 1, 3, 2], id="an unknown row counts as a long one"),
        pytest.param([9.0, None, None], [0, 1, 7], [0, 2, 1], id="unknown rows by their prompts"),
        pytest.param(
            [1.0, float("nan"), float("inf"), -2.0], None, [0, 1, 2, 3], id="no numbers are unknown"
        ),
        pytest.param([None, None], [float("nan"), 1], [1, 0], id="a fallback that is no number"),
    ],
)
def test_order_begins_longest_first(expected: list, fallback: list | None, places: list[int]):
    """The longest expected row begins first, unknown ones among the long, and ties keep suite order."""
    assert order(expected, fallback) == places


def test_order_needs_matching_fallback():
    """A fallback for other rows is an error."""
    with pytest.raises(ValueError, match="2 fallbacks for 1 rows"):
        order([None], [1.0, 2.0])


@pytest.mark.parametrize("seed", range(5))
def test_order_loses_no_row(seed: int):
    """Every row is begun once, whatever is known of it."""
    luck = random.Random(seed)
    expected = [luck.choice([None, luck.random(), float("nan")]) for _ in range(50)]

    assert sorted(order(expected, [luck.random() for _ in range(50)])) == list(range(50))


@pytest.mark.parametrize(
    ("durations", "workers", "seconds"),
    [([], 3, 0.0), ([4.0], 9, 4.0), ([1, 2, 3], 2, 3.0), ([2, 2, 2, 2], 2, 4.0)],
)
def test_bound_is_longest_or_share(durations: list[float], workers: int, seconds: float):
    """No schedule beats the longest row, nor an even share of the sum."""
    assert bound(durations, workers) == seconds


@pytest.mark.parametrize(("durations", "seconds"), [([1, 2, 3], 4.0), ([3, 2, 1], 3.0), ([], 0.0)])
def test_list_schedule_follows_order(durations: list[float], seconds: float):
    """Rows are begun in the order given, each by the first free worker."""
    assert list_schedule(durations, 2) == seconds


@pytest.mark.parametrize("seed", range(6))
def test_longest_first_stays_near_best(seed: int):
    """Longest first is within Graham's 4/3 of the best of all orders, and nothing beats the bound."""
    luck = random.Random(seed)
    durations = [luck.randint(1, 9) for _ in range(7)]
    best = min(list_schedule(way, 3) for way in itertools.permutations(durations))

    longest_first = list_schedule([durations[place] for place in order(durations)], 3)

    assert bound(durations, 3) <= best <= longest_first <= 4 / 3 * best


def test_longest_first_gains():
    """On lognormal latencies longest first beats suite order, and unknown rows as long ones cost little."""
    luck = random.Random(1)
    plain = sorted_all = half_known = 0.0
    for _ in range(200):
        durations = [luck.lognormvariate(1.6, 0.35) for _ in range(25)]
        known = [value if luck.random() < 0.5 else None for value in durations]
        least = bound(durations, 15)
        plain += list_schedule(durations, 15) / least
        sorted_all += list_schedule([durations[place] for place in order(durations)], 15) / least
        half_known += list_schedule([durations[place] for place in order(known)], 15) / least

    assert sorted_all < 0.9 * plain
    assert half_known < 0.95 * plain


@pytest.mark.parametrize("call", [lambda: bound([1], 0), lambda: list_schedule([1], 0), lambda: Eta([1], -1)])
def test_workers_must_be_some(call):
    """Without a worker nothing is ever done, so it is an error."""
    with pytest.raises(ValueError, match="at least one worker"):
        call()


def test_time_left_plays_schedule():
    """The time left is when the last row ends, running rows counted by what remains of them."""
    assert time_left([(1.0, 5.0), (2.0, None)], [None, 3.0], workers=2, typical=4.0) == 7.0
    assert time_left([], [], workers=3) == 0.0
    assert time_left([(1.0, None)], [], workers=3) is None
    assert time_left([], [None], workers=3) is None


def test_time_left_with_fewer_workers():
    """Where workers were taken away, nothing begins before enough running rows have ended."""
    assert time_left([(0.0, 1.0), (0.0, 2.0), (0.0, 3.0)], [5.0], workers=1) == 8.0


def test_overdue_rows_stay_ahead():
    """A row past its time is near its end, and never thought to be done."""
    assert 0 < time_left([(50.0, 5.0)], [], workers=1) <= 5.0


def play(
    durations: list[float], expected: list[float | None], workers: int
) -> list[tuple[float, float | None, float]]:
    """Run rows on a clock of our own: at each end the time left as told, and as it truly was."""
    total = list_schedule(durations, workers)
    eta = Eta(expected, workers)
    running: list[tuple[float, int]] = []
    told = []
    waiting = list(range(len(durations)))
    clock = 0.0
    while waiting or running:
        while waiting and len(running) < workers:
            row = waiting.pop(0)
            eta.started(row, clock)
            running.append((clock + durations[row], row))
        clock, row = min(running)
        running.remove((clock, row))
        eta.finished(row, durations[row])
        told.append((clock, eta.seconds_left(clock), total - clock))
    return told


@pytest.mark.parametrize("rows", [20, 100, 600])
def test_eta_known_latencies_is_close(rows: int):
    """With latencies known the time left is told within a tenth of the run throughout."""
    luck = random.Random(rows)
    durations = sorted((luck.lognormvariate(1.6, 0.35) for _ in range(rows)), reverse=True)

    told = play(durations, list(durations), workers=15)

    total = told[-1][0]
    assert max(abs(left - truth) for _, left, truth in told) <= 0.1 * total
    assert told[-1][1] == 0.0


@pytest.mark.parametrize("pace", [0.5, 2.0])
def test_eta_follows_todays_pace(pace: float):
    """Where the provider is slower or faster than it was, the time left follows within the run."""
    luck = random.Random(7)
    before = sorted((luck.lognormvariate(1.6, 0.3) for _ in range(200)), reverse=True)
    today = [pace * value for value in before]

    told = play(today, list(before), workers=10)

    total = told[-1][0]
    assert max(abs(left - truth) for at, left, truth in told if at > 0.3 * total) <= 0.1 * total


def test_eta_without_knowledge():
    """Before anything is known no time is told; after the first rows one is, and it gets better."""
    eta = Eta([None] * 40, workers=4)
    eta.started(0, 0.0)

    assert eta.seconds_left(1.0) is None

    told = play([5.0] * 40, [None] * 40, workers=4)

    assert all(left is not None for _, left, _ in told)
    assert max(abs(left - truth) for at, left, truth in told if at > 25) <= 5.0


def test_eta_forgets_stored_rows():
    """Rows from the store are done at once and tell nothing of the others."""
    eta = Eta([4.0] * 10, workers=2)
    for row in range(8):
        eta.finished(row)

    assert eta.seconds_left(0.0) == 4.0


def test_eta_takes_odd_news():
    """A row told twice, or done without having begun, does not disturb the account."""
    eta = Eta([1.0, None, 3.0], workers=1)
    eta.started(0, 0.0)
    eta.started(0, 9.0)
    eta.finished(0, 1.0)
    eta.finished(0, float("nan"))
    eta.finished(1, 2.0)
    eta.finished(2, 3.0)

    assert eta.seconds_left(99.0) == 0.0


def test_eta_counts_rows_once():
    """A row told done twice counts once in what this run's rows take."""
    eta = Eta([None] * 4, workers=1)
    eta.started(0, 0.0)
    for latency in (2.0, 50.0, 50.0):
        eta.finished(0, latency)

    assert eta.seconds_left(2.0) == 6.0


def test_eta_heeds_fewer_workers():
    """The limit of the moment can be given, and counts."""
    eta = Eta([2.0] * 12, workers=12)

    assert eta.seconds_left(0.0) == 2.0
    assert eta.seconds_left(0.0, workers=3) == 8.0


def test_eta_cost_stays_flat():
    """Asking costs as many steps with 100,000 rows waiting as with 1,000."""

    def steps(rows: int) -> int:
        eta = Eta([None] * rows, workers=10)
        for row in range(rows - 600):
            eta.started(row, 0.0)
            eta.finished(row, 1.0)
        for row in range(rows - 600, rows - 590):
            eta.started(row, 0.0)
        eta.seconds_left(1.0)
        counted = 0

        def count(frame, event, argument):
            nonlocal counted
            counted += 1
            return count

        sys.settrace(count)
        try:
            eta.seconds_left(1.0)
        finally:
            sys.settrace(None)
        return counted

    assert steps(100_000) == steps(1_000)
