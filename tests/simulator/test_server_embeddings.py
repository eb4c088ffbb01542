"""Embeddings: texts alike lie close, equal ones in the same place."""

from __future__ import annotations

import base64
import math
import struct

import pytest

from promptlab.simulator._embeddings import vector
from tests.simulator.server_client import call, post, stats


def _cosine(left: str, right: str) -> float:
    pairs = zip(vector(left, 1536), vector(right, 1536), strict=True)
    return sum(a * b for a, b in pairs)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("send the weekly report by email", "email the weekly reports", "book a flight to Lisbon"),
        ("cancel my hotel booking", "I want to cancel a hotel", "what is the weather today"),
        ("extract tables from a pdf", "extracting a table from PDFs", "resize the images"),
        ("Straße", "STRASSE", "avenue"),
        ("天気はどうですか", "今日の天気はどう", "飛行機を予約する"),
        ("!!! ???", "!!! ??", "hello"),
    ],
)
def test_alike_texts_lie_close(text, near, far):
    """A text is closer to one that shares its words or their stems than to a stranger."""
    assert _cosine(text, near) > _cosine(text, far) + 0.15


def test_vectors_have_length_one():
    """Every vector has length 1, equal texts the same one, also where a text has no word."""
    for text in ("hello", "a", " ", "\ud800", "x" * 10_000):
        assert math.hypot(*vector(text, 256)) == pytest.approx(1)
        assert vector(text, 256) == vector(text, 256)


def test_both_encodings_say_the_same(serve):
    """Numbers and base64 hold the same vectors, one for each input, in order."""
    simulator = serve()
    asked = {"model": "e", "input": ["one", "two"], "dimensions": 8}

    plain = call(simulator, post("/v1/embeddings", asked)).json
    packed = call(simulator, post("/v1/embeddings", {**asked, "encoding_format": "base64"})).json

    for place, (left, right) in enumerate(zip(plain["data"], packed["data"], strict=True)):
        assert left["index"] == right["index"] == place
        unpacked = struct.unpack("<8f", base64.b64decode(right["embedding"]))
        assert list(unpacked) == pytest.approx(left["embedding"], abs=1e-6)
    assert stats(simulator)["tokens"] == {"input": 4, "output": 0}


@pytest.mark.parametrize("value", ["text", ["text"], ["a", "b"], [1, 2, 3], [[1, 2], [3]]])
def test_inputs_of_every_form(serve, value):
    """A text, a list of texts, token numbers and lists of them are all inputs."""
    assert call(serve(), post("/v1/embeddings", {"model": "e", "input": value})).status == 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": None}, "input"),
        ({"input": [None]}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"input": "x", "dimensions": 0}, "dimensions"),
        ({"input": "x", "dimensions": 10**9}, "dimensions"),
        ({"input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "x", "model": ""}, "model"),
    ],
)
def test_wrong_input_is_named(serve, fields, param):
    """What cannot be embedded is a 400 that names the parameter."""
    answer = call(serve(), post("/v1/embeddings", {"model": "e", **fields}))

    assert (answer.status, answer.error["param"]) == (400, param)
