"""`similar` compares meaning by the endpoint's embeddings, or letters, and keeps what it paid for."""

from __future__ import annotations

import base64
import math
import struct

import pytest

import promptlab
from promptlab import Lab, Limits, SuiteError
from promptlab._similar import cosine, read_vectors
from promptlab.checks import CannotTellError
from tests.servers import Reply, ScriptedServer

VECTORS = {"east": [1.0, 0.0], "north": [0.0, 1.0], "north-east": [1.0, 1.0], "west": [-1.0, 0.0]}


def embedded(*texts: str, encode: bool = False) -> dict:
    def shown(vector):
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if encode else vector

    data = [
        {"object": "embedding", "index": i, "embedding": shown(VECTORS[text])} for i, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    return {"object": "list", "data": list(reversed(data)), "model": "text-embedding-3-small", "usage": usage}


@pytest.fixture
def lab(server: ScriptedServer):
    with Lab(
        base_url=server.base_url, api_key="k" * 12, display="none", limits=Limits(max_attempts=2)
    ) as made:
        yield made


def one(similar) -> list[dict]:
    return [{"id": "a", "input": {"q": "x"}, "expect": {"similar": similar}}]


def answering(server, text: str, embeddings=None):
    server.says(
        lambda call: (
            Reply(embeddings or embedded(*call.body["input"])) if call.path.endswith("/embeddings") else text
        )
    )


@pytest.mark.parametrize(
    ("similar", "status", "score"),
    [
        ("east", "fail", math.sqrt(0.5)),
        ({"value": "east", "threshold": 0.7}, "pass", math.sqrt(0.5)),
        ({"value": ["west", "north-east"]}, "pass", 1.0),
        ({"value": "west", "threshold": 0.1}, "fail", 0.0),
    ],
)
def test_cosine_is_held_to_threshold(lab, server, similar, status, score):
    """The cosine of the nearest text stands in the column and is held to the threshold (0.75 by default)."""
    answering(server, "north-east")

    frame = promptlab.run_parallel(one(similar), "{{ q }}", lab=lab)

    assert frame["status"].tolist() == [status]
    assert frame["check.similar"][0] == pytest.approx(score, abs=1e-6)


def test_embeddings_are_stored_and_counted(lab, server):
    """Embeddings are paid for once; their tokens cost, and the second run makes no call."""
    answering(server, "east")

    first = promptlab.run_parallel(one("east"), "{{ q }}", lab=lab)
    again = promptlab.run_parallel(one("east"), "{{ q }}", lab=lab)

    assert (first["attempts"][0], again["attempts"][0], len(server.calls)) == (2, 0, 2)
    assert again["check.similar"][0] == pytest.approx(1.0)
    assert [call.path for call in server.calls] == ["/v1/chat/completions", "/v1/embeddings"]


def test_base64_embeddings_are_read(lab, server):
    """Vectors in base64 are read like lists of numbers."""
    answering(server, "east", embedded("east", "north-east", encode=True))

    assert promptlab.run_parallel(one("x"), "{{ q }}", lab=lab)["check.similar"][0] == pytest.approx(
        math.sqrt(0.5)
    )


@pytest.mark.parametrize(
    "body",
    [
        {"object": "list", "data": []},
        {"object": "list", "data": [{"index": 0, "embedding": [1, 2]}]},
        {"object": "list", "data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [1]}]},
        {"object": "list", "data": [{"index": 0, "embedding": [0, 0]}, {"index": 1, "embedding": [1, 0]}]},
        {"object": "list", "data": [{"index": 0, "embedding": ["a"]}, {"index": 1, "embedding": [1, 0]}]},
        {"object": "list", "data": [{"index": 1, "embedding": [1, 0]}, {"index": 1, "embedding": [1, 0]}]},
        {"object": "list", "data": "none"},
        {"choices": []},
    ],
)
def test_broken_embeddings_are_an_error(lab, server, body):
    """Embeddings that cannot be compared leave an error: neither a pass nor a fail."""
    answering(server, "east", body)

    assert promptlab.run_parallel(one("x"), "{{ q }}", lab=lab)["status"].tolist() == ["error"]


@pytest.mark.parametrize(
    ("answer", "threshold", "status"),
    [("Kroeller", 0.6, "pass"), ("Kröller", 1, "pass"), ("Smith", 0.6, "fail")],
)
def test_letters_need_no_call(lab, server, answer, threshold, status):
    """Letters are compared here; no embedding is asked for."""
    answering(server, answer)

    frame = promptlab.run_parallel(
        one({"value": "Kröller", "by": "letters", "threshold": threshold}), "{{ q }}", lab=lab
    )

    assert frame["status"].tolist() == [status]
    assert len(server.calls) == 1


def test_simulator_embeds(simulator):
    """The simulator's embeddings put texts alike close together."""
    with Lab(base_url=simulator.base_url, api_key="k" * 12, display="none", store="off") as lab:
        frame = promptlab.run_parallel(
            [
                {
                    "id": "a",
                    "expect": {"similar": {"value": ["the red house", "quantum physics"], "threshold": 0.9}},
                }
            ],
            lambda case: "The red house",
            lab=lab,
        )

    assert frame["status"].tolist() == ["pass"]


@pytest.mark.parametrize(
    "argument",
    [
        "",
        [],
        [""],
        5,
        {"value": "a", "treshold": 1},
        {"value": "a", "threshold": 0},
        {"value": "a", "by": "ear"},
    ],
)
def test_wrong_similar_is_refused_early(lab, server, argument):
    """What is wrong with the check is said before any call."""
    with pytest.raises(SuiteError):
        promptlab.run_parallel(one(argument), "x", lab=lab)

    assert not server.calls


def test_vectors_of_other_lengths_have_no_cosine():
    """Vectors that cannot be compared, and texts that hold none, have no cosine."""
    for wrong in (lambda: cosine([1.0], [1.0, 2.0]), lambda: cosine([0.0], [1.0]), lambda: read_vectors("!")):
        with pytest.raises(CannotTellError):
            wrong()
