"""A request read from a socket: quicker than the standard library, which parses headers as an e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import unquote

from promptlab.simulator._errors import ApiError, Gone

__all__ = ["MAX_BODY", "HttpRequest", "discard", "read_request"]

MAX_BODY = 100 * 2**20
MAX_LINE = 16_384
MAX_HEADERS = 200
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True)
class HttpRequest:
    """One request."""

    method: str
    """`GET`, `POST`, …"""
    path: str
    """The path, without the query."""
    query: str
    """What follows the question mark."""
    headers: dict[str, str]
    """The headers, by their names in lower case."""
    body: bytes
    """The body; empty where there is none."""
    keep_alive: bool
    """Whether the client wants the connection kept."""
    chunks: bool
    """Whether the client understands chunked answers (HTTP/1.1)."""


def read_request(source: BinaryIO, sink: BinaryIO) -> HttpRequest | None:
    """Read one request.

    Args:
        source: The connection's input.
        sink: The connection's output, for the interim answer to `Expect: 100-continue`.

    Returns:
        The request, or None where the client closed the connection instead.

    Raises:
        ApiError: It is no HTTP request or too large.
        Gone: It ends in the middle.
    """
    line = source.readline(MAX_LINE + 1)
    if line in (b"\r\n", b"\n"):
        line = source.readline(MAX_LINE + 1)
    if not line:
        return None
    method, target, version = _request_line(line)
    headers = _read_headers(source)
    if headers.get("expect", "").lower() == "100-continue":
        sink.write(CONTINUE)
        sink.flush()
    body = _read_body(source, headers)
    path, _, query = target.partition("?")
    connection = headers.get("connection", "").lower()
    modern = version == "HTTP/1.1"
    keep = "close" not in connection if modern else "keep-alive" in connection
    return HttpRequest(method, unquote(path) if "%" in path else path, query, headers, body, keep, modern)


def discard(source: BinaryIO, most: int) -> None:
    """Read what is left, up to `most` bytes: a close with unread input would destroy the answer."""
    while most > 0 and (data := source.read(min(most, 65_536))):
        most -= len(data)


def _request_line(line: bytes) -> tuple[str, str, str]:
    if len(line) > MAX_LINE:
        raise ApiError(414, "The request line is too long.")
    words = line.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise ApiError(400, "This is not an HTTP request.")
    method, target, version = words
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise ApiError(505, f"{version[:20]} is not spoken here, HTTP/1.1 is.")
    if target.startswith("http://"):
        target = "/" + target[len("http://") :].partition("/")[2]
    return method, target, version


def _read_headers(source: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = source.readline(MAX_LINE + 1)
        if line in (b"\r\n", b"\n"):
            return headers
        if not line.endswith(b"\n"):
            if len(line) > MAX_LINE:
                break
            raise Gone
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name[-1] in " \t" or name[0] in " \t":
            raise ApiError(400, "A header line is broken.")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise ApiError(431, "The headers are too large.")


def _read_body(source: BinaryIO, headers: dict[str, str]) -> bytes:
    coding = headers.get("transfer-encoding")
    length = headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise ApiError(400, "Of the ways to send a body, one: content-length, or chunked.")
        return _read_chunks(source)
    if length is None:
        return b""
    if not (length.isascii() and length.isdigit() and len(length) < 20):
        raise ApiError(400, "The content-length is not a number.")
    size = int(length)
    _check_size(size)
    return _read_exactly(source, size)


def _read_chunks(source: BinaryIO) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        line = source.readline(MAX_LINE + 1)
        if not line.endswith(b"\n"):
            raise Gone
        digits = line.partition(b";")[0].strip()
        if not digits or digits.strip(b"0123456789abcdefABCDEF"):
            raise ApiError(400, "A chunk's size is not a number.")
        size = int(digits, 16)
        total += size
        _check_size(total)
        if not size:
            _read_headers(source)
            return b"".join(parts)
        parts.append(_read_exactly(source, size))
        source.readline(MAX_LINE)


def _check_size(size: int) -> None:
    if size > MAX_BODY:
        raise ApiError(413, f"The body is larger than {MAX_BODY} bytes.", code="request_too_large")


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise Gone
    return data
