"""What the callers of one process may do to each other and to a run: loops, threads, and checks that misbehave."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

from promptlab import Lab, run_parallel
from tests.servers import Reply, ScriptedServer, chat

CASES = [{"id": f"c{n}", "input": {"q": f"case {n}"}, "expect": {"contains": "good"}} for n in range(12)]


@pytest.fixture
def lab(server: ScriptedServer):
    """A lab on a server that answers at once."""
    server.says(lambda _call: "good")
    with Lab(base_url=server.base_url, api_key="sk-one-0123456789", store="off", display="none") as made:
        yield made


def test_run_under_a_running_loop(lab):
    """A run may be made where an event loop runs, and leaves that loop as it was."""

    async def main() -> Any:
        before = asyncio.get_running_loop()
        frame = run_parallel(CASES, "{{ q }}", lab=lab)
        await asyncio.sleep(0)
        assert asyncio.get_running_loop() is before
        return frame

    assert list(asyncio.run(main())["status"]) == ["pass"] * 12


def test_workers_bound_runs_together(lab, server):
    """Two runs at once that share a lab have no more calls under way together than one of them may have."""
    too_many = threading.Event()

    def answer(call, handler):
        if handler.server.owner.under_way > 4:
            too_many.set()
        if call.number < 4:
            # Long enough for a fifth call to come, if any would.
            too_many.wait(1.0)
        return Reply(chat("good"))

    server.answer = answer
    frames: list[Any] = []
    threads = [
        threading.Thread(target=lambda: frames.append(run_parallel(CASES, "{{ q }}", workers=4, lab=lab)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(server.calls) == 24
    assert server.most_under_way == 4
    assert [list(frame["status"]) for frame in frames] == [["pass"] * 12] * 2


def talks(_case, answer):
    """Print a great many lines."""
    for number in range(20_000):
        print(answer, number)
    return True


def changes(case, _answer):
    """Write into its case."""
    case.input["q"] = "changed"
    return True


def exits(_case, _answer):
    """End the program."""
    sys.exit(3)


def interrupts(_case, _answer):
    """Raise what an interrupt raises."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("check", [exits, interrupts])
def test_check_that_ends_costs_its_row(lab, check):
    """A check that would end the program makes its rows errors; the run comes to its end."""

    def sometimes(case, answer):
        return check(case, answer) if case.id == "c3" else True

    frame = run_parallel(CASES, "{{ q }}", checks=[sometimes], lab=lab)

    assert list(frame["status"]) == ["error" if n == 3 else "pass" for n in range(12)]
    assert frame["error"][3] == "check"


def test_check_that_talks_hurts_nobody(lab, capsys):
    """A check that prints thousands of lines prints them, and the rows are as without it."""
    frame = run_parallel(CASES[:4], "{{ q }}", checks=[talks], lab=lab)

    assert list(frame["status"]) == ["pass"] * 4
    assert capsys.readouterr().out.count("\n") >= 80_000


def test_check_cannot_change_its_case(lab):
    """What a check writes into its case reaches neither the frame nor the caller's cases."""
    frame = run_parallel(CASES, "{{ q }}", checks=[changes], lab=lab)

    assert list(frame["input.q"]) == [f"case {n}" for n in range(12)]
    assert CASES[0]["input"] == {"q": "case 0"}
