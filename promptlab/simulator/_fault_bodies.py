"""Faults of the body: the answer is there, and comes broken, cut or in an odd dress."""

from __future__ import annotations

import time

from promptlab.simulator._exchange import JSON, Exchange
from promptlab.simulator._fault_rule import BodyFault, FaultRule

__all__ = ["BODIES"]


def _cut(exchange: Exchange, _rule: FaultRule, body: bytes) -> None:
    exchange.keep_alive = False
    head = exchange.head(200, JSON, [("content-length", str(len(body)))])
    exchange.end_is_near()
    exchange.write_raw(head + body[: len(body) // 2])


def _drip(exchange: Exchange, rule: FaultRule, body: bytes) -> None:
    pause = float(rule.value)
    exchange.write_raw(exchange.head(200, JSON, [("content-length", str(len(body)))]))
    for place in range(len(body)):
        exchange.wait_until(time.monotonic() + pause)
        if place == len(body) - 1:
            exchange.end_is_near()
        exchange.write_raw(body[place : place + 1])


def _broken(exchange: Exchange, _rule: FaultRule, body: bytes) -> None:
    exchange.send(200, body[: len(body) // 2])


def _bad_utf8(exchange: Exchange, _rule: FaultRule, body: bytes) -> None:
    exchange.send(200, body.replace(b'"content": "', b'"content": "\xff\xfe\xc3\x28', 1))


def _bad_gzip(exchange: Exchange, _rule: FaultRule, body: bytes) -> None:
    exchange.send(200, body, headers=[("content-encoding", "gzip")])


def _mark(exchange: Exchange, _rule: FaultRule, body: bytes) -> None:
    exchange.send(200, b"\xef\xbb\xbf" + body)


def _type(exchange: Exchange, rule: FaultRule, body: bytes) -> None:
    exchange.send(200, body, content_type=rule.value)


BODIES = (
    BodyFault("cut", "half the body, then the end of the connection", "", _cut),
    BodyFault("drip", "a byte every so many seconds", "0.5", _drip),
    BodyFault("broken", "half the JSON, as if it were all", "", _broken),
    BodyFault("bad-utf8", "bytes that are no UTF-8 in the text", "", _bad_utf8),
    BodyFault("bad-gzip", "JSON that claims to be gzip", "", _bad_gzip),
    BodyFault("bom", "a byte order mark before the JSON", "", _mark),
    BodyFault("content-type", "JSON under the content-type given", "text/plain", _type),
)
"""The faults of this kind."""
