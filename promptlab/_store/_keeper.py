"""Keeps what it is given: on disk while that works, in memory from the moment it does not."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promptlab._store._connect import broken
from promptlab._store._database import Database, Work
from promptlab._store._migrations import TABLES, Steps
from promptlab._store._open import open_database

REPLACED_AT_MOST = 3
"""How often one session begins a new store in place of a damaged one before it gives the disk up."""


class Keeper:
    """A store's databases: the one on disk, and one in memory for what the disk would not take.

    Trouble with the disk never reaches the caller: it is said once in `warnings`. What the disk is owed
    is written when it works again: at the next `recover`, at the latest in `close`.
    """

    def __init__(self, path: Path, steps: Steps) -> None:
        self.path = path
        self._steps = steps
        self._lock = threading.RLock()
        self._disk: Database | None = None
        self._spare: Database | None = None
        self._owed: deque[Work] = deque()
        self._down = False
        self._closed = False
        self._replaced = 0
        self._said: set[str] = set()
        self.warnings: list[str] = []
        self._taken = 0
        with self._lock:
            self._open()
        self._heed_forks()

    def write(self, work: Work, *, together: bool = False) -> None:
        """Do work on the disk, committed when this returns; in memory where that cannot be."""
        disk = None if self._down else self._disk
        while disk is not None:
            if disk.moved():
                disk = self._renew(disk)
                continue
            try:
                disk.write(work, together=together)
            except sqlite3.Error as error:
                disk = self._fall(disk, error)
            else:
                return
        with self._lock:
            self._owed.append(work)
            self._spared().write(work, together=together)

    def fetch(self, query: str, values: Sequence[Any] = ()) -> list[list[tuple[Any, ...]]]:
        """Read from each database: memory first, whose rows are the newer ones."""
        results = []
        for database in (self._spare, self._disk):
            if database is None:
                continue
            try:
                results.append(database.fetch(query, values))
            except sqlite3.Error as error:
                self._fall(database, error)
        return results

    def recover(self) -> None:
        """Write what the disk is owed, where it works again."""
        with self._lock:
            if not self._down:
                return
            if self._disk is None or self._disk.moved():
                self._open()
            if self._disk is None:
                return
            try:
                while self._owed:
                    self._disk.write(self._owed[0])
                    self._owed.popleft()
                self._disk.write(_nothing)
            except sqlite3.Error:
                # It was said when the disk first failed; what is owed stays owed, and in memory.
                return
            self._down = False
            if self._spare is not None:
                self._spare.write(_empty)

    def close(self) -> None:
        """Write what the disk is owed, and let its handles go; as often as wanted."""
        self.recover()
        with self._lock:
            self._closed = True
            if self._disk is not None:
                self._disk.close()
            if self._spare is not None and not self._owed:
                self._spare.close()
                self._spare = None

    def warn(self, kind: str, text: str) -> None:
        """Say something once."""
        with self._lock:
            if kind not in self._said:
                self._said.add(kind)
                self.warnings.append(text)

    def take_warnings(self) -> tuple[str, ...]:
        """Give the warnings that were not taken yet."""
        with self._lock:
            taken = tuple(self.warnings[self._taken :])
            self._taken = len(self.warnings)
            return taken

    def _open(self, damaged: tuple[int, int] | None = None) -> None:
        """Open what is at the path, or do without."""
        opened = open_database(self.path, self._steps, damaged=damaged)
        for text in opened.warnings:
            self.warn(text if opened.database else "unusable", text)
        self._disk = opened.database
        self._down = self._down or opened.database is None
        if self._disk is not None and self._closed:
            self._disk.close()

    def _spared(self) -> Database:
        with self._lock:
            if self._spare is None:
                self._spare = Database(None, steps=self._steps)
            return self._spare

    def _renew(self, disk: Database) -> Database | None:
        """Open anew what was deleted, or replaced by another process, under an open store."""
        with self._lock:
            if self._disk is disk:
                disk.close()
                self._open()
            return None if self._down else self._disk

    def _fall(self, disk: Database, error: sqlite3.Error) -> Database | None:
        """Answer an error of the disk: another database to go on with, or None for memory."""
        with self._lock:
            if self._disk is not disk or self._down:
                return None if self._down else self._disk
            if broken(error) and self._replaced < REPLACED_AT_MOST:
                self._replaced += 1
                if os.name == "nt":
                    disk.close()  # an open file cannot be renamed there
                # Elsewhere it is closed once it has its new name: SQLite then leaves its bytes as they are.
                self._open(damaged=disk.identity)
                disk.close()
                return self._disk
            self._down = True
            self.warn(
                "down",
                f"the store {self.path} cannot be used just now ({error}): results are kept in memory from here "
                "on, and written when it works again before this session ends",
            )
            return None

    def _heed_forks(self) -> None:
        """Have no connection open while the process is forked; a keeper that is gone is not kept for it."""
        if not hasattr(os, "register_at_fork"):
            return
        this = weakref.ref(self)

        def before() -> None:
            if (keeper := this()) is not None:
                keeper._before_fork()  # noqa: SLF001 - its own method, through a weak reference

        def after(*, child: bool) -> None:
            if (keeper := this()) is not None:
                keeper._after_fork(child=child)  # noqa: SLF001 - as above

        os.register_at_fork(
            before=before,
            after_in_parent=lambda: after(child=False),
            after_in_child=lambda: after(child=True),
        )

    def _before_fork(self) -> None:
        for database in (self._disk, self._spare):
            if database is not None:
                database.before_fork()

    def _after_fork(self, *, child: bool) -> None:
        if child:
            self._lock = threading.RLock()
            self._owed = deque()  # the parent writes it
        for database in (self._disk, self._spare):
            if database is not None:
                database.after_fork(child=child)


def _nothing(connection: sqlite3.Connection) -> None:
    """Write nothing, in a transaction of its own: shows whether the disk can be written."""
    connection.execute("PRAGMA user_version")


def _empty(connection: sqlite3.Connection) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names are constants of ours
