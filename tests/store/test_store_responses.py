"""Good completions are remembered as they were, served whole, and never anything else."""

from __future__ import annotations

import dataclasses
import random
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from promptlab._redact import MASK, Secret, redactor
from promptlab._store import Store, open_store, request_key
from promptlab._store._responses import _checksum
from promptlab._types import Completion
from tests.store.parts import ENDPOINT, put, request, text_of

RICH = Completion(
    text='{"a": "é \U0001f600 \0 \ud83d"}',
    model="m-1",
    finish_reason="stop",
    input_tokens=12,
    output_tokens=3,
    cached_input_tokens=4,
    reasoning_tokens=1,
    cost_usd=0.00125,
    latency_s=1.75,
    refusal="no",
    logprobs=(("a", -0.25), ("é", -1.5)),
    attempts=3,
    notes=("temperature dropped",),
)


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


def _change(path: Path, statement: str, *values: object) -> int:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).rowcount


def test_answer_comes_back_as_paid(store: Store):
    """A remembered completion is the one that was paid for, marked as served and free of calls."""
    store.put(request(), ENDPOINT, RICH)
    assert store.get(request(), ENDPOINT) == dataclasses.replace(RICH, cached=True, attempts=0)


def test_every_field_is_kept(store: Store):
    """A field that a completion has is a field that is remembered."""
    defaults = Completion(text="")
    unset = [
        f.name for f in dataclasses.fields(Completion) if getattr(RICH, f.name) == getattr(defaults, f.name)
    ]
    assert unset == ["cached"]


def test_answers_outlive_the_session(path: Path):
    """What one session paid for the next one is given."""
    with open_store(path) as store:
        put(store, "a", "b")
    with open_store(path) as store:
        assert text_of(store, "a") == "b"


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_cut_answers_are_never_kept(store: Store, path: Path, reason: str):
    """An answer that was cut or filtered is not remembered, nor served where it got in all the same."""
    store.put(request(), ENDPOINT, Completion(text="half an ans", finish_reason=reason))
    assert store.get(request(), ENDPOINT) is None
    assert _change(path, "DELETE FROM responses") == 0


def test_cut_answers_are_never_served(store: Store, monkeypatch: pytest.MonkeyPatch):
    """An answer that was kept by a store with other rules is still not served."""
    monkeypatch.setattr("promptlab._store._store.fit", lambda _: True)
    store.put(request(), ENDPOINT, Completion(text="half an ans", finish_reason="length"))
    assert store.get(request(), ENDPOINT) is None


def test_served_answer_is_not_kept_again(store: Store, path: Path):
    """Handing a served completion back adds nothing."""
    put(store, "a")
    store.put(request("a"), ENDPOINT, store.get(request("a"), ENDPOINT))
    assert _change(path, "DELETE FROM responses") == 1


def test_fresh_pays_anew_and_keeps_both(store: Store, path: Path):
    """A fresh memory serves nothing; what it is given is a new generation beside the old one."""
    old, fresh = store.cache(ENDPOINT), store.cache(ENDPOINT, fresh=True)
    old.put(request(), Completion(text="old"))
    assert fresh.get(request()) is None
    fresh.put(request(), Completion(text="new"))
    assert old.get(request()).text == "new"
    assert _change(path, "UPDATE responses SET id = id") == 2


def test_five_repeats_are_five_answers(store: Store):
    """Every repeat keeps its own answer."""
    for repeat in range(5):
        store.put(request(repeat=repeat), ENDPOINT, Completion(text=f"answer {repeat}"))
    served = [store.get(request(repeat=repeat), ENDPOINT).text for repeat in range(5)]
    assert served == [f"answer {repeat}" for repeat in range(5)]


def test_flipped_bits_are_misses(store: Store, path: Path):
    """Whichever bit of a stored value flips, the answer is missing, never wrong, and can be paid for again."""
    dice = random.Random(7)
    cases = [f"case {number}" for number in range(100)]
    for case in cases:
        put(store, case, "a long enough answer")
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = connection.execute("SELECT id, body FROM responses").fetchall()
        for number, body in rows:
            at, bit = dice.randrange(len(body)), 1 << dice.randrange(8)
            flipped = body[:at] + bytes([body[at] ^ bit]) + body[at + 1 :]
            connection.execute("UPDATE responses SET body = ? WHERE id = ?", (flipped, number))
    assert [text_of(store, case) for case in cases] == [None] * 100
    put(store, "case 1", "asked again")
    assert text_of(store, "case 1") == "asked again"


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b'{"text"', b"\xff\xfe", "text", 5, 1.5], ids=repr)
def test_strange_values_are_misses(store: Store, path: Path, value: object):
    """Whatever stands in a value's place is a miss, not an error."""
    put(store, "a")
    _change(path, "UPDATE responses SET body = ?", value)
    assert text_of(store, "a") is None


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b'{"text"', b"\xff\xfe", b'{"texts": 1}'], ids=repr)
def test_values_of_other_make_are_misses(store: Store, path: Path, value: bytes):
    """A value that is whole, and yet no completion, is a miss too."""
    put(store, "a")
    key = bytes.fromhex(request_key(request("a"), ENDPOINT))
    _change(path, "UPDATE responses SET body = ?, checksum = ?", value, _checksum(key, value))
    assert text_of(store, "a") is None


def test_strayed_value_is_a_miss(store: Store, path: Path):
    """An answer that came to stand under another key is not served for it."""
    put(store, "a", "one")
    put(store, "b", "two")
    body, checksum = (
        "(SELECT body FROM responses WHERE id = 1)",
        "(SELECT checksum FROM responses WHERE id = 1)",
    )
    _change(path, f"UPDATE responses SET body = {body}, checksum = {checksum} WHERE id = 2")
    assert text_of(store, "b") is None


def test_secrets_never_reach_the_file(path: Path):
    """A key that a model, a note or a case repeats is masked before it is written, in the tokens too."""
    secret = "sk-abcdef123456"
    with open_store(path, redactor([Secret(secret)])) as store:
        spoken = Completion(
            text=f"your key is {secret}",
            notes=(f"dropped {secret}",),
            refusal=secret,
            logprobs=(("sk-abc", -0.1), ("def123456", -0.1)),
        )
        store.put(request(f"case {secret}"), ENDPOINT, spoken)
        served = store.get(request(f"case {secret}"), ENDPOINT)
        assert served.text == f"your key is {MASK}"
        assert served.logprobs is None
        files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert secret.encode() not in files
    assert b"def123456" not in files


def test_no_pickle_in_the_file(store: Store, path: Path):
    """Every stored value is readable JSON."""
    store.put(request(), ENDPOINT, RICH)
    with closing(sqlite3.connect(path)) as connection:
        ((valid,),) = connection.execute("SELECT json_valid(CAST(body AS TEXT)) FROM responses").fetchall()
    assert valid == 1


def test_unusable_body_is_a_miss(path: Path):
    """A body that has no JSON form is never remembered, and nothing is raised."""
    endless: dict = {}
    endless["self"] = endless
    with open_store(path) as store:
        store.put(request(odd=endless), ENDPOINT, Completion(text="x"))
        assert store.get(request(odd=endless), ENDPOINT) is None
        assert len(store.warnings) == 1


def test_many_threads_share_a_store(store: Store):
    """What any of many threads was told is stored, it and every other thread are served."""
    barrier = threading.Barrier(16)
    wrong: list[tuple[str, str | None]] = []

    def work(worker: int) -> None:
        barrier.wait()
        for number in range(20):
            own, other = f"{worker}-{number}", f"{worker - 1}-{number}"
            put(store, own, own)
            seen = {own: text_of(store, own), other: text_of(store, other) or other}
            wrong.extend((case, text) for case, text in seen.items() if text != case)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(text_of(store, f"{w}-{n}") == f"{w}-{n}" for w in range(16) for n in range(20))
