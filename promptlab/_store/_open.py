"""Finds a store, makes one, brings an old one up to date, and sets a damaged one aside."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from promptlab._store._connect import connect, identity, sync_folder
from promptlab._store._database import Database
from promptlab._store._inspect import Found, Kind, inspect
from promptlab._store._migrations import Steps, migrate, version

LOCK_S = 60.0
"""How long a process waits for another one that makes, mends or migrates the same store."""

_SIDES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of opening a store."""

    database: Database | None
    """The store; None where there is none to be used."""
    warnings: tuple[str, ...] = ()
    """What the user should know."""


def open_database(path: Path, steps: Steps, *, damaged: tuple[int, int] | None = None) -> Opened:
    """Open the store at a path, whatever is there.

    Nothing is ever deleted or overwritten: a damaged file is renamed, an older one is copied before it is
    migrated, a newer one or another program's is left alone.

    Args:
        path: An absolute path.
        steps: The schema.
        damaged: The identity of a file known to be damaged, however well it looks.
    """
    try:
        _make_folder(path.parent)
        found = _inspect(path, steps, damaged)
        warnings: tuple[str, ...] = ()
        if found.kind in (Kind.ABSENT, Kind.DAMAGED, Kind.OLDER):
            with _alone(path):
                found, warnings = _mend(path, steps, damaged)
        return _opened(path, found, warnings)
    except (OSError, sqlite3.Error, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return Opened(database=None, warnings=(_unusable(path, why),))


def absolute(path: Path | str) -> Path:
    """Follow links to the file itself, beside which SQLite puts its side files."""
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        # A loop of links, or no home folder: opening says what is wrong with the path.
        return Path(os.path.abspath(path))  # noqa: PTH100 - `Path.absolute` keeps `..`, `resolve` just failed


def _inspect(path: Path, steps: Steps, damaged: tuple[int, int] | None) -> Found:
    if damaged is not None and path.exists() and identity(path) == damaged:
        return Found(kind=Kind.DAMAGED, why="a page of it cannot be read")
    return inspect(path, len(steps))


def _mend(path: Path, steps: Steps, damaged: tuple[int, int] | None) -> tuple[Found, tuple[str, ...]]:
    """Make the path lead to a store of today; in the meantime another process may have done so."""
    found = _inspect(path, steps, damaged)
    said: tuple[str, ...] = ()
    if found.kind is Kind.DAMAGED:
        aside = _set_aside(path)
        text = (
            f"the store {path} is damaged ({found.why}): it was set aside as {aside.name}, untouched, "
            "and a new one was begun; remembered answers will be asked for again"
        )
        said = (text,)
        found = Found(kind=Kind.ABSENT)
    if found.kind is Kind.ABSENT:
        _create(path, steps)
        return Found(kind=Kind.GOOD), said
    if found.kind is Kind.OLDER:
        backup = _migrate(path, steps)
        return Found(kind=Kind.GOOD), (
            f"the store {path} was brought up to date; a copy is in {backup.name}",
        )
    return found, said


def _opened(path: Path, found: Found, warnings: tuple[str, ...]) -> Opened:
    if found.kind in (Kind.GOOD, Kind.SEALED):
        _close_to_others(path)
        return Opened(database=Database(path, immutable=found.kind is Kind.SEALED), warnings=warnings)
    if found.kind is Kind.NEWER:
        text = (
            f"the store {path} was written by a newer promptlab ({found.why}): it was left untouched, and this "
            "session keeps its results in memory only; update promptlab, or name another store in PROMPTLAB_STORE"
        )
        return Opened(database=None, warnings=(text,))
    return Opened(database=None, warnings=(_unusable(path, found.why),))


def _unusable(path: Path, why: str) -> str:
    return (
        f"the store {path} cannot be used ({why}): this session keeps its results in memory only; "
        "name another place in PROMPTLAB_STORE"
    )


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / ".gitignore"
    # Only a folder of our own is hidden from git: any other one may hold files of the user's.
    if folder.name == ".promptlab" and not note.exists() and os.access(folder, os.W_OK):
        note.write_text("*\n", encoding="utf-8")


def _close_to_others(path: Path) -> None:
    """Take the rights of others on the file away, where they have any and the file is ours."""
    status = path.stat()
    if status.st_mode & 0o077 and status.st_uid == getattr(os, "geteuid", lambda: -1)():
        path.chmod(0o600)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep every other thread and process from making or mending the same store.

    The lock is SQLite's own, on an empty file beside the store: it is the same on every system and goes with
    the process that holds it.
    """
    lock = path.with_name(path.name + ".lock")
    connection = sqlite3.connect(lock, isolation_level=None, timeout=LOCK_S)
    with closing(connection):
        connection.execute("BEGIN EXCLUSIVE")
        if lock.stat().st_mode & 0o077:
            lock.chmod(0o600)
        yield
        connection.execute("ROLLBACK")


def _create(path: Path, steps: Steps) -> None:
    """Make a new store under another name, whole, and move it to its place in one step."""
    for side in _SIDES:
        # Left behind by a store that is gone, it would be read as part of the new one.
        if path.with_name(path.name + side).exists():
            _rename(path, _free_name(path, "leftover"), (side,))
    draft = path.with_name(path.name + ".new")
    for name in ("", *_SIDES):
        draft.with_name(draft.name + name).unlink(missing_ok=True)
    _touch(draft)
    with closing(connect(draft, "rw")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, steps)
    draft.rename(path)
    sync_folder(path.parent)


def _migrate(path: Path, steps: Steps) -> Path:
    """Copy a store of an older version, then migrate it."""
    with closing(connect(path, "rw")) as connection:
        copy = _free_name(path, f"version-{version(connection)}")
        _touch(copy)
        with closing(connect(copy, "rw")) as target:
            connection.backup(target)
        migrate(connection, steps)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return copy


def _set_aside(path: Path) -> Path:
    """Rename a damaged store with what belongs to it."""
    aside = _free_name(path, "damaged")
    _rename(path, aside, ("", *_SIDES))
    sync_folder(path.parent)
    return aside


def _rename(path: Path, target: Path, sides: tuple[str, ...]) -> None:
    for side in sides:
        source = path.with_name(path.name + side)
        if source.exists():
            source.rename(target.with_name(target.name + side))


def _free_name(path: Path, word: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for number in range(1000):
        name = path.with_name(f"{path.name}.{word}-{stamp}" + (f"-{number}" if number else ""))
        if not any(name.with_name(name.name + side).exists() for side in ("", *_SIDES)):
            return name
    raise FileExistsError(f"no free name beside {path}")


def _touch(path: Path) -> None:
    """Make an empty file that only its owner can read."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
