"""History tells what was run, also of what was killed, and gives the rows back as they were."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from promptlab._redact import MASK, Secret, redactor
from promptlab._store import Store, open_store
from promptlab._types import Answer, Case, Completion, Outcome, Variant, Verdict
from tests.store.parts import outcome, run

UNPAID = {"completion": None, "answer": None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store belongs."""
    return tmp_path / "lab.sqlite3"


@pytest.fixture
def store(path: Path):
    """An open store."""
    with open_store(path) as opened:
        yield opened
        assert opened.warnings == ()


def _done(store: Store, run_id: str, when: str, **more: object) -> None:
    """Keep a run of one passed row."""
    made = run(run_id, cases=1, when=when, **more)
    variant = made.variants[0]
    store.begin(made)
    store.record(made, [outcome(prompt=variant.name, version=variant.version)])
    store.finish(run_id, {"wall_s": 3.0})


def test_history_counts_every_status(store: Store):
    """An entry of the history has the counts, costs and times of its rows."""
    made = run(cases=6)
    store.begin(made)
    cached = dataclasses.replace(outcome().completion, cached=True, attempts=0)
    store.record(made, [outcome(0), outcome(1, "fail", attempts=3), outcome(2, "error", **UNPAID)])
    store.record(made, [outcome(3, "ungraded"), outcome(4, "not_run", attempts=0, **UNPAID)])
    store.record(made, [outcome(5, completion=cached, attempts=0)])
    store.finish(made.id, {"wall_s": 7.5})
    (entry,) = store.runs()
    assert entry == {
        "run": "run-1",
        "variant": 0,
        "when": "2026-11-23T10:00:00.000Z",
        "suite": "suite",
        "repeats": 1,
        "workers": 4,
        "simulated": False,
        "cases": 6,
        "finished": True,
        "stopped": None,
        "wall_s": 7.5,
        "prompt": "discovery",
        "version": "aaaaaaaa",
        "model": "m-1",
        "passed": 2,
        "failed": 1,
        "graded": 3,
        "errors": 1,
        "ungraded": 1,
        "not_run": 1,
        "cached": 1,
        "calls": 6,
        "unpriced": 0,
        "cost_usd": 1.5,
        "input_tokens": 300,
        "output_tokens": 60,
    }


def test_killed_run_shows_unfinished(path: Path):
    """A run that was never finished stays in the history with the rows it had."""
    store = open_store(path)
    made = run()
    store.begin(made)
    store.record(made, [outcome(0), outcome(1, "fail")])
    with open_store(path) as later:
        (entry,) = later.runs()
    store.close()
    assert (entry["finished"], entry["passed"], entry["failed"], entry["wall_s"]) == (False, 1, 1, 2.5)


def test_stopped_run_says_why(store: Store):
    """A run that was stopped is finished, and says by what."""
    made = run()
    store.begin(made)
    store.finish(made.id, {"wall_s": 1.0}, "budget")
    assert (store.last_run()["finished"], store.last_run()["stopped"]) == (True, "budget")


def test_rows_come_back_as_recorded(store: Store):
    """Rows are read back equal to what was recorded, in the suite's order."""
    rows = [outcome(index, status) for index, status in enumerate(("pass", "fail", "ungraded"))]
    rows.append(outcome(3, "error", error="timeout", reason="no answer", **UNPAID))
    made = run(cases=4)
    store.begin(made)
    store.record(made, rows[2:])
    store.record(made, rows[:2])
    assert store.outcomes(made.id) == rows
    assert store.run(made.id) == made


def test_plain_answers_come_back(store: Store):
    """An answer that is only text, and one of an application without a completion, are read back too."""
    completion = Completion(text="yes")
    texts = outcome(0, completion=completion, answer=Answer(value="yes", text="yes", completion=completion))
    own = outcome(
        1, completion=None, answer=Answer(value=[1, {"a": None}], text='[1, {"a": null}]', is_json=True)
    )
    null = outcome(2, completion=None, answer=Answer(value=None, text="null", is_json=True))
    made = run()
    store.record(made, [texts, own, null])
    assert store.outcomes(made.id) == [texts, own, null]


def test_row_recorded_twice_counts_once(store: Store):
    """Recording a row again, after an interrupt say, changes nothing."""
    made = run()
    store.record(made, [outcome(0)])
    store.record(made, [outcome(0, "fail"), outcome(1)])
    assert [row.status for row in store.outcomes(made.id)] == ["pass", "pass"]
    assert (store.last_run()["passed"], store.last_run()["failed"]) == (2, 0)


def test_served_rows_share_their_text(store: Store, path: Path):
    """A rerun that is served from the store writes no text again."""
    first, again = run("run-1"), run("run-2")
    cached = dataclasses.replace(outcome().completion, cached=True, attempts=0)
    store.record(first, [outcome(0)])
    with closing(sqlite3.connect(path)) as connection:
        before = connection.execute("SELECT count(*) FROM texts").fetchone()
        answer = dataclasses.replace(outcome().answer, completion=cached)
        store.record(again, [outcome(0, completion=cached, answer=answer, attempts=0, started_s=9.0)])
        assert connection.execute("SELECT count(*) FROM texts").fetchone() == before
    (row,) = store.outcomes("run-2")
    assert (row.completion, row.attempts) == (cached, 0)
    assert store.last_run()["cost_usd"] == 0


def test_variants_are_entries_of_their_own(store: Store):
    """A comparison has an entry for each of its prompts, each with its own counts."""
    both = (Variant(name="A", version="11111111"), Variant(name="B", version="22222222"))
    made = run(variants=both)
    store.record(
        made, [outcome(0, prompt="A", version="11111111"), outcome(1, "fail", prompt="B", version="22222222")]
    )
    assert [(row["prompt"], row["passed"], row["failed"]) for row in store.runs()] == [
        ("A", 1, 0),
        ("B", 0, 1),
    ]
    assert [row["version"] for row in store.runs("B")] == ["22222222"]
    assert [row.prompt for row in store.outcomes(made.id)] == ["A", "B"]


def test_unknown_price_is_missing(store: Store):
    """Where no paid row has a price the cost is missing; where some have, it is theirs and the others are counted."""
    free = dataclasses.replace(outcome().completion, cost_usd=None)
    made = run()
    store.record(made, [outcome(0, completion=free)])
    assert (store.last_run()["cost_usd"], store.last_run()["unpriced"]) == (None, 1)
    store.record(made, [outcome(1)])
    assert (store.last_run()["cost_usd"], store.last_run()["unpriced"]) == (0.5, 1)


def test_last_and_previous_version(store: Store):
    """The last run of a prompt, and the last one of its other version, are found across sessions."""
    for number, (name, version) in enumerate(
        [("p", "v1"), ("q", "w1"), ("p", "v2"), ("p", "v2"), ("p", "v1")]
    ):
        variants = (Variant(name=name, version=version, text=f"text of {version}"),)
        _done(store, f"r{number}", f"2026-11-23T10:00:0{number}.000Z", variants=variants)
    store.begin(run("r5", when="2026-11-23T10:00:05.000Z", variants=(Variant(name="p", version="v3"),)))
    assert store.last_run("q")["run"] == "r1"
    assert store.last_run()["run"] == "r5"
    assert store.previous_version("p", "v1")["run"] == "r3"
    assert store.previous_version("p", "v2")["run"] == "r4"
    assert store.previous_version("q", "w1") is None
    assert store.prompt_text("v2") == "text of v2"
    assert store.prompt_text("v2", "q") is None


def test_summary_is_kept(store: Store):
    """What a run was finished with can be read again; an unknown run has nothing."""
    made = run()
    store.begin(made)
    assert store.summary(made.id) is None
    store.finish(made.id, {"wall_s": 1.5, "models": ["m"], "score": math.inf})
    assert store.summary(made.id) == {"wall_s": 1.5, "models": ["m"], "score": math.inf}
    assert (store.run("none"), store.outcomes("none"), store.summary("none")) == (None, [], None)


def test_expectation_follows_the_last_calls(store: Store):
    """What a call is expected to take is a mean that forgets, and calls that were served teach nothing."""
    cached = dataclasses.replace(outcome().completion, latency_s=50.0, cached=True)
    for number in range(12):
        paid = dataclasses.replace(outcome().completion, latency_s=8.0 if number < 6 else 2.0)
        store.record(
            run(f"r{number}"), [outcome(0, completion=paid), outcome(1, completion=cached, attempts=0)]
        )
    found = store.expected(["case 0", "case 1", "new"], suite="suite", prompt="discovery", model="m")
    assert list(found) == ["case 0"]
    assert 2.0 < found["case 0"].latency_s < 4.0
    assert (found["case 0"].input_tokens, found["case 0"].cost_usd) == (100, 0.5)


def test_closest_history_counts_first(store: Store):
    """The same prompt and model teach most, then the same model, then anything; never a simulator or another suite."""
    seen = [("p", "m", 1.0, {}), ("q", "m", 2.0, {}), ("p", "n", 3.0, {})]
    seen += [("p", "m", 90.0, {"simulated": True}), ("p", "m", 91.0, {"suite": "another"})]
    for number, (name, model, latency, more) in enumerate(seen):
        made = run(f"r{number}", variants=(Variant(name=name, version="v", model=model),), **more)
        paid = dataclasses.replace(outcome().completion, latency_s=latency)
        store.record(made, [outcome(0, prompt=name, version="v", completion=paid)])

    def latency(prompt: str | None, model: str | None) -> float:
        return store.latencies(["case 0"], suite="suite", prompt=prompt, model=model)["case 0"]

    assert latency("p", "m") == 1.0
    assert latency("r", "m") == 2.0
    assert latency("q", "n") == 3.0
    assert latency("q", "other") == 2.0
    assert store.latencies(["case 0"], suite="suite", prompt="p", model="m", simulated=True) == {
        "case 0": 90.0
    }


def test_long_messages_are_cut(store: Store):
    """A message that says why is kept to 4 kB, whole characters only."""
    verdict = Verdict(passed=False, name="n", reason="x" * 9000)
    made = run()
    store.record(made, [outcome(0, "error", reason="é" * 9000, verdicts=(verdict,))])
    (row,) = store.outcomes(made.id)
    assert len(row.reason.encode()) <= 4096
    assert row.reason.startswith("é" * 1000)
    assert len(row.verdicts[0].reason.encode()) <= 4096


class _Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def _nested(depth: int) -> list:
    inner: list = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        10**5000,
        2**64,
        _Hostile(),
        _nested(5000),
        {1: {None: "a"}},
        "\ud800\0",
        b"raw",
        {1, 2},
        object(),
    ],
    ids=["nan", "long", "big", "hostile", "deep", "keys", "text", "bytes", "set", "object"],
)
def test_odd_values_cost_no_row(store: Store, value: object):
    """Whatever an application gives as input, answer or number, the row is kept and nothing is raised."""
    completion = Completion(text="x", input_tokens=value, latency_s=value, cost_usd=value)
    odd = outcome(
        0,
        case=Case(id="odd \ud800", input={"v": value}, metadata={"v": value}),
        completion=completion,
        answer=Answer(value={"v": value}, text="x", confidence=value, completion=completion),
        verdicts=(Verdict(passed=True, name="n", score=value),),
        started_s=value,
    )
    made = run(suite="s \ud800")
    store.record(made, [odd, outcome(1)])
    assert [row.status for row in store.outcomes(made.id)] == ["pass", "pass"]
    assert store.last_run()["passed"] == 2
    assert store.warnings == ()


def test_changed_values_change_nothing(store: Store):
    """What a caller does to a row it was given never reaches the store."""
    made = run()
    store.record(made, [outcome(0)])
    store.outcomes(made.id)[0].answer.value["found"] = "changed"
    assert store.outcomes(made.id)[0].answer.value == {"found": True, "confidence": 0.9}


def test_secrets_never_reach_history(path: Path):
    """No text of a run, its prompts, cases, rows or summary brings a secret into the file."""
    secret = "sk-abcdef123456"
    completion = Completion(text=secret, model=secret, notes=(secret,))
    row = Outcome(
        index=0,
        prompt=secret,
        version="v",
        case=Case(
            id=secret,
            input={secret: [secret]},
            expect=secret,
            tags=(secret,),
            why=secret,
            metadata={"a": secret},
        ),
        repeat=0,
        status="fail",
        reason=secret,
        completion=completion,
        answer=Answer(value={secret: secret}, text=secret, notes=(secret,), completion=completion),
        verdicts=(Verdict(passed=False, name=secret, reason=secret),),
        attempts=1,
    )
    variant = Variant(name=secret, version="v", model=secret, text=secret)
    made = run(suite=secret, cases=0, variants=(variant,), notes=(secret,))
    with open_store(path, redactor([Secret(secret)])) as store:
        store.begin(made)
        store.record(made, [row])
        store.finish(made.id, {"wall_s": 1.0, "note": secret}, stopped=secret)
        files = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert store.outcomes(made.id)[0].case.id == MASK
    assert secret.encode() not in files


def test_damaged_row_is_left_out(path: Path):
    """A row whose stored text was damaged is left out, said once, and the others are given."""
    made = run()
    with open_store(path) as store:
        store.record(made, [outcome(0), outcome(1, "fail")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE texts SET body = CAST(replace(body, 'mail', 'mali') AS BLOB)"
            " WHERE hash = (SELECT case_hash FROM outcomes WHERE place = 1)"
        )
    with open_store(path) as store:
        assert [row.index for row in store.outcomes(made.id)] == [0]
        assert len(store.outcomes(made.id)) == len(store.take_warnings()) == 1
        assert store.take_warnings() == ()
