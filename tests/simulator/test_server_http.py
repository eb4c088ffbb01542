"""The simulator speaks HTTP/1.1, also with clients that do not."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack

import pytest

from promptlab.simulator import Simulator, parse_options
from tests.simulator.server_client import Wire, ask, body, call, get, post, stats

CHUNKED = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_connection_serves_many_requests(serve):
    """A connection is kept: many requests go over one."""
    simulator = serve()

    with Wire(simulator) as wire:
        texts = []
        for number in range(20):
            wire.send(post(value=body(f"question {number}")))
            texts.append(wire.read().text)

    assert texts == [f"question {number}" for number in range(20)]
    assert stats(simulator)["connections"]["opened"] == 2


def test_pipelined_requests_answered_in_order(serve):
    """Requests sent ahead of the answers are answered one after another, none lost."""
    simulator = serve("--latency=fixed:0.01")

    with Wire(simulator) as wire:
        wire.send(b"".join(post(value=body(f"q{number}")) for number in range(5)))
        # http.client would read ahead into the next answer; so ask for the end and read all.
        wire.send(post(value=body("last"), headers=("Connection: close",)))
        said = wire.rest()

    places = [said.index(f'"content": "{text}"'.encode()) for text in ("q0", "q1", "q2", "q3", "q4", "last")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("version", "header", "kept"),
    [
        ("HTTP/1.1", "X: y", True),
        ("HTTP/1.1", "Connection: close", False),
        ("HTTP/1.0", "X: y", False),
        ("HTTP/1.0", "Connection: keep-alive", True),
    ],
)
def test_connection_kept_as_asked(serve, version, header, kept):
    """The connection is kept or closed as version and header ask."""
    simulator = serve()

    with Wire(simulator) as wire:
        wire.send(post(headers=(header,), version=version))
        first = wire.read()
        if kept:
            wire.send(post(version=version))
            assert wire.read().status == 200
        else:
            assert wire.rest() == b""

    assert first.status == 200
    assert ("connection" in first.headers) is not kept


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nname : value\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (CHUNKED + b"zz\r\n", 400),
        (CHUNKED + b"-5\r\n", 400),
        (CHUNKED + b"fffffffffff\r\n", 413),
    ],
)
def test_broken_request_is_refused(serve, request_bytes, status):
    """What is no HTTP request gets a status and an error object, then the end; others are served on."""
    simulator = serve()

    with Wire(simulator) as wire:
        wire.send(request_bytes)
        answer = wire.read()
        wire.sock.shutdown(socket.SHUT_WR)
        assert wire.rest() == b""

    assert answer.status == status
    assert answer.error["message"]
    assert ask(simulator).status == 200


def test_body_in_chunks_is_read(serve):
    """A body may come in chunks, with extensions and trailers."""
    simulator = serve()
    data = json.dumps(body("in pieces")).encode()
    pieces = b"".join(
        b"%x;ext=1\r\n%b\r\n" % (len(data[i : i + 7]), data[i : i + 7]) for i in range(0, len(data), 7)
    )

    answer = call(simulator, CHUNKED + pieces + b"0\r\nTrailer: x\r\n\r\n")

    assert answer.text == "in pieces"


def test_continue_is_sent_when_expected(serve):
    """A client that waits for leave to send its body gets it."""
    simulator = serve()
    data = json.dumps(body()).encode()

    with Wire(simulator) as wire:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {len(data)}\r\n\r\n"
        wire.send(head.encode())
        assert wire.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(data)
        assert wire.read().status == 200


@pytest.mark.parametrize("sent", [b"POST /v1/chat", post()[:60], post()[:-3], CHUNKED + b"5\r\nab"])
def test_client_leaving_early_harms_nobody(serve, sent, capfd):
    """A client that leaves in the middle of its request is neither counted nor complained about."""
    simulator = serve()

    with Wire(simulator) as wire:
        wire.send(sent)
        wire.sock.shutdown(socket.SHUT_WR)
        wire.rest()

    assert ask(simulator).status == 200
    assert stats(simulator)["started"] == 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/", "GET", 404, "unknown_url"),
        ("/v1/nothing", "POST", 404, "unknown_url"),
        ("/chat/completions", "POST", 404, "unknown_url"),
        ("/v1/models/", "GET", 404, "unknown_url"),
        ("/v1/chat/completions", "GET", 405, "method_not_supported"),
        ("/v1/models", "DELETE", 405, "method_not_supported"),
        ("/reset", "GET", 405, "method_not_supported"),
    ],
)
def test_unknown_route_says_so(serve, path, method, status, code):
    """An unknown path is a 404, a known one by the wrong method a 405 that names the right ones."""
    simulator = serve()

    answer = call(simulator, f"{method} {path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode())

    assert (answer.status, answer.error["code"]) == (status, code)
    assert ("allow" in answer.headers) is (status == 405)


def test_every_answer_says_simulated(serve):
    """Good or bad, an answer carries the header that says that it is simulated."""
    simulator = serve()

    answers = [
        ask(simulator),
        get(simulator, "/nothing"),
        get(simulator, "/healthz"),
        call(simulator, b"x\r\n"),
    ]

    assert [answer.headers["x-simulated"] for answer in answers] == ["true"] * 4
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4


def test_path_escapes_and_queries_understood(serve):
    """A percent sign in the path, a query and an absolute address all lead to the route."""
    simulator = serve()

    for path in ("/v1/m%6fdels", "/v1/models?limit=5", "http://localhost/v1/models"):
        assert get(simulator, path).json["object"] == "list"


def test_500_connections_at_once(serve):
    """500 clients that connect before the first is accepted are all served, none reset."""
    with ExitStack() as stack:
        simulator = Simulator(parse_options(["--answer=echo", "--latency=fixed:0.2"]))
        wires = [stack.enter_context(Wire(simulator)) for _ in range(500)]
        for number, wire in enumerate(wires):
            wire.send(post(value=body(f"question {number}")))
        stack.enter_context(simulator)
        texts = [wire.read().text for wire in wires]
        counted = stats(simulator)

    assert texts == [f"question {number}" for number in range(500)]
    assert (counted["done"], counted["connections"]["opened"]) == (500, 501)


def test_defect_becomes_a_500(serve, monkeypatch, capfd):
    """A defect of the simulator is a 500 with a trace on the standard error, and is counted."""
    simulator = serve()
    monkeypatch.setattr(simulator.state, "_reply", lambda call, seed: 1 / 0)

    answer = ask(simulator)

    assert answer.status == 500
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert stats(simulator)["crashed"] == 1
