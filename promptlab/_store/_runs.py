"""Writes runs: what was begun, each row as it ends, and how the whole ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptlab._store._database import Work
from promptlab._store._responses import completion_fields
from promptlab._store._values import Redact, column, cut, digest, pack, plain, real, whole
from promptlab._types import Case, Completion, Outcome, Run

RECENT = 5
"""An expectation from history is a moving mean that forgets: roughly the last five calls count."""

_COUNTERS = {
    "pass": "passed",
    "fail": "failed",
    "error": "errors",
    "ungraded": "ungraded",
    "not_run": "not_run",
}

_ADD_RUN = """
    INSERT OR IGNORE INTO runs
    (id, started_at, suite, repeats, workers, simulated, case_count, case_ids, notes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_VARIANT = """
    INSERT OR IGNORE INTO variants (run, place, prompt, version, model, text) VALUES (?, ?, ?, ?, ?, ?)
"""
_ADD_TEXT = "INSERT OR IGNORE INTO texts (hash, body) VALUES (?, ?)"
_ADD_OUTCOME = "INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COUNT = """
    UPDATE variants SET
        passed = passed + :passed, failed = failed + :failed, errors = errors + :errors,
        ungraded = ungraded + :ungraded, not_run = not_run + :not_run, cached = cached + :cached,
        calls = calls + :calls, priced = priced + :priced, unpriced = unpriced + :unpriced,
        cost_usd = cost_usd + :cost_usd,
        input_tokens = coalesce(input_tokens + :input_tokens, input_tokens, :input_tokens),
        output_tokens = coalesce(output_tokens + :output_tokens, output_tokens, :output_tokens),
        answered = coalesce(answered, :answered),
        last_s = max(coalesce(last_s, 0), :last_s)
    WHERE run = :run AND place = :place
"""
_PACE = f"""
    INSERT INTO paces VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        run = excluded.run,
        latency_s = latency_s + (excluded.latency_s - latency_s) / min(seen + 1.0, {RECENT}),
        input_tokens = coalesce(
            input_tokens + (excluded.input_tokens - input_tokens) / min(seen + 1.0, {RECENT}),
            excluded.input_tokens, input_tokens),
        output_tokens = coalesce(
            output_tokens + (excluded.output_tokens - output_tokens) / min(seen + 1.0, {RECENT}),
            excluded.output_tokens, output_tokens),
        cost_usd = coalesce(
            cost_usd + (excluded.cost_usd - cost_usd) / min(seen + 1.0, {RECENT}),
            excluded.cost_usd, cost_usd),
        seen = seen + 1
"""  # noqa: S608 - the number is a constant of this module
_FINISH = "UPDATE runs SET finished = 1, stopped = ?, wall_s = ?, summary = ? WHERE id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """An outcome, and the hashes of the two texts that hold what does not fit its columns."""

    outcome: Outcome
    case: bytes
    detail: bytes


def beginning(run: Run, redact: Redact) -> Work:
    """Make the work that writes what is known before the first call."""

    def work(connection: sqlite3.Connection) -> None:
        _number(connection, run, redact)

    return work


def recording(run: Run, outcomes: Sequence[Outcome], redact: Redact) -> Work:
    """Make the work that adds rows to a run and moves its counters; a row already there is left as it is."""
    rows, texts = [], []
    for outcome in outcomes:
        case = pack(_case_fields(outcome.case, redact))
        detail = pack(_detail_fields(outcome, redact))
        row = _Row(outcome=outcome, case=digest(case), detail=digest(detail))
        rows.append(row)
        texts += [(row.case, case), (row.detail, detail)]

    def work(connection: sqlite3.Connection) -> None:
        number = _number(connection, run, redact)
        places = {(variant.name, variant.version): place for place, variant in enumerate(run.variants)}
        names = {variant.name: place for place, variant in enumerate(run.variants)}
        sums: dict[int, dict[str, Any]] = {}
        connection.executemany(_ADD_TEXT, texts)
        for row in rows:
            outcome = row.outcome
            place = places.get((outcome.prompt, outcome.version), names.get(outcome.prompt, 0))
            if _add(connection, number, place, row):
                _count(sums.setdefault(place, _zero(number, place)), outcome, redact)
                _learn(connection, number, run, outcome, redact)
        connection.executemany(_COUNT, sums.values())

    return work


def finishing(run_id: str, summary: Mapping[str, Any], stopped: str | None, redact: Redact) -> Work:
    """Make the work that writes how a run ended."""
    wall_s = real(summary.get("wall_s"))
    reason = column(redact(stopped)) if stopped is not None else None
    values = (reason, wall_s, pack(plain(summary, redact)), column(run_id))

    def work(connection: sqlite3.Connection) -> None:
        connection.execute(_FINISH, values)

    return work


def _number(connection: sqlite3.Connection, run: Run, redact: Redact) -> int:
    """Give a run's number in this database, writing what is known of the run where it is not there yet."""
    query = "SELECT number FROM runs WHERE id = ?"
    found = connection.execute(query, (column(run.id),)).fetchone()
    if found is not None:
        return int(found[0])

    def keep(value: Any) -> bytes:
        return _keep(connection, pack(plain(value, redact)))

    head = (column(run.id), column(run.started_at), column(redact(run.suite)), run.repeats, run.workers)
    body = (int(run.simulated), len(run.cases), keep(run.cases), pack(plain(run.notes, redact)))
    connection.execute(_ADD_RUN, head + body)
    number = int(connection.execute(query, (column(run.id),)).fetchone()[0])
    for place, variant in enumerate(run.variants):
        model = None if variant.model is None else column(redact(variant.model))
        text = None if variant.text is None else keep(variant.text)
        names = (column(redact(variant.name)), column(redact(variant.version)))
        connection.execute(_ADD_VARIANT, (number, place, *names, model, text))
    return number


def _keep(connection: sqlite3.Connection, body: bytes) -> bytes:
    """Keep a text once, and give the hash to find it by."""
    key = digest(body)
    connection.execute(_ADD_TEXT, (key, body))
    return key


def _add(connection: sqlite3.Connection, number: int, place: int, row: _Row) -> bool:
    """Add a row; False where it was there already."""
    o = row.outcome
    cached = int(o.completion is not None and o.completion.cached)
    times = (real(o.started_s), real(o.finished_s))
    values = (number, o.index, place, o.repeat, o.status, o.attempts, cached, *times, row.case, row.detail)
    return connection.execute(_ADD_OUTCOME, values).rowcount > 0


def _zero(number: int, place: int) -> dict[str, Any]:
    counters = (*_COUNTERS.values(), "cached", "calls", "priced", "unpriced", "cost_usd", "last_s")
    tokens = {"input_tokens": None, "output_tokens": None, "answered": None}
    return {"run": number, "place": place, **dict.fromkeys(counters, 0), **tokens}


def _count(sums: dict[str, Any], outcome: Outcome, redact: Redact) -> None:
    """Add an outcome to the sums; tokens and money only where calls were made for it in this run."""
    sums[_COUNTERS[outcome.status]] += 1
    sums["calls"] += outcome.attempts + _calls(outcome.checking)
    sums["last_s"] = max(sums["last_s"], real(outcome.finished_s) or 0.0)
    completion = outcome.completion
    if completion is None:
        return
    sums["cached"] += completion.cached
    if sums["answered"] is None and completion.model is not None:
        sums["answered"] = column(redact(completion.model))
    for paid, calls in ((completion, outcome.attempts), (outcome.checking, _calls(outcome.checking))):
        if paid is None or not calls:
            continue
        cost = real(paid.cost_usd)
        sums["unpriced" if cost is None else "priced"] += 1
        sums["cost_usd"] += cost or 0.0
        for name in ("input_tokens", "output_tokens"):
            if (tokens := whole(getattr(paid, name))) is not None:
                sums[name] = (sums[name] or 0) + tokens


def _calls(checking: Completion | None) -> int:
    return 0 if checking is None else checking.attempts


def _learn(connection: sqlite3.Connection, number: int, run: Run, outcome: Outcome, redact: Redact) -> None:
    """Remember what a paid call took, for schedules and plans."""
    completion = outcome.completion
    latency = real(completion.latency_s) if completion is not None else None
    if completion is None or latency is None or completion.cached or outcome.attempts < 1:
        return
    asked = {variant.name: variant.model for variant in run.variants}.get(outcome.prompt)
    names = (run.suite, outcome.case.id, outcome.prompt, asked or "")
    key = (*(column(redact(name)) for name in names), int(run.simulated), number)
    tokens = (whole(completion.input_tokens), whole(completion.output_tokens))
    connection.execute(_PACE, (*key, latency, *tokens, real(completion.cost_usd)))


def _case_fields(case: Case, redact: Redact) -> dict[str, Any]:
    """Give what is kept of a case. Where it was read is not: it would differ with every edit above it."""
    values = {"id": case.id, "input": case.input, "expect": case.expect, "why": case.why}
    values |= {"tags": case.tags or None, "metadata": case.metadata or None}
    return {name: plain(value, redact) for name, value in values.items() if value is not None}


def _detail_fields(outcome: Outcome, redact: Redact) -> dict[str, Any]:
    """Give what is kept of a row that is the same when it is served again: what came and what was said."""
    answer, completion = outcome.answer, outcome.completion
    fields: dict[str, Any] = {"reason": cut(_safe(outcome.reason, redact)), "error": outcome.error}
    if completion is not None:
        fields["completion"] = completion_fields(completion, redact)
    if (checking := outcome.checking) is not None:
        fields["checking"] = [completion_fields(checking, redact), checking.attempts]
    if answer is not None:
        own = completion is None or answer.text != completion.text
        fields["answer"] = {
            "text": _safe(answer.text, redact) if own else None,
            "value": None if _same(answer.value, answer.text) else [plain(answer.value, redact)],
            "is_json": answer.is_json or None,
            "confidence": real(answer.confidence),
            "confidence_source": answer.confidence_source,
            "notes": plain(answer.notes, redact) or None,
        }
        fields["answer"] = {name: value for name, value in fields["answer"].items() if value is not None}
    fields["verdicts"] = [
        [bool(v.passed), redact(v.name), cut(_safe(v.reason, redact)), real(v.score)]
        for v in outcome.verdicts
    ]
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _same(value: Any, text: str) -> bool:
    return isinstance(value, str) and value == text


def _safe(text: str | None, redact: Redact) -> str | None:
    return None if text is None else redact(text)
