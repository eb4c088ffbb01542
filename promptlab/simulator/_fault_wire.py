"""Faults instead of an answer: error statuses, pages, redirects, floods, silence, broken connections."""

from __future__ import annotations

import gzip
import json
import time
from email.utils import formatdate

from promptlab.simulator._errors import ApiError, Gone, usual_type
from promptlab.simulator._exchange import JSON, Exchange
from promptlab.simulator._fault_rule import FaultRule, InsteadFault

__all__ = ["WIRES", "scripted_error"]

PAGE = b"<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>\n"
MEGABYTE = 10**6


def scripted_error(rule: FaultRule) -> ApiError:
    """Build the error object of a `status` fault."""
    status = int(rule.value)
    message = rule.message or f"Simulated: status {status}."
    headers = [(name, _header_value(value)) for name, value in rule.headers]
    return ApiError(status, message, kind=rule.type or usual_type(status), code=rule.code, headers=headers)


def _header_value(value: str) -> str:
    """Give a header's value; `date:S` stands for the date in S seconds from now."""
    if value.startswith("date:"):
        return formatdate(time.time() + float(value.removeprefix("date:")), usegmt=True)
    return value


def _status(exchange: Exchange, rule: FaultRule) -> None:
    exchange.send_error(scripted_error(rule))


def _leak(exchange: Exchange, rule: FaultRule) -> None:
    said = json.dumps(exchange.request.headers)
    exchange.send_error(ApiError(int(rule.value), f"Simulated: the request had the headers {said}"))


def _error_200(exchange: Exchange, rule: FaultRule) -> None:
    error = ApiError(200, rule.message or "Simulated: an error.", kind="server_error", code=rule.code)
    exchange.send_error(error)


def _html(exchange: Exchange, rule: FaultRule) -> None:
    exchange.send(int(rule.value), PAGE, "text/html; charset=utf-8", rule.headers)


def _no_body(exchange: Exchange, _rule: FaultRule) -> None:
    exchange.send(200, b"")


def _json(exchange: Exchange, rule: FaultRule) -> None:
    exchange.send(200, rule.value.encode())


def _big(exchange: Exchange, rule: FaultRule) -> None:
    size = round(float(rule.value) * MEGABYTE)
    head, tail = b'{"choices": [{"message": {"content": "', b'"}}]}'
    exchange.write_raw(exchange.head(200, JSON, [("content-length", str(len(head) + size + len(tail)))]))
    exchange.write_raw(head)
    block = b"x" * 65_536
    for start in range(0, size, len(block)):
        exchange.write_raw(block[: size - start])
    exchange.end_is_near()
    exchange.write_raw(tail)


def _bomb(exchange: Exchange, rule: FaultRule) -> None:
    size = round(float(rule.value) * MEGABYTE)
    # Members of a gzip file may follow each other: one, packed once, stands for all.
    member = gzip.compress(b" " * MEGABYTE, 9)
    body = member * max(1, size // MEGABYTE)
    exchange.send(200, body, headers=[("content-encoding", "gzip")])


def _redirect(exchange: Exchange, rule: FaultRule) -> None:
    exchange.send(307, b"", headers=[("location", rule.value)])


def _reset(exchange: Exchange, _rule: FaultRule) -> None:
    exchange.reset()


def _close(exchange: Exchange, _rule: FaultRule) -> None:
    exchange.keep_alive = False
    exchange.end_is_near()


def _hang(exchange: Exchange, rule: FaultRule) -> None:
    try:
        exchange.wait_until(time.monotonic() + float(rule.value))
    except Gone:
        exchange.keep_alive = False
    _close(exchange, rule)


WIRES = (
    InsteadFault("status", "an error object with the status given", "503", None, _status),
    InsteadFault("reset", "a connection reset", "", 0, _reset),
    InsteadFault("close", "the end of the connection, before any answer", "", 0, _close),
    InsteadFault("hang", "silence for so many seconds, then the end", "inf", 0, _hang),
    InsteadFault("html", "a page, with the status given", "200", None, _html),
    InsteadFault("no-body", "200 and no body", "", 200, _no_body),
    InsteadFault("json", "200 and the JSON given", "null", 200, _json),
    InsteadFault("error-200", "200 and an error object", "", 200, _error_200),
    InsteadFault("big", "a body of so many megabytes", "30", 200, _big),
    InsteadFault("bomb", "a small gzip of so many megabytes", "100", 200, _bomb),
    InsteadFault(
        "redirect", "307 to the address given, or to itself", "/v1/chat/completions", 307, _redirect
    ),
    InsteadFault("leak", "the status given and the request's headers", "500", None, _leak),
)
"""The faults of this kind."""
