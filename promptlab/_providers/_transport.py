"""One connection under the SDK's HTTP client, by the standard library: half the time of the client's own way.

It is for the lanes alone: one call at a time, HTTP/1.1, the whole body read within its bounds. Where the environment
names a proxy, the lanes take the client's own transport, which knows proxies.
"""

from __future__ import annotations

import http.client
import select
import socket
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any, Self

CHUNK = 65_536


class BodyTooBigError(Exception):
    """The answer is larger than anything a case could mean."""


class Transport:
    """Sends requests to one origin over one connection, which is kept open between them.

    Args:
        library: The HTTP library that the SDK is built on; what goes wrong is raised as its exceptions.
        tls: The TLS context for `https`.
        connected: Is told of the socket as soon as there is one, so that it can be cut.
        limit: Bytes of a body beyond which it is not read on.
    """

    def __init__(
        self, library: Any, tls: Any, connected: Callable[[socket.socket], None], limit: int
    ) -> None:
        self._library, self._tls, self._connected, self._limit = library, tls, connected, limit
        self._socket: socket.socket | None = None
        self._origin: tuple[str, str, int] | None = None

    def handle_request(self, request: Any) -> Any:
        """Send a request and read its whole response."""
        library, allowed = self._library, request.extensions.get("timeout", {})
        written = _written(library, request)
        connection = self._open(request.url, allowed.get("connect"))
        try:
            connection.settimeout(allowed.get("write"))
            connection.sendall(written)
        except OSError as broken:
            self.close()
            kind = library.WriteTimeout if isinstance(broken, TimeoutError) else library.WriteError
            raise kind(_said(broken)) from broken
        try:
            connection.settimeout(allowed.get("read"))
            return self._receive(connection, request)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, url: Any, timeout: float | None) -> socket.socket:
        """Give the connection: the one that is open, where it still is."""
        library = self._library
        if url.scheme not in ("http", "https") or not url.host:
            raise library.UnsupportedProtocol(
                "the address has to begin with http:// or https:// and name a host"
            )
        origin = (url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
        if self._socket is not None and origin == self._origin and not _has_news(self._socket):
            return self._socket
        self.close()
        try:
            made = socket.create_connection(origin[1:], timeout)
            self._socket, self._origin = made, origin
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connected(made)
            if url.scheme == "https":
                made = self._tls.wrap_socket(made, server_hostname=url.host, do_handshake_on_connect=False)
                self._socket = made
                self._connected(made)
                made.do_handshake()
        except TimeoutError as late:
            self.close()
            raise library.ConnectTimeout(_said(late)) from late
        except (OSError, UnicodeError) as broken:
            self.close()
            raise library.ConnectError(_said(broken)) from broken
        return made

    def _receive(self, connection: socket.socket, request: Any) -> Any:
        library = self._library
        response = _Response(connection, request.method)
        try:
            response.begin()
            body = b"".join(self._chunks(response))
        except TimeoutError as late:
            raise library.ReadTimeout(_said(late)) from late
        except (http.client.HTTPException, ConnectionError, ValueError) as broken:
            raise library.RemoteProtocolError(_said(broken)) from broken
        except OSError as broken:
            raise library.ReadError(_said(broken)) from broken
        finally:
            response.close()
        if response.will_close:
            self.close()
        headers = [(name.encode("latin-1"), _unfolded(value)) for name, value in response.getheaders()]
        return library.Response(response.status, headers=headers, stream=library.ByteStream(body))

    def _chunks(self, response: _Response) -> Iterable[bytes]:
        """Read the body; one without an end, or cut short, is none."""
        lengths = set(response.headers.get_all("content-length", ()))
        if not response.chunked and (len(lengths) > 1 or (lengths and response.length is None)):
            raise http.client.HTTPException(
                f"content-length makes no sense: {', '.join(sorted(lengths))[:80]}"
            )
        size = 0
        while chunk := response.read(CHUNK):
            size += len(chunk)
            if size > self._limit:
                raise BodyTooBigError(f"more than {self._limit:,} bytes")
            yield chunk
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)


class _Lines:
    """A stream in which the end of the connection is no end of the headers.

    Args:
        stream: What is read from.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.read, self.close, self.flush = stream.read, stream.close, stream.flush

    def readline(self, limit: int = -1) -> bytes:
        """Read a line.

        Raises:
            IncompleteRead: There is none.
        """
        line: bytes = self._stream.readline(limit)
        if not line:
            raise http.client.IncompleteRead(b"")
        return line


class _Response(http.client.HTTPResponse):
    """A response; what a server says on the way to it (status 1xx) is passed over."""

    def __init__(self, connection: socket.socket, method: str) -> None:
        super().__init__(connection, method=method)
        self.fp = _Lines(self.fp)  # type: ignore[assignment]  # it has what is needed of a stream

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # not in the stubs
            if not 101 < status[1] < 200:
                return status
            http.client.parse_headers(self.fp)


def behind_proxy() -> bool:
    """Tell whether the environment names a proxy for some address."""
    return any(scheme in ("http", "https", "all") for scheme in urllib.request.getproxies())


def _written(library: Any, request: Any) -> bytes:
    """Write a request; one whose headers would say more than they seem to is not written."""
    lines = [b"%b %b HTTP/1.1\r\n" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%b: %b\r\n" % header for header in request.headers.raw]
    head = b"".join(lines)
    if head.count(b"\r") != len(lines) or head.count(b"\n") != len(lines) or b"\0" in head:
        raise library.LocalProtocolError("a header has a line break in it")
    return b"".join((head, b"\r\n", *request.stream))


def _has_news(connection: socket.socket) -> bool:
    """Tell whether an idle connection was closed by the other side, or holds what nobody asked for."""
    try:
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([connection], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _unfolded(value: str) -> bytes:
    return value.replace("\r", "").replace("\n", " ").encode("latin-1")


def _said(raised: BaseException) -> str:
    return str(raised) or type(raised).__name__
