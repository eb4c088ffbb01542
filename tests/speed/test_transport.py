"""The lanes' own way of sending: as strict as the client's, and never another case's answer."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from promptlab import Completion
from promptlab._providers import OpenAIProvider
from promptlab._redact import Secret
from promptlab._scope import Scope, Stop
from promptlab._types import Failure, Request
from tests.servers import chat


class Raw:
    """A server that sends, for each request, the bytes that a script gives; None hangs up."""

    def __init__(self, *replies):
        self._replies = list(replies)
        self.connections = 0
        self.requests = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def _serve(self):
        while self._replies:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, connection.makefile("rb") as stream:
                while self._replies and (request := self._read(stream)):
                    self.requests.append(request)
                    reply = self._replies.pop(0)
                    if reply is None:
                        break
                    connection.sendall(reply)
                    if b"connection: close" in reply.lower() or b"CUT" in reply:
                        break

    def _read(self, stream):
        lines = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            lines.append(line.decode("latin-1").strip())
        length = next((int(x.split(":")[1]) for x in lines if x.lower().startswith("content-length")), 0)
        return (lines, json.loads(stream.read(length))) if lines else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._replies.clear()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        self._listener.close()
        self._thread.join()


def answer(text, *headers, length=None):
    body = json.dumps(chat(text)).encode()
    lines = ["HTTP/1.1 200 OK", "content-type: application/json", *headers]
    lines += [f"content-length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ask(provider, text="hello"):
    request = Request(body={"model": "m", "messages": [{"role": "user", "content": text}]}, case="c")
    return provider(request, Scope(stop=Stop(), deadline=time.monotonic() + 10))


def provider_for(server, key="k"):
    return OpenAIProvider(base_url=server.url, api_key=Secret(key), timeout=5.0)


def test_connection_is_kept_open():
    """Calls of one lane go over one connection, each with its own answer."""
    with Raw(answer("one"), answer("two"), answer("three")) as server:
        provider = provider_for(server)
        texts = [ask(provider).text for _ in range(3)]
        provider.close()

    assert texts == ["one", "two", "three"]
    assert server.connections == 1


@pytest.mark.parametrize("goodbye", ["connection: close", "Connection: Close"])
def test_closed_connection_is_made_anew(goodbye):
    """Where the server closes the connection after an answer, the next call opens another."""
    with Raw(answer("one", goodbye), answer("two", "connection: close")) as server:
        provider = provider_for(server)
        texts = [ask(provider).text for _ in range(2)]
        provider.close()

    assert texts == ["one", "two"]
    assert server.connections == 2


def test_surplus_answer_reaches_nobody():
    """An answer that nobody asked for is never taken for the answer to the next call."""
    with Raw(answer("one") + answer("stray"), answer("two")) as server:
        provider = provider_for(server)
        texts = [ask(provider).text for _ in range(2)]
        provider.close()

    assert texts == ["one", "two"]


def test_early_hints_are_passed_over():
    """What the server says on the way to its answer (1xx) is no answer."""
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"
    with Raw(hints + b"HTTP/1.1 100 Continue\r\n\r\n" + answer("one", "connection: close")) as server:
        provider = provider_for(server)
        text = ask(provider).text
        provider.close()

    assert text == "one"


@pytest.mark.parametrize(
    "reply",
    [
        None,
        b"CUT",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nCUT: x\r\n",
        b"SSH-2.0-OpenSSH CUT\r\n",
        answer("one", "connection: close", length=5000),
        answer("one", "x: CUT", length="12, 13"),
        answer("one", "x: CUT", length=-4),
        b"HTTP/1.1 200 OK\r\nCUT: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nCUT: x\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{}",
        b"HTTP/1.1 200 OK\r\nCUT: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nCUT: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_broken_response_is_a_failure(reply):
    """A response that is cut short or makes no sense is a failure that may be tried again, at once."""
    with Raw(reply) as server:
        provider = provider_for(server)
        result = ask(provider)
        provider.close()

    assert isinstance(result, Failure)
    assert result.kind == "connection"
    assert result.retryable


def test_foreign_headers_are_read():
    """Headers in any bytes, folded or not, do not keep an answer from being read."""
    with Raw(answer("one", "x-who: Zoë Ünal", "x-long: a", "\tb", "connection: close")) as server:
        provider = provider_for(server)
        result = ask(provider)
        provider.close()

    assert isinstance(result, Completion)
    assert result.text == "one"


@pytest.mark.parametrize("key", ["sk\r\nx-evil: 1", "sk\nx-evil: 1"])
def test_key_cannot_add_headers(key):
    """A line break in the key sends nothing, rather than a header of somebody else's."""
    with Raw(answer("one", "connection: close")) as server:
        provider = provider_for(server, key)
        result = ask(provider)
        provider.close()

    assert isinstance(result, Failure)
    assert not server.requests


def test_proxy_of_environment_is_used(monkeypatch):
    """Where the environment names a proxy, calls go to it."""
    with Raw(answer("from the proxy", "connection: close")) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
        provider = OpenAIProvider(base_url="http://models.invalid/v1", api_key=Secret("k"), timeout=5.0)
        text = ask(provider).text
        provider.close()

    assert text == "from the proxy"
    assert "http://models.invalid/v1/chat/completions" in server.requests[0][0][0]
