"""The network: a threading HTTP server on the loopback interface, one thread a connection."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from promptlab.simulator._errors import ApiError, Gone
from promptlab.simulator._exchange import Exchange
from promptlab.simulator._http import HttpRequest, discard, read_request
from promptlab.simulator._options import Options
from promptlab.simulator._routes import serve
from promptlab.simulator._state import State

__all__ = ["Simulator"]

HOST = "127.0.0.1"
LINGER_S = 1.0
CLOSE_S = 5.0
LINGER_BYTES = 256 * 2**20


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection, request after request."""

    protocol_version = "HTTP/1.1"
    # Both are needed: unbuffered writes send the head by itself, and Nagle's algorithm holds the body
    # back until the client's delayed acknowledgement, 40 ms later.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle_one_request(self) -> None:
        self.close_connection = True
        try:
            request = read_request(self.rfile, self.wfile)  # type: ignore[arg-type]  # typeshed: BufferedIOBase
            if request is not None:
                self.close_connection = not self._answer(request)
        except ApiError as error:
            self._refuse(error)
        except (Gone, ConnectionError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            # The client left while bytes for it were waiting; the files are closed all the same.
            self.close_connection = True

    def _answer(self, request: HttpRequest) -> bool:
        """Answer a request; tell whether the connection is kept."""
        exchange = self._exchange(request)
        try:
            serve(self.server.state, exchange)
        except ApiError as error:
            exchange.send_error(error)
        except (Gone, ConnectionError):
            return False
        except Exception:  # noqa: BLE001  (a defect must show as a 500 and a trace, not as a lost connection)
            traceback.print_exc(file=sys.stderr)
            exchange.keep_alive = False
            exchange.send_error(ApiError(500, "The simulator has a defect; see its standard error."))
        return exchange.keep_alive

    def _refuse(self, error: ApiError) -> None:
        """Answer what could not be read, and close: nobody knows where the next request would begin."""
        request = HttpRequest("", "", "", {}, b"", keep_alive=False, chunks=False)
        self._exchange(request).send_error(error)
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(LINGER_S)
        discard(self.rfile, LINGER_BYTES)  # type: ignore[arg-type]  # typeshed: BufferedIOBase

    def _exchange(self, request: HttpRequest) -> Exchange:
        name = f"req_simulated_{next(self.server.names)}"
        return Exchange(request, self.connection, self.wfile, name)  # type: ignore[arg-type]  # as above


class _Server(ThreadingHTTPServer):
    """Accepts connections and knows the open ones."""

    daemon_threads = True
    # A burst of connections waits here until it is accepted; beyond it, they are reset.
    request_queue_size = 512

    def __init__(self, port: int, state: State) -> None:
        self.state = state
        self.names = itertools.count(1)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        # The standard library asks the name service for the host's name, which may take seconds.
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[request] = thread
        self.state.counters.connected()
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        # Called by a connection's thread, or by the accepting one where no thread could start; counted once.
        super().shutdown_request(request)
        with self._lock:
            known = self._open.pop(request, None)
        if known is not None:
            self.state.counters.disconnected()

    def wake(self) -> None:
        """Listen no more, so that the accepting thread looks up at once instead of at its next turn."""
        with contextlib.suppress(OSError):  # where the system does not allow it, the next turn is soon
            self.socket.shutdown(socket.SHUT_RDWR)

    def close_connections(self) -> None:
        """Cut every open connection and wait for its thread, a few seconds at most."""
        with self._lock:
            found = list(self._open.items())
        for connection, _ in found:
            with contextlib.suppress(OSError):  # it was closed in the meantime, which was the aim
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in found:
            thread.join(timeout=CLOSE_S)


class Simulator:
    """A simulator that serves from a thread of this process, until it is closed.

    For measurements give it a process of its own: `python -m promptlab.simulator`.

    Args:
        options: How it behaves.
    """

    def __init__(self, options: Options) -> None:
        self.state = State(options)
        """What it remembers."""
        self._server = _Server(options.port, self.state)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Its address; the API is under `/v1` there."""
        return f"http://{HOST}:{self._server.server_port}"

    def serve_forever(self) -> None:
        """Serve from this thread until `close` is called from another."""
        self._server.serve_forever()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, name="simulator", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving, cut what is open, and wait for every thread."""
        if self._thread is not None:
            self._server.wake()
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()
        self.state.batches.stop()
