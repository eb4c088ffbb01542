"""Many calls at once: limits, outages and account trouble, met by a whole run in a process of its own.

What is run at its full size is in `benchmarks/weather.py`; the rate limits at theirs, on a clock of their own, in
`test_clock.py`.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.weather.load import Order, Report, in_process

LIMITED = {"rate": 20, "latency": 0.2}
ORDERS = {
    "outage": Order(200, 20, {"always": "503"}),
    "refused": Order(200, 32, {"outage": (0, 1e9), "outage_by": "reset"}),
    "outage of 5 s": Order(150, 20, {"latency": 0.1, "outage": (0.5, 5.5)}),
    "limit, seconds": Order(70, 32, {**LIMITED, "ask": "whole"}),
    "limit, headers": Order(70, 32, {**LIMITED, "ask": "headers"}),
    "limit, silent": Order(70, 32, {**LIMITED, "ask": "none"}),
    "four at once": Order(100, 24, {"at_once": 4, "latency": 0.1}),
    "same instant": Order(40, 32, {"first_refused": 32, "latency": 0.05}),
    "three percent": Order(300, 20, {"failing": 0.03, "latency": 0.02}),
    "slow": Order(12, 4, {"latency": 1.0}),
    "own rpm": Order(16, 20, {"latency": 0.02}, limits={"rpm": 240}),
    "account 401": Order(300, 10, {"always": "401", "latency": 0.1}),
    "account 404": Order(300, 20, {"always": "404"}),
    "account quota": Order(300, 15, {"always": "429 quota"}),
    "parameter": Order(30, 8, {"refuses": ("temperature",)}, settings={"temperature": 0.5}),
}
IDLE = ("outage", "refused", "own rpm", "slow")
"""Orders that mostly wait, and disturb no other."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reports():
    """Every order is run, a few at a time: most of it is waiting."""
    with ThreadPoolExecutor(2) as idle, ThreadPoolExecutor(2) as busy:
        yield {
            name: (idle if name in IDLE else busy).submit(in_process, order) for name, order in ORDERS.items()
        }


@pytest.fixture
def report(reports: dict[str, Future[Report]], request: pytest.FixtureRequest) -> Report:
    """The report of the order that a test names."""
    return reports[request.param].result()


def of(*names: str):
    """Have a test look at the reports of these orders."""
    return pytest.mark.parametrize("report", names, indirect=True)


@of(*(name for name in ORDERS if not name.startswith(("outage", "refused", "account"))), "outage of 5 s")
def test_nothing_is_lost(report: Report):
    """Whatever the weather, every case is graded, and in the suite's order."""
    assert report.statuses == ["pass"] * len(report.ids)
    assert report.ids == [f"c{number}" for number in range(len(report.ids))]


@pytest.mark.parametrize("name", ORDERS)
def test_workers_are_a_ceiling(reports: dict[str, Future[Report]], name: str):
    """At no moment are more calls under way than there are workers."""
    assert reports[name].result().most_under_way <= ORDERS[name].workers


@of("slow")
def test_slow_calls_are_never_doubled(report: Report):
    """A slow call is waited for: a second copy would be billed as well. Four workers have four under way."""
    assert report.calls == 12
    assert report.most_under_way == 4


@of("limit, seconds", "limit, headers")
def test_limit_with_wait_is_kept(report: Report):
    """Where a 429 says how long to wait nobody calls before, and few calls are refused."""
    assert report.sent_early() == 0
    assert report.calls <= 1.3 * 70


@of("limit, silent")
def test_limit_is_found_without_headers(report: Report):
    """Where a 429 says nothing the rate is found all the same."""
    assert report.calls <= 2.5 * 70


@of("four at once")
def test_calls_at_once_settle(report: Report):
    """Where four at once are allowed no more than six are under way once that is known."""
    late = report.log[len(report.log) // 2 :]

    assert max(seen.under_way for seen in late) <= 6
    assert report.calls <= 1.5 * 100


@of("same instant")
def test_retries_are_spread(report: Report):
    """What was refused in the same instant is tried again over 200 ms or more."""
    refused_at = max(seen.at for seen in report.log if seen.status == 429)
    texts = {seen.text for seen in report.log if seen.status == 429}
    again = [seen.at for seen in report.log if seen.text in texts and seen.at > refused_at]

    assert len(again) == 32
    assert max(again) - min(again) >= 0.2


@of("outage", "refused")
def test_outage_is_given_up(report: Report):
    """A total outage costs at most 60 calls, and every row says what it was."""
    assert report.calls <= 60
    assert set(report.statuses) == {"error"}
    assert set(report.errors) <= {"server", "connection"}
    assert any("given up" in reason for reason in report.reasons)


@of("outage of 5 s")
def test_outage_is_outlasted(report: Report):
    """An outage in mid-run costs at most half a call a case; the display is told of both its ends."""
    assert report.calls <= 1.5 * 150
    if sum(seen.status == 503 for seen in report.log) < 45:
        pytest.skip("the machine was too busy to meet the outage with more than a few calls")
    assert any("outage: " in reason for _, reason, _ in report.limits)
    assert any("over" in reason for _, reason, _ in report.limits)


@of("three percent")
def test_rare_faults_cost_little(report: Report):
    """Calls that fail now and then are made again, and no others."""
    assert report.calls == 300 + sum(seen.status == 503 for seen in report.log)


@of("account 401", "account 404", "account quota")
def test_account_trouble_stops_the_run(report: Report):
    """Key, model or credit refused: at most 16 useless calls, and rows not begun say why."""
    left = [
        reason for reason, status in zip(report.reasons, report.statuses, strict=True) if status == "not_run"
    ]

    assert report.calls <= 16
    assert len(set(report.errors)) == 1
    assert report.errors[0] in ("auth", "not_found", "quota")
    assert len(left) >= 300 - 16
    assert all("refused" in reason for reason in left)


@of("parameter")
def test_refused_parameter_is_dropped_once(report: Report):
    """A parameter that the model does not take costs one call more in the whole run, and is told of once."""
    assert report.calls == 31
    assert sum("temperature" in text for text in report.notices) == 1


@of("own rpm")
def test_own_rpm_is_never_exceeded(report: Report):
    """`Limits(rpm=240)`: four calls a second reach the server, give or take what a busy machine holds up on their way."""
    times = [seen.at for seen in report.log]

    assert len(times) == 16
    assert max(sum(1 for at in times if begin <= at < begin + 2.0) for begin in times) <= 8 + 4
