"""What goes to a model beside text, and what comes back: images, tools, schemas, pydantic models, other SDKs."""

from __future__ import annotations

import json
import math

import pytest
from pydantic import BaseModel

import promptlab
from promptlab import Completion, Lab, Prompt, UsageError
from tests.servers import Reply, chat

WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


class City(BaseModel):
    """A city."""

    name: str
    people: int = 0


class Route(BaseModel):
    """A way from one city to another."""

    start: City
    stops: list[City]


@pytest.fixture
def lab(server):
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as made:
        yield made


def called(arguments: str) -> Reply:
    call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    body = chat(None, tool_calls=[call])
    body["choices"][0]["finish_reason"] = "tool_calls"
    return Reply(body)


def test_image_goes_along(lab, server):
    """An image of a case is sent as a part of the message, as it is."""
    prompt = Prompt(messages=[{"role": "user", "content": [
        {"type": "text", "text": "What is on it? {{ q }}"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,{{ image }}"}},
    ]}])  # fmt: skip
    server.says(lambda call: "a dog")

    promptlab.run_parallel([{"id": "a", "input": {"q": "Now", "image": "iVBORw0KGgo="}}], prompt, lab=lab)

    assert server.calls[0].body["messages"][0]["content"] == [
        {"type": "text", "text": "What is on it? Now"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]


def test_tool_calls_are_an_answer(lab, server):
    """Where tools are offered, the calls are the answer, and a case can expect their names and arguments."""
    server.says(lambda call: called('{"city": "Paris"}'))
    expect = {
        "tool_calls[0].name": "get_weather",
        "tool_calls[0].arguments.city": "Paris",
        "tool_calls": {"length": 1},
    }

    frame = promptlab.run_parallel(
        [{"id": "a", "input": {"q": "x"}, "expect": expect}],
        Prompt("{{ q }}", settings={"tools": [WEATHER]}),
        lab=lab,
    )

    assert frame["status"].tolist() == ["pass"]
    assert server.calls[0].body["tools"] == [WEATHER]


@pytest.mark.parametrize(("settings", "status"), [({}, "error"), ({"tools": [WEATHER]}, "fail")])
def test_tool_calls_unasked_are_an_error(lab, server, settings, status):
    """Calls that nobody offered a tool for are no answer; arguments that are no JSON stay text and fail."""
    server.says(lambda call: called("{city"))
    case = {"id": "a", "input": {"q": "x"}, "expect": {"tool_calls[0].arguments.city": "Paris"}}

    frame = promptlab.run_parallel([case], Prompt("{{ q }}", settings=settings), lab=lab)

    assert frame["status"].tolist() == [status]


def test_pydantic_model_is_a_response_format(lab, server):
    """A pydantic model as `response_format` is sent as its strict schema; a prompt's version knows it."""
    prompt = Prompt("{{ q }}", settings={"response_format": Route})
    server.says(lambda call: {"start": {"name": "Rome", "people": 1}, "stops": []})
    promptlab.run_parallel([{"id": "a", "input": {"q": "x"}}], prompt, lab=lab)
    sent = server.calls[0].body["response_format"]

    assert (sent["type"], sent["json_schema"]["name"], sent["json_schema"]["strict"]) == (
        "json_schema",
        "Route",
        True,
    )
    city = sent["json_schema"]["schema"]["$defs"]["City"]
    assert (city["required"], city["additionalProperties"]) == (["name", "people"], False)
    assert prompt.version != Prompt("{{ q }}", settings={"response_format": City}).version
    assert Prompt.parse(prompt.source()).hash == prompt.hash


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"name": "Rome", "people": 3}, "pass"),
        ({"name": "Rome"}, "pass"),
        ({"name": "Rome", "people": "many"}, "fail"),
        ({"people": 3}, "fail"),
        ("Rome", "fail"),
        ([1], "fail"),
    ],
)
def test_answer_fits_pydantic_model(lab, server, answer, status):
    """The check `fits` holds an answer to a pydantic model; what is wrong is a fail with its place."""
    server.says(lambda call: answer if isinstance(answer, str) else json.dumps(answer))

    frame = promptlab.run_parallel(
        [{"id": "a", "input": {"q": "x"}}], "{{ q }}", checks=[promptlab.fits(City)], lab=lab
    )

    assert frame["status"].tolist() == [status]
    assert frame["check.fits"].tolist() == [status == "pass"]


def test_fits_takes_models_alone():
    """Something that is no pydantic model is refused."""
    with pytest.raises(UsageError):
        promptlab.fits({"type": "object"})


def test_other_sdk_is_a_callable():
    """Any other SDK is a callable that returns a `Completion`: its tokens, model and cost reach the frame."""

    class OtherClient:
        def send(self, text):
            return {"output": f"echo {text}", "tokens": (7, 2), "name": "other-1"}

    def other(case):
        came = OtherClient().send(case.input["q"])
        sent, received = came["tokens"]
        return Completion(
            text=came["output"], model=came["name"], input_tokens=sent, output_tokens=received, cost_usd=0.001
        )

    frame = promptlab.run_parallel([{"id": "a", "input": {"q": "x"}, "expect": {"contains": "echo"}}], other)

    assert frame[["status", "model", "input_tokens", "output_tokens", "cost_usd"]].values.tolist() == [
        ["pass", "other-1", 7, 2, 0.001]
    ]


def test_reasoning_tokens_are_counted(lab, server):
    """Tokens spent on reasoning are among the output tokens, are paid for, and are told apart in the completion."""
    usage = {"prompt_tokens": 10, "completion_tokens": 100, "total_tokens": 110,
             "completion_tokens_details": {"reasoning_tokens": 90}}  # fmt: skip
    server.says(lambda call: Reply(chat("yes") | {"usage": usage}))

    frame = promptlab.run_parallel([{"id": "a", "input": {"q": "x"}}], "{{ q }}", lab=lab)

    completion = lab.last.outcomes[0].completion
    assert (frame["output_tokens"][0], completion.reasoning_tokens) == (100, 90)
    assert frame["cost_usd"][0] == pytest.approx(10 * 0.05e-6 + 100 * 0.40e-6)


def test_one_suite_asks_several_models(lab, server):
    """A comparison of one prompt's models asks each the same, and tells them apart."""
    server.says(lambda call: "yes" if call.body["model"] == "large" else "no")
    prompt = Prompt("Is it so? {{ q }}")
    cases = [{"id": str(i), "input": {"q": f"q{i}"}, "expect": {"equals": "yes"}} for i in range(6)]

    found = promptlab.compare(
        cases, {name: prompt.replace(model=name) for name in ("small", "large")}, lab=lab
    )

    asked = {
        name: {call.text for call in server.calls if call.body["model"] == name}
        for name in ("small", "large")
    }
    assert asked["small"] == asked["large"] == {f"Is it so? q{i}" for i in range(6)}
    assert found.frame.groupby("prompt")["passed"].mean().to_dict() == {"small": 0.0, "large": 1.0}


def test_confidence_comes_from_tokens(lab, server):
    """With `logprobs` in the settings a plain answer's confidence is the geometric mean of its tokens' probabilities."""

    def answer(call):
        assert call.body["logprobs"] is True
        body = chat("yes!")
        tokens = [{"token": "yes", "logprob": math.log(0.9), "bytes": None, "top_logprobs": []},
                  {"token": "!", "logprob": math.log(0.4), "bytes": None, "top_logprobs": []}]  # fmt: skip
        body["choices"][0]["logprobs"] = {"content": tokens, "refusal": None}
        return Reply(body)

    server.says(answer)
    prompt = Prompt("{{ q }}", settings={"logprobs": True})

    frame = promptlab.run_parallel([{"id": "a", "input": {"q": "x"}}], prompt, lab=lab)

    assert frame["confidence"][0] == pytest.approx(0.6)
    assert lab.last.outcomes[0].answer.confidence_source == "logprobs"
