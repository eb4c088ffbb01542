"""One request and the ways to answer it, good and bad."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, BinaryIO

from promptlab.simulator._errors import ApiError, Gone
from promptlab.simulator._http import HttpRequest

__all__ = ["Exchange"]

JSON = "application/json"
PHRASES = {int(status): status.phrase for status in HTTPStatus}


class Exchange:
    """Answers one request.

    Args:
        request: What was asked.
        sock: The client's connection.
        sink: The same, buffered for writing.
        name: The request's id.
    """

    def __init__(self, request: HttpRequest, sock: socket.socket, sink: BinaryIO, name: str) -> None:
        self.request = request
        self.name = name
        self.keep_alive = request.keep_alive
        """Whether the connection is kept after the answer."""
        self._sock = sock
        self._sink = sink
        self._before_end: Callable[[], None] | None = None
        self._chunked = False

    def before_end(self, callback: Callable[[], None]) -> None:
        """Have something done once, before the client can know that its call is over."""
        self._before_end = callback

    def end_is_near(self) -> None:
        """Do what must be done before the last byte goes out; the ways to answer call it."""
        callback, self._before_end = self._before_end, None
        if callback is not None:
            callback()

    def send(
        self, status: int, body: bytes, content_type: str = JSON, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Send a whole answer, in one piece."""
        self.end_is_near()
        self._write(self.head(status, content_type, [*headers, ("content-length", str(len(body)))]) + body)

    def send_json(self, status: int, value: Any, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Send a JSON value."""
        self.send(status, json.dumps(value).encode(), JSON, headers)

    def send_error(self, error: ApiError) -> None:
        """Send an error object."""
        self.send(error.status, error.encoded(), JSON, error.headers)

    def begin_stream(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Begin an answer that comes piece by piece, as server-sent events."""
        self._chunked = self.request.chunks
        self.keep_alive = self.keep_alive and self._chunked
        coding = [("transfer-encoding", "chunked")] if self._chunked else []
        head = self.head(200, "text/event-stream; charset=utf-8", [*headers, *coding])
        self._write(head, flush=False)

    def add_event(self, data: str) -> None:
        """Add a server-sent event to what is sent next."""
        event = f"data: {data}\n\n".encode()
        framed = b"%x\r\n%b\r\n" % (len(event), event) if self._chunked else event
        self._write(framed, flush=False)

    def end_stream(self) -> None:
        """End a stream."""
        self.end_is_near()
        self._write(b"0\r\n\r\n" if self._chunked else b"")

    def write_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._write(data)

    def flush(self) -> None:
        """Send what was added."""
        self._write(b"")

    def head(self, status: int, content_type: str, headers: Sequence[tuple[str, str]]) -> bytes:
        """Write the status line and the headers."""
        first = (
            f"HTTP/1.1 {status} {PHRASES.get(status, 'Unknown')}\r\n"
            f"date: {formatdate(usegmt=True)}\r\nserver: promptlab-simulator\r\nx-simulated: true\r\n"
            f"x-request-id: {self.name}\r\ncontent-type: {content_type}\r\n"
        )
        lines = [first, *(f"{name}: {value}\r\n" for name, value in headers)]
        if not self.keep_alive:
            lines.append("connection: close\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1", "replace")

    def wait_until(self, moment: float) -> None:
        """Sleep until a moment on the clock of `time.monotonic()`, infinity being one.

        Raises:
            Gone: The client closed its connection meanwhile.
        """
        left = moment - time.monotonic()
        if left <= 0:
            return
        try:
            self._sock.settimeout(None if left == float("inf") else left)
            heard = self._sock.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return
        except OSError:
            raise Gone from None
        finally:
            self._sock.settimeout(None)
        if not heard:
            raise Gone
        # The client sent its next request already: it is there, and can no longer be seen to leave.
        time.sleep(min(max(0.0, moment - time.monotonic()), 3600.0))

    def reset(self) -> None:
        """Break the connection off: the client sees a reset, not an end."""
        self.keep_alive = False
        self.end_is_near()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The files made from the socket would keep it open; and a shutdown first would send an end.
        os.close(self._sock.detach())

    def _write(self, data: bytes, *, flush: bool = True) -> None:
        try:
            self._sink.write(data)
            if flush:
                self._sink.flush()
        except OSError:
            self.keep_alive = False
            raise Gone from None
