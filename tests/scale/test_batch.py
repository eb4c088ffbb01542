"""`run_batch`: half the price, nothing paid for twice, and a row for everything that may become of a request."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from promptlab import (
    Lab,
    Limits,
    Notice,
    RunStopped,
    SettingError,
    StoreError,
    run_batch,
    run_parallel,
    simulate,
)
from promptlab._providers import packs
from promptlab._store import Ledger
from tests.conftest import REPOSITORY
from tests.scale.batch_server import BatchServer, Ended, answered, echo, text_of, unanswered
from tests.servers import chat

PROMPT = "Say {{ request }}"
SCRIPT = """
import sys
from promptlab import Lab, run_batch
cases = [{"id": f"c{n}", "input": {"request": f"text {n}"}} for n in range(3)]
run_batch(cases, "Say {{ request }}", lab=Lab(base_url=sys.argv[1], store=sys.argv[2], display="none"))
"""


@pytest.fixture
def api():
    """A scripted Batch API."""
    with BatchServer() as running:
        yield running


@pytest.fixture
def lab(api, tmp_path):
    """A lab on the scripted API, with a store."""
    with Lab(base_url=api.base_url, store=tmp_path / "lab.sqlite3", display="none") as made:
        yield made


def cases(count):
    """Make cases that differ."""
    return [{"id": f"c{n}", "input": {"request": f"text {n}"}} for n in range(count)]


def asked(api):
    """Give the texts that were uploaded, file by file."""
    return [[text_of(body) for body in upload.values()] for upload in api.uploads]


def test_batch_is_half_the_price(api, lab):
    """The frame is that of a run: every row in its place, paid for now, at half the price."""
    frame = run_batch(cases(4), PROMPT, checks=[lambda case, answer: True], lab=lab)
    dear = run_parallel(cases(4), PROMPT, fresh=True, lab=lab)

    assert frame["output"].tolist() == [f"Say text {n}" for n in range(4)]
    assert frame["status"].tolist() == ["pass"] * 4
    assert frame["attempts"].tolist() == [1] * 4
    assert not frame["cached"].any()
    assert frame["latency_s"].isna().all()
    assert list(frame.columns) == [*dear.columns, "check.lambda"]
    assert (frame["cost_usd"] * 2).tolist() == pytest.approx(dear["cost_usd"].tolist())


def test_store_serves_both_ways(api, lab):
    """Only what no run has an answer to is uploaded, and what a batch answered no run asks again."""
    run_parallel(cases(3), PROMPT, lab=lab)
    frame = run_batch(cases(5), PROMPT, lab=lab)
    again = run_parallel(cases(5), PROMPT, lab=lab)
    run_batch(cases(5), PROMPT, lab=lab)

    assert asked(api) == [["Say text 3", "Say text 4"]]
    assert frame["cached"].tolist() == [True] * 3 + [False] * 2
    assert again["cached"].all()
    assert api.chats == 3


def test_repeats_and_fresh_are_asked(api, lab):
    """Each repeat is a request of its own, and a fresh run pays anew."""
    run_batch(cases(1), PROMPT, repeats=3, lab=lab)
    run_batch(cases(1), PROMPT, repeats=3, fresh=True, lab=lab)

    assert asked(api) == [["Say text 0"] * 3] * 2


def test_no_wait_leaves_it_running(api, lab):
    """Without waiting the rows are not run; a later call takes the same batch up, also one of fewer cases."""
    api.ends = lambda _: None
    frame = run_batch(cases(3), PROMPT, wait=0, lab=lab)
    api.ends = echo
    part = run_batch(cases(1), PROMPT, lab=lab)
    rest = run_batch(cases(3), PROMPT, lab=lab)

    assert frame["status"].tolist() == ["not_run"] * 3
    assert frame["reason"].str.contains("same call").all()
    assert part["output"].tolist() == ["Say text 0"]
    assert rest["cached"].tolist() == [True, False, False]
    assert len(api.batches) == 1


@pytest.mark.parametrize("moment", ["waiting", "submitting"])
def test_killed_process_pays_nothing_twice(api, tmp_path, moment):
    """A process killed while it waits, or before it knew its batch's id, leaves a batch that is found again."""
    reached, killed = threading.Event(), threading.Event()

    def created():
        if moment == "submitting":
            reached.set()
            killed.wait(60)
        return True

    def ends(_):
        reached.set()

    api.created, api.ends = created, ends
    store = tmp_path / "lab.sqlite3"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, api.base_url, store], cwd=REPOSITORY)
    assert reached.wait(60)
    process.kill()
    process.wait()
    killed.set()
    api.ends = echo

    with Lab(base_url=api.base_url, store=store, display="none") as lab:
        frame = run_batch(cases(3), PROMPT, lab=lab)

    assert frame["output"].tolist() == [f"Say text {n}" for n in range(3)]
    assert len(api.batches) == 1


def test_lost_answer_is_no_second_batch(api, lab):
    """Where the answer to a submission is lost the batch is looked for, not submitted again."""
    api.created = lambda: False

    frame = run_batch(cases(2), PROMPT, lab=lab)

    assert frame["output"].tolist() == ["Say text 0", "Say text 1"]
    assert len(api.batches) == 1


def test_interrupt_leaves_it_running(api, lab):
    """An interrupt gives a row for every case and leaves the batch; the same call gets its answers."""
    main = threading.main_thread().ident

    def ends(_):
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()

    api.ends = ends
    with pytest.raises(RunStopped, match="run it again to go on") as raised:
        run_batch(cases(3), PROMPT, lab=lab)
    api.ends = echo
    frame = run_batch(cases(3), PROMPT, lab=lab)

    assert raised.value.partial["status"].tolist() == ["not_run"] * 3
    assert frame["output"].notna().all()
    assert len(api.batches) == 1


def test_failed_lines_become_rows(api, lab):
    """A request that was refused is a row with its kind; the next call submits it anew, and it alone."""

    def ends(found):
        names = list(found)
        return Ended(
            output=[answered(names[0], chat("good\u2028as it is"))],
            error=[
                answered(names[1], {"error": {"message": "no such parameter"}}, 400),
                answered(names[2], {"error": {"message": "down"}}, 500),
                unanswered(names[3], "batch_expired"),
                unanswered(names[4], "odd"),
            ],
        )

    api.ends = ends
    frame = run_batch(cases(6), PROMPT, lab=lab)
    api.ends = echo
    again = run_batch(cases(6), PROMPT, lab=lab)

    assert frame["output"][0] == "good\u2028as it is"
    assert frame["error"].tolist()[1:] == ["bad_request", "server", "timeout", "server", "bad_response"]
    assert frame["reason"][1] == "400: no such parameter"
    assert again["output"].tolist()[1:] == [f"Say text {n}" for n in range(1, 6)]
    assert [len(upload) for upload in api.uploads] == [6, 5]


@pytest.mark.parametrize(
    ("status", "kind", "row"),
    [
        ("expired", "timeout", "error"),
        ("cancelled", "cancelled", "not_run"),
        ("completed", "bad_response", "error"),
    ],
)
def test_ended_batches_keep_their_answers(api, lab, status, kind, row):
    """What a batch answered before it expired or was cancelled counts; the rest are rows that say so."""

    def ends(found):
        name = next(iter(found))
        return Ended(status=status, output=[answered(name, chat("in time"))])

    api.ends = ends
    frame = run_batch(cases(3), PROMPT, lab=lab)

    assert frame["output"][0] == "in time"
    assert frame["error"].tolist()[1:] == [kind] * 2
    assert frame["status"].tolist()[1:] == [row] * 2
    assert run_parallel(cases(1), PROMPT, lab=lab)["cached"].all()


def test_refused_batch_says_why(api, lab):
    """A batch that fails as a whole gives its reason to every row, and is submitted anew the next time."""
    error = {
        "code": "token_limit_exceeded",
        "message": "Enqueued token limit reached",
        "line": None,
        "param": None,
    }
    api.ends = lambda _: Ended(status="failed", errors=[error])
    frame = run_batch(cases(2), PROMPT, lab=lab)
    api.ends = echo

    assert frame["error"].tolist() == ["rate_limited"] * 2
    assert frame["reason"].str.contains("Enqueued token limit").all()
    assert frame["attempts"].tolist() == [0, 0]
    assert run_batch(cases(2), PROMPT, lab=lab)["output"].notna().all()


@pytest.mark.parametrize(("status", "kind"), [(401, "auth"), (429, "rate_limited"), (503, "server")])
def test_refused_submission_is_a_row(api, lab, status, kind):
    """A submission that is refused is said in every row, and nothing is left behind that blocks the next one."""
    api.refuses = lambda call: status if call.startswith("POST") else None
    frame = run_batch(cases(2), PROMPT, lab=lab)
    api.refuses = lambda _: None

    assert frame["error"].tolist() == [kind] * 2
    assert run_batch(cases(2), PROMPT, lab=lab)["output"].notna().all()
    assert len(api.batches) == 1


def test_lost_key_loses_no_batch(api, lab):
    """A look that is refused for the key is said in the rows, and the batch is there for the right key."""
    api.refuses = lambda call: 401 if call.startswith("GET") else None
    frame = run_batch(cases(2), PROMPT, lab=lab)
    api.refuses = lambda _: None
    run_batch(cases(2), PROMPT, lab=lab)

    assert frame["error"].tolist() == ["auth"] * 2
    assert len(api.batches) == 1


def test_forgotten_batch_is_said(api, lab):
    """A batch that the endpoint does not know any more is said in the rows, and the next call submits it anew."""
    api.refuses = lambda call: 404 if call.startswith("GET /v1/batches/") else None
    frame = run_batch(cases(2), PROMPT, lab=lab)
    api.refuses = lambda _: None

    assert frame["error"].tolist() == ["not_found"] * 2
    assert frame["reason"].str.contains("submits its requests anew").all()
    assert run_batch(cases(2), PROMPT, lab=lab)["output"].notna().all()
    assert len(api.batches) == 2


def test_trouble_while_waiting_is_survived(api, lab):
    """A provider that is down for a while is asked again, until it answers."""
    looks = []

    def refuses(call):
        looks.append(call)
        return 500 if call.startswith("GET") and len(looks) < 6 else None

    api.refuses = refuses
    frame = run_batch(cases(2), PROMPT, lab=lab)

    assert frame["output"].notna().all()


def test_observers_are_told(api, tmp_path):
    """Whoever watches is told of the batch: how it is called and that it is found again."""
    notes = []

    def observer(event):
        if isinstance(event, Notice):
            notes.append(event.text)

    with Lab(base_url=api.base_url, store=tmp_path / "lab.sqlite3", display=[observer]) as lab:
        run_batch(cases(2), PROMPT, lab=lab)

    assert [note for note in notes if note.startswith("batch")] == [
        "batch batch_0 submitted, 2 requests: the same call finds it again, also after a restart"
    ]


def test_limits_refuse_before_sending(api, tmp_path):
    """A batch that passes the limits is refused as a whole: it could not be stopped half-way."""
    for limits in (Limits(max_calls=2), Limits(max_cost=0.0)):
        lab = Lab(base_url=api.base_url, store=tmp_path / "lab.sqlite3", display="none", limits=limits)
        with lab, pytest.raises(SettingError, match="more than Limits"):
            run_batch(cases(3), PROMPT, lab=lab)

    assert not api.requests


def test_wrong_use_is_refused(api, lab, tmp_path):
    """A callable, a senseless wait and a ledger that cannot be written are errors before anything is sent."""
    (tmp_path / "bad.batches.sqlite3").write_text(
        "this is no database, and much too long for an empty one" * 99
    )

    with pytest.raises(SettingError, match="takes a prompt"):
        run_batch(cases(1), lambda case: case.id, lab=lab)
    with pytest.raises(SettingError, match="wait="):
        run_batch(cases(1), PROMPT, wait=-1, lab=lab)
    with (
        Lab(base_url=api.base_url, store=tmp_path / "bad.sqlite3", display="none") as odd,
        pytest.raises(StoreError, match="cannot be remembered"),
    ):
        run_batch(cases(1), PROMPT, lab=odd)
    assert not api.requests


def test_replay_sends_nothing(api, tmp_path):
    """A replay takes what the store has and sends nothing."""
    with Lab(base_url=api.base_url, store=tmp_path / "lab.sqlite3", display="none", replay=True) as lab:
        frame = run_batch(cases(2), PROMPT, lab=lab)

    assert frame["error"].tolist() == ["budget"] * 2
    assert not api.requests


def test_simulator_speaks_it(tmp_path):
    """The simulator answers a batch as it answers calls."""
    with (
        simulate(latency="none", options={"batch-seconds": "0"}) as simulator,
        Lab(base_url=simulator.base_url, store=tmp_path / "lab.sqlite3", display="none") as lab,
    ):
        batch = run_batch(cases(10), PROMPT, lab=lab)
        calls = run_parallel(cases(10), PROMPT, fresh=True, lab=lab)

    assert batch["output"].tolist() == calls["output"].tolist()
    assert batch["model"].str.startswith("simulated-").all()


def test_simulators_may_forget(tmp_path):
    """A batch of a simulator that has ended since is asked again at once: nothing was paid."""
    for wait, expected in ((0, "not_run"), (None, "ungraded")):
        with (
            simulate(latency="none", options={"batch-seconds": "0.2"}) as simulator,
            Lab(base_url=simulator.base_url, store=tmp_path / "lab.sqlite3", display="none") as lab,
        ):
            assert run_batch(cases(2), PROMPT, wait=wait, lab=lab)["status"].tolist() == [expected] * 2


def test_batches_stay_within_bounds():
    """Requests are spread over files by their number and their size, in order, and none is left out."""
    lines = [(str(n), b"x" * 10) for n in range(25)]

    assert [len(pack) for pack in packs(lines, most_lines=10)] == [10, 10, 5]
    assert [len(pack) for pack in packs(lines, most_bytes=45)] == [4] * 6 + [1]
    assert [name for pack in packs(lines, most_bytes=45) for name in pack] == [name for name, _ in lines]
    assert [len(pack) for pack in packs([*lines, ("big", b"x" * 99)], most_bytes=45)][-1] == 1


def test_claims_are_exclusive(tmp_path):
    """Of two processes that want the same requests one submits them; the other sees that it will."""
    first, second = Ledger(tmp_path / "lab.sqlite3"), Ledger(tmp_path / "lab.sqlite3")

    token, mine = first.claim(["a", "b"])
    _, others = second.claim(["a", "b", "c"])
    second.submitted(token, "batch_1")

    assert (mine, others) == (["a", "b"], ["c"])
    assert first.holding(["a"])["a"].batch == "batch_1"
    first.settle(["a", "b", "c"])
    assert not second.holding(["a", "b", "c"])
    first.close()
    second.close()
