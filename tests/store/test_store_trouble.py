"""Trouble with the disk costs one line, never a result and never an exception."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from promptlab._store import open_store
from promptlab._store._database import _Waiting
from tests.store.parts import outcome, put, run, said, start, text_of

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store belongs."""
    return tmp_path / "store" / "lab.sqlite3"


@pytest.fixture
def open_folder():
    """A folder that every user can reach, and nobody but its owner write to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def _as_other(folder: Path, code: str) -> str:
    """Run code as a user who cannot write to a folder; root gives its rights up once all is imported."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
    begin = (
        "import os, sys; from promptlab._store import open_store\n"
        "from tests.store.parts import outcome, put, run, text_of\n"
        f"if os.geteuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "store = open_store(sys.argv[1]); made = run()\n"
    )
    return said(start(begin + code, folder / "lab.sqlite3"))


def test_full_disk_keeps_every_row(path: Path):
    """When the disk fills in mid-run every row stays at hand, one line says so, and all is written once there is room."""
    code = (
        "import resource, sys; from concurrent.futures import ThreadPoolExecutor\n"
        "from promptlab._store import open_store\n"
        "from tests.store.parts import outcome, put, run, text_of\n"
        "store = open_store(sys.argv[1]); made = run(cases=300); store.begin(made)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "def work(number): put(store, f'case {number}', 'text ' * 100); return number\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    for number in pool.map(work, range(300)): store.record(made, [outcome(number)])\n"
        "print(sum(text_of(store, f'case {number}') == 'text ' * 100 for number in range(300)))\n"
        "print(len(store.outcomes(made.id)), store.last_run()['passed'], len(store.warnings), store.run(made.id) == made)\n"
        "store.finish(made.id, {'wall_s': 1.0})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "store.close()"
    )
    assert said(start(code, path)) == "300\n300 300 1 True\n"
    with open_store(path) as store:
        assert all(text_of(store, f"case {number}") for number in range(300))
        assert [row.index for row in store.outcomes("run-1")] == list(range(300))
        assert (store.last_run()["passed"], store.last_run()["finished"]) == (300, True)


def test_full_store_takes_no_more(path: Path):
    """Where SQLite itself says that the disk is full, the same holds."""
    with open_store(path) as store:
        put(store, "before")
        store._keeper._disk._writer.execute("PRAGMA max_page_count = 30")
        for number in range(300):
            put(store, f"case {number}", "text " * 100)
        assert all(text_of(store, f"case {number}") for number in range(300))
        assert len(store.warnings) == 1
        assert "full" in store.warnings[0]


def test_folder_read_only_keeps_rows(open_folder: Path):
    """Where nothing can be written the run has its rows and its history, and one line says why."""
    code = (
        "store.begin(made); put(store, 'a', 'b'); store.record(made, [outcome(0)]); store.finish(made.id, {})\n"
        "print(text_of(store, 'a'), len(store.outcomes(made.id)), store.runs()[0]['finished'], len(store.warnings))"
    )
    assert _as_other(open_folder, code) == "b 1 True 1\n"
    assert list(open_folder.iterdir()) == []


def test_sealed_store_is_served(open_folder: Path):
    """A store in a folder that cannot be written still serves what it holds."""
    path = open_folder / "lab.sqlite3"
    with open_store(path) as store:
        put(store, "old", "kept")
    path.with_name(path.name + ".lock").unlink()
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    code = (
        "print(text_of(store, 'old'), len(store.warnings))\n"
        "put(store, 'new', 'too'); print(text_of(store, 'old'), text_of(store, 'new'), len(store.warnings))"
    )
    assert _as_other(open_folder, code) == "kept 0\nkept too 1\n"


def test_damage_in_mid_run_is_survived(path: Path):
    """A store whose pages go bad under an open run is set aside, and the run goes on in a new one."""
    with open_store(path) as store:
        for number in range(90):
            put(store, f"case {number}", "x" * 200_000)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 10)
        file.write(os.urandom(size * 8 // 10))
    ruin = path.read_bytes()
    with open_store(path) as store:
        assert store.warnings == ()
        served = [text_of(store, f"case {number}") for number in range(90)]
        assert set(served) <= {None, "x" * 200_000}
        for number in range(90):
            put(store, f"new {number}", "y")
        store.record(run(), [outcome(0)])
        assert all(text_of(store, f"new {number}") == "y" for number in range(90))
        assert len(store.warnings) == 1
    (aside,) = [name for name in path.parent.glob("*.damaged-*") if not name.name.endswith(("-wal", "-shm"))]
    assert aside.read_bytes() == ruin
    with open_store(path) as store:
        assert text_of(store, "new 89") == "y"
        assert store.last_run()["passed"] == 1


def test_folder_deleted_in_mid_run(path: Path):
    """A folder that is deleted under an open store is made anew, and what comes next is kept there."""
    with open_store(path) as store:
        put(store, "before")
        shutil.rmtree(path.parent)
        put(store, "after", "kept")
        assert text_of(store, "after") == "kept"
        assert store.warnings == ()
    with open_store(path) as store:
        assert text_of(store, "after") == "kept"


def test_locked_store_is_written_later(path: Path, monkeypatch: pytest.MonkeyPatch):
    """While another program holds the store results wait in memory; they are written when it lets go."""
    monkeypatch.setattr("promptlab._store._connect.BUSY_S", 0.01)
    made = run()
    with open_store(path) as store:
        store.begin(made)
        store.record(made, [outcome(0)])
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            put(store, "a", "b")
            store.record(made, [outcome(1, "fail")])
            assert text_of(store, "a") == "b"
            entry = store.last_run()
            assert (entry["passed"], entry["failed"], entry["finished"]) == (1, 1, False)
            assert [row.index for row in store.outcomes(made.id)] == [0, 1]
            holder.execute("ROLLBACK")
        store.finish(made.id, {"wall_s": 4.0})
        assert (store.last_run()["failed"], store.last_run()["finished"]) == (1, True)
        assert len(store.warnings) == 1
    with open_store(path) as store:
        assert text_of(store, "a") == "b"
        entry = store.last_run()
        assert (entry["passed"], entry["failed"], entry["finished"], entry["wall_s"]) == (1, 1, True, 4.0)


def test_interrupt_costs_no_neighbour(path: Path):
    """An interrupt of the thread that commits for others takes nothing of theirs."""

    def cut(connection: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    with open_store(path) as store:
        disk = store._keeper._disk
        for number in range(3):
            insert = f"INSERT INTO texts (hash, body) VALUES (x'0{number}', x'00')"
            disk._queue.append(_Waiting(lambda connection, insert=insert: connection.execute(insert)))
        waiting = list(disk._queue)
        with pytest.raises(KeyboardInterrupt):
            disk.write(cut, together=True)
        assert disk.fetch("SELECT count(*) FROM texts") == [(0,)]
        put(store, "a", "b")
        assert disk.fetch("SELECT count(*) FROM texts") == [(3,)]
        assert all(one.settled and one.error is None for one in waiting)


def test_work_cut_short_leaves_no_half(path: Path):
    """A batch that is interrupted half-way is not there at all, and the store goes on."""
    with open_store(path) as store:

        def cut(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO texts (hash, body) VALUES (x'00', x'00')")
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            store._keeper.write(cut)
        assert store._keeper.fetch("SELECT count(*) FROM texts") == [[(0,)]]
        put(store, "a", "b")
        assert text_of(store, "a") == "b"
        assert store.warnings == ()
