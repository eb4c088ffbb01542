"""A chat completion request: read, and refused in OpenAI's words where it is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptlab.simulator._draw import number
from promptlab.simulator._errors import ApiError
from promptlab.simulator._tokens import content_text, count_messages

__all__ = ["ChatCall", "Known", "read_chat", "read_json", "read_model"]

ROLES = ("system", "developer", "user", "assistant", "tool", "function")


@dataclass(frozen=True, slots=True)
class Known:
    """What the provider takes."""

    models: tuple[str, ...] = ()
    """The models there are; none named means that every name is one."""
    refused: tuple[tuple[str, str], ...] = ()
    """Parameters that no model takes, each with the one to use instead, or an empty text."""


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A chat completion request that can be answered."""

    body: dict[str, Any]
    """The request as it came."""
    model: str
    """The model asked for."""
    key: str
    """Names the content: equal for equal messages, model and seed."""
    text: str
    """The texts of all messages, one a line."""
    input_tokens: int
    """Tokens of the messages."""
    varies: bool
    """Whether the same request may be answered differently next time."""

    @property
    def stream(self) -> bool:
        """Whether the answer is to come piece by piece."""
        return bool(self.body.get("stream"))

    @property
    def max_tokens(self) -> int | None:
        """The longest answer allowed, in tokens."""
        limit = self.body.get("max_completion_tokens")
        return limit if limit is not None else self.body.get("max_tokens")


def read_json(data: bytes) -> dict[str, Any]:
    """Read a body that must be a JSON object.

    Raises:
        ApiError: It is none (400).
    """
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise ApiError(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The JSON body of your request must be an object.")
    return body


def read_model(body: Mapping[str, Any], known: Known) -> str:
    """Give the model asked for.

    Raises:
        ApiError: None is named (400), or there is none of that name (404).
    """
    model = body.get("model")
    if not isinstance(model, str) or not model.strip():
        raise ApiError(400, "You must provide a model parameter.", param="model")
    if known.models and model.removeprefix("simulated-") not in known.models:
        message = f"The model `{model[:200]}` does not exist or you do not have access to it."
        raise ApiError(404, message, param="model", code="model_not_found")
    return model


def read_chat(body: dict[str, Any], known: Known) -> ChatCall:
    """Read a chat completion request.

    Raises:
        ApiError: It cannot be answered (400, 404).
    """
    model = read_model(body, known)
    messages = body.get("messages")
    if messages is None:
        raise _missing("messages")
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages", "must be a list of at least one message")
    for place, message in enumerate(messages):
        _check_message(message, f"messages.{place}")
    _check_settings(body, known)
    seed = body.get("seed")
    try:
        content = json.dumps(messages, sort_keys=True)
    except RecursionError:
        raise _invalid("messages", "must not be nested so deeply") from None
    return ChatCall(
        body=body,
        model=model,
        key=f"{number(model, content, seed):016x}",
        text="\n".join(content_text(message.get("content")) for message in messages),
        input_tokens=count_messages(messages),
        varies=seed is None and (body.get("temperature") or 0) > 0,
    )


def _check_message(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        raise _invalid(where, "must be an object")
    role = message.get("role")
    if role is None:
        raise _missing(f"{where}.role")
    if role not in ROLES:
        raise _invalid(f"{where}.role", f"must be one of {', '.join(ROLES)}")
    content = message.get("content")
    if content is None and role == "assistant":
        return
    if isinstance(content, list):
        good = bool(content) and all(isinstance(part, dict) and "type" in part for part in content)
    else:
        good = isinstance(content, str)
    if not good:
        raise _invalid(f"{where}.content", "must be a string or a list of parts, each with a type")


def _check_settings(body: Mapping[str, Any], known: Known) -> None:
    for name, instead in known.refused:
        if body.get(name) is not None:
            raise _unsupported(name, instead)
    for name, (low, high) in {"temperature": (0, 2), "top_p": (0, 1)}.items():
        value = body.get(name)
        if value is not None and not (_is_number(value) and low <= value <= high):
            raise _invalid(name, f"must be a number from {low} to {high}")
    for name, least in {"max_tokens": 1, "max_completion_tokens": 1, "top_logprobs": 0, "n": 1}.items():
        value = body.get(name)
        if value is not None and not (_is_integer(value) and value >= least):
            raise _invalid(name, f"must be an integer, {least} or more")
    if body.get("n") not in (None, 1):
        raise _invalid("n", "may only be 1 here: the simulator gives one answer a request")
    if body.get("seed") is not None and not _is_integer(body["seed"]):
        raise _invalid("seed", "must be an integer")
    if body.get("top_logprobs") and not body.get("logprobs"):
        raise _invalid("top_logprobs", "is only allowed where logprobs is true")
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop
    if stops is not None and not (isinstance(stops, list) and all(isinstance(s, str) for s in stops)):
        raise _invalid("stop", "must be a string or a list of strings")
    options = body.get("stream_options")
    if options is not None and not (isinstance(options, dict) and body.get("stream")):
        raise _invalid("stream_options", "must be an object, and only where stream is true")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_integer(value)


def _missing(name: str) -> ApiError:
    return ApiError(
        400, f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
    )


def _invalid(name: str, why: str) -> ApiError:
    return ApiError(400, f"Invalid value for '{name}': it {why}.", param=name, code="invalid_value")


def _unsupported(name: str, instead: str) -> ApiError:
    hint = f" Use '{instead}' instead." if instead else ""
    message = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
    return ApiError(400, message, param=name, code="unsupported_parameter")
