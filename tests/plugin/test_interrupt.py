"""An interrupt: the summary at once, and nothing lost that was paid for."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading

import pytest

import promptlab
from tests.plugin.conftest import case
from tests.servers import Reply, chat

pytest_plugins = ("pytester",)


def hang_after(project, good: int) -> threading.Event:
    """Answer so many calls, hang in the others until the test is over; tells when all workers hang."""
    hanging = threading.Event()

    def answer(call, _handler):
        if call.number >= good:
            if call.number >= good + 3:
                hanging.set()
            project.server.released.wait(60)
        return Reply(chat(call.text))

    project.server.answer = answer
    return hanging


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_interrupt_keeps_what_was_paid(project, tmp_path, arguments):
    """Ctrl-C while calls hang for a minute: the block is there, and the next run asks for what is missing alone."""
    project.suite([case(f"c{n}", says={"found": True, "n": n}) for n in range(20)], suite="demo")
    hanging = hang_after(project, 6)
    process = project.start(
        "s.yaml", "--prompt", "p.md", "--prompt-workers", "4", *arguments, start_new_session=True
    )
    assert hanging.wait(60)

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said, _ = process.communicate(timeout=50)

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "= prompt tests =" in said
    assert "demo: 6 of 6 passed" in said
    before = len(project.server.calls)
    assert before == 6 + 4
    project.server.says(lambda call: call.text)
    project.run("s.yaml", "--prompt", "p.md").assert_outcomes(passed=20)
    assert len(project.server.calls) == before + 14
    with sqlite3.connect(tmp_path / "store" / "lab.sqlite3") as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_interrupted_run_is_on_record(project):
    """The run that was interrupted is in the history with its rows and why it ended."""
    project.suite([case(f"c{n}", says={"found": True, "n": n}) for n in range(9)], suite="demo")
    hanging = hang_after(project, 5)
    process = project.start("s.yaml", "--prompt", "p.md", "--prompt-workers", "4", start_new_session=True)
    assert hanging.wait(60)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=50)

    with promptlab.Lab(display="none") as lab:
        last = promptlab.history("p", lab=lab).iloc[-1]
    assert (last["graded"], last["stopped"]) == (5, "interrupt")


APPLICATION = """
import pathlib, time, pytest

def app(case):
    if case.id != "c0":
        pathlib.Path("hangs").touch()
        time.sleep(3600)
    return "x"

CASES = [{"id": f"c{n}", "input": {}, "expect": "x"} for n in range(6)]

@pytest.mark.prompt_cases(CASES, prompt=app)
def test_it(prompt_result): pass
"""


def test_interrupt_waits_for_no_application(project):
    """An application that hangs for an hour does not keep an interrupted session from its summary and its end."""
    project.write("test_x.py", APPLICATION)
    process = project.start("test_x.py", "--prompt-workers", "3", start_new_session=True)
    while not (project.path / "hangs").exists():
        assert process.poll() is None

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=50)

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "= prompt tests =" in said
