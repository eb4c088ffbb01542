"""One SQLite database: a connection that writes, a connection that reads, a lock for each."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from promptlab._store._connect import busy, connect, identity, prepared
from promptlab._store._migrations import STEPS, Steps, migrate

Work = Callable[[sqlite3.Connection], object]
"""What is to be written. It may be done again, on the same database or another: twice is as good as once."""

TRIES = 2
"""How often a write is tried while other processes hold the database."""

FORK_S = 5.0
"""How long a fork waits for a write under way."""

TOGETHER = 64
"""How many statements that wait for the disk at the same time are committed at once."""


class _Waiting:
    """A statement that waits to be committed."""

    __slots__ = ("error", "settled", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.settled = False
        self.error: sqlite3.Error | None = None


class Database:
    """A database that any number of threads may use.

    Connections are opened when first needed. After `close` it still works, each time with a connection
    of its own, so that a straggler's paid answer is kept and no handle stays open.

    Args:
        path: The file; None for a database in memory.
        immutable: Whether the file lies where nothing can be written.
        steps: The schema of a database in memory.
    """

    def __init__(self, path: Path | None, *, immutable: bool = False, steps: Steps = STEPS) -> None:
        self.path = path
        self.identity = None if path is None else identity(path)
        self._mode = "immutable" if immutable else "rw"
        self._steps = steps
        self._closed = False
        self._held: list[threading.Lock] = []
        self._renew_locks()

    def __del__(self) -> None:
        # What is in memory alone can be read as long as anybody wants it: nobody says when that is over.
        for name in ("_writer", "_reader"):
            if (connection := getattr(self, name, None)) is not None:
                connection.close()

    def _renew_locks(self) -> None:
        self._writing = threading.Lock()
        # A database in memory lives in its one connection, so both ways share it.
        self._reading = self._writing if self.path is None else threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    def write(self, work: Work, *, together: bool = False) -> None:
        """Do work in one transaction, committed when this returns.

        Args:
            work: What to write; rolled back where it raises.
            together: Whether the work may share its transaction with others that wait: nothing in it fails alone.

        Raises:
            sqlite3.Error: It could not be written.
        """
        if together:
            self._write_together(_Waiting(work))
            return
        with self._writing:
            self._commit(work)

    def _write_together(self, mine: _Waiting) -> None:
        """Commit a statement, with all that came while the disk was busy: one wait for it serves many threads."""
        self._queue.append(mine)
        with self._writing:
            while not mine.settled:
                batch = [self._queue.popleft() for _ in range(min(TOGETHER, len(self._queue)))]
                error = None
                try:
                    self._commit(*(waiting.work for waiting in batch))
                except sqlite3.Error as raised:
                    error = raised
                except BaseException:
                    # An interrupt of this thread is not theirs: whoever is next takes them up.
                    self._queue.extendleft(waiting for waiting in reversed(batch) if waiting is not mine)
                    raise
                for waiting in batch:
                    waiting.error, waiting.settled = error, True
        if mine.error is not None:
            raise mine.error

    def _commit(self, *works: Work) -> None:
        """Do work in one transaction; the lock is held."""
        try:
            for left in reversed(range(TRIES)):
                try:
                    self._transact(self._open_writer(), works)
                except sqlite3.OperationalError as error:
                    if not (busy(error) and left):
                        raise
                else:
                    return
        finally:
            if self._closed:
                self._drop_writer()

    def fetch(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read rows.

        Raises:
            sqlite3.Error: They could not be read.
        """
        with self._reading:
            try:
                return self._open_reader().execute(query, values).fetchall()
            finally:
                if self._closed:
                    self._drop_reader()

    def moved(self) -> bool:
        """Tell whether the path no longer leads to the file that was opened."""
        if self.path is None:
            return False
        try:
            return identity(self.path) != self.identity
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Close the connections, as often as wanted."""
        with self._writing:
            self._closed = True
            self._drop_writer()
        with self._reading:
            self._drop_reader()

    def before_fork(self) -> None:
        """Close the connections and let nobody open one until the fork is made.

        SQLite keeps its locks in the process's memory: a child that inherits an open connection believes
        it holds locks that only its parent has, on new connections to the file too.
        """
        locks = dict.fromkeys((self._writing, self._reading))
        self._held = [lock for lock in locks if lock.acquire(timeout=FORK_S)]
        if self.path is None:
            return
        if self._writing in self._held:
            self._drop_writer()
        if self._reading in self._held:
            self._drop_reader()

    def after_fork(self, *, child: bool) -> None:
        """Go on after a fork, in the parent or the child."""
        held, self._held = self._held, []
        if child and self.path is not None:
            self._renew_locks()
        else:
            for lock in held:
                lock.release()

    def _drop_writer(self) -> None:
        connection, self._writer = self._writer, None
        if connection is not None:
            connection.close()

    def _drop_reader(self) -> None:
        connection, self._reader = self._reader, None
        if connection is not None:
            connection.close()

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            if self.path is None:
                self._writer = prepared(
                    sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                )
                migrate(self._writer, self._steps)
            else:
                self._writer = connect(self.path, self._mode)
        return self._writer

    def _open_reader(self) -> sqlite3.Connection:
        if self.path is None:
            return self._open_writer()
        if self._reader is None:
            self._reader = connect(self.path, self._mode)
        return self._reader

    def _transact(self, connection: sqlite3.Connection, works: Sequence[Work]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for work in works:
                work(connection)
            connection.execute("COMMIT")
        except BaseException:
            # Closing rolls back too, and works where a rollback would fail: on a full or broken disk.
            if self.path is None:
                connection.execute("ROLLBACK")
            else:
                self._drop_writer()
            raise
