"""Processes share a store, are killed, and are forked; nothing that was said to be stored is lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from promptlab._store import open_store
from tests.store.parts import outcome, put, run, said, start, text_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store belongs."""
    return tmp_path / "lab.sqlite3"


def _sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_three_processes_lose_nothing(path: Path):
    """Three processes with four threads each, writing and reading the same store, lose nothing and never wait in vain."""
    code = (
        "import sys; from concurrent.futures import ThreadPoolExecutor; from promptlab._store import open_store\n"
        "from tests.store.parts import outcome, put, run, text_of\n"
        "me = sys.argv[2]; store = open_store(sys.argv[1]); made = run(f'run-{me}', cases=80); store.begin(made)\n"
        "def work(number):\n"
        "    put(store, f'{me}-{number}', f'{me}-{number}'); return text_of(store, f'{me}-{number}')\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    for number, text in enumerate(pool.map(work, range(80))):\n"
        "        assert text == f'{me}-{number}'\n"
        "        store.record(made, [outcome(number)])\n"
        "store.finish(made.id, {'wall_s': 1.0}); print(store.warnings); store.close()"
    )
    assert [said(process) for process in [start(code, path, number) for number in range(3)]] == ["()\n"] * 3
    with open_store(path) as store:
        assert all(text_of(store, f"{me}-{number}") for me in range(3) for number in range(80))
        assert sorted((row["run"], row["passed"]) for row in store.runs()) == [
            (f"run-{me}", 80) for me in range(3)
        ]
    assert _sound(path)


def test_killed_process_keeps_its_word(path: Path):
    """What a process said was stored is there after it was killed, whenever that was; the store is sound."""
    code = (
        "import sys, threading; from promptlab._store import open_store; from tests.store.parts import put\n"
        "store = open_store(sys.argv[1]); lock = threading.Lock()\n"
        "def work(worker):\n"
        "    number = 0\n"
        "    while True:\n"
        "        case = f'{sys.argv[2]}-{worker}-{number}'; put(store, case, 'x' * 500); number += 1\n"
        "        with lock: print(case, flush=True)\n"
        "for worker in range(4): threading.Thread(target=work, args=(worker,)).start()"
    )
    dice = random.Random(11)
    promised: list[str] = []
    for life in range(6):
        process = start(code, path, life)
        promised += [process.stdout.readline().strip() for _ in range(dice.randrange(1, 400))]
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        promised += [line for line in rest.split("\n")[:-1] if line]
    with open_store(path) as store:
        assert store.warnings == ()
        assert [case for case in promised if text_of(store, case) is None] == []
    assert _sound(path)


def test_killed_creation_leaves_no_ruin(path: Path):
    """A process killed while it makes a store leaves nothing that the next one would trip over."""
    code = "import sys; from promptlab._store import open_store\nprint('go', flush=True); open_store(sys.argv[1])"
    for _ in range(5):
        process = start(code, path)
        process.stdout.readline()
        process.kill()
        process.communicate()
    path.with_name(path.name + ".new").write_bytes(b"half a store")
    path.with_name(path.name + ".new-wal").write_bytes(b"its log")
    with open_store(path) as store:
        put(store, "a", "b")
        assert text_of(store, "a") == "b"
        assert store.warnings == ()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_in_mid_run_is_safe(path: Path):
    """A child forked while threads write goes on with the store, and so does its parent; neither loses a row."""
    store = open_store(path)
    go_on = threading.Event()
    wrote: dict[int, int] = {}

    def work(worker: int) -> None:
        number = 0
        while not go_on.is_set():
            put(store, f"parent-{worker}-{number}", "x")
            number += 1
            wrote[worker] = number

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    children = []
    for child in range(5):
        if (pid := os.fork()) == 0:
            good = False
            try:
                for number in range(20):
                    put(store, f"child-{child}-{number}", "y")
                good = all(text_of(store, f"child-{child}-{number}") == "y" for number in range(20))
                good = good and store.warnings == ()
                store.close()
            finally:
                os._exit(0 if good else 1)
        children.append(pid)
    endings = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    go_on.set()
    for thread in threads:
        thread.join()
    assert store.warnings == ()
    store.close()
    assert endings == [0] * 5
    with open_store(path) as again:
        assert all(text_of(again, f"child-{c}-{n}") for c in range(5) for n in range(20))
        assert all(text_of(again, f"parent-{w}-{n}") for w in range(4) for n in range(wrote[w]))
    assert _sound(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_parent_close_spares_the_child(path: Path):
    """A parent that closes the store last-but-one takes nothing from the child that still writes to it."""
    store = open_store(path)
    put(store, "before")
    read_end, write_end = os.pipe()
    if (pid := os.fork()) == 0:
        put(store, "child 1", "y")
        os.read(read_end, 1)
        put(store, "child 2", "y")
        os._exit(0)
    while text_of(store, "child 1") is None:
        pass
    store.close()
    os.write(write_end, b"x")
    os.waitpid(pid, 0)
    os.close(read_end)
    os.close(write_end)
    with open_store(path) as again:
        assert [text_of(again, case) for case in ("child 1", "child 2")] == ["y", "y"]


def test_two_stores_of_one_file(path: Path):
    """Two stores of one file in one process see each other's rows, and closing one leaves the other whole."""
    one, two = open_store(path), open_store(path)
    put(one, "a", "from one")
    put(two, "b", "from two")
    one.close()
    assert (text_of(two, "a"), text_of(two, "b")) == ("from one", "from two")
    code = (
        "import sys; from promptlab._store import open_store; from tests.store.parts import put\n"
        "store = open_store(sys.argv[1]); put(store, 'c', 'from a process'); store.close()"
    )
    said(start(code, path))
    put(two, "d", "from two")
    two.record(run(), [outcome(0)])
    assert text_of(two, "c") == "from a process"
    two.close()
    with open_store(path) as again:
        assert [text_of(again, case) is None for case in "abcd"] == [False] * 4
        assert again.last_run()["passed"] == 1
