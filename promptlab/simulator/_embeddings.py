"""Embeddings: hashed words and n-grams of characters, so that texts alike in letters lie close.

A text's vector counts its words and the 3- to 5-grams of its characters (with the edges of words), each
hashed to a place and a sign. It knows nothing of meaning: synonyms are strangers to it.
"""

from __future__ import annotations

import math
import re
import struct
from base64 import b64encode
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from promptlab.simulator._chat import Known, read_model
from promptlab.simulator._completion import simulated
from promptlab.simulator._draw import number
from promptlab.simulator._errors import ApiError
from promptlab.simulator._tokens import count

__all__ = ["EmbeddingCall", "embed", "read_embeddings", "vector"]

DIMENSIONS = {"text-embedding-3-large": 3072}
USUAL_DIMENSIONS = 1536
MOST_INPUTS = 2048
COMMON_WEIGHT = 0.3
"""What a word of up to three letters weighs: it is mostly one of those that every text has."""
GRAMS_WEIGHT = 1.5
"""How long the part of a word's vector is that its n-grams make, where the word itself makes 1."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class EmbeddingCall:
    """An embeddings request that can be answered."""

    model: str
    """The model asked for."""
    inputs: list[str]
    """The texts."""
    dimensions: int
    """The length of each vector."""
    encoding: str
    """`float` or `base64`."""
    key: str
    """Names the content: equal for equal texts and model."""
    input_tokens: int
    """Tokens of the texts."""

    @property
    def text(self) -> str:
        """The texts, one a line."""
        return "\n".join(self.inputs)


def read_embeddings(body: dict[str, Any], known: Known) -> EmbeddingCall:
    """Read an embeddings request.

    Raises:
        ApiError: It cannot be answered (400, 404).
    """
    model = read_model(body, known)
    inputs = _inputs(body.get("input"))
    encoding = body.get("encoding_format") or "float"
    if encoding not in ("float", "base64"):
        raise _wrong("encoding_format", "it must be float or base64")
    return EmbeddingCall(
        model=model,
        inputs=inputs,
        dimensions=_dimensions(body.get("dimensions"), model),
        encoding=encoding,
        key=f"{number('embeddings', model, *inputs):016x}",
        input_tokens=sum(count(text) for text in inputs),
    )


def embed(call: EmbeddingCall) -> dict[str, Any]:
    """Answer an embeddings request."""
    data = []
    for index, text in enumerate(call.inputs):
        values = vector(text, call.dimensions)
        shown = _base64(values) if call.encoding == "base64" else values
        data.append({"object": "embedding", "index": index, "embedding": shown})
    usage = {"prompt_tokens": call.input_tokens, "total_tokens": call.input_tokens}
    return {"object": "list", "data": data, "model": simulated(call.model), "usage": usage}


def vector(text: str, dimensions: int) -> list[float]:
    """Give a text's vector, of length 1."""
    values = [0.0] * dimensions
    for feature, weight in _features(text).items():
        place = crc32(feature.encode("utf-8", "surrogatepass"))
        values[(place >> 1) % dimensions] += weight if place & 1 else -weight
    norm = math.sqrt(sum(value * value for value in values))
    if not norm:
        values[0] = norm = 1.0
    return [value / norm for value in values]


def _features(text: str) -> dict[str, float]:
    features: defaultdict[str, float] = defaultdict(float)
    for word in _WORD.findall(text.casefold()) or [text]:
        weight = 1.0 if len(word) > 3 else COMMON_WEIGHT
        features[f"word {word}"] += weight
        edged = f"<{word}>"
        grams = [edged[at : at + size] for size in (3, 4, 5) for at in range(len(edged) - size + 1)]
        for gram in grams:
            features[gram] += weight * GRAMS_WEIGHT / math.sqrt(len(grams))
    return features


def _base64(values: list[float]) -> str:
    return b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def _inputs(value: Any) -> list[str]:
    """Give the texts; lists of token numbers become texts of numbers."""
    if isinstance(value, str) or (isinstance(value, list) and value and all(map(_is_token, value))):
        value = [value]
    if not isinstance(value, list) or not 0 < len(value) <= MOST_INPUTS:
        raise _wrong("input", f"it must be a text, or a list of 1 to {MOST_INPUTS} texts")
    return [_input(item) for item in value]


def _input(item: Any) -> str:
    if isinstance(item, str) and item:
        return item
    if isinstance(item, list) and item and all(_is_token(token) for token in item):
        return " ".join(str(token) for token in item)
    raise _wrong("input", "each must be a text that is not empty, or a list of token numbers")


def _is_token(item: Any) -> bool:
    return isinstance(item, int) and not isinstance(item, bool) and item >= 0


def _dimensions(value: Any, model: str) -> int:
    if value is None:
        return DIMENSIONS.get(model.removeprefix("simulated-"), USUAL_DIMENSIONS)
    if not _is_token(value) or not 1 <= value <= 4096:
        raise _wrong("dimensions", "it must be an integer from 1 to 4096")
    return int(value)


def _wrong(name: str, why: str) -> ApiError:
    return ApiError(400, f"Invalid value for '{name}': {why}.", param=name, code="invalid_value")
