"""A model call, from its arrival to the last byte of its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from promptlab.simulator._chat import ChatCall, read_chat, read_json
from promptlab.simulator._completion import chunks
from promptlab.simulator._counters import CallRecord
from promptlab.simulator._embeddings import EmbeddingCall, embed, read_embeddings
from promptlab.simulator._errors import ApiError, Gone
from promptlab.simulator._exchange import JSON, Exchange
from promptlab.simulator._fault_rule import AnswerFault, BodyFault, FaultRule, InsteadFault
from promptlab.simulator._faults import KINDS
from promptlab.simulator._limits import Ticket
from promptlab.simulator._state import EMBEDDING_SHARE, State

__all__ = ["check_key", "serve_chat", "serve_embeddings"]

FIRST_TOKEN_SHARE = 0.3
"""The share of a streamed answer's latency that passes before its first piece."""

Headers = list[tuple[str, str]]


class _Visit:
    """One call on its way: counts it, holds its ticket, and ends both at once, exactly once."""

    def __init__(self, state: State, exchange: Exchange, route: str) -> None:
        self.state = state
        self.exchange = exchange
        self.arrived = time.monotonic()
        self.record: CallRecord = state.counters.begin(route)
        self._ticket: Ticket | None = None

    def admit(self, call: ChatCall | EmbeddingCall, seconds: float) -> FaultRule | None:
        """Pass the limits; give the fault that the script has for the call."""
        record, state = self.record, self.state
        record.key = call.key
        self._ticket = state.limits.enter(call.input_tokens, seconds)
        record.attempt = state.attempts.next(call.key)
        return state.choose_fault(key=call.key, text=call.text, model=call.model, attempt=record.attempt)

    def headers(self) -> Headers:
        """Give the headers of a good answer."""
        taken = f"{(time.monotonic() - self.arrived) * 1000:.0f}"
        limits = self._ticket.headers if self._ticket else []
        return [("openai-processing-ms", taken), *limits]

    def ends_as(self, outcome: str, status: int, usage: dict[str, Any] | None = None) -> None:
        """Say what the call's end will be; it ends when the exchange is about to send the last bytes."""
        if usage:
            self.record.input_tokens = usage["prompt_tokens"]
            self.record.output_tokens = usage.get("completion_tokens", 0)
        self.exchange.before_end(lambda: self.end(outcome, status))

    def end(self, outcome: str, status: int) -> None:
        """End the call; only the first end counts."""
        if self._ticket is not None:
            self.state.limits.leave(self._ticket, self.record.output_tokens)
        self.state.counters.end(self.record, outcome, status)


def check_key(state: State, exchange: Exchange) -> None:
    """Refuse a request without the right key, where there is one.

    Raises:
        ApiError: The key is missing or wrong (401).
    """
    wanted = state.options.api_key
    if wanted is not None and exchange.request.headers.get("authorization") != f"Bearer {wanted}":
        raise ApiError(
            401, "Incorrect API key provided.", kind="invalid_request_error", code="invalid_api_key"
        )


def serve_chat(state: State, exchange: Exchange) -> None:
    """Serve `/v1/chat/completions`."""
    _serve(state, exchange, "chat", _chat)


def serve_embeddings(state: State, exchange: Exchange) -> None:
    """Serve `/v1/embeddings`."""
    _serve(state, exchange, "embeddings", _embeddings)


def _serve(state: State, exchange: Exchange, route: str, work: Callable[[_Visit], None]) -> None:
    visit = _Visit(state, exchange, route)
    try:
        check_key(state, exchange)
        work(visit)
    except ApiError as error:
        visit.ends_as("limited" if error.code == "rate_limit_exceeded" else "invalid", error.status)
        exchange.send_error(error)
    except Gone:
        visit.end("gone", 0)
        raise
    finally:
        visit.end("crashed", 500)


def _chat(visit: _Visit) -> None:
    state = visit.state
    call = read_chat(read_json(visit.exchange.request.body), state.options.known)
    seconds = state.seconds(call.key)
    rule = visit.admit(call, seconds)
    kind = KINDS[rule.kind] if rule is not None else None
    if rule is not None and isinstance(kind, InsteadFault):
        _fail(visit, rule, kind)
        return
    whole = state.answer(call)
    usage = whole["usage"]
    if rule is not None and isinstance(kind, AnswerFault):
        kind.act(whole, rule.value)
    due = visit.arrived + _delay(rule, seconds)
    if rule is not None:
        visit.record.fault = rule.kind
    visit.ends_as("done" if rule is None else "faults", 200, usage)
    if call.stream and not isinstance(kind, BodyFault):
        _stream(visit, call, whole, due)
    else:
        _finish(visit, whole, due, rule)


def _embeddings(visit: _Visit) -> None:
    state = visit.state
    call = read_embeddings(read_json(visit.exchange.request.body), state.options.known)
    seconds = state.seconds(call.key) * EMBEDDING_SHARE
    rule = visit.admit(call, seconds)
    kind = KINDS[rule.kind] if rule is not None else None
    if rule is not None and isinstance(kind, InsteadFault):
        _fail(visit, rule, kind)
        return
    if isinstance(kind, AnswerFault):
        rule = None
    answer = embed(call)
    if rule is not None:
        visit.record.fault = rule.kind
    visit.ends_as("done" if rule is None else "faults", 200, answer["usage"])
    _finish(visit, answer, visit.arrived + _delay(rule, seconds), rule)


def _delay(rule: FaultRule | None, seconds: float) -> float:
    """Give when the answer is due, in seconds after the call's arrival."""
    if rule is None:
        return seconds
    if rule.delay_s is not None:
        return rule.delay_s
    return seconds + float(rule.value) if rule.kind == "slow" else seconds


def _fail(visit: _Visit, rule: FaultRule, kind: InsteadFault) -> None:
    visit.record.fault = rule.kind
    if rule.delay_s is not None:
        visit.exchange.wait_until(visit.arrived + rule.delay_s)
    visit.ends_as("faults", kind.sent(rule))
    kind.act(visit.exchange, rule)


def _finish(visit: _Visit, answer: dict[str, Any], due: float, rule: FaultRule | None) -> None:
    body = json.dumps(answer).encode()
    visit.exchange.wait_until(due)
    kind = KINDS[rule.kind] if rule is not None else None
    if rule is not None and isinstance(kind, BodyFault):
        kind.act(visit.exchange, rule, body)
    else:
        visit.exchange.send(200, body, JSON, visit.headers())


def _stream(visit: _Visit, call: ChatCall, whole: dict[str, Any], due: float) -> None:
    """Send the answer as server-sent events: the first after a share of the time, the last at its end."""
    exchange = visit.exchange
    usage = bool((call.body.get("stream_options") or {}).get("include_usage"))
    pieces = [json.dumps(piece) for piece in chunks(whole, usage=usage)]
    first = visit.arrived + (due - visit.arrived) * FIRST_TOKEN_SHARE
    exchange.wait_until(first)
    exchange.begin_stream(visit.headers())
    for place, piece in enumerate(pieces):
        if due > first and place:
            exchange.flush()
            exchange.wait_until(first + (due - first) * place / max(1, len(pieces) - 1))
        exchange.add_event(piece)
    exchange.add_event("[DONE]")
    exchange.end_stream()
