"""A client for the tests of the server: it sends what it is told, byte for byte, and reads what comes."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from promptlab.simulator import Simulator


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> Any:
        """The content of the first choice."""
        return self.json["choices"][0]["message"]["content"]

    @property
    def error(self) -> dict[str, Any]:
        """The error object."""
        return self.json["error"]


class Wire:
    """One connection to a simulator."""

    def __init__(self, simulator: Simulator, timeout: float = 20.0) -> None:
        self.port = int(simulator.url.rsplit(":", 1)[1])
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def read(self) -> Answer:
        """Read one answer."""
        response = http.client.HTTPResponse(self.sock)
        response.begin()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def rest(self) -> bytes:
        """Read until the server closes."""
        data = b""
        while piece := self.sock.recv(65_536):
            data += piece
        return data


def body(text: str = "hello", **fields: Any) -> dict[str, Any]:
    """Make a chat request that asks `text`."""
    return {"model": "gpt-5-nano", "messages": [{"role": "user", "content": text}], **fields}


def post(
    path: str = "/v1/chat/completions",
    value: Any = None,
    headers: tuple[str, ...] = (),
    version: str = "HTTP/1.1",
) -> bytes:
    """Write a POST request; `value` is bytes, or becomes JSON."""
    data = value if isinstance(value, bytes) else json.dumps(body() if value is None else value).encode()
    lines = [f"POST {path} {version}", "Host: localhost", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + data


def ask(simulator: Simulator, text: str = "hello", **fields: Any) -> Answer:
    """Ask for a chat completion over a connection of its own."""
    return call(simulator, post(value=body(text, **fields)))


def call(simulator: Simulator, request: bytes) -> Answer:
    """Send a request over a connection of its own and read the answer."""
    with Wire(simulator) as wire:
        wire.send(request)
        return wire.read()


def get(simulator: Simulator, path: str) -> Answer:
    """Ask for a path."""
    return call(simulator, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def stats(simulator: Simulator) -> Any:
    """Give the counters."""
    return get(simulator, "/stats").json


def until(simulator: Simulator, wanted: Callable[[Any], bool]) -> Any:
    """Ask for the counters until they are as wanted, and give them."""
    for _ in range(20_000):
        counted = stats(simulator)
        if wanted(counted):
            return counted
    raise AssertionError(f"still not so: {counted}")
