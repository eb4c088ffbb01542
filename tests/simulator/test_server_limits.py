"""The simulator's rate limits are a provider's: true, stated, and kept."""

from __future__ import annotations

import threading

import pytest

from promptlab.simulator._errors import ApiError
from promptlab.simulator._limits import Limits, go_duration
from tests.simulator.server_client import Wire, ask, post, stats, until


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """A clock."""
    return Clock()


def _refused(limits, tokens=1, seconds=1.0):
    with pytest.raises(ApiError) as caught:
        limits.enter(tokens, seconds)
    return caught.value, dict(caught.value.headers)


def test_requests_flow_at_the_rate(clock):
    """A second's worth may come at once; then one each time another has flowed in, and not before."""
    limits = Limits(clock, rpm=600)

    for _ in range(10):
        limits.enter(1, 1.0)
    _, headers = _refused(limits)
    clock.now += 0.0999
    _refused(limits)
    clock.now += 0.0002
    limits.enter(1, 1.0)
    _refused(limits)

    assert (headers["retry-after-ms"], headers["retry-after"]) == ("100", "1")


def test_waiting_as_told_is_enough(clock):
    """Who waits for exactly what `retry-after-ms` says gets in."""
    limits = Limits(clock, rpm=77, tpm=1000)

    for tokens in (3, 9, 1, 16, 16, 7):
        for _ in range(20):
            try:
                limits.enter(tokens, 1.0)
            except ApiError as error:
                clock.now += int(dict(error.headers)["retry-after-ms"]) / 1000
                limits.enter(tokens, 1.0)


def test_minute_holds_no_more_than_allowed(clock):
    """However hard it is tried, a minute lets in the limit and the burst, no more."""
    limits = Limits(clock, rpm=60, burst_s=5)
    passed = 0

    for tick in range(60 * 64 + 1):
        clock.now = 100 + tick / 64
        try:
            limits.enter(1, 1.0)
            passed += 1
        except ApiError:
            continue

    assert passed == 60 + 5


def test_turned_away_calls_take_nothing(clock):
    """A call that was refused for its tokens has not used up a request."""
    limits = Limits(clock, rpm=60, burst_s=2, tpm=600)

    limits.enter(20, 1.0)
    for _ in range(50):
        _refused(limits, tokens=10)
    clock.now += 1

    limits.enter(10, 1.0)


def test_answers_tokens_are_owed(clock):
    """The answer's tokens are taken when it leaves, once, and what is owed must flow in first."""
    limits = Limits(clock, tpm=600)

    ticket = limits.enter(10, 1.0)
    for _ in range(3):
        limits.leave(ticket, 90)
    _, headers = _refused(limits, tokens=5)

    assert headers["retry-after-ms"] == "9500"
    assert headers["x-ratelimit-remaining-tokens"] == "0"


def test_request_larger_than_a_minute(clock):
    """A request that could never pass is refused without a time to come back."""
    error, headers = _refused(Limits(clock, tpm=600), tokens=601)

    assert "too large" in error.message
    assert "retry-after" not in headers


def test_request_larger_than_the_burst(clock):
    """A request larger than what may come at once passes when the bucket is full."""
    limits = Limits(clock, tpm=600)

    limits.enter(300, 1.0)
    clock.now += 29.9
    _refused(limits, tokens=300)
    clock.now += 0.2

    limits.enter(300, 1.0)


def test_calls_at_once_are_counted(clock):
    """So many calls may be under way; who leaves makes room, once; others learn when the soonest will."""
    limits = Limits(clock, concurrent=2)

    ticket = limits.enter(1, 5.0)
    limits.enter(1, 3.0)
    clock.now += 1
    error, headers = _refused(limits)
    limits.leave(ticket, 1)
    limits.leave(ticket, 1)
    limits.enter(1, 5.0)
    _refused(limits)

    assert error.kind == "concurrency"
    assert headers["retry-after-ms"] == "2000"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (-1, "0s"), (0.0001, "1ms"), (0.12, "120ms"), (1, "1s"), (1.5, "1.5s"), (60, "1m0s"),
     (359.25, "5m59.25s"), (3603, "1h0m3s")],
)  # fmt: skip
def test_durations_as_go_writes(seconds, text):
    """Reset times are written as OpenAI writes them."""
    assert go_duration(seconds) == text


def test_429_says_all_there_is(serve):
    """A 429 carries an error object, both forms of retry-after, and three headers for each limit."""
    simulator = serve("--rpm=60", "--tpm=60000")

    good, limited = ask(simulator, "x" * 40), ask(simulator)

    wanted = {
        f"x-ratelimit-{part}-{what}"
        for part in ("limit", "remaining", "reset")
        for what in ("requests", "tokens")
    }
    assert wanted <= set(good.headers)
    assert wanted | {"retry-after", "retry-after-ms"} <= set(limited.headers)
    assert good.headers["x-ratelimit-remaining-requests"] == "0"
    assert good.headers["x-ratelimit-limit-tokens"] == "60000"
    assert limited.status == 429
    assert (limited.error["type"], limited.error["code"]) == ("requests", "rate_limit_exceeded")


def test_429_without_headers(serve):
    """Asked to say nothing, a 429 does not tell when to come back, in no header and no word."""
    simulator = serve("--rpm=60", "--no-limit-headers")

    good, limited = ask(simulator), ask(simulator)

    assert limited.status == 429
    for answer in (good, limited):
        assert not [name for name in answer.headers if "ratelimit" in name or "retry" in name]
    assert "try again" not in limited.error["message"]


def test_no_limit_no_headers(serve):
    """Without limits nothing is said of them."""
    assert not [name for name in ask(serve()).headers if "ratelimit" in name]


def test_concurrency_limit_over_the_wire(serve):
    """While two calls hang, a third is turned away; when one is given up, the next is let in."""
    simulator = serve("--concurrent=2", "--fault=hang,match=wait")

    with Wire(simulator) as first, Wire(simulator) as second:
        first.send(post(value={"model": "m", "messages": [{"role": "user", "content": "wait"}]}))
        second.send(post(value={"model": "m", "messages": [{"role": "user", "content": "wait"}]}))
        until(simulator, lambda counted: counted["in_flight"] == 2)
        limited = ask(simulator)
    until(simulator, lambda counted: counted["in_flight"] == 0)

    assert limited.status == 429
    assert ask(simulator).status == 200


def test_client_at_the_limit_is_never_refused(serve):
    """Clients that keep exactly the allowed number of calls under way never meet the limit."""
    simulator = serve("--concurrent=4")

    def work():
        with Wire(simulator) as wire:
            for _ in range(150):
                wire.send(post())
                wire.read()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    counted = stats(simulator)
    assert (counted["done"], counted["limited"]) == (600, 0)
    assert counted["max_in_flight"] <= 4
