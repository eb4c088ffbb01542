"""What is at a path: a store, the ruin of one, or something else. Looking changes nothing.

The file is looked at through SQLite alone, read-only. Opening and closing it by ordinary means would
drop the locks that other connections of this process hold on it.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from promptlab._store._connect import broken, connect
from promptlab._store._migrations import APPLICATION_ID, TABLES, version

CHECKED_BYTES = 16_000_000
"""A store up to this size is checked page by page when it is opened (about 0.6 ms for each MB)."""

NO_STORES = frozenset({
    ".yaml", ".yml", ".json", ".jsonl", ".csv", ".md", ".txt", ".py", ".ipynb", ".toml", ".ini", ".cfg", ".html", ".xml", ".j2",
})  # fmt: skip
"""Endings of files that are no store, whatever a setting says: such a file is left alone."""


class Kind(Enum):
    """What a path can lead to."""

    ABSENT = "absent"
    GOOD = "good"
    SEALED = "good, where nothing can be written"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"
    DAMAGED = "damaged"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found at a path."""

    kind: Kind
    """What it is."""
    why: str = ""
    """What speaks for it, in a few words."""


def inspect(path: Path, newest: int) -> Found:
    """Look at what is at a path.

    Args:
        path: An absolute path.
        newest: The newest version of the schema that can be used.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return Found(kind=Kind.ABSENT)
    except OSError as error:
        return Found(kind=Kind.UNUSABLE, why=error.strerror or str(error))
    if not stat.S_ISREG(status.st_mode):
        return Found(kind=Kind.UNUSABLE, why="it is no file")
    try:
        return _look(path, "ro", newest, whole=status.st_size <= CHECKED_BYTES)
    except sqlite3.Error as error:
        if _moved(path, status):
            return inspect(path, newest)  # another process has set it aside meanwhile
        if broken(error):
            # A file that bears another kind of name was never a store: a setting is wrong, and the file is somebody's.
            strange = path.suffix.lower() in NO_STORES
            return Found(kind=Kind.FOREIGN if strange else Kind.DAMAGED, why=str(error))
        if _sealed(path):
            return _look_sealed(path, newest, whole=status.st_size <= CHECKED_BYTES)
        return Found(kind=Kind.UNUSABLE, why=str(error))


def _moved(path: Path, before: os.stat_result) -> bool:
    """Tell whether a path leads to another file than before, or to none."""
    try:
        return not os.path.samestat(path.stat(), before)
    except FileNotFoundError:
        return True


def _sealed(path: Path) -> bool:
    """Tell whether a store lies in a folder where its side files are neither there nor can be made."""
    wal = path.with_name(path.name + "-wal")
    return not os.access(path.parent, os.W_OK) and (not wal.exists() or wal.stat().st_size == 0)


def _look_sealed(path: Path, newest: int, *, whole: bool) -> Found:
    try:
        found = _look(path, "immutable", newest, whole=whole)
    except sqlite3.Error as error:
        return Found(kind=Kind.UNUSABLE, why=str(error))
    if found.kind is Kind.GOOD:
        return Found(kind=Kind.SEALED, why="its folder cannot be written")
    # What would be mended elsewhere cannot be here.
    return found if found.kind in (Kind.NEWER, Kind.FOREIGN) else Found(kind=Kind.UNUSABLE, why=found.why)


def _look(path: Path, mode: str, newest: int, *, whole: bool) -> Found:
    connection = connect(path, mode)
    try:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        parts = connection.execute("SELECT type, name FROM sqlite_schema").fetchall()
        number = version(connection)
        names = {name for type_, name in parts if type_ == "table"}
        if mark != APPLICATION_ID and not names & TABLES:
            return _strange(names)
        if mark == APPLICATION_ID and number > newest:
            return Found(
                kind=Kind.NEWER, why=f"its version is {number}, and {newest} is the newest known here"
            )
        if mark != APPLICATION_ID or not 1 <= number <= newest or not names >= TABLES:
            return Found(kind=Kind.DAMAGED, why="its header or its tables are not those of a store")
        if any(type_ not in ("table", "index") for type_, _ in parts):
            return Found(kind=Kind.DAMAGED, why="it holds triggers or views, which a store never does")
        if whole and (ill := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            return Found(kind=Kind.DAMAGED, why=str(ill).splitlines()[-1])
        return Found(kind=Kind.GOOD if number == newest else Kind.OLDER, why=f"version {number}")
    finally:
        connection.close()


def _strange(names: set[str]) -> Found:
    if names:
        return Found(kind=Kind.FOREIGN, why="it is an SQLite database of another program")
    return Found(kind=Kind.DAMAGED, why="it holds no tables")
