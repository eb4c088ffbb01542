"""The openai SDK is at home with the simulator."""

from __future__ import annotations

import openai
import pytest

MESSAGES = [{"role": "system", "content": "Repeat."}, {"role": "user", "content": "one two three"}]


@pytest.fixture
def connect():
    """Make SDK clients that do not retry, and close them."""
    clients = []

    def make(simulator, key="any"):
        clients.append(openai.OpenAI(base_url=f"{simulator.url}/v1", api_key=key, max_retries=0))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_chat_completion_is_whole(serve, connect):
    """An answer has text, simulated model, fingerprint, finish reason and the documented token counts."""
    client = connect(serve())

    answer = client.chat.completions.create(model="gpt-5-nano", messages=MESSAGES)

    assert answer.choices[0].message.content == "one two three"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "simulated-gpt-5-nano"
    assert "simulator" in answer.system_fingerprint
    assert answer.object == "chat.completion"
    # "Repeat." and "one two three" are 7 and 13 characters: 2 and 4 tokens; the answer is 13: 4.
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (
        6,
        4,
        10,
    )


@pytest.mark.parametrize("usage", [True, False])
def test_stream_adds_up_to_the_answer(serve, connect, usage):
    """The pieces of a stream make the whole text; usage comes last, where it was asked for."""
    client = connect(serve("--latency=fixed:0.02"))

    options = {"stream_options": {"include_usage": True}} if usage else {}
    pieces = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True, **options))

    told = [piece.choices[0].delta.content or "" for piece in pieces if piece.choices]
    assert "".join(told) == "one two three"
    assert len(told) > 4
    assert [piece.choices[0].finish_reason for piece in pieces if piece.choices][-1] == "stop"
    assert [piece.usage.total_tokens for piece in pieces if piece.usage] == ([10] if usage else [])
    assert {piece.model for piece in pieces} == {"simulated-m"}


def test_logprobs_cover_the_text(serve, connect):
    """Where log probabilities are asked for, their tokens make the text, streamed or not."""
    client = connect(serve())

    whole = client.chat.completions.create(model="m", messages=MESSAGES, logprobs=True, top_logprobs=1)
    pieces = client.chat.completions.create(model="m", messages=MESSAGES, logprobs=True, stream=True)

    tokens = whole.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == "one two three"
    assert all(token.logprob <= 0 and token.top_logprobs[0].token == token.token for token in tokens)
    streamed = [piece.choices[0].logprobs for piece in pieces]
    assert "".join(part.content[0].token for part in streamed if part) == "one two three"


def test_models_are_listed(serve, connect):
    """The models are those of the options, and others are unknown."""
    client = connect(serve("--model=a", "--model=b"))

    assert [model.id for model in client.models.list()] == ["a", "b"]
    assert client.models.retrieve("b").id == "b"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("c")
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="c", messages=MESSAGES)
    assert caught.value.code == "model_not_found"


def test_rate_limit_is_an_sdk_error(serve, connect):
    """A call over the limit raises the SDK's own error, with the headers that say when to come back."""
    client = connect(serve("--rpm=60"))

    client.chat.completions.create(model="m", messages=MESSAGES)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="m", messages=MESSAGES)

    headers = caught.value.response.headers
    assert caught.value.code == "rate_limit_exceeded"
    assert 0 < int(headers["retry-after-ms"]) <= 1000
    assert headers["x-ratelimit-limit-requests"] == "60"


def test_sdk_retries_what_is_limited(serve, connect):
    """The SDK's own retries find their way by the headers."""
    client = connect(serve("--rpm=600")).with_options(max_retries=3)

    answers = [client.chat.completions.create(model="m", messages=MESSAGES) for _ in range(15)]

    assert len(answers) == 15


@pytest.mark.parametrize(
    ("options", "key", "raised"),
    [
        (["--api-key=right"], "right", None),
        (["--api-key=right"], "wrong", openai.AuthenticationError),
        (["--fault=status=403"], "any", openai.PermissionDeniedError),
        (["--fault=status=503"], "any", openai.InternalServerError),
        (["--fault=status=422"], "any", openai.UnprocessableEntityError),
        (["--fault=reset"], "any", openai.APIConnectionError),
        (["--fault=close"], "any", openai.APIConnectionError),
        (["--fault=cut"], "any", openai.APIConnectionError),
    ],
)
def test_errors_are_the_sdks_own(serve, connect, options, key, raised):
    """Each kind of trouble is the exception that the SDK has for it."""
    client = connect(serve(*options), key)

    if raised is None:
        assert client.chat.completions.create(model="m", messages=MESSAGES)
    else:
        with pytest.raises(raised) as caught:
            client.chat.completions.create(model="m", messages=MESSAGES)
        assert key not in str(caught.value) or key == "any"


def test_embeddings_by_the_sdk(serve, connect):
    """Embeddings come in the SDK's default encoding, of the length asked for."""
    client = connect(serve())

    default = client.embeddings.create(model="text-embedding-3-small", input=["a cat", "a dog"])
    short = client.embeddings.create(model="text-embedding-3-small", input="a cat", dimensions=64)

    assert [len(item.embedding) for item in default.data] == [1536, 1536]
    assert [len(item.embedding) for item in short.data] == [64]
    assert default.usage.total_tokens == 4
    assert default.model == "simulated-text-embedding-3-small"
