"""One connection to the endpoint, used by one call at a time, that can be cut from outside."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from promptlab._scope import Scope

if TYPE_CHECKING:
    from openai import OpenAI

MAX_BODY = 10_000_000
"""Bytes of an answer, after inflating, beyond which it is not read on."""


class BodyTooBigError(Exception):
    """The answer is larger than anything a case could mean."""


class BodyGarbledError(Exception):
    """The answer's bytes are not in the encoding that its headers name."""


def http_library() -> Any:
    """Give the HTTP library that the installed SDK is built on (httpx, or httpx2 from 3.x on)."""
    import openai

    return sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]


class CalledBackError(Exception):
    """The call was called back before anything of it was sent."""


class Lane:
    """A client with a single connection of its own.

    One lane serves one call at a time, so its socket is the call's socket: shutting it down ends the
    call at once, which no timeout of the SDK does (those are per read) and closing a client does not.

    Args:
        client: The SDK's client to take the settings from.
        verify: The TLS context that all lanes share, or False where no TLS is spoken.
    """

    def __init__(self, client: OpenAI, verify: Any) -> None:
        import openai

        http = http_library()
        self._http = http
        self._socket: socket.socket | None = None
        self._scope: Scope | None = None
        self._held: Callable[[], bool] = _never
        self._cut_at = 0.0
        self.sent = False
        """Whether the call under way was begun: what is to be sent could be written."""
        self._written = False
        self._web = openai.DefaultHttpxClient(
            verify=verify,
            limits=http.Limits(max_connections=1, max_keepalive_connections=1),
            follow_redirects=False,
            event_hooks={"request": [self._prepare], "response": [self._read]},
        )
        self.client: OpenAI = client.with_options(http_client=self._web)
        """The SDK's client over this lane's connection."""

    def begin(self, scope: Scope, timeout: float, held: Callable[[], bool]) -> float:
        """Take up a call; gives the seconds that it may take in all."""
        allowed = min(timeout, scope.left())
        self._held, self.sent, self._written = held, False, False
        self._cut_at = time.monotonic() + allowed
        self._scope = scope
        return allowed

    def end(self) -> None:
        """Put the call down."""
        self._scope = None

    def overdue(self) -> bool:
        """Tell whether the call under way has had its time."""
        return time.monotonic() >= self._cut_at

    def heed(self) -> None:
        """Cut the call under way where its time is over or its run wants it cut."""
        scope = self._scope
        if scope is not None and (scope.stop.cut or self.overdue()):
            self._cut()

    def close(self) -> None:
        """Close the connection."""
        self._web.close()

    def _cut(self) -> None:
        if self._socket is not None:
            # The other side, or the thread that reads, may have closed it in this very moment.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _prepare(self, request: Any) -> None:
        """Ask for a plain body and to be told of the socket, in the last moment before sending; the SDK's request hook."""
        if not self.sent:
            self._look_back()
        self.sent = True
        request.headers["accept-encoding"] = "identity"
        request.extensions = {**request.extensions, "trace": self._trace}

    def _look_back(self) -> None:
        """Give up where the call has meanwhile become unwelcome."""
        scope = self._scope
        if self._held() or scope is None or scope.stop.is_set():
            raise CalledBackError

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_headers.started" and not self._written:
            # Connecting took its time; from here on it is too late.
            self.sent = False
            self._look_back()
            self.sent = self._written = True
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            self.heed()

    def _read(self, response: Any) -> None:
        """Read the body within its bounds before the SDK does; the SDK's response hook."""
        stream = response.stream
        try:
            body = read_body(stream, response.headers.get("content-encoding", ""), MAX_BODY)
        finally:
            stream.close()
        response.headers.pop("content-encoding", None)
        response.stream = self._http.ByteStream(body)


def _never() -> bool:
    return False


def read_body(chunks: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """Join a body's chunks, inflated, at most `limit` bytes of them.

    Raises:
        BodyTooBigError: The body goes on beyond the limit.
        BodyGarbledError: It is not what `encoding` says, or the encoding was not asked for and is unknown.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        inflater = None
    elif encoding in ("gzip", "x-gzip", "deflate"):
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    else:
        raise BodyGarbledError(f"content-encoding {encoding[:40]!r} was not asked for")
    parts, size = [], 0
    for chunk in chunks:
        try:
            part = chunk if inflater is None else inflater.decompress(chunk, limit + 1 - size)
        except zlib.error as broken:
            raise BodyGarbledError(f"the body is not {encoding}: {broken}") from None
        parts.append(part)
        size += len(part)
        if size > limit:
            raise BodyTooBigError(f"more than {limit:,} bytes")
    if inflater is not None and not inflater.eof:
        raise BodyGarbledError(f"the {encoding} body is cut short")
    return b"".join(parts)
