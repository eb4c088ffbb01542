"""What a chat request may say, and what the answer then is."""

from __future__ import annotations

import json
import math

import pytest

from promptlab.simulator import Reply
from tests.simulator.server_client import ask, body, call, post, stats

MISSING = object()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"a": 1', b"[" * 100_000, b'{"a":' * 50_000],
    ids=["none", "cut", "null", "array", "string", "bytes", "open", "deep array", "deep object"],
)
def test_body_must_be_an_object(serve, data):
    """A body that is no JSON object is a 400 with an error object."""
    answer = call(serve(), post(value=data))

    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"
    assert set(answer.error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("model", MISSING, "model"),
        ("model", "", "model"),
        ("model", 5, "model"),
        ("messages", MISSING, "messages"),
        ("messages", [], "messages"),
        ("messages", "hello", "messages"),
        ("messages", ["hello"], "messages.0"),
        ("messages", [{"content": "x"}], "messages.0.role"),
        ("messages", [{"role": "king", "content": "x"}], "messages.0.role"),
        ("messages", [{"role": "user"}], "messages.0.content"),
        ("messages", [{"role": "user", "content": 5}], "messages.0.content"),
        ("messages", [{"role": "user", "content": []}], "messages.0.content"),
        ("messages", [{"role": "user", "content": ["x"]}], "messages.0.content"),
        ("temperature", 2.1, "temperature"),
        ("temperature", -0.1, "temperature"),
        ("temperature", "0", "temperature"),
        ("temperature", True, "temperature"),
        ("temperature", math.nan, "temperature"),
        ("top_p", 1.5, "top_p"),
        ("max_tokens", 0, "max_tokens"),
        ("max_completion_tokens", 1.5, "max_completion_tokens"),
        ("n", 2, "n"),
        ("n", 0, "n"),
        ("seed", "1", "seed"),
        ("stop", 5, "stop"),
        ("stop", [1], "stop"),
        ("top_logprobs", 2, "top_logprobs"),
        ("stream_options", {"include_usage": True}, "stream_options"),
    ],
)
def test_wrong_parameter_is_named(serve, field, value, param):
    """What is wrong in a request is a 400 whose error object names the parameter."""
    asked = body()
    asked[field] = value
    if value is MISSING:
        del asked[field]

    answer = call(serve(), post(value=asked))

    assert (answer.status, answer.error["param"]) == (400, param)


def test_null_settings_count_as_absent(serve):
    """A setting of null is one that was not made."""
    names = (
        "temperature top_p max_tokens max_completion_tokens n seed stop top_logprobs stream stream_options"
    )

    assert ask(serve(), **dict.fromkeys(names.split())).status == 200


def test_parts_of_a_message_are_read(serve):
    """A message may be a list of parts; those that are no text count as 85 tokens each."""
    parts = [{"type": "text", "text": "what is"}, {"type": "image_url", "image_url": {"url": "data:x"}}]

    answer = call(serve(), post(value={"model": "m", "messages": [{"role": "user", "content": parts}]}))

    assert answer.text == "what is"
    assert answer.json["usage"]["prompt_tokens"] == 2 + 85


@pytest.mark.parametrize(
    ("fields", "text", "finish"),
    [
        ({}, "alpha beta gamma", "stop"),
        ({"max_tokens": 2}, "alpha be", "length"),
        ({"max_completion_tokens": 1, "max_tokens": 3}, "alph", "length"),
        ({"max_tokens": 4}, "alpha beta gamma", "stop"),
        ({"stop": " beta"}, "alpha", "stop"),
        ({"stop": ["gamma", "beta"]}, "alpha ", "stop"),
        ({"stop": ["", "nowhere"]}, "alpha beta gamma", "stop"),
    ],
)
def test_answer_ends_where_asked(serve, fields, text, finish):
    """The answer ends before a stop sequence and after the last token allowed, and says why."""
    answer = ask(serve(), "alpha beta gamma", logprobs=True, **fields)

    choice = answer.json["choices"][0]
    assert (answer.text, choice["finish_reason"]) == (text, finish)
    assert "".join(token["token"] for token in choice["logprobs"]["content"]) == text
    assert answer.json["usage"]["completion_tokens"] == math.ceil(len(text) / 4)


def test_simulated_model_keeps_its_name(serve):
    """A model that is called simulated already is not called so twice."""
    assert ask(serve(), model="simulated-x").json["model"] == "simulated-x"


@pytest.mark.parametrize("text", ["日本語 🎉", "\ud800", "a\x00b\x1b[31m", '"\\\n', "x" * 20_000])
def test_any_text_survives_the_way(serve, text):
    """Whatever a prompt holds comes back unchanged, streamed or not."""
    simulator = serve()

    streamed = ask(simulator, text, stream=True).body.decode()

    assert ask(simulator, text).text == text
    events = [json.loads(line[6:]) for line in streamed.split("\n") if line.startswith("data: {")]
    assert "".join(event["choices"][0]["delta"].get("content") or "" for event in events) == text
    assert streamed.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("option", "fields", "param", "hint"),
    [
        ("temperature", {"temperature": 0}, "temperature", ""),
        ("max_tokens=max_completion_tokens", {"max_tokens": 5}, "max_tokens", "'max_completion_tokens'"),
    ],
)
def test_refused_parameter_is_named(serve, option, fields, param, hint):
    """A parameter that the models do not take is a 400 that says what to use instead."""
    simulator = serve("--refuse", option)

    answer = ask(simulator, **fields)

    assert (answer.status, answer.error["param"], answer.error["code"]) == (
        400,
        param,
        "unsupported_parameter",
    )
    assert hint in answer.error["message"]
    assert ask(simulator).status == 200


def _seeds(simulator, monkeypatch, times, **fields):
    """Ask the same so many times and give the seeds that the model got."""
    got = []

    def model(call, seed):
        got.append(seed)
        return Reply("x")

    monkeypatch.setattr(simulator.state, "_reply", model)
    for _ in range(times):
        ask(simulator, **fields)
    return got


@pytest.mark.parametrize(
    ("fields", "different"),
    [
        ({}, 1),
        ({"temperature": 0}, 1),
        ({"temperature": 0.7}, 5),
        ({"temperature": 0.7, "seed": 3}, 1),
        ({"temperature": None}, 1),
    ],
)
def test_equal_requests_vary_with_temperature_alone(serve, monkeypatch, fields, different):
    """Equal requests get equal answers, unless there is a temperature and no seed; a reset starts again."""
    simulator = serve()

    first = _seeds(simulator, monkeypatch, 5, **fields)
    simulator.state.reset()
    again = _seeds(simulator, monkeypatch, 5, **fields)

    assert len(set(first)) == different
    assert again == first


def test_faults_do_not_shift_answers(serve, monkeypatch):
    """A call that a fault hit uses up no turn: the answers of a run are the same with faults and without."""
    plain = _seeds(serve(), monkeypatch, 3, temperature=1)

    faulty = _seeds(serve("--fault=status=500,first=2"), monkeypatch, 5, temperature=1)

    assert faulty == plain


def test_seeds_of_request_and_server_matter(serve, monkeypatch):
    """Another seed, of the request or of the server, is another seed for the model."""
    seeds = [
        *_seeds(serve(), monkeypatch, 1),
        *_seeds(serve(), monkeypatch, 1, seed=1),
        *_seeds(serve(), monkeypatch, 1, seed=2),
        *_seeds(serve("--seed=1"), monkeypatch, 1),
    ]

    assert len(set(seeds)) == 4


def test_refusal_of_the_model_is_passed_on(serve, monkeypatch):
    """A reply that refuses has a refusal and no content, streamed or not."""
    simulator = serve()
    monkeypatch.setattr(simulator.state, "_reply", lambda call, seed: Reply("", refusal="I will not."))

    message = ask(simulator).json["choices"][0]["message"]
    streamed = ask(simulator, stream=True).body

    assert (message["content"], message["refusal"]) == (None, "I will not.")
    assert b'{"refusal": "I will not."}' in streamed


def test_learner_answers_by_default():
    """Where nothing else is said, the model that reads the prompt answers."""
    from promptlab.simulator import Simulator, parse_options

    with Simulator(parse_options(["--latency=none"])) as simulator:
        answer = ask(
            simulator, "Which of these fits: red, green? Answer in JSON with the field colour. Grass."
        )
        assert stats(simulator)["done"] == 1

    assert answer.status == 200
    assert answer.text
