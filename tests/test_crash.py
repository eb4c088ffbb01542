"""Killed, interrupted, forked: what was paid for is there afterwards. Real processes against a real server."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import promptlab
from tests.servers import Reply, ScriptedServer, chat

SCRIPT = """
import sys, promptlab
cases = [{"id": f"c{i}", "input": {"request": f"request {i}"}, "expect": "ok"} for i in range(int(sys.argv[1]))]
frame = promptlab.run_parallel(cases, "{{ request }}", workers=8)
print(frame["status"].value_counts().to_dict(), int(frame["cached"].sum()))
"""
SHOWN = "PROMPTLAB_PROGRESS"


def start(server: ScriptedServer, count: int, **more: str) -> subprocess.Popen:
    environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, SHOWN: "text", **more}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(count)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition, seconds: float = 60.0) -> None:
    """Wait until something holds that must come to hold."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.005)


def slowly(_call, handler) -> Reply:
    handler.server.owner.released.wait(0.02)
    return Reply()


def test_killed_run_is_continued(server):
    """A run killed again and again pays at most a worker's call more for each kill, and ends with every row."""
    server.answer = slowly
    kills = 3
    for number in range(kills):
        process = start(server, 300)
        wanted = len(server.calls) + 30 + 17 * number
        until(lambda wanted=wanted: len(server.calls) >= wanted)
        process.kill()
        process.communicate()
        check = sqlite3.connect(os.environ["PROMPTLAB_STORE"])
        assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        check.close()

    said, _ = start(server, 300).communicate(timeout=120)

    assert "'pass': 300" in said.splitlines()[-1]
    assert 300 <= len(server.calls) <= 300 + kills * 8


def test_shown_as_done_is_stored(server):
    """A row that was shown as done survives a kill in the moment after."""
    server.answer = slowly
    process = start(server, 100)
    shown = [process.stdout.readline() for _ in range(10)]
    process.kill()
    rest, _ = process.communicate()
    shown += [line for line in rest.splitlines() if line.startswith("[")]
    done = {line.split()[2] for line in shown if "✅" in line}
    asked_before = len(server.calls)

    start(server, 100).communicate(timeout=120)

    again = {f"c{call.text.split()[1]}" for call in server.calls[asked_before:]}
    assert len(done) >= 10
    assert not done & again


def test_interrupted_script_ends_at_once(server):
    """One Ctrl-C while calls hang ends the process with 130; no call is sent later, and a rerun goes on."""

    def answer(call, handler):
        if call.number >= 10:
            handler.server.owner.released.wait(60)
            return None
        return Reply()

    server.answer = answer
    process = start(server, 50)
    until(lambda: len(server.calls) == 18)

    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, trouble = process.communicate(timeout=30)

    assert process.returncode == 130
    assert time.monotonic() - began < 5  # the specification says one second; this machine may be busy
    assert "interrupted after 10 of 50 rows" in trouble
    assert len(server.calls) == 18
    server.answer = lambda _call, _handler: Reply()
    said, _ = start(server, 50).communicate(timeout=60)
    assert len(server.calls) == 18 + 40
    assert said.splitlines()[-1].endswith("10")


def test_three_processes_share_a_store(server):
    """Processes that run the same suite at once lose nothing and never meet a locked database."""
    server.answer = slowly
    processes = [start(server, 60) for _ in range(3)]

    results = [process.communicate(timeout=120) for process in processes]

    assert all(process.returncode == 0 for process in processes), results
    assert all("'pass': 60" in said for said, _ in results)
    assert not any("locked" in trouble for _, trouble in results)
    calls = len(server.calls)
    start(server, 60).communicate(timeout=60)
    assert len(server.calls) == calls


@pytest.mark.parametrize("content", [b"", b"this is no database at all\n" * 50])
def test_strange_store_is_set_aside(server, content):
    """A store that is no store is set aside byte for byte, and the run completes."""
    store = Path(os.environ["PROMPTLAB_STORE"])
    store.parent.mkdir()
    store.write_bytes(content)

    said, trouble = start(server, 5).communicate(timeout=60)

    assert "'pass': 5" in said, trouble
    if content:
        aside = [path for path in store.parent.iterdir() if "damaged" in path.name]
        assert [path.read_bytes() for path in aside] == [content]


FORK = """
import os, sys, threading, promptlab
cases = [{"id": f"c{i}", "input": {"request": f"request {i}"}, "expect": f"request {i}"} for i in range(40)]
lab = promptlab.Lab(display="none")
promptlab.run_parallel(cases[:20], "{{ request }}", workers=8, lab=lab)
child = os.fork()
frame = promptlab.run_parallel(cases, "{{ request }}", workers=8, lab=lab, fresh=True)
good = bool((frame["status"] == "pass").all())
if child == 0:
    os._exit(0 if good else 1)
_, status = os.waitpid(child, 0)
print(good, os.waitstatus_to_exitcode(status))
"""


def test_forked_process_gets_its_own_answers(server):
    """After a fork both processes get the answers to their own requests, never each other's."""
    server.answer = lambda call, _handler: Reply(chat(call.text))
    environment = {**os.environ, "OPENAI_BASE_URL": server.base_url}

    done = subprocess.run(
        [sys.executable, "-c", FORK],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.stdout.strip() == "True 0", done.stderr


def test_many_runs_leave_nothing_open(server):
    """A hundred runs in a row leave no thread and no file open."""
    server.answer = lambda call, _handler: Reply()
    with promptlab.Lab(base_url=server.base_url, display="none") as lab:
        promptlab.run_parallel([{"id": "a", "input": {}}], "x", workers=2, lab=lab)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for number in range(100):
            promptlab.run_parallel([{"id": "a", "input": {}}], f"x {number}", workers=2, lab=lab)
        after = len(list(Path("/proc/self/fd").iterdir()))

    until(lambda: not any(thread.name.startswith("promptlab") for thread in threading.enumerate()))
    assert after <= before + 2
