"""The schema, as numbered steps: a store of version n has had the first n of them.

A step that was ever shipped is never edited; a change is one more step.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x504C4142
"""`PLAB`: marks an SQLite file as a store of ours."""

Steps = tuple[tuple[str, ...], ...]
"""Statements by step; the number of steps is the schema's version."""

_FIRST = (
    # Bodies are JSON in UTF-8, kept as BLOBs: SQLite never decodes them, so no damage can stop a read half-way.
    """CREATE TABLE responses (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL,
        generation INTEGER NOT NULL,
        case_id TEXT NOT NULL,
        saved_at TEXT NOT NULL,
        checksum BLOB NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (key, generation)
    )""",
    # What many rows have in common (cases, prompts, what became of a row served again) is kept once.
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body BLOB NOT NULL)",
    """CREATE TABLE runs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        started_at TEXT NOT NULL,
        suite TEXT NOT NULL,
        repeats INTEGER NOT NULL,
        workers INTEGER NOT NULL,
        simulated INTEGER NOT NULL,
        case_count INTEGER NOT NULL,
        case_ids BLOB NOT NULL,
        notes BLOB NOT NULL,
        finished INTEGER NOT NULL DEFAULT 0,
        stopped TEXT,
        wall_s REAL,
        summary BLOB
    )""",
    # The counters are moved in the transaction that adds the rows: history never has to read the rows.
    """CREATE TABLE variants (
        run INTEGER NOT NULL,
        place INTEGER NOT NULL,
        prompt TEXT NOT NULL,
        version TEXT NOT NULL,
        model TEXT,
        answered TEXT,
        text BLOB,
        passed INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        errors INTEGER NOT NULL DEFAULT 0,
        ungraded INTEGER NOT NULL DEFAULT 0,
        not_run INTEGER NOT NULL DEFAULT 0,
        cached INTEGER NOT NULL DEFAULT 0,
        calls INTEGER NOT NULL DEFAULT 0,
        priced INTEGER NOT NULL DEFAULT 0,
        unpriced INTEGER NOT NULL DEFAULT 0,
        cost_usd REAL NOT NULL DEFAULT 0,
        input_tokens INTEGER,
        output_tokens INTEGER,
        last_s REAL,
        PRIMARY KEY (run, place)
    ) WITHOUT ROWID""",
    "CREATE INDEX variants_of_prompt ON variants (prompt, run)",
    "CREATE INDEX variants_of_version ON variants (version)",
    """CREATE TABLE outcomes (
        run INTEGER NOT NULL,
        place INTEGER NOT NULL,
        variant INTEGER NOT NULL,
        repeat INTEGER NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        started_s REAL,
        finished_s REAL,
        case_hash BLOB NOT NULL,
        detail_hash BLOB NOT NULL,
        PRIMARY KEY (run, place)
    ) WITHOUT ROWID""",
    """CREATE TABLE paces (
        suite TEXT NOT NULL,
        case_id TEXT NOT NULL,
        prompt TEXT NOT NULL,
        model TEXT NOT NULL,
        simulated INTEGER NOT NULL,
        run INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        latency_s REAL NOT NULL,
        input_tokens REAL,
        output_tokens REAL,
        cost_usd REAL,
        PRIMARY KEY (suite, case_id, prompt, model, simulated)
    ) WITHOUT ROWID""",
)

STEPS: Steps = (_FIRST,)

TABLES = frozenset({"responses", "texts", "runs", "variants", "outcomes", "paces"})
"""Tables that every version has."""


def version(connection: sqlite3.Connection) -> int:
    """Read the number of steps that a store has had."""
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


def migrate(connection: sqlite3.Connection, steps: Steps) -> None:
    """Take the steps that a store has not had yet: all of them or none.

    The connection is in autocommit mode (`isolation_level=None`).
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[version(connection) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
