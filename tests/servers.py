"""A real HTTP server on loopback whose answers a test scripts call by call."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


def chat(text: Any = "ok", **message: Any) -> dict[str, Any]:
    """Make a chat completion that says `text`."""
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 0,
        "model": "gpt-5-nano",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


@dataclass
class Reply:
    """What the server sends: a status, a body (JSON or bytes) and headers."""

    body: Any = field(default_factory=chat)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        """Give the body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Call:
    """One request that reached the server."""

    number: int
    body: dict[str, Any]
    headers: dict[str, str]
    path: str

    @property
    def text(self) -> str:
        """The last message's text."""
        return self.body["messages"][-1]["content"]


Answerer = Callable[[Call, "Handler"], Reply | None]


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the script; a script that gives None has written to the socket itself."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        """Answer as scripted."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        owner = self.server.owner
        with owner.lock:
            call = Call(
                len(owner.calls), json.loads(raw), {k.lower(): v for k, v in self.headers.items()}, self.path
            )
            owner.calls.append(call)
            owner.under_way += 1
            owner.most_under_way = max(owner.most_under_way, owner.under_way)
        try:
            reply = owner.answer(call, self)
            if reply is not None:
                self.send(reply)
        except (BrokenPipeError, ConnectionResetError):
            owner.hung_up += 1
            self.close_connection = True
        finally:
            with owner.lock:
                owner.under_way -= 1

    def send(self, reply: Reply) -> None:
        """Send a whole response."""
        payload = reply.payload()
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", "content-length": str(len(payload))}.items():
            if name not in {given.lower() for given in reply.headers}:
                self.send_header(name, value)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)


class Server(ThreadingHTTPServer):
    """Stdlib's server with a queue that holds a burst."""

    request_queue_size = 512
    daemon_threads = True
    owner: ScriptedServer


class ScriptedServer:
    """A server on a free port of loopback; what it counted is in its attributes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls: list[Call] = []
        self.under_way = 0
        self.most_under_way = 0
        self.hung_up = 0
        self.released = threading.Event()
        self.answer: Answerer = lambda _call, _handler: Reply()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        """The endpoint to call."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def says(self, answerer: Callable[[Call], Any]) -> None:
        """Answer each call with a text, a mapping (as JSON text) or a `Reply`."""

        def answer(call: Call, _handler: Handler) -> Reply:
            said = answerer(call)
            if isinstance(said, Reply):
                return said
            return Reply(chat(said if isinstance(said, str) else json.dumps(said)))

        self.answer = answer

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
