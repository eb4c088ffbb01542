"""Batches that were submitted and whose answers are not in the store yet, in a file beside it.

A request is claimed before anything is sent, so that no other process sends it too; and the claim is under a
token that the batch itself carries, so that a batch is found again whatever was killed in between.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptlab._errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUBMITTING_S = 900.0
"""How long another machine's process may take to submit what it has claimed."""

MANY = 500
"""Keys in one statement."""

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS batches (
        token TEXT PRIMARY KEY, batch TEXT, host TEXT NOT NULL, process INTEGER NOT NULL, claimed_at REAL NOT NULL
    );
    CREATE TABLE IF NOT EXISTS lines (key TEXT PRIMARY KEY, token TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS lines_of_token ON lines (token);
"""
_HOLDING = (
    "SELECT key, token, batch, host, process, claimed_at FROM lines JOIN batches USING (token) WHERE key IN"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One batch, or the claim of one that is about to be submitted."""

    token: str
    """What the batch carries in its metadata."""
    batch: str | None
    """The batch's id; None while it is not known to have been submitted."""
    claimed_elsewhere: bool
    """Whether another process seems to be about to submit it."""


class Ledger:
    """Remembers batches across restarts. Used by one thread.

    Args:
        store: The store's file; None where nothing is kept beyond this process.

    Raises:
        StoreError: The file cannot be used: nothing is submitted that could not be found again.
    """

    def __init__(self, store: Path | None) -> None:
        self.path = store and store.with_name(f"{store.stem}.batches.sqlite3")
        """The file, where there is one."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._trouble():
            self._connection = sqlite3.connect(
                self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=30.0
            )
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)

    def claim(self, keys: Iterable[str]) -> tuple[str, list[str]]:
        """Claim what nobody has claimed yet.

        Returns:
            The token, and the keys that are now this process's to submit.
        """
        token, mine = uuid.uuid4().hex, []
        with self._trouble(), self._whole() as connection:
            row = (token, None, socket.gethostname(), os.getpid(), time.time())
            connection.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?)", row)
            for key in keys:
                done = connection.execute("INSERT OR IGNORE INTO lines VALUES (?, ?)", (key, token))
                if done.rowcount:
                    mine.append(key)
            if not mine:
                connection.execute("DELETE FROM batches WHERE token = ?", (token,))
        return token, mine

    def submitted(self, token: str, batch: str) -> None:
        """Note the id under which a claim was submitted."""
        with self._trouble(), self._whole() as connection:
            connection.execute("UPDATE batches SET batch = ? WHERE token = ?", (batch, token))

    def release(self, token: str) -> None:
        """Forget a claim or batch with all its keys."""
        with self._trouble(), self._whole() as connection:
            connection.execute("DELETE FROM lines WHERE token = ?", (token,))
            connection.execute("DELETE FROM batches WHERE token = ?", (token,))

    def settle(self, keys: Sequence[str]) -> None:
        """Forget requests that are dealt with; a batch goes with the last of its requests."""
        with self._trouble(), self._whole() as connection:
            connection.executemany("DELETE FROM lines WHERE key = ?", ((key,) for key in keys))
            connection.execute("DELETE FROM batches WHERE token NOT IN (SELECT token FROM lines)")

    def holding(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Give, by key, the batches and claims that hold some of the keys."""
        found: dict[str, Entry] = {}
        with self._trouble():
            for start in range(0, len(keys), MANY):
                some = keys[start : start + MANY]
                marks = ", ".join("?" * len(some))
                rows = self._connection.execute(
                    f"{_HOLDING} ({marks})",
                    some,
                )
                for key, token, batch, host, process, at in rows:
                    elsewhere = batch is None and _alive(host, process, at)
                    found[key] = Entry(token=token, batch=batch, claimed_elsewhere=elsewhere)
        return found

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    @contextmanager
    def _whole(self) -> Iterator[sqlite3.Connection]:
        """Do all of it or nothing, alone."""
        connection = self._connection
        with closing(connection.execute("BEGIN IMMEDIATE")):
            pass
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"batches cannot be remembered in {self.path} ({error}): nothing was submitted for what could not be"
            ) from error


def _alive(host: str, process: int, claimed_at: float) -> bool:
    """Tell whether another process may still be about to submit what it claimed."""
    if host == socket.gethostname():
        if process == os.getpid():
            return False
        if os.name == "posix":
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                return False
            except PermissionError:
                return True
    return time.time() - claimed_at < SUBMITTING_S
