"""Remembered completions. A key has generations: paying anew adds one, the newest is served."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from promptlab._store._database import Work
from promptlab._store._values import Redact, column, pack, plain, unpack
from promptlab._types import Completion, Request

UNFIT = frozenset({"length", "content_filter"})
"""Reasons to finish that leave no whole answer: such completions are neither kept nor served."""

_FIELDS = tuple(f.name for f in fields(Completion) if f.name not in ("cached", "attempts"))

_ADD = """
    INSERT INTO responses (key, generation, case_id, saved_at, checksum, body)
    SELECT :key, coalesce(max(generation) + 1, 0), :case, :now, :checksum, :body
    FROM responses WHERE key = :key
"""
FIND = "SELECT checksum, body FROM responses WHERE key = ? ORDER BY generation DESC LIMIT 1"
"""Finds the newest generation of a key."""


def fit(completion: Completion) -> bool:
    """Tell whether a completion may be remembered: whole, and paid for just now."""
    return not completion.cached and completion.finish_reason not in UNFIT


def adding(key: bytes, request: Request, completion: Completion, redact: Redact) -> Work:
    """Make the single statement that remembers a completion as its key's newest generation."""
    body = pack(completion_fields(completion, redact))
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    names = {"key": key, "case": column(redact(request.case)), "now": now}
    values = {**names, "checksum": _checksum(key, body), "body": body}

    def work(connection: sqlite3.Connection) -> None:
        connection.execute(_ADD, values)

    return work


def read_response(key: bytes, rows: Sequence[tuple[Any, ...]]) -> Completion | None:
    """Read what `FIND` found; None where there is nothing, or what is there is damaged or unfit."""
    for checksum, body in rows:
        if not isinstance(body, bytes) or checksum != _checksum(key, body):
            return None
        try:
            completion = read_completion(unpack(body), cached=True, attempts=0)
        except (ValueError, TypeError, AttributeError):
            return None
        return None if completion.finish_reason in UNFIT else completion
    return None


def completion_fields(completion: Completion, redact: Redact) -> dict[str, Any]:
    """Give a completion's fields as plain JSON types, the empty ones left out."""
    values = {}
    for name in _FIELDS:
        value = getattr(completion, name)
        if value is not None and value != ():
            values[name] = plain(value, redact)
    if values.get("logprobs") and values["text"] != completion.text:
        # A secret was taken out of the text; in the tokens it lies in pieces, each too short to be known.
        del values["logprobs"]
    return values


def read_completion(values: Mapping[str, Any], *, cached: bool, attempts: int) -> Completion:
    """Make a completion of the fields that were kept; those unknown to this version are ignored."""
    known = {name: values[name] for name in _FIELDS if name in values}
    if "logprobs" in known:
        known["logprobs"] = tuple((token, value) for token, value in known["logprobs"])
    if "notes" in known:
        known["notes"] = tuple(known["notes"])
    return Completion(**known, cached=cached, attempts=attempts)


def _checksum(key: bytes, body: bytes) -> bytes:
    """Tie a body to its key: a body that strayed to another key is damage too."""
    return blake2b(body, digest_size=8, key=key).digest()
