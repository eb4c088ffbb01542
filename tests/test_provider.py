"""The provider: the real SDK over real HTTP, and what each response means."""

from __future__ import annotations

import gzip
import json
import threading
import time

import pytest

from promptlab._providers import OpenAIProvider, retried
from promptlab._providers._waits import read_duration, wait_asked
from promptlab._redact import MASK, Secret, redactor
from promptlab._scope import Scope, Stop
from promptlab._types import Completion, Failure, Request
from tests.servers import Reply, ScriptedServer, chat

KEY = "sk-test-0123456789abcdef"
BODY = {"model": "gpt-5-nano", "messages": [{"role": "user", "content": "hello"}], "temperature": 0.5}


@pytest.fixture
def provider(server: ScriptedServer):
    made = OpenAIProvider(base_url=server.base_url, api_key=Secret(KEY), timeout=20)
    yield made
    made.close()


def scope(seconds: float = 20.0) -> Scope:
    return Scope(stop=Stop(), deadline=time.monotonic() + seconds)


def request() -> Request:
    return Request(body=BODY, case="c1")


def test_completion_tells_all(provider, server):
    """A good answer gives text, tokens, model, finish reason, latency and price."""
    said = provider(request(), scope())

    assert isinstance(said, Completion)
    assert (said.text, said.model, said.finish_reason) == ("ok", "gpt-5-nano", "stop")
    assert (said.input_tokens, said.output_tokens) == (12, 3)
    assert said.latency_s > 0
    assert said.cost_usd == pytest.approx(12 * 0.05e-6 + 3 * 0.40e-6)


def test_body_is_sent_unmodified(provider, server):
    """The request's body reaches the server as it is, and the key as a bearer token."""
    provider(request(), scope())

    assert server.calls[0].body == BODY
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"


def error(code: str, message: str = "no") -> dict:
    return {"error": {"message": message, "code": code, "type": code}}


@pytest.mark.parametrize(
    ("reply", "kind", "retryable"),
    [
        (Reply(error("rate_limit_exceeded"), 429), "rate_limited", True),
        (Reply(error("insufficient_quota"), 429), "quota", False),
        (Reply(error("invalid_api_key"), 401), "auth", False),
        (Reply(error("x"), 403), "permission", False),
        (Reply(error("model_not_found"), 404), "not_found", False),
        (Reply(error("x"), 400), "bad_request", False),
        (Reply(error("content_filter"), 400), "content_filter", False),
        (Reply(error("context_length_exceeded"), 400), "too_large", False),
        (Reply(b"too large", 413), "too_large", False),
        (Reply(error("x"), 422), "bad_request", False),
        (Reply(b"short and stout", 418), "bad_request", False),
        (Reply(b"", 408), "timeout", True),
        (Reply(b"", 409), "conflict", True),
        (Reply(b"<html>oops</html>", 500), "server", True),
        (Reply(b"", 502), "server", True),
        (Reply(b"", 503), "server", True),
        (Reply(b"", 529), "server", True),
        (Reply(b"<html>welcome</html>"), "bad_response", False),
        (Reply(b""), "bad_response", False),
        (Reply(b'{"choices": [{"mess'), "bad_response", False),
        (Reply(b"null"), "bad_response", False),
        (Reply(b"[]"), "bad_response", False),
        (Reply(b"\xff\xfe\x00"), "bad_response", False),
        (Reply(b"[" * 100_000), "bad_response", False),
        (Reply(b"garbage", headers={"content-encoding": "gzip"}), "bad_response", False),
        (Reply(b"garbage", headers={"content-encoding": "br"}), "bad_response", False),
        (Reply(error("x")), "bad_response", False),
        (Reply(gzip.compress(b" " * 40_000_000), headers={"content-encoding": "gzip"}), "too_big", False),
        (Reply(b" " * 11_000_000), "too_big", False),
        (Reply({"object": "chat.completion", "choices": []}), "empty", False),
        (Reply({"choices": [{}]}), "empty", False),
        (Reply(chat(None)), "empty", False),
        (Reply(chat("  \n ")), "empty", False),
        (Reply(chat(None, tool_calls=[{"id": "t"}])), "tool_calls", False),
        (Reply({**chat("half"), "choices": [{"finish_reason": "length", "message": {"content": "half"}}]}), "truncated", False),
        (Reply({"choices": [{"finish_reason": "content_filter", "message": {"content": ""}}]}), "content_filter", False),
        (Reply(b"", 302, {"location": "https://elsewhere.example/v1"}), "redirect", False),
    ],
)  # fmt: skip
def test_trouble_has_its_kind(provider, server, reply, kind, retryable):
    """Each thing a server may send has its kind, is retried or not, and says what it is."""
    server.says(lambda _call: reply)

    said = provider(request(), scope())

    assert isinstance(said, Failure)
    assert (said.kind, said.retryable) == (kind, retryable)
    assert 0 < len(said.message) <= 4000
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (chat([{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]), "in parts"),
        ({**chat("x"), "usage": None}, "x"),
        ({**chat("x"), "usage": {"prompt_tokens": None, "completion_tokens": -4}}, "x"),
        (b"\xef\xbb\xbf" + json.dumps(chat("after a mark")).encode(), "after a mark"),
        ({"choices": [{"finish_reason": "whatever", "message": {"content": "x"}}]}, "x"),
    ],
)
def test_odd_answers_are_read(provider, server, body, text):
    """Odd but whole answers are answers."""
    server.says(lambda _call: Reply(body, headers={"content-type": "text/weird"}))

    said = provider(request(), scope())

    assert isinstance(said, Completion)
    assert said.text == text


def test_gzip_is_read(provider, server):
    """A compressed answer that was not asked for is read all the same."""
    server.says(
        lambda _call: Reply(
            gzip.compress(json.dumps(chat("small")).encode()), headers={"content-encoding": "gzip"}
        )
    )

    assert provider(request(), scope()).text == "small"


def test_refusal_is_a_completion(provider, server):
    """A refusal is the model's own doing, so it is a completion with the refusal's text."""
    server.says(lambda _call: Reply(chat(None, refusal="I cannot help with that")))

    assert provider(request(), scope()).refusal == "I cannot help with that"


def test_redirect_within_origin_is_followed(provider, server):
    """A redirect to the same origin is followed, with the body."""
    server.says(lambda call: "there" if "moved" in call.path else Reply(b"", 307, {"location": "/v1/moved"}))

    assert provider(request(), scope()).text == "there"
    assert server.calls[1].body == BODY


def test_redirect_loop_ends(provider, server):
    """A redirect loop ends after five calls."""
    server.says(lambda _call: Reply(b"", 307, {"location": "/v1/chat/completions"}))

    said = provider(request(), scope())

    assert said.kind == "redirect"
    assert len(server.calls) == said.attempts == 5


def test_key_is_masked(provider, server):
    """A server that says the key back, plain or encoded, does not get it into a message or a text."""
    server.says(
        lambda call: (
            call.headers["authorization"] if call.number else Reply(error("x", f"bad key {KEY}"), 401)
        )
    )

    refused, echoed = provider(request(), scope()), provider(request(), scope())

    assert KEY not in refused.message
    assert MASK in refused.message
    assert echoed.text == f"Bearer {MASK}"


@pytest.mark.parametrize("dripping", ["headers", "body"])
def test_drip_is_cut_at_deadline(provider, server, dripping):
    """A response that comes byte by byte for ever is cut at the deadline, which no timeout per read does."""

    def drip(_call, handler):
        head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
        handler.wfile.write(head if dripping == "body" else b"HTTP/1.1 200 OK\r\nx: ")
        while not server.released.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    server.answer = drip
    ticking = threading.Event()
    ticker = threading.Thread(
        target=lambda: [provider.tick() for _ in iter(lambda: ticking.wait(0.05), True)]
    )
    ticker.start()

    said = provider(request(), scope(0.4))

    ticking.set()
    ticker.join()
    assert said.kind == "timeout"


def test_stop_cuts_the_call(provider, server):
    """A stop ends a call that hangs, at once."""
    under_way = threading.Event()

    def hang(_call, _handler):
        under_way.set()
        server.released.wait(30)

    server.answer = hang
    bounds, results = scope(), []
    caller = threading.Thread(target=lambda: results.append(provider(request(), bounds)))
    caller.start()
    assert under_way.wait(10)

    bounds.stop.set("interrupt")
    provider.tick()
    caller.join(10)

    assert not caller.is_alive()
    assert results[0].kind == "cancelled"


def test_connections_are_reused(provider, server):
    """Calls one after another share a connection."""
    for _ in range(5):
        provider(request(), scope())

    assert len(provider._idle) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3), ({"retry-after": "0.5"}, 0.5), ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "0"}, None), ({"retry-after": "-4"}, None), ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None), ({"retry-after": "1e9"}, None), ({}, None),
        ({"x-ratelimit-reset-requests": "1m2s", "x-ratelimit-remaining-requests": "0"}, 62),
        ({"x-ratelimit-reset-requests": "9s", "x-ratelimit-remaining-requests": "5"}, None),
        ({"x-ratelimit-reset-tokens": "250ms", "x-ratelimit-remaining-tokens": "0"}, 0.25),
    ],
)  # fmt: skip
def test_wait_is_what_server_asks(headers, seconds):
    """The wait is read from the headers that ask for one; nonsense asks for nothing."""
    assert wait_asked(headers) == seconds


def test_wait_reads_a_date():
    """Retry-After may be an HTTP date."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 30))

    assert wait_asked({"retry-after": date}) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360), ("1h", 3600), ("20ms", 0.02), ("7.66s", 7.66), ("4", 4), ("x", None), ("1s!", None)],
)
def test_durations_are_read(text, seconds):
    """Durations as OpenAI writes them are seconds."""
    assert read_duration(text) == seconds


def test_retry_counts_its_calls(provider, server):
    """A fault that goes away after two tries takes exactly three calls and gives a good answer."""
    server.says(lambda call: Reply(b"", 503, {"retry-after-ms": "1"}) if call.number < 2 else "good")

    said = retried(provider, 6)(request(), scope())

    assert (said.text, said.attempts, len(server.calls)) == ("good", 3, 3)


def test_retry_gives_up(provider, server):
    """A fault that stays is tried as often as allowed, and no oftener."""
    server.says(lambda _call: Reply(b"", 500, {"retry-after-ms": "1"}))

    said = retried(provider, 4)(request(), scope())

    assert (said.kind, said.attempts, len(server.calls)) == ("server", 4, 4)


def test_retry_beyond_deadline_is_not_made(provider, server):
    """Where the server asks for more time than the row has, the row says so and nothing is tried again."""
    server.says(lambda _call: Reply(b"", 429, {"retry-after": "3600"}))

    said = retried(provider, 6)(request(), scope(5))

    assert len(server.calls) == said.attempts == 1
    assert "3600 s" in said.message


def test_retry_sleep_hears_the_stop(provider, server):
    """A stop ends the wait before a retry."""
    bounds = scope(600)

    def answer(_call):
        bounds.stop.set("interrupt")
        return Reply(b"", 429, {"retry-after": "60"})

    server.says(answer)

    said = retried(provider, 6)(request(), bounds)

    assert (said.kind, said.attempts) == ("cancelled", 1)


@pytest.mark.parametrize(
    "form",
    [
        "sk-a/b+c=d-012345",
        "sk-a%2Fb%2Bc%3Dd-012345",
        "736b2d612f622b633d642d303132333435",
        "SK-A/B+C=D-012345",
    ],
)
def test_redactor_knows_the_forms(form):
    """The key is masked plain, percent-encoded, in hexadecimal and in other letters' case."""
    assert redactor([Secret("sk-a/b+c=d-012345")])(f"<{form}>") == f"<{MASK}>"


def test_secret_shows_itself_nowhere():
    """A secret's repr hides it."""
    assert KEY not in repr(Secret(KEY)) + str([Secret(KEY)])
