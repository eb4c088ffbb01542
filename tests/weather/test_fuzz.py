"""Random sequences of faults, workers and limits: what must hold of every run, whatever comes.

`WEATHER_EXAMPLES=500 pytest tests/weather/test_fuzz.py` looks at more, and at others each time.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptlab import Lab, Limits, run_parallel
from promptlab._types import KINDS
from tests.servers import Call, Handler, Reply, ScriptedServer, chat
from tests.weather.faults import FAULTS

KEY = "sk-fuzz-0123456789"
EXAMPLES = int(os.environ.get("WEATHER_EXAMPLES", "0"))
SLOW = ("hang", "drip", "drip headers", "big", "bomb", "endless")
"""Faults that take their time."""
STOPPING = ("401", "403", "404", "429 quota")
"""Faults that stop the whole run where five come in a row."""
APART = ("loop", "refusal")
"""Faults that cost several calls, or none when run again."""
NAMES = sorted(set(FAULTS) - {*SLOW, *STOPPING, *APART})
DEADLINE_S = 60.0

sequences = st.lists(st.lists(st.sampled_from(NAMES), max_size=3), min_size=4, max_size=12)
"""For each case what its calls meet, one after another; then it is answered."""


def predicted(faults: Sequence[str], attempts: int) -> tuple[str, str | None, int]:
    """Give status, kind and calls of a row that meets these faults."""
    for number, name in enumerate(faults, 1):
        fault = FAULTS[name]
        if not fault.retried or number == attempts:
            return (fault.status if fault.kind else "pass"), fault.kind, number
    return "pass", None, len(faults) + 1


class Sequences:
    """A server's answers: each case meets its faults, one call after another."""

    def __init__(self, faults: Sequence[Sequence[str]]) -> None:
        self.faults = faults
        self.calls: Counter[int] = Counter()

    def __call__(self, call: Call, handler: Handler) -> Reply | None:
        place = int(call.text)
        with handler.server.owner.lock:
            number = self.calls[place]
            self.calls[place] += 1
        mine = self.faults[place]
        return FAULTS[mine[number]].act(call, handler) if number < len(mine) else Reply(chat("good"))


def run(server: ScriptedServer, store: str, count: int, workers: int, **limits: Any) -> Any:
    """Run the cases; gives the frame."""
    cases = [{"id": f"c{n}", "input": {"q": str(n)}, "expect": {"contains": "good"}} for n in range(count)]
    held = Limits(deadline=DEADLINE_S, timeout=30, **limits)
    with Lab(base_url=server.base_url, api_key=KEY, store=store, display="none", limits=held) as lab:
        return run_parallel(cases, "{{ q }}", workers=workers, lab=lab)


@settings(
    max_examples=EXAMPLES or 10, derandomize=not EXAMPLES, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    faults=sequences,
    workers=st.integers(1, 16),
    attempts=st.integers(1, 4),
    rpm=st.sampled_from([None, 1200.0, 60_000.0]),
)
def test_every_sequence_has_its_rows(faults: list[list[str]], workers: int, attempts: int, rpm: float | None):
    """Rows, calls, score and store are what the faults are worth, in any order and with any number of workers."""
    with tempfile.TemporaryDirectory() as folder, ScriptedServer() as server:
        server._server.handle_error = lambda *_: None
        server.answer = answer = Sequences(faults)
        store = str(Path(folder) / "lab.sqlite3")
        wanted = [predicted(one, attempts) for one in faults]

        frame = run(server, store, len(faults), workers, max_attempts=attempts, rpm=rpm)
        made, most = dict(answer.calls), server.most_under_way
        answer.faults = [[] for _ in faults]
        again = run(server, store, len(faults), workers)

    kinds = [
        None if missing else kind for kind, missing in zip(frame["error"], frame["error"].isna(), strict=True)
    ]
    assert list(frame["case"]) == [f"c{n}" for n in range(len(faults))]
    assert list(zip(frame["status"], kinds, strict=True)) == [(status, kind) for status, kind, _ in wanted]
    # One layer retries, and it counts what reaches the server.
    assert list(frame["attempts"]) == [calls for _, _, calls in wanted]
    assert made == {place: calls for place, (_, _, calls) in enumerate(wanted)}
    assert most <= workers
    for row in frame[frame["status"] == "error"].itertuples():
        assert row.error in KINDS
        assert 0 < len(row.reason) <= 4000
    assert KEY not in frame.to_csv()
    assert (frame["finished_s"] - frame["started_s"]).max() <= DEADLINE_S + 0.5
    passes = [status for status, _, _ in wanted].count("pass")
    summary = frame.attrs["promptlab"]
    # An error is not a failure: it is counted beside the score.
    assert summary["score"] == (1.0 if passes else None)
    assert (summary["passed"], summary["errors"]) == (passes, len(faults) - passes)
    # What was good is served from the store, and nothing else is.
    assert list(again["cached"]) == [status == "pass" for status, _, _ in wanted]
