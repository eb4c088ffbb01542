"""How much the simulator can take: requests a second without latency, and many connections at once.

    python benchmarks/simulator_throughput.py [--seconds 3] [--connections 1 10 100 500] [--json OUT]

The server has a process of its own. The client has this one: raw sockets under one selector, which
cost a tenth of what the openai SDK costs, so that the server is what is measured. Each connection
sends its next request when it has the answer to the last. An error is a connection refused, reset or
closed, a status other than 200, or an answer that is not the echo of its request.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

SERVER = [sys.executable, "-m", "promptlab.simulator", "--answer", "echo", "--die-with-parent"]
SILENCE_S = 10.0
"""After so long without a byte from anybody, who still waits has lost."""


@dataclass
class Link:
    """One connection and what it waits for."""

    sock: socket.socket
    request: bytes
    wanted: bytes
    got: bytearray = field(default_factory=bytearray)


@dataclass
class Result:
    """What one round measured."""

    connections: int
    answers: int = 0
    errors: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def request(number: int, port: int) -> tuple[bytes, bytes]:
    """Build a chat request, and the text that its echo must hold."""
    text = f"case {number}: which workflow sends the weekly report to the team?"
    messages = [{"role": "system", "content": "You are a router. " * 12}, {"role": "user", "content": text}]
    body = json.dumps({"model": "gpt-5-nano", "messages": messages}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n"
        "Authorization: Bearer none\r\nUser-Agent: throughput\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body, text.encode()


def is_whole(data: bytearray) -> bool:
    """Tell whether an answer has come to its end."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    start = data.find(b"content-length: ", 0, end) + len(b"content-length: ")
    return len(data) >= end + 4 + int(data[start : data.find(b"\r", start)])


def measure(port: int, connections: int, seconds: float) -> Result:
    """Keep so many connections busy for so many seconds."""
    result = Result(connections)
    selector = selectors.DefaultSelector()
    links = []
    for number in range(connections):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = Link(sock, *request(number, port))
        links.append(link)
        selector.register(sock, selectors.EVENT_READ, link)
    began = time.perf_counter()
    for link in links:
        link.sock.sendall(link.request)
    waiting = connections
    while waiting:
        over = time.perf_counter() - began >= seconds
        ready = selector.select(timeout=SILENCE_S)
        if not ready:
            result.errors += waiting
            break
        for key, _ in ready:
            waiting -= step(key.data, selector, result, over=over)
    result.seconds = time.perf_counter() - began
    for link in links:
        link.sock.close()
    selector.close()
    return result


def step(link: Link, selector: selectors.BaseSelector, result: Result, *, over: bool) -> bool:
    """Read what came; ask again, or tell that this connection is through."""
    try:
        data = link.sock.recv(65_536)
    except OSError:
        data = b""
    link.got += data
    if data and not is_whole(link.got):
        return False
    if link.got.startswith(b"HTTP/1.1 200") and link.wanted in link.got:
        result.answers += 1
    else:
        result.errors += 1
    link.got.clear()
    if data and not over:
        link.sock.sendall(link.request)
        return False
    selector.unregister(link.sock)
    return True


def burst(port: int, connections: int) -> Result:
    """Open all connections in the same instant, one request each, and wait for every answer."""
    result = Result(connections)
    selector = selectors.DefaultSelector()
    began = time.perf_counter()
    for number in range(connections):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
        selector.register(sock, selectors.EVENT_WRITE, Link(sock, *request(number, port)))
    waiting = connections
    while waiting:
        ready = selector.select(timeout=SILENCE_S)
        if not ready:
            result.errors += waiting
            break
        for key, mask in ready:
            if mask & selectors.EVENT_WRITE:
                key.data.sock.setblocking(True)
                key.data.sock.sendall(key.data.request)
                selector.modify(key.data.sock, selectors.EVENT_READ, key.data)
            elif step(key.data, selector, result, over=True):
                key.data.sock.close()
                waiting -= 1
    result.seconds = time.perf_counter() - began
    return result


def start(*options: str) -> tuple[subprocess.Popen[str], int]:
    """Start a simulator; give it and its port."""
    process = subprocess.Popen([*SERVER, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline().rsplit(":", 1)[1])


def stop(process: subprocess.Popen[str]) -> None:
    """End a simulator by closing its standard input."""
    process.communicate(timeout=10)


def main() -> int:
    """Measure, print, and tell by the exit code whether the targets were met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 10, 100, 500])
    parser.add_argument("--json", metavar="OUT")
    chosen = parser.parse_args()
    rows = []
    process, port = start("--latency", "none")
    print("connections  requests/s (median, spread)      errors")
    for connections in chosen.connections:
        rounds = [measure(port, connections, chosen.seconds) for _ in range(chosen.rounds)]
        rates = sorted(result.rate for result in rounds)
        errors = sum(result.errors for result in rounds)
        rows.append({"connections": connections, "rate": statistics.median(rates), "errors": errors})
        spread = f"{rates[0]:.0f} to {rates[-1]:.0f}"
        print(f"{connections:>11}  {statistics.median(rates):>10.0f}  ({spread:<16})  {errors:>10}")
    stop(process)
    process, port = start("--latency", "fixed:1")
    once = burst(port, 500)
    stop(process)
    rows.append({"burst": 500, "seconds": once.seconds, "errors": once.errors})
    print(f"500 connections opened at once, answers after 1 s: {once.answers} answers, ", end="")
    print(f"{once.errors} errors, {once.seconds:.2f} s")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(rows, indent=2), encoding="utf-8")
    return int(any(row["errors"] for row in rows) or max(row.get("rate", 0) for row in rows) < 1000)


if __name__ == "__main__":
    sys.exit(main())
