"""An embeddings response as a completion: its text holds the vectors, a line each, small enough to be stored."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from promptlab._types import Completion, Failure

PATH = "/embeddings"
"""Where embeddings are asked for."""


def wants_embeddings(body: Mapping[str, Any]) -> bool:
    """Tell whether a request's body asks for embeddings: it has inputs and no messages."""
    return "input" in body and "messages" not in body


def read_embeddings(data: Mapping[str, Any], redact: Callable[[str], str]) -> Completion | Failure:
    """Make a completion of an embeddings response, the vectors in the order of the inputs."""
    items = data.get("data")
    vectors = sorted(_vectors(items), key=lambda pair: pair[0]) if isinstance(items, list) else []
    if not vectors or [place for place, _ in vectors] != list(range(len(items or ()))):
        return Failure(
            kind="bad_response", message="the answer holds no embeddings, or not one for each text"
        )
    usage = data.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    model = data.get("model")
    return Completion(
        text="\n".join(line for _, line in vectors),
        model=redact(model) if isinstance(model, str) else None,
        finish_reason="stop",
        input_tokens=tokens
        if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0
        else None,
        output_tokens=0,
    )


def _vectors(items: list[Any]) -> list[tuple[int, str]]:
    found = []
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        place, vector = item.get("index", number), _line(item.get("embedding"))
        if vector is not None and isinstance(place, int):
            found.append((place, vector))
    return found


def _line(embedding: Any) -> str | None:
    """Write a vector, a list of numbers or base64 already, as one line; None where it is neither."""
    if isinstance(embedding, str):
        try:
            raw = base64.b64decode(embedding, validate=True)
        except (binascii.Error, ValueError):
            return None
        return embedding if raw and len(raw) % 4 == 0 else None
    if not isinstance(embedding, list) or not embedding:
        return None
    if not all(
        isinstance(one, (int, float)) and not isinstance(one, bool) and math.isfinite(one)
        for one in embedding
    ):
        return None
    try:
        return base64.b64encode(struct.pack(f"<{len(embedding)}f", *embedding)).decode()
    except (struct.error, OverflowError):
        return None
