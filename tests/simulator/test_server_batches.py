"""The Batch API: a file goes up, is answered later, and comes down."""

from __future__ import annotations

import json
import threading

import openai
import pytest

from promptlab.simulator import Reply
from promptlab.simulator._files import read_upload
from tests.simulator.server_client import body, call, get, post

CHAT = "/v1/chat/completions"


@pytest.fixture
def connect():
    """Make SDK clients, and close them."""
    clients = []

    def make(simulator):
        clients.append(openai.OpenAI(base_url=f"{simulator.url}/v1", api_key="any", max_retries=0))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def _line(custom_id, asked, url=CHAT):
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": asked})


def _begin(client, lines, endpoint=CHAT):
    file = client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")


def _end(client, batch, *statuses):
    for _ in range(5000):
        if batch.status in (statuses or ("completed", "failed", "cancelled")):
            return batch
        batch = client.batches.retrieve(batch.id)
    raise AssertionError(f"still {batch.status}")


def _results(client, file_id):
    return {
        result["custom_id"]: result
        for result in map(json.loads, client.files.content(file_id).text.splitlines())
    }


def test_batch_is_answered(serve, connect):
    """Every line has its answer under its id; the file, the batch and the lists are the SDK's own."""
    client = connect(serve("--batch-seconds=0.05"))

    batch = _begin(client, [_line(f"id {number}", body(f"text {number}")) for number in range(20)])
    assert batch.status == "validating"
    batch = _end(client, batch)

    assert (batch.status, batch.errors, batch.error_file_id) == ("completed", None, None)
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (
        20,
        20,
        0,
    )
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
    results = _results(client, batch.output_file_id)
    assert list(results) == [f"id {number}" for number in range(20)]
    for number in range(20):
        response = results[f"id {number}"]["response"]
        assert response["status_code"] == 200
        assert response["body"]["choices"][0]["message"]["content"] == f"text {number}"
    assert [found.id for found in client.batches.list()] == [batch.id]
    assert len(list(client.files.list())) == 2
    assert [found.purpose for found in client.files.list(purpose="batch")] == ["batch"]


def test_wrong_lines_go_to_the_error_file(serve, connect):
    """A line whose request is refused stands in the error file with its status; the others are answered."""
    client = connect(
        serve("--batch-seconds=0", "--fault=status=500,match=fail", "--fault=refusal=no,match=refuse")
    )
    lines = [
        _line("good", body("good")),
        _line("no messages", {"model": "m"}),
        _line("stream", body("x", stream=True)),
        _line("fault", body("fail")),
        _line("refused", body("refuse")),
    ]

    batch = _end(client, _begin(client, lines))

    good, bad = _results(client, batch.output_file_id), _results(client, batch.error_file_id)
    assert list(good) == ["good", "refused"]
    assert good["refused"]["response"]["body"]["choices"][0]["message"]["refusal"] == "no"
    codes = {name: result["response"]["status_code"] for name, result in bad.items()}
    assert codes == {"no messages": 400, "stream": 400, "fault": 500}
    assert batch.request_counts.failed == 3


def test_embeddings_in_a_batch(serve, connect):
    """A batch may be of embeddings."""
    client = connect(serve("--batch-seconds=0"))

    asked = {"model": "e", "input": "x", "dimensions": 4}
    batch = _end(client, _begin(client, [_line("a", asked, "/v1/embeddings")], "/v1/embeddings"))

    answer = _results(client, batch.output_file_id)["a"]["response"]["body"]
    assert len(answer["data"][0]["embedding"]) == 4


@pytest.mark.parametrize(
    ("lines", "code", "place"),
    [
        ([""], "empty_file", None),
        (["{"], "invalid_json_line", 1),
        ([_line("a", body()), "[]"], "invalid_json_line", 2),
        ([_line("a", body()), "", _line("a", body())], "duplicate_custom_id", 3),
        ([_line(None, body())], "missing_required_parameter", 1),
        ([_line("a", None)], "missing_required_parameter", 1),
        ([_line("a", body(), "/v1/other")], "mismatched_url", 1),
        ([_line("a", body()).replace("POST", "GET")], "invalid_method", 1),
    ],
)
def test_wrong_file_fails_the_batch(serve, connect, lines, code, place):
    """A file that is no batch fails as a whole, and the line at fault is named."""
    client = connect(serve())

    batch = _end(client, _begin(client, [line or " " for line in lines]))

    assert batch.status == "failed"
    assert [(error.code, error.line) for error in batch.errors.data] == [(code, place)]
    assert batch.output_file_id is None


def test_cancelled_batch_keeps_its_answers(serve, connect, monkeypatch):
    """A batch that is cancelled ends early, with what was answered by then; a second time is a 409."""
    simulator = serve("--batch-seconds=0")
    client = connect(simulator)
    second, cancelled = threading.Event(), threading.Event()

    def model(call, seed):
        if call.text == "2":
            second.set()
            cancelled.wait(20)
        return Reply(call.text)

    monkeypatch.setattr(simulator.state, "_reply", model)
    batch = _begin(client, [_line(str(number), body(str(number))) for number in range(1, 9)])
    assert second.wait(20)
    asked = client.batches.cancel(batch.id)
    cancelled.set()
    batch = _end(client, batch)

    assert (asked.status, batch.status) == ("cancelling", "cancelled")
    assert list(_results(client, batch.output_file_id)) == ["1", "2"]
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


def test_defect_fails_one_line(serve, connect, monkeypatch, capfd):
    """A defect while a line is answered is that line's error; the batch ends all the same."""
    simulator = serve("--batch-seconds=0")
    client = connect(simulator)
    monkeypatch.setattr(simulator.state, "_reply", lambda call, seed: Reply(str(1 / int(call.text))))

    batch = _end(client, _begin(client, [_line("a", body("0")), _line("b", body("1"))]))

    assert list(_results(client, batch.error_file_id)) == ["a"]
    assert list(_results(client, batch.output_file_id)) == ["b"]
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_closing_ends_waiting_batches(serve, connect):
    """A simulator that is closed does not wait for its batches."""
    client = connect(serve("--batch-seconds=3600"))

    batch = _begin(client, [_line("a", body())])

    assert _end(client, batch, "in_progress").status == "in_progress"


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({}, 400, "input_file_id"),
        ({"input_file_id": "x"}, 400, "endpoint"),
        ({"input_file_id": "x", "endpoint": "/v1/other", "completion_window": "24h"}, 400, "endpoint"),
        ({"input_file_id": "x", "endpoint": CHAT, "completion_window": "1h"}, 400, "completion_window"),
        ({"input_file_id": "x", "endpoint": CHAT, "completion_window": "24h"}, 404, "id"),
    ],
)
def test_wrong_batch_is_refused(serve, fields, status, param):
    """A batch without its parts, or of a file that is not there, is refused at once."""
    answer = call(serve(), post("/v1/batches", fields))

    assert (answer.status, answer.error["param"]) == (status, param)


def test_files_come_and_go(serve, connect):
    """A file comes back byte for byte, and is gone when it was deleted."""
    client = connect(serve())
    content = b"a\r\n--b\r\n\r\n\x00\xff"

    file = client.files.create(file=("naïve name.bin", content), purpose="user_data")

    assert client.files.content(file.id).read() == content
    assert (file.bytes, file.filename) == (len(content), "naïve name.bin")
    assert client.files.delete(file.id).deleted
    for path in ("", "/content"):
        with pytest.raises(openai.NotFoundError):
            client.get(f"/files/{file.id}{path}", cast_to=object)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc\r\n--x--',
        ),
    ],
)
def test_wrong_upload_is_refused(serve, kind, form):
    """An upload that is no form with a file and a purpose is a 400."""
    answer = call(serve(), post("/v1/files", form, headers=(f"Content-Type: {kind}",)))

    assert answer.status == 400


def test_boundary_inside_a_line_is_content():
    """Only a boundary at the start of a line ends a part."""
    head = 'Content-Disposition: form-data; name="file"; filename="f"'
    form = f'--x\r\n{head}\r\n\r\nab--x cd\n--xy\r\n--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x--\r\n'

    assert read_upload("multipart/form-data; boundary=x", form.encode()) == ("f", "batch", b"ab--x cd\n--xy")


def test_key_guards_every_route(serve):
    """Where there is a key, no route of the API is open without it; the counters are."""
    simulator = serve("--api-key=right")

    for path in (
        "/v1/models",
        "/v1/models/x",
        "/v1/files",
        "/v1/files/x",
        "/v1/files/x/content",
        "/v1/batches",
        "/v1/batches/x",
    ):
        assert get(simulator, path).status == 401
    for path in (CHAT, "/v1/embeddings", "/v1/files", "/v1/batches", "/v1/batches/x/cancel"):
        assert call(simulator, post(path)).status == 401
    assert get(simulator, "/stats").status == get(simulator, "/healthz").status == 200
