"""Opens SQLite files, and tells what their errors mean."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

BUSY_S = 10.0
"""How long SQLite waits for another process to let go, each time."""

_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def broken(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file itself is damaged."""
    return _code(error) in _BROKEN


def busy(error: sqlite3.Error) -> bool:
    """Tell whether an error says that somebody else holds the database."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _code(error: sqlite3.Error) -> int:
    """Give the primary code of an error; 0 where it came from Python and has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file in autocommit mode.

    Args:
        path: An absolute path.
        mode: `rw`, `ro`, or `immutable`: read-only in a folder where SQLite may not put its side files.
    """
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    connection = sqlite3.connect(
        f"{path.as_uri()}?{query}", uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S
    )
    try:
        return prepared(connection)
    except sqlite3.Error:
        connection.close()
        raise


def prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Set a connection up: every commit waits for the disk, damaged text can be read, the file runs nothing."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -8000")
    # Four times the default: a page that many rows change is copied back from the log less often.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def identity(path: Path) -> tuple[int, int]:
    """Give what tells a file from another one of the same name."""
    status = path.stat()
    return status.st_dev, status.st_ino


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
