"""Scripted faults: each kind does what the table says, to the calls that the rule names, every time."""

from __future__ import annotations

import email.utils
import gzip
import http.client
import json
import time

import pytest

from promptlab.simulator import parse_options
from promptlab.simulator._fault_answers import HOSTILE
from promptlab.simulator._faults import CONDITIONS, KINDS, FaultScript, parse_fault
from tests.simulator.server_client import Answer, Wire, ask, body, call, get, post, stats, until

JSON = '{"found": true, "list": [1]}'


def _choice(answer: Answer):
    return answer.json["choices"][0]


ANSWERS = {
    "slow=0.05": lambda answer: answer.text == JSON,
    "refusal": lambda answer: answer.text is None and "cannot" in _choice(answer)["message"]["refusal"],
    "refusal=Never, ever.": lambda answer: _choice(answer)["message"]["refusal"] == "Never, ever.",
    "truncated": lambda answer: (_choice(answer)["finish_reason"], answer.text) == ("length", JSON[:14]),
    "content-filter": lambda answer: _choice(answer)["finish_reason"] == "content_filter",
    "tool-calls=find": lambda answer: (
        _choice(answer)["message"]["tool_calls"][0]["function"]["name"] == "find"
    ),
    "empty": lambda answer: answer.text == "",
    "blank": lambda answer: answer.text != "" and not answer.text.strip(),
    "null-content": lambda answer: answer.text is None,
    "no-choices": lambda answer: answer.json["choices"] == [],
    "no-message": lambda answer: _choice(answer)["message"] is None,
    "text=hi, you": lambda answer: answer.text == "hi, you",
    "hostile": lambda answer: answer.text == HOSTILE,
    "parts": lambda answer: "".join(part["text"] for part in answer.text) == JSON,
    "fence": lambda answer: answer.text == f"```json\n{JSON}\n```",
    "prose": lambda answer: JSON in answer.text and len(answer.text) > len(JSON),
    "trailing-comma": lambda answer: answer.text == JSON[:-1] + ",}",
    "single-quotes": lambda answer: answer.text == JSON.replace('"', "'"),
    "no-usage": lambda answer: "usage" not in answer.json,
    "odd-usage": lambda answer: answer.json["usage"]["total_tokens"] < 0,
    "odd-usage=null": lambda answer: answer.json["usage"] is None,
    "odd-usage=nulls": lambda answer: answer.json["usage"]["total_tokens"] is None,
    "odd-finish": lambda answer: _choice(answer)["finish_reason"] == "because",
    "bom": lambda answer: answer.body[:3] == b"\xef\xbb\xbf" and json.loads(answer.body[3:]),
    "content-type": lambda answer: answer.headers["content-type"] == "text/plain" and answer.text == JSON,
    "drip=0.0001": lambda answer: answer.text == JSON,
    "broken": lambda answer: answer.body.startswith(b'{"id"') and not answer.body.endswith(b"}"),
    "bad-utf8": lambda answer: b"\xff\xfe" in answer.body,
    "bad-gzip": lambda answer: answer.headers["content-encoding"] == "gzip" and answer.body[:1] == b"{",
    "html": lambda answer: answer.headers["content-type"].startswith("text/html"),
    "no-body": lambda answer: answer.body == b"",
    "json": lambda answer: answer.body == b"null",
    "json=[1,2]": lambda answer: answer.json == [1, 2],
    "error-200": lambda answer: "message" in answer.error,
    "big=0.2": lambda answer: len(answer.text) == 200_000,
    "bomb=3": lambda answer: len(answer.body) < 10_000 and len(gzip.decompress(answer.body)) == 3 * 10**6,
}
OTHERS = {"status", "leak", "redirect", "reset", "close", "hang", "cut"}


@pytest.mark.parametrize("spec", ANSWERS)
def test_fault_does_what_it_says(serve, spec):
    """A fault that answers 200 answers with what its line in the table promises."""
    simulator = serve(f"--fault={spec}")

    answer = ask(simulator, JSON)

    assert answer.status == 200
    assert ANSWERS[spec](answer)
    counted = stats(simulator)
    assert (counted["faults"], counted["done"], counted["by_fault"]) == (1, 0, {spec.partition("=")[0]: 1})


def test_every_kind_is_tried():
    """The tests of this file leave out no kind of fault."""
    assert {spec.partition("=")[0] for spec in ANSWERS} | OTHERS == set(KINDS)


@pytest.mark.parametrize(
    "spec", [spec for spec in ANSWERS if spec.partition("=")[0] not in ("drip", "big", "bomb")]
)
def test_connection_survives_its_faults(serve, spec):
    """After a fault that answers in full, the connection serves the next request."""
    simulator = serve(f"--fault={spec},first=1")

    with Wire(simulator) as wire:
        for _ in range(2):
            wire.send(post(value=body(JSON)))
            last = wire.read()

    assert last.text == JSON


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529, 302]
)
def test_any_status_can_be_had(serve, status):
    """Any status comes with OpenAI's error object and is counted."""
    simulator = serve(f"--fault=status={status},code=some_code,type=some_type,message=Oh, no.")

    answer = ask(simulator)

    assert answer.status == status
    assert answer.error == {"message": "Oh, no.", "type": "some_type", "param": None, "code": "some_code"}
    assert stats(simulator)["by_status"] == {str(status): 1}


@pytest.mark.parametrize("value", ["2", "0", "-1", "soon", "NaN", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_retry_after_as_written(serve, value):
    """`retry-after` is sent as it was written, sense or nonsense, commas and all."""
    answer = ask(serve(f"--fault=status=429,retry-after={value},header=X-Extra:a,b"))

    assert (answer.headers["retry-after"], answer.headers["x-extra"]) == (value, "a,b")


def test_retry_after_as_a_date(serve):
    """`date:S` is the date in S seconds."""
    answer = ask(serve("--fault=status=503,retry-after=date:120"))

    date = email.utils.parsedate_to_datetime(answer.headers["retry-after"])
    assert 100 < date.timestamp() - time.time() <= 120


def test_leak_repeats_the_key(serve):
    """A leaking error repeats what the client sent, its key among it."""
    request = post(headers=("Authorization: Bearer sk-secret-1",))

    answer = call(serve("--fault=leak"), request)

    assert (answer.status, "sk-secret-1" in answer.error["message"]) == (500, True)


@pytest.mark.parametrize("address", ["", "=http://127.0.0.1:9/elsewhere"])
def test_redirect_goes_where_told(serve, address):
    """A redirect leads to the address given, or back to where it came from."""
    answer = ask(serve(f"--fault=redirect{address}"))

    assert answer.status == 307
    assert answer.headers["location"] == (address[1:] or "/v1/chat/completions")


@pytest.mark.parametrize(
    ("spec", "raised"),
    [
        ("reset", ConnectionResetError),
        ("close", http.client.RemoteDisconnected),
        ("cut", http.client.IncompleteRead),
        ("hang=0.05", http.client.RemoteDisconnected),
    ],
)
def test_connection_breaks_as_told(serve, spec, raised):
    """A reset is a reset, an early end an early end, and a cut body is shorter than it said."""
    simulator = serve(f"--fault={spec},first=1")

    with pytest.raises(raised):
        ask(simulator)

    assert ask(simulator).status == 200
    assert stats(simulator)["faults"] == 1


def test_hang_hangs_until_given_up(serve):
    """A call that hangs is under way until its client gives it up; then nothing of it is left."""
    simulator = serve("--fault=hang")

    with Wire(simulator, timeout=0.1) as wire:
        wire.send(post())
        with pytest.raises(TimeoutError):
            wire.sock.recv(1)
        hanging = stats(simulator)
    until(simulator, lambda counted: counted["in_flight"] == 0)

    assert (hanging["in_flight"], hanging["faults"]) == (1, 0)
    assert stats(simulator)["faults"] == 1


def test_first_attempts_of_each_content(serve):
    """`first=2` hits the first two calls of each content that matches, and no other."""
    simulator = serve("--fault=status=500,first=2,match=bad")

    seen = [ask(simulator, text).status for text in ("bad", "good", "bad", "bad", "bad", "also bad", "bad")]

    assert seen == [500, 200, 500, 200, 200, 500, 200]


def test_rate_is_kept_and_repeats(serve):
    """A rate hits its share of the calls, the same ones on every server; a retry draws anew."""
    runs = []
    for _ in range(2):
        simulator = serve("--fault=status=503,rate=0.2")
        with Wire(simulator) as wire:
            run = []
            for number in range(600):
                wire.send(post(value=body(f"case {number % 300}")))
                run.append(wire.read().status)
        runs.append(run)

    first, second = runs
    assert first == second
    assert 80 <= first.count(503) <= 160
    assert first[:300] != first[300:]


def test_other_seed_other_calls(serve):
    """Another seed of the server hits others."""
    hits = []
    for seed in ("1", "2"):
        simulator = serve("--fault=status=503,rate=0.5", f"--seed={seed}")
        hits.append([ask(simulator, f"case {number}").status for number in range(30)])

    assert hits[0] != hits[1]


def test_first_rule_that_hits_counts(serve):
    """Rules are tried in their order; limits come before all."""
    simulator = serve(
        "--fault=status=401,match=b", "--fault=status=402,match=a", "--fault=status=403,model=other"
    )

    seen = [
        ask(simulator, text, model=model).status
        for text, model in [("ab", "m"), ("a", "m"), ("c", "m"), ("c", "other")]
    ]

    assert seen == [401, 402, 200, 403]


def test_outage_has_a_beginning_and_an_end():
    """`from` and `until` are seconds since the first call; a reset lets the next call be the first."""
    now = 50.0
    script = FaultScript([parse_fault("status=503,from=5,until=15")], 0, lambda: now)

    def hit_at(moment: float) -> bool:
        nonlocal now
        now = moment
        return script.choose(key="k", text="t", model="m", attempt=0) is not None

    seen = [hit_at(moment) for moment in (100.0, 104.9, 105.0, 114.9, 115.0)]
    script.reset()
    again = [hit_at(moment) for moment in (200.0, 206.0)]

    assert seen == [False, False, True, True, False]
    assert again == [False, True]


def test_delay_says_when(serve):
    """`delay` makes a fault strike later than it would, or sooner."""
    simulator = serve(
        "--latency=fixed:30", "--fault=status=503,delay=0.1,match=late", "--fault=empty,delay=0"
    )

    ask(simulator, "late")
    ask(simulator, "soon")

    late, soon = (seen["finished_s"] - seen["started_s"] for seen in get(simulator, "/calls").json["calls"])
    assert 0.099 <= late < 20
    assert soon < 20


def test_faults_reach_streams_and_embeddings(serve):
    """A stream carries a changed answer and suffers a broken connection; embeddings fail like chats."""
    simulator = serve(
        "--fault=cut,match=cut", "--fault=refusal=no,match=refuse", "--fault=status=503,match=fail"
    )

    with pytest.raises(http.client.IncompleteRead):
        ask(simulator, "cut", stream=True)
    refused = ask(simulator, "refuse", stream=True)
    failed = call(simulator, post("/v1/embeddings", {"model": "e", "input": "fail"}))
    unhurt = call(simulator, post("/v1/embeddings", {"model": "e", "input": "refuse"}))

    assert b'{"refusal": "no"}' in refused.body
    assert (failed.status, unhurt.status) == (503, 200)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "no kind"),
        ("statuss=500", "no kind 'statuss'"),
        ("status=99", "'99'"),
        ("status=600", "'600'"),
        ("status=503,raet=0.1", "'503,raet=0.1'"),
        ("status=503,rate=2", "rate=2"),
        ("status=503,rate=x", "'x'"),
        ("status=503,rate=nan", "'nan'"),
        ("status=503,first=-1", "first=-1"),
        ("status=503,from=soon", "'soon'"),
        ("status=503,header=nothing", "'nothing'"),
        ("status=503,header=a b:c", "'a b:c'"),
        ("status=503,retry-after=date:x", "'x'"),
        ("slow=fast", "'fast'"),
        ("odd-usage=weird", "'weird'"),
    ],
)
def test_wrong_rule_is_refused(spec, said, capsys):
    """A rule that cannot be understood ends the command with status 2, and what is wrong is named."""
    with pytest.raises(SystemExit) as caught:
        parse_options([f"--fault={spec}"])

    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_help_lists_every_fault(capsys):
    """The help names every kind and every condition."""
    with pytest.raises(SystemExit):
        parse_options(["--help"])

    said = capsys.readouterr().out
    assert [
        name for name in [*KINDS, *(f"{name}=" for name in CONDITIONS)] if f"\n  {name}" not in said
    ] == []
