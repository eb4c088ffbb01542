"""A reply, dressed as a chat completion: whole, or as the chunks of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from promptlab.simulator._chat import ChatCall
from promptlab.simulator._reply import Reply
from promptlab.simulator._tokens import CHARS_PER_TOKEN, count

__all__ = ["FINGERPRINT", "chunks", "completion", "echo", "first", "simulated"]

FINGERPRINT = "fp_promptlab_simulator"

Tokens = tuple[tuple[str, float], ...]


def simulated(model: str) -> str:
    """Give the name under which a model is simulated."""
    return model if model.startswith("simulated-") else f"simulated-{model}"


def echo(call: ChatCall) -> Reply:
    """Answer with the text of the last message, certain of every token."""
    last = call.body["messages"][-1].get("content")
    text = last if isinstance(last, str) else call.text
    return Reply(text, _pieces(text) if call.body.get("logprobs") else None)


def first() -> Reply:
    """Answer as a judge who is content with everything, and prefers what came first."""
    said = {"reason": "it came first", "verdict": "pass", "better": "first", "confidence": 0.9}
    return Reply(json.dumps(said))


def completion(call: ChatCall, reply: Reply, *, name: str, created: int) -> dict[str, Any]:
    """Build the answer to a call.

    Args:
        call: What was asked: its `stop` and `max_tokens` end the answer early.
        reply: What the model says.
        name: The answer's id.
        created: Seconds since 1970.
    """
    text, finish = _ended(call, reply.text)
    refused = reply.refusal is not None
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refused else text,
        "refusal": reply.refusal,
    }
    output_tokens = count(reply.refusal if reply.refusal is not None else text)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None if refused else _logprobs(call, reply.logprobs, len(text)),
        "finish_reason": "stop" if refused else finish,
    }
    return {
        "id": name,
        "object": "chat.completion",
        "created": created,
        "model": simulated(call.model),
        "system_fingerprint": FINGERPRINT,
        "choices": [choice],
        "usage": _usage(call.input_tokens, output_tokens),
    }


def chunks(whole: dict[str, Any], *, usage: bool) -> Iterator[dict[str, Any]]:
    """Cut a completion into the chunks of a stream.

    Args:
        whole: What `completion` gave.
        usage: Whether a last chunk tells the usage.
    """
    head = {name: whole[name] for name in ("id", "created", "model", "system_fingerprint")}
    head["object"] = "chat.completion.chunk"
    last = {"usage": None} if usage else {}

    def chunk(delta: dict[str, Any], finish: str | None = None, logprobs: Any = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**head, "choices": [choice], **last}

    for choice in whole["choices"][:1]:
        message = choice.get("message") or {}
        yield chunk({"role": "assistant", "content": "", "refusal": None})
        content = message.get("content")
        if message.get("refusal") is not None:
            yield chunk({"refusal": message["refusal"]})
        elif message.get("tool_calls"):
            calls = [{"index": place, **call} for place, call in enumerate(message["tool_calls"])]
            yield chunk({"tool_calls": calls})
        elif content:
            for piece, logprobs in _deltas(content, choice.get("logprobs")):
                yield chunk({"content": piece}, None, logprobs)
        yield chunk({}, choice.get("finish_reason"))
    if usage:
        yield {**head, "choices": [], "usage": whole.get("usage")}


def _deltas(content: Any, logprobs: Any) -> Iterator[tuple[Any, Any]]:
    if not isinstance(content, str):
        yield content, logprobs
    elif logprobs:
        for entry in logprobs["content"]:
            yield entry["token"], {"content": [entry], "refusal": None}
    else:
        for piece, _ in _pieces(content):
            yield piece, None


def _ended(call: ChatCall, text: str) -> tuple[str, str]:
    """End a text before the first stop sequence and after the last token allowed."""
    stop = call.body.get("stop")
    for sequence in [stop] if isinstance(stop, str) else stop or []:
        if sequence and (place := text.find(sequence)) >= 0:
            text = text[:place]
    limit = call.max_tokens
    if limit is not None and count(text) > limit:
        return text[: limit * CHARS_PER_TOKEN], "length"
    return text, "stop"


def _pieces(text: str) -> Tokens:
    step = CHARS_PER_TOKEN
    return tuple((text[place : place + step], 0.0) for place in range(0, len(text), step))


def _logprobs(call: ChatCall, tokens: Tokens | None, length: int) -> dict[str, Any] | None:
    """Give the tokens of the answer's first `length` characters, where they were asked for."""
    if tokens is None or not call.body.get("logprobs"):
        return None
    top = bool(call.body.get("top_logprobs"))
    content = []
    place = 0
    for token, value in tokens:
        shown = token[: max(0, length - place)]
        if not shown:
            break
        place += len(token)
        entry = {"token": shown, "logprob": value, "bytes": list(shown.encode("utf-8", "replace"))}
        content.append({**entry, "top_logprobs": [entry] if top else []})
    return {"content": content, "refusal": None}


def _usage(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    return {
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
