"""Every fault that a server can show, beside healthy cases: each row has what it should, no other is touched."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from promptlab import CaseFinished, Lab, Limits, run_parallel
from promptlab._types import KINDS, Outcome
from tests.servers import ScriptedServer
from tests.weather.fault_server import FaultServer, Plan
from tests.weather.faults import FAULTS
from tests.weather.orders import ATTEMPTS, IMPATIENT, RETRIED, every_fault, expected, mixture

KEY = "sk-faults-0123456789"
CASES = every_fault()
SLOW = ("hang", "drip", "drip headers")


@dataclass
class Ran:
    """Runs with every fault in them."""

    rows: dict[str, Outcome]
    calls: Counter[str]
    orders: list[tuple[list[str], list[str]]]
    """The cases of each run as they were given and as they came back."""


def run(cases: dict[str, str], workers: int, **limits: Any) -> Ran:
    """Run cases, by id and text, against a server that meets them with the faults they name."""
    events: list[Any] = []
    suite = [{"id": name, "input": {"q": q}, "expect": {"contains": "good"}} for name, q in cases.items()]
    with ScriptedServer() as server:
        server._server.handle_error = lambda *_: None
        faults = FaultServer(Plan())
        server.answer = faults.answer
        held = Limits(max_workers=32, **(IMPATIENT | limits))
        with Lab(
            base_url=server.base_url, api_key=KEY, store="off", display=[events.append], limits=held
        ) as lab:
            frame = run_parallel(suite, "{{ q }}", workers=workers, lab=lab)
        rows = {e.outcome.case.id: e.outcome for e in events if isinstance(e, CaseFinished)}
        calls = Counter(seen.text for seen in faults.log)
        return Ran(rows, calls, [(list(cases), list(frame["case"]))])


@pytest.fixture(scope="module")
def ran() -> Ran:
    """One run with all faults but limits, and one for each limit, which slows the whole run that it is in."""
    limited = [name for name, text in CASES.items() if "@@429" in text]
    runs = [
        {name: CASES[name], **{f"healthy {name} {n}": f"{name} {n}" for n in range(5)}} for name in limited
    ]
    runs.insert(0, {name: text for name, text in CASES.items() if name not in limited})
    with ThreadPoolExecutor(len(runs)) as pool:
        found = list(pool.map(lambda cases: run(cases, 24), runs))
    rows = {name: row for one in found for name, row in one.rows.items()}
    return Ran(rows, sum((one.calls for one in found), Counter()), [one.orders[0] for one in found])


def test_rows_keep_the_order(ran: Ran):
    """There is a row for every case, in the order of the suite."""
    for given, came in ran.orders:
        assert came == given


def test_neighbours_are_untouched(ran: Ran):
    """A case without a fault passes with one call, whatever its neighbours meet."""
    healthy = [row for name, row in ran.rows.items() if name.startswith("healthy")]

    assert len(healthy) > len(FAULTS)
    assert {(row.status, row.attempts) for row in healthy} == {("pass", 1)}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_has_its_row(ran: Ran, name: str):
    """A fault that stays has its kind, a message, and exactly as many calls as it is worth."""
    text = CASES[f"for good: {name}"]
    row = ran.rows[f"for good: {name}"]
    status, kind, calls = expected(text)

    assert (row.status, row.error) == (status, kind)
    assert row.attempts == ran.calls[text] == calls
    if kind:
        assert kind in KINDS
        assert 0 < len(row.reason) <= 4000
        assert KEY not in row.reason
        assert "Traceback" not in row.reason


@pytest.mark.parametrize("name", RETRIED)
def test_passing_fault_is_outlasted(ran: Ran, name: str):
    """A fault that goes away after two tries costs exactly three calls, and the row is good."""
    row = ran.rows[f"twice: {name}"]

    assert (row.status, row.attempts, ran.calls[CASES[f"twice: {name}"]]) == ("pass", 3, 3)


def test_long_wait_is_told(ran: Ran):
    """A wait longer than the row has is not waited for; the row says how long the server wants."""
    assert "3600 s" in ran.rows["for good: 429 hour"].reason


def test_refusal_gives_its_reason(ran: Ran):
    """A refusal is the model's own doing: a fail, with the refusal's text."""
    assert "I cannot help with that" in ran.rows["for good: refusal"].reason


def test_deadline_bounds_every_row():
    """A row whose answer hangs or drips for ever ends with its deadline, sleeps and retries included."""
    cases = {f"{name} {number}": f"{number} @@{name}" for name in SLOW for number in range(2)}

    rows = run(cases, 6, timeout=60, deadline=2).rows

    assert {row.error for row in rows.values()} == {"timeout"}
    # Dripping to the end would take 50 s: half a second is allowed for, the rest is for a busy machine.
    assert max(row.finished_s - row.started_s for row in rows.values()) <= 2 + 0.5 + 3


def test_deadline_counts_the_waits():
    """Waits between attempts end with the deadline as well, and the calls made until then are told."""
    rows = run({"down": "x @@500", "asked": "y @@503"}, 2, timeout=60, deadline=2, max_attempts=1000).rows

    for row in rows.values():
        assert row.error == "server"
        assert row.attempts > 1
        assert row.finished_s - row.started_s <= 2 + 0.5 + 3


def test_mixed_faults_give_equal_rows():
    """Whatever is mixed in, and with any number of workers: each time the rows are what their faults are worth."""
    texts = mixture(150, 0.1, seed=3)
    chance = random.Random(4)
    wanted = {f"c{place}": expected(text)[:2] for place, text in enumerate(texts)}

    cases = {f"c{place}": text for place, text in enumerate(texts)}

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: run(cases, chance.randint(2, 32), timeout=1.0).rows, range(3)))

    for rows in found:
        assert {name: (row.status, row.error) for name, row in rows.items()} == wanted


def test_attempts_are_bounded(ran: Ran):
    """No row costs more calls than its attempts allow, however many rows are in trouble."""
    hops = 5

    assert max(ran.calls.values()) <= max(ATTEMPTS, hops)
