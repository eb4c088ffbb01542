"""What an HTTP response means: a completion, or which kind of trouble. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from promptlab._providers._embeddings import read_embeddings, wants_embeddings
from promptlab._providers._tools import calls_text, read_calls, wants_tools
from promptlab._providers._waits import wait_asked
from promptlab._types import Completion, Failure, Kind

KIND_OF_STATUS: Mapping[int, Kind] = {
    400: "bad_request", 401: "auth", 402: "quota", 403: "permission", 404: "not_found", 408: "timeout",
    409: "conflict", 413: "too_large", 429: "rate_limited",
}  # fmt: skip
RETRYABLE = frozenset({408, 409, 429})
NOT_IMPLEMENTED = frozenset({501, 505})
"""Server errors that the same request will meet again."""

HINTS: Mapping[str, str] = {
    "auth": "check OPENAI_API_KEY",
    "permission": "the key may not use this model or endpoint",
    "not_found": "check the model's name and OPENAI_BASE_URL",
    "quota": "the account has no credit left",
}
MAX_MESSAGE = 4000
MOST_TOKENS = 10**12
"""A count beyond this is no count."""


def read_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    redact: Callable[[str], str],
    *,
    asked: Mapping[str, Any] = MappingProxyType({}),
) -> Completion | Failure:
    """Make a completion of a response, or say what is wrong with it.

    Args:
        status: The HTTP status.
        headers: The response's headers, looked up in lower case.
        body: The whole body, inflated.
        redact: Masks secrets in every text that is taken out of the response.
        asked: The request's body.
    """
    if 200 <= status < 300:
        if wants_embeddings(asked):
            return _read_ok(body, redact, read_embeddings)
        return _read_ok(body, redact, partial(_read_chat, tools=wants_tools(asked)))
    return _read_error(status, headers, body, redact)


Read = Callable[[dict[str, Any], Callable[[str], str]], Completion | Failure]


def _read_ok(body: bytes, redact: Callable[[str], str], read: Read) -> Completion | Failure:
    try:
        data = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as broken:
        what = "nothing" if not body.strip() else redact(_excerpt(body))
        return bad_response(f"the answer is no JSON ({type(broken).__name__}): {what}")
    if not isinstance(data, dict):
        return bad_response(f"the answer is {_name(data)} where an object was expected")
    if data.get("error"):
        return bad_response("status 200 with an error in it: " + redact(_error_text(data)))
    return read(data, redact)


def _read_chat(data: dict[str, Any], redact: Callable[[str], str], *, tools: bool) -> Completion | Failure:
    if "choices" not in data and data.get("object") != "chat.completion":
        return bad_response(
            "the answer is no chat completion: it has " + redact(", ".join(map(str, data))[:200])
        )
    return _read_completion(data, redact, tools=tools)


def _read_completion(
    data: dict[str, Any], redact: Callable[[str], str], *, tools: bool
) -> Completion | Failure:
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return Failure(kind="empty", message="the answer holds no message")
    reported = data.get("usage")
    usage: dict[str, Any] = reported if isinstance(reported, dict) else {}
    sent, received = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    finish, refusal, model = choice.get("finish_reason"), message.get("refusal"), data.get("model")
    text = redact(_text_of(message.get("content")))
    called = read_calls(message) if tools else []
    completion = Completion(
        text=redact(calls_text(called, text)) if called else text,
        model=redact(model) if isinstance(model, str) else None,
        finish_reason=redact(finish) if isinstance(finish, str) else None,
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cached_input_tokens=_detail(sent, "cached_tokens"),
        reasoning_tokens=_detail(received, "reasoning_tokens"),
        refusal=redact(refusal) if isinstance(refusal, str) and refusal.strip() else None,
        logprobs=_logprobs(choice.get("logprobs")),
    )
    unasked = bool(message.get("tool_calls") or message.get("function_call")) and not called
    return _judge_finish(completion, unasked)


def _judge_finish(completion: Completion, called_tools: bool) -> Completion | Failure:
    """Keep a completion from a verdict where it is no whole answer."""
    trouble: tuple[Kind, str] | None = None
    if completion.finish_reason == "length":
        trouble = ("truncated", "the answer was cut off at the token limit; raise max_completion_tokens")
    elif completion.finish_reason == "content_filter":
        trouble = ("content_filter", "the provider's content filter cut the answer")
    elif completion.refusal is None and called_tools:
        trouble = ("tool_calls", "the model called a tool instead of answering")
    elif completion.refusal is None and not completion.text.strip():
        trouble = ("empty", "the answer is empty")
    if trouble is None:
        return completion
    return Failure(kind=trouble[0], message=trouble[1], completion=completion)


def _read_error(
    status: int, headers: Mapping[str, str], body: bytes, redact: Callable[[str], str]
) -> Failure:
    try:
        data = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        data = None
    text = redact(_error_text(data) if isinstance(data, dict) else _excerpt(body))
    code = _error_code(data)
    kind = _kind(status, code)
    retryable = kind not in ("quota", "content_filter") and (
        status in RETRYABLE or (status >= 500 and status not in NOT_IMPLEMENTED)
    )
    hint = HINTS.get(kind)
    message = f"{status}: {text}" + (f" ({hint})" if hint else "")
    return Failure(
        kind=kind,
        message=message[:MAX_MESSAGE],
        retryable=retryable,
        retry_after_s=wait_asked(headers) if retryable else None,
        status_code=status,
    )


def _kind(status: int, code: str) -> Kind:
    if 300 <= status < 400:
        return "redirect"
    if status == 429 and ("insufficient_quota" in code or "billing" in code):
        return "quota"
    if status in (400, 403, 422) and ("content_filter" in code or "content_policy" in code):
        return "content_filter"
    if status == 400 and "context_length" in code:
        return "too_large"
    if status in KIND_OF_STATUS:
        return KIND_OF_STATUS[status]
    if status >= 500:
        return "server"
    return "bad_request" if status >= 400 else "bad_response"


def bad_response(message: str) -> Failure:
    """Say that what came is no answer of a chat endpoint."""
    return Failure(kind="bad_response", message=message[:MAX_MESSAGE], status_code=200)


def _error_text(data: dict[str, Any]) -> str:
    error = data.get("error", data)
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail") or error.get("code") or json.dumps(error)
    else:
        message = error
    return str(message)[:MAX_MESSAGE]


def _error_code(data: Any) -> str:
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return ""
    inner = error.get("innererror")
    codes = [error.get("code"), error.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    return " ".join(code.lower() for code in codes if isinstance(code, str))


def _text_of(content: Any) -> str:
    """Give a message's text: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [
            part if isinstance(part, str) else part.get("text")
            for part in content
            if isinstance(part, str | dict)
        ]
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _count(value: Any) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS
    return value if good else None


def _detail(details: Any, name: str) -> int | None:
    return _count(details.get(name)) if isinstance(details, dict) else None


def _logprobs(value: Any) -> tuple[tuple[str, float], ...] | None:
    tokens = value.get("content") if isinstance(value, dict) else None
    if not isinstance(tokens, list):
        return None
    pairs = []
    for token in tokens:
        logprob = token.get("logprob") if isinstance(token, dict) else None
        if not isinstance(logprob, int | float) or isinstance(logprob, bool) or not math.isfinite(logprob):
            return None
        pairs.append((str(token.get("token", "")), float(logprob)))
    return tuple(pairs) or None


def _excerpt(body: bytes) -> str:
    return repr(body[:200].decode("utf-8", "replace"))[1:-1]


def _name(value: Any) -> str:
    return {list: "an array", str: "a string", type(None): "null"}.get(type(value), "a bare value")
