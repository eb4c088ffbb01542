"""A Batch API whose batches do what a test says, on a real socket."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.servers import chat


def answered(name: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """Make a line of a file of answers."""
    return {
        "id": f"r-{name}",
        "custom_id": name,
        "response": {"status_code": status, "body": body},
        "error": None,
    }


def unanswered(name: str, code: str) -> dict[str, Any]:
    """Make a line of a file of errors."""
    return {
        "id": f"r-{name}",
        "custom_id": name,
        "response": None,
        "error": {"code": code, "message": f"it was {code}"},
    }


@dataclass
class Ended:
    """How a batch ends."""

    status: str = "completed"
    output: list[dict[str, Any]] = field(default_factory=list)
    error: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)


def echo(asked: dict[str, dict[str, Any]]) -> Ended:
    """Answer each request with its own text."""
    return Ended(output=[answered(name, chat(text_of(body))) for name, body in asked.items()])


def text_of(body: dict[str, Any]) -> str:
    """Give the last message's text."""
    return str(body["messages"][-1]["content"])


class BatchServer:
    """What reached it is in its attributes; `ends` decides what becomes of a batch, None while it is under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.uploads: list[dict[str, dict[str, Any]]] = []
        self.batches: list[dict[str, Any]] = []
        self.chats = 0
        self.requests: list[str] = []
        self.ends: Callable[[dict[str, dict[str, Any]]], Ended | None] = echo
        self.refuses: Callable[[str], int | None] = lambda _: None
        self.created: Callable[[], bool] = lambda: True
        """Called when a batch was begun, before that is answered; False hangs up instead."""
        self._results: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        """The endpoint to call."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def upload(self, form: bytes) -> dict[str, Any]:
        """Take a file."""
        lines = [json.loads(line) for line in re.findall(rb"^\{.*\}\r?$", form, flags=re.MULTILINE)]
        self.uploads.append({line["custom_id"]: line["body"] for line in lines})
        return {"id": f"file-{len(self.uploads) - 1}", "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch", "status": "processed"}  # fmt: skip

    def begin(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Begin a batch."""
        batch = {
            "id": f"batch_{len(self.batches)}", "object": "batch", "endpoint": asked["endpoint"], "created_at": 1,
            "completion_window": asked["completion_window"], "input_file_id": asked["input_file_id"],
            "metadata": asked["metadata"], "status": "validating",
        }  # fmt: skip
        self.batches.append(batch)
        return batch

    def look(self, name: str) -> dict[str, Any]:
        """Give a batch as it is now."""
        batch = next(batch for batch in self.batches if batch["id"] == name)
        asked = self.uploads[int(batch["input_file_id"].removeprefix("file-"))]
        ended = self.ends(asked)
        if ended is None:
            return {**batch, "status": "in_progress"}
        files = {}
        for what, lines in (("output", ended.output), ("error", ended.error)):
            if lines:
                files[f"{what}_file_id"] = f"{what}-{name}"
                text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
                self._results[f"{what}-{name}"] = text.encode()
        counts = {"total": len(asked), "completed": len(ended.output), "failed": len(ended.error)}
        errors = {"object": "list", "data": ended.errors} if ended.errors else None
        return {**batch, **files, "status": ended.status, "request_counts": counts, "errors": errors}

    def content(self, name: str) -> bytes:
        """Give a file of results."""
        return self._results[name]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(owner: BatchServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

        def do_POST(self) -> None:
            """Take a file, begin a batch, or answer a call."""
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            with owner.lock:
                owner.requests.append(f"POST {self.path}")
                if self._refused():
                    return
                if self.path == "/v1/files":
                    self._send(owner.upload(body))
                elif self.path == "/v1/batches":
                    batch = owner.begin(json.loads(body))
                    if owner.created():
                        self._send(batch)
                    else:
                        self.close_connection = True
                else:
                    owner.chats += 1
                    self._send(chat(text_of(json.loads(body))))

        def do_GET(self) -> None:
            """Give a batch, all of them, or a file of results."""
            with owner.lock:
                owner.requests.append(f"GET {self.path}")
                if self._refused():
                    return
                parts = self.path.partition("?")[0].split("/")[2:]
                if parts == ["batches"]:
                    self._send({"object": "list", "data": owner.batches[::-1], "has_more": False})
                elif parts[0] == "batches":
                    self._send(owner.look(parts[1]))
                else:
                    self._send(owner.content(parts[1]))

        def _refused(self) -> bool:
            status = owner.refuses(f"{self.command} {self.path}")
            if status is not None:
                self._send({"error": {"message": f"refused with {status}"}}, status)
            return status is not None

        def _send(self, body: Any, status: int = 200) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(content)

    return Handler
