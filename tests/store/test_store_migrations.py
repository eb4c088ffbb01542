"""A store of any version ever shipped opens; it is copied before it is changed, and changed wholly or not at all."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from promptlab._store import open_store
from promptlab._store._migrations import STEPS
from tests.store.parts import ENDPOINT, NEXT, put, request, run, said, start, text_of

HERE = Path(__file__).parent
BROKEN = (*STEPS, ("ALTER TABLE runs ADD COLUMN mood TEXT", "CREATE INDEX i ON no_such_table (mood)"))


@pytest.fixture(params=sorted(HERE.glob("schema_*.sql")), ids=lambda file: file.stem)
def shipped(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A store as a version that was shipped wrote it."""
    path = tmp_path / "lab.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(request.param.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def _columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(runs)")]


def _backups(path: Path) -> list[Path]:
    return [file for file in path.parent.glob("*.version-*") if not file.name.endswith(("-wal", "-shm"))]


def test_every_shipped_version_opens(shipped: Path):
    """Answers and history of every version ever shipped are served by this one."""
    with open_store(shipped) as store:
        kept = store.get(request("kept"), ENDPOINT)
        assert (kept.text, kept.latency_s, kept.logprobs) == ("an answer of schema 1", 1.5, (("a", -0.5),))
        assert [row.status for row in store.outcomes("run-1")] == ["pass", "fail"]
        assert store.run("run-1") == run()
        assert (store.last_run()["passed"], store.last_run()["failed"]) == (1, 1)
        put(store, "new")
        assert text_of(store, "new")


def test_every_version_has_its_specimen():
    """For each version of the schema there is a store of it among the tests."""
    found = {int(re.sub(r"\D", "", file.stem)) for file in HERE.glob("schema_*.sql")}
    assert found == set(range(1, len(STEPS) + 1))


def test_new_store_equals_its_specimen(tmp_path: Path, shipped: Path):
    """The tables of a shipped version are never changed after the fact."""
    open_store(shipped).close()
    open_store(tmp_path / "new.sqlite3").close()
    schemas = []
    for path in (shipped, tmp_path / "new.sqlite3"):
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
            schemas.append([(name, " ".join((sql or "").split())) for name, sql in rows])
    assert schemas[0] == schemas[1]


def test_older_store_is_copied_and_migrated(shipped: Path):
    """An older store is brought up to date with all it holds; its copy is as it was, and private."""
    older = [_columns(shipped), shipped.read_bytes()]
    with open_store(shipped, steps=NEXT) as store:
        assert store.get(request("kept"), ENDPOINT).text == "an answer of schema 1"
        assert "brought up to date" in store.warnings[0]
    assert "mood" in _columns(shipped)
    (backup,) = _backups(shipped)
    assert _columns(backup) == older[0]
    assert backup.stat().st_mode & 0o077 == 0
    backup.rename(shipped)
    with open_store(shipped) as store:
        assert store.get(request("kept"), ENDPOINT).text == "an answer of schema 1"
        assert store.warnings == ()


def test_migration_happens_once(shipped: Path):
    """A migrated store opens silently, and is not copied again."""
    open_store(shipped, steps=NEXT).close()
    with open_store(shipped, steps=NEXT) as store:
        assert store.warnings == ()
    assert len(_backups(shipped)) == 1


def test_failed_migration_changes_nothing(shipped: Path):
    """A migration that fails leaves the older store as it was; the session works from memory and says so."""
    with open_store(shipped, steps=BROKEN) as store:
        assert "no_such_table" in store.warnings[0]
        assert len(store.warnings) == 1
    assert "mood" not in _columns(shipped)
    with open_store(shipped) as store:
        assert store.get(request("kept"), ENDPOINT).text == "an answer of schema 1"


def test_processes_migrate_once(shipped: Path):
    """Five processes that open an older store in the same instant migrate it once, and all go on with it."""
    code = (
        "import sys; from promptlab._store import open_store\n"
        "from tests.store.parts import NEXT, put\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = open_store(sys.argv[1], steps=NEXT); put(store, sys.argv[2]); print(len(store.warnings)); store.close()"
    )
    processes = [start(code, shipped, number, stdin=-1) for number in range(5)]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert sorted(said(process) for process in processes) == ["0\n"] * 4 + ["1\n"]
    assert len(_backups(shipped)) == 1
    with open_store(shipped, steps=NEXT) as store:
        assert all(text_of(store, str(number)) for number in range(5))
