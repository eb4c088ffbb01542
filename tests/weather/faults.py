"""Every fault that a server can show, by name, and what is to become of a row that meets it."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.servers import Call, Handler, Reply, chat

Act = Callable[[Call, Handler], Reply | None]


@dataclass(frozen=True)
class Fault:
    """What a server does, and what it means."""

    act: Act
    """Gives the reply, or writes to the socket itself and gives None."""
    kind: str | None
    """The kind of the row that meets it for good; None for a good row."""
    retried: bool = False
    """Whether the call is made again."""
    status: str = "error"
    """The row's status."""
    calls: int = 1
    """Calls that reach the server, where it is not retried."""


def error(code: str, message: str = "no", **more: Any) -> dict[str, Any]:
    """Make an error's body as OpenAI writes it."""
    return {"error": {"message": message, "code": code, "type": code, "param": None, **more}}


def says(body: Any, status: int = 200, **headers: str) -> Act:
    """Make a fault that is an ordinary response."""
    reply = Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})
    return lambda _call, _handler: reply


def choice(finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    """Make a completion whose choice is as given."""
    body = chat("x")
    body["choices"] = [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}]
    return body


def reset(_call: Call, handler: Handler) -> None:
    """Reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def hang_up(_call: Call, handler: Handler) -> None:
    """Close the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def cut_body(_call: Call, handler: Handler) -> None:
    """Promise more than is sent."""
    handler.wfile.write(
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"choi'
    )
    hang_up(_call, handler)


def hang(_call: Call, handler: Handler) -> None:
    """Say nothing, until the other side gives up."""
    handler.connection.settimeout(30)
    handler.connection.recv(1)
    handler.close_connection = True


def drip(_call: Call, handler: Handler) -> None:
    """Send a byte of the body now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def drip_headers(_call: Call, handler: Handler) -> None:
    """Send a byte of the headers now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
    for _ in range(1000):
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(_call: Call, handler: Handler) -> None:
    """Send a body that goes on and on; it ends only lest a client that reads it all takes the machine along."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
    handler.close_connection = True
    for _ in range(150):
        handler.wfile.write(b" " * 1_000_000)


def elsewhere(_call: Call, handler: Handler) -> Reply:
    """Redirect to another port of the same machine: another origin."""
    return Reply(b"", 307, {"location": "http://127.0.0.1:9/v1/chat/completions"})


def loop(call: Call, _handler: Handler) -> Reply:
    """Redirect to itself."""
    return Reply(b"", 307, {"location": call.path})


BOMB = gzip.compress(b" " * 60_000_000)
WHOLE = json.dumps(chat("good")).encode()

FAULTS: dict[str, Fault] = {
    # What comes with a status.
    "429": Fault(says(error("rate_limit_exceeded"), 429, retry_after="0.05"), "rate_limited", True),
    "429 soon": Fault(says(error("x"), 429, retry_after_ms="40"), "rate_limited", True),
    "429 zero": Fault(says(error("x"), 429, retry_after="0"), "rate_limited", True),
    "429 negative": Fault(says(error("x"), 429, retry_after="-5"), "rate_limited", True),
    "429 garbage": Fault(says(error("x"), 429, retry_after="soon"), "rate_limited", True),
    "429 nan": Fault(says(error("x"), 429, retry_after="nan"), "rate_limited", True),
    "429 reset": Fault(says(error("x"), 429, x_ratelimit_reset_requests="40ms"), "rate_limited", True),
    "429 hour": Fault(says(error("x"), 429, retry_after="3600"), "rate_limited"),
    "429 quota": Fault(says(error("insufficient_quota"), 429), "quota"),
    "401": Fault(says(error("invalid_api_key"), 401), "auth"),
    "403": Fault(says(error("x"), 403), "permission"),
    "404": Fault(says(error("model_not_found"), 404), "not_found"),
    "408": Fault(says(b"", 408), "timeout", True),
    "409": Fault(says(b"", 409), "conflict", True),
    "500": Fault(says(b"<html>oops</html>", 500), "server", True),
    "502": Fault(says(b"", 502), "server", True),
    "503": Fault(says(error("overloaded"), 503, retry_after="0.05"), "server", True),
    "504": Fault(says(b"", 504), "server", True),
    "529": Fault(says(b"", 529), "server", True),
    "400": Fault(says(error("x"), 400), "bad_request"),
    "400 filter": Fault(says(error("content_filter"), 400), "content_filter"),
    "413": Fault(says(b"", 413), "too_large"),
    "422": Fault(says(error("x"), 422), "bad_request"),
    "418": Fault(says(b"short and stout", 418), "bad_request"),
    # The connection.
    "reset": Fault(reset, "connection", True),
    "hang up": Fault(hang_up, "connection", True),
    "cut body": Fault(cut_body, "connection", True),
    "hang": Fault(hang, "timeout", True),
    "drip": Fault(drip, "timeout", True),
    "drip headers": Fault(drip_headers, "timeout", True),
    # Redirects.
    "elsewhere": Fault(elsewhere, "redirect"),
    "loop": Fault(loop, "redirect", calls=5),
    "nowhere": Fault(says(b"", 302), "redirect"),
    # What comes with 200 and is no answer.
    "html": Fault(says(b"<html>welcome</html>"), "bad_response"),
    "no body": Fault(says(b""), "bad_response"),
    "broken": Fault(says(b'{"choices": [{"mess'), "bad_response"),
    "null": Fault(says(b"null"), "bad_response"),
    "array": Fault(says(b"[]"), "bad_response"),
    "bad utf-8": Fault(says(b'{"x": "\xff\xfe"}'), "bad_response"),
    "garbage gzip": Fault(says(b"garbage", 200, content_encoding="gzip"), "bad_response"),
    "unknown encoding": Fault(says(b"garbage", 200, content_encoding="zstd"), "bad_response"),
    "error object": Fault(says(error("x")), "bad_response"),
    "nested": Fault(says(b"[" * 100_000), "bad_response"),
    "big": Fault(says(b" " * 11_000_000), "too_big"),
    "bomb": Fault(says(BOMB, 200, content_encoding="gzip"), "too_big"),
    "endless": Fault(endless, "too_big"),
    "no choices": Fault(says({"object": "chat.completion", "choices": []}), "empty"),
    "no message": Fault(says({"choices": [{}]}), "empty"),
    "null content": Fault(says(chat(None)), "empty"),
    "blank": Fault(says(chat("  \n ")), "empty"),
    "length": Fault(says(choice("length", content="half")), "truncated"),
    "filtered": Fault(says(choice("content_filter", content="")), "content_filter"),
    "tools": Fault(says(chat(None, tool_calls=[{"id": "t"}])), "tool_calls"),
    "refusal": Fault(says(chat(None, refusal="I cannot help with that")), "refusal", status="fail"),
    # Odd, and good all the same.
    "parts": Fault(says(choice(content=[{"type": "text", "text": "go"}, {"type": "text", "text": "od"}])), None),
    "no usage": Fault(says({**chat("good"), "usage": None}), None),
    "odd usage": Fault(says({**chat("good"), "usage": {"prompt_tokens": None, "completion_tokens": -4}}), None),
    "odd finish": Fault(says(choice("whatever", content="good")), None),
    "mark": Fault(says(b"\xef\xbb\xbf" + WHOLE), None),
    "content type": Fault(says(WHOLE, 200, content_type="text/weird"), None),
    "gzip": Fault(says(gzip.compress(WHOLE), 200, content_encoding="gzip"), None),
}  # fmt: skip
