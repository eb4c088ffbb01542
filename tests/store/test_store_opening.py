"""Whatever lies at the path, a store opens, and nothing that was there is lost."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from promptlab._store import open_store
from promptlab._store._migrations import APPLICATION_ID, STEPS
from tests.store.parts import put, request, said, start, text_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store belongs."""
    return tmp_path / ".promptlab" / "lab.sqlite3"


@pytest.fixture
def filled(path: Path) -> Path:
    """The path of a store with many answers in it."""
    with open_store(path) as store:
        for number in range(40):
            put(store, f"case {number}", "text " * 400)
    return path


def _handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _asides(path: Path, word: str = "damaged") -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.{word}-*"))


def test_new_store_is_private(path: Path):
    """The file and all beside it can be read by their owner alone, whatever the umask."""
    before = os.umask(0)
    try:
        with open_store(path) as store:
            put(store, "a")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("lab*")}
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert {"lab.sqlite3", "lab.sqlite3-wal", "lab.sqlite3-shm"} <= set(modes)


def test_readable_store_is_closed_to_others(filled: Path):
    """A store that others could read is theirs no longer once it was opened."""
    filled.chmod(0o644)
    open_store(filled).close()
    assert stat.S_IMODE(filled.stat().st_mode) == 0o600


def test_new_store_has_its_marks(path: Path):
    """Other programs can tell what the file is: application id, version, write-ahead log."""
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        marks = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        ]
        assert marks == [APPLICATION_ID, len(STEPS)]
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_own_folder_ignores_itself(path: Path):
    """Git never sees the store's own folder."""
    open_store(path).close()
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_other_folder_stays_seen(tmp_path: Path):
    """A folder of the user's is not hidden from git."""
    open_store(tmp_path / "results" / "lab.sqlite3").close()
    assert not (tmp_path / "results" / ".gitignore").exists()


def test_whole_store_opens_silently(filled: Path):
    """Opening again says nothing, changes nothing and finds everything."""
    with open_store(filled) as store:
        assert text_of(store, "case 39") == "text " * 400
        assert store.warnings == ()
    assert not _asides(filled)


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flipped(start: int, stop: int):
    return lambda data: data[:start] + bytes(byte ^ 0x5A for byte in data[start:stop]) + data[stop:]


DAMAGES = {
    "cut in half": _half,
    "cut within its header": lambda data: data[:50],
    "magic flipped": _flipped(0, 16),
    "page size flipped": _flipped(16, 18),
    "schema page flipped": _flipped(100, 400),
    "marks flipped": _flipped(60, 72),
    "inner page flipped": _flipped(3 * 4096, 3 * 4096 + 64),
    "every page flipped": lambda data: data[:4096] + bytes(byte ^ 1 for byte in data[4096:]),
    "nothing but zeros": lambda data: bytes(len(data)),
    "zero bytes": lambda data: b"",
    "a text file": lambda data: b"these are not the rows you are looking for\n" * 300,
    "a short text": lambda data: b"hello",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_store_is_set_aside(filled: Path, damage):
    """A damaged store keeps every byte under another name, a new one works, and one line says so."""
    ruin = damage(filled.read_bytes())
    filled.write_bytes(ruin)
    with open_store(filled) as store:
        assert text_of(store, "case 7") is None
        put(store, "case 7", "asked again")
        assert len(store.warnings) == 1
        assert "set aside" in store.warnings[0]
        assert "\n" not in store.warnings[0]
    (aside,) = [name for name in _asides(filled) if not name.name.endswith(("-wal", "-shm"))]
    assert aside.read_bytes() == ruin
    with open_store(filled) as store:
        assert text_of(store, "case 7") == "asked again"
        assert store.warnings == ()


@pytest.mark.parametrize("name", ["cases.yaml", "notes.MD", "rows.csv"])
def test_file_of_another_kind_is_left_alone(tmp_path: Path, name):
    """A setting that names a suite, say, instead of a store costs the file nothing: not its bytes, not its name."""
    path = tmp_path / name
    path.write_text("cases: []\n")
    with open_store(path) as store:
        put(store, "case", "kept in memory")
        assert "cannot be used" in store.warnings[0]
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(name, "cases: []\n")]


def test_log_goes_with_damaged_store(filled: Path):
    """What a killed process left in the write-ahead log is set aside with the file it belongs to."""
    code = (
        "import os, sys; from promptlab._store import open_store; from tests.store.parts import put\n"
        "store = open_store(sys.argv[1]); put(store, 'late', 'x'); os._exit(0)"
    )
    said(start(code, filled))
    log = filled.with_name(filled.name + "-wal")
    kept = log.read_bytes()
    filled.write_bytes(b"ruined" * 1000)
    open_store(filled).close()
    (aside,) = [name for name in _asides(filled) if name.name.endswith("-wal")]
    assert aside.read_bytes() == kept
    assert aside.with_name(aside.name.removesuffix("-wal")).read_bytes() == b"ruined" * 1000


def test_leftover_log_is_not_replayed(filled: Path):
    """The log of a store that was deleted never becomes part of the next store."""
    code = (
        "import os, sys; from promptlab._store import open_store; from tests.store.parts import put\n"
        "store = open_store(sys.argv[1]); put(store, 'ghost', 'x'); os._exit(0)"
    )
    said(start(code, filled))
    filled.unlink()
    with open_store(filled) as store:
        assert text_of(store, "ghost") is None
        put(store, "new", "y")
        assert text_of(store, "new") == "y"
    assert _asides(filled, "leftover")


def test_store_with_triggers_is_refused(filled: Path):
    """A store that somebody taught to do things by itself is set aside."""
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON responses BEGIN DELETE FROM responses; END")
    with open_store(filled) as store:
        assert "triggers" in store.warnings[0]


def test_newer_store_is_left_alone(filled: Path):
    """A store of a newer version keeps its bytes and its name; this session works from memory and says so."""
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("PRAGMA user_version = 99")
    newer = filled.read_bytes()
    with open_store(filled) as store:
        put(store, "a", "b")
        assert text_of(store, "a") == "b"
        (text,) = store.warnings
        assert "newer" in text
        assert "\n" not in text
    assert filled.read_bytes() == newer
    assert not _asides(filled)


def test_foreign_database_is_left_alone(path: Path):
    """Another program's database is never renamed or written to."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (name)")
    theirs = path.read_bytes()
    with open_store(path) as store:
        put(store, "a", "b")
        assert text_of(store, "a") == "b"
        assert "another program" in store.warnings[0]
    assert path.read_bytes() == theirs


@pytest.mark.parametrize(
    "place",
    ["file/x/lab.sqlite3", "/proc/promptlab/lab.sqlite3", ".", "nul\0byte", "x" * 300],
)
def test_impossible_place_becomes_memory(tmp_path: Path, place: str):
    """A path that cannot hold a store costs one line and no result."""
    (tmp_path / "file").touch()
    with open_store(tmp_path / place) as store:
        put(store, "a", "b")
        assert text_of(store, "a") == "b"
        assert len(store.warnings) == 1


def test_pipe_at_path_blocks_nothing(tmp_path: Path):
    """A pipe in the store's place is not waited for."""
    os.mkfifo(tmp_path / "lab.sqlite3")
    with open_store(tmp_path / "lab.sqlite3") as store:
        assert "no file" in store.warnings[0]


@pytest.mark.parametrize("name", ["per%41cent.db", "que?ry=1.db", "ha#sh.db", "spa ce ü.db", "quo'te\".db"])
def test_odd_names_are_taken_literally(tmp_path: Path, name: str):
    """A name that means something in a URI is only a name."""
    with open_store(tmp_path / name) as store:
        put(store, "a", "b")
        assert store.warnings == ()
    assert (tmp_path / name).is_file()


def test_link_leads_to_its_store(filled: Path, tmp_path: Path):
    """A link to a store is that store."""
    link = tmp_path / "link.sqlite3"
    link.symlink_to(filled)
    with open_store(link) as store:
        assert text_of(store, "case 1") is not None
        assert store.path == filled.resolve()


@pytest.mark.parametrize("off", ["off", "OFF", None])
def test_store_off_keeps_nothing(off, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Switched off, everything can be called and nothing is kept anywhere."""
    monkeypatch.chdir(tmp_path)
    with open_store(off) as store:
        put(store, "a", "b")
        assert store.off
        assert store.get(request("a"), "x") is None
        assert (store.runs(), store.last_run(), store.warnings) == ([], None, ())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to count handles")
def test_close_leaves_no_handle(path: Path):
    """Closing lets every file go, as often as it is called, also after a straggler came by."""
    before = _handles()
    store = open_store(path)
    put(store, "a")
    text_of(store, "a")
    store.close()
    store.close()
    put(store, "straggler", "paid for")
    assert text_of(store, "straggler") == "paid for"
    assert _handles() == before
    assert not path.with_name(path.name + "-wal").exists()


def test_ten_processes_begin_one_store(path: Path):
    """Ten processes that make the same store in the same instant share it, and nobody hears of a lock."""
    code = (
        "import sys; from promptlab._store import open_store; from tests.store.parts import put\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = open_store(sys.argv[1])\n"
        "for number in range(5): put(store, f'{sys.argv[2]}-{number}', 'x')\n"
        "print(store.warnings); store.close()"
    )
    processes = [start(code, path, number, stdin=-1) for number in range(10)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [said(process) for process in processes] == ["()\n"] * 10
    with open_store(path) as store:
        missing = [f"{p}-{n}" for p in range(10) for n in range(5) if text_of(store, f"{p}-{n}") is None]
    assert missing == []
    assert not _asides(path)


def test_ten_processes_mend_one_ruin(filled: Path):
    """Ten processes that find the same damaged store set it aside once, and no good one with it."""
    filled.write_bytes(b"ruin" * 2000)
    code = (
        "import sys; from promptlab._store import open_store; from tests.store.parts import put\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = open_store(sys.argv[1]); put(store, sys.argv[2], 'x'); print(len(store.warnings)); store.close()"
    )
    processes = [start(code, filled, number, stdin=-1) for number in range(10)]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert sorted(said(process) for process in processes) == ["0\n"] * 9 + ["1\n"]
    with open_store(filled) as store:
        assert all(text_of(store, str(number)) == "x" for number in range(10))
    assert len([name for name in _asides(filled) if name.read_bytes()[:4] == b"ruin"]) == 1
