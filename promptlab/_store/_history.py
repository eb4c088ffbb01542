"""Reads runs: what is told of them in history, and their rows. Rows of several databases are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptlab._store._responses import read_completion
from promptlab._store._values import column, digest, unpack, unpack_or
from promptlab._types import Answer, Case, Completion, Outcome, Run, Variant, Verdict

Fetch = Callable[[str, Sequence[Any]], list[list[tuple[Any, ...]]]]
"""Runs a query on each database and gives the rows of each."""

_FIXED = (
    "run", "variant", "when", "suite", "repeats", "workers", "simulated", "cases", "finished", "stopped",
    "wall_s", "prompt", "version", "model",
)  # fmt: skip
_SUMMED = (
    "passed", "failed", "errors", "ungraded", "not_run", "cached", "calls", "priced", "unpriced", "cost_usd",
    "input_tokens", "output_tokens",
)  # fmt: skip

_RUNS = """
    SELECT r.id, v.place, r.started_at, r.suite, r.repeats, r.workers, r.simulated, r.case_count,
        r.finished, r.stopped, coalesce(r.wall_s, v.last_s), v.prompt, v.version,
        coalesce(v.answered, v.model), v.passed, v.failed, v.errors, v.ungraded, v.not_run, v.cached,
        v.calls, v.priced, v.unpriced, v.cost_usd, v.input_tokens, v.output_tokens
    FROM runs r JOIN variants v ON v.run = r.number
"""
_RUN = """
    SELECT r.id, r.suite, c.body, r.repeats, r.workers, r.started_at, r.simulated, r.notes
    FROM runs r LEFT JOIN texts c ON c.hash = r.case_ids WHERE r.id = ?
"""
_VARIANTS = """
    SELECT v.prompt, v.version, v.model, t.body FROM variants v JOIN runs r ON r.number = v.run
    LEFT JOIN texts t ON t.hash = v.text WHERE r.id = ? ORDER BY v.place
"""
_OUTCOMES = """
    SELECT o.place, v.prompt, v.version, o.repeat, o.status, o.attempts, o.cached, o.started_s, o.finished_s,
        o.case_hash, c.body, o.detail_hash, d.body
    FROM runs r JOIN outcomes o ON o.run = r.number
    JOIN variants v ON v.run = o.run AND v.place = o.variant
    LEFT JOIN texts c ON c.hash = o.case_hash LEFT JOIN texts d ON d.hash = o.detail_hash
    WHERE r.id = ?
"""
_TEXT = """
    SELECT t.body FROM variants v JOIN texts t ON t.hash = v.text
    WHERE v.version = ? AND (? IS NULL OR v.prompt = ?) LIMIT 1
"""
_PACES = """
    SELECT case_id, prompt, model, run, latency_s, input_tokens, output_tokens, cost_usd
    FROM paces WHERE suite = ? AND simulated = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a call for a case is expected to take, from the calls made before."""

    latency_s: float
    """Seconds."""
    input_tokens: float | None
    """Tokens sent, or None where none were ever counted."""
    output_tokens: float | None
    """Tokens received, or None where none were ever counted."""
    cost_usd: float | None
    """US dollars, or None where the price was never known."""


def runs(fetch: Fetch, prompt: str | None) -> list[dict[str, Any]]:
    """Give one mapping for each run and variant, the oldest first."""
    where, values = ("", ()) if prompt is None else ("WHERE v.prompt = ?", (column(prompt),))
    joined: dict[tuple[str, int], dict[str, Any]] = {}
    for rows in fetch(_RUNS + where, values):
        for row in rows:
            found = dict(zip(_FIXED + _SUMMED, row, strict=True))
            key = found["run"], found["variant"]
            joined[key] = _join(joined[key], found) if key in joined else found
    told = [_told(row) for row in joined.values()]
    return sorted(told, key=lambda row: (row["when"], row["run"], row["variant"]))


def _join(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Join what two databases hold of the same run."""
    fixed = {name: two[name] if one[name] is None else one[name] for name in _FIXED}
    ends = {"finished": max(one["finished"], two["finished"])}
    known = {
        name: [row[name] for row in (one, two) if row[name] is not None] for name in ("wall_s", *_SUMMED)
    }
    sums = {name: sum(known[name]) if known[name] else None for name in _SUMMED}
    return {**fixed, **sums, **ends, "wall_s": max(known["wall_s"], default=None)}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    graded = row["passed"] + row["failed"]
    priced, unpriced = row.pop("priced"), row["unpriced"]
    # Nothing paid costs nothing; paid calls of which no price is known cost nobody knows what.
    cost = None if unpriced and not priced else row["cost_usd"]
    flags = {"simulated": bool(row["simulated"]), "finished": bool(row["finished"])}
    return {**row, **flags, "graded": graded, "cost_usd": cost}


def run(fetch: Fetch, run_id: str) -> Run | None:
    """Give a run as it was begun; None where there is none of that id."""
    row = _first(fetch(_RUN, (column(run_id),)))
    if row is None:
        return None
    variants = next(filter(None, fetch(_VARIANTS, (column(run_id),))), [])
    return Run(
        id=row[0],
        suite=row[1],
        cases=tuple(unpack_or((), row[2])),
        repeats=row[3],
        workers=row[4],
        started_at=row[5],
        simulated=bool(row[6]),
        notes=tuple(unpack_or((), row[7])),
        variants=tuple(
            Variant(name=name, version=version, model=model, text=unpack_or(None, text))
            for name, version, model, text in variants
        ),
    )


def _first(results: list[list[tuple[Any, ...]]]) -> tuple[Any, ...] | None:
    """Give the first row of the first database that has one."""
    return next((rows[0] for rows in results if rows), None)


def summary(fetch: Fetch, run_id: str) -> dict[str, Any] | None:
    """Give the summary a run was finished with; None where it never was."""
    query = "SELECT summary FROM runs WHERE id = ? AND summary IS NOT NULL"
    row = _first(fetch(query, (column(run_id),)))
    return None if row is None else unpack_or(None, row[0])


def outcomes(fetch: Fetch, run_id: str) -> tuple[list[Outcome], int]:
    """Give a run's rows in the suite's order, and how many could not be read."""
    found: dict[int, Outcome | None] = {}
    for rows in fetch(_OUTCOMES, (column(run_id),)):
        for row in rows:
            found[row[0]] = _outcome(row)
    good = [outcome for _, outcome in sorted(found.items()) if outcome is not None]
    return good, len(found) - len(good)


def _outcome(row: tuple[Any, ...]) -> Outcome | None:
    """Make an outcome of a row; None where a part of it is damaged."""
    place, prompt, version, repeat, status, attempts, cached, started_s, finished_s = row[:9]
    if any(not isinstance(body, bytes) or digest(body) != key for key, body in (row[9:11], row[11:13])):
        return None
    case, detail = unpack(row[10]), unpack(row[12])
    completion = None
    if "completion" in detail:
        completion = read_completion(detail["completion"], cached=bool(cached), attempts=attempts)
    checking = None
    if "checking" in detail:
        fields, calls = detail["checking"]
        checking = read_completion(fields, cached=not calls, attempts=calls)
    return Outcome(
        index=place,
        prompt=prompt,
        version=version,
        case=_case(case),
        repeat=repeat,
        status=status,
        reason=detail.get("reason"),
        error=detail.get("error"),
        completion=completion,
        answer=_answer(detail, completion),
        verdicts=tuple(
            Verdict(passed=passed, name=name, reason=reason, score=score)
            for passed, name, reason, score in detail.get("verdicts", ())
        ),
        attempts=attempts,
        checking=checking,
        started_s=started_s,
        finished_s=finished_s,
    )


def _case(fields: Mapping[str, Any]) -> Case:
    return Case(
        id=fields["id"],
        input=fields.get("input", {}),
        expect=fields.get("expect"),
        tags=tuple(fields.get("tags", ())),
        why=fields.get("why"),
        metadata=fields.get("metadata", {}),
    )


def _answer(detail: Mapping[str, Any], completion: Completion | None) -> Answer | None:
    fields = detail.get("answer")
    if fields is None:
        return None
    own = fields.get("text", completion.text if completion else "")
    return Answer(
        value=fields["value"][0] if "value" in fields else own,
        text=own,
        is_json=fields.get("is_json", False),
        confidence=fields.get("confidence"),
        confidence_source=fields.get("confidence_source"),
        notes=tuple(fields.get("notes", ())),
        completion=completion,
    )


def prompt_text(fetch: Fetch, version: str, name: str | None) -> str | None:
    """Give the text of a version of a prompt; None where it is not known."""
    wanted = None if name is None else column(name)
    row = _first(fetch(_TEXT, (column(version), wanted, wanted)))
    return None if row is None else unpack_or(None, row[0])


def expected(
    fetch: Fetch,
    case_ids: Iterable[str],
    *,
    suite: str,
    prompt: str | None,
    model: str | None,
    simulated: bool,
) -> dict[str, Expected]:
    """Give what is expected of the cases that were called before.

    What was seen with the same prompt and model counts first, then with the same model, then any;
    among equals the latest.
    """
    wanted = {column(case): case for case in case_ids}
    asked, named = column(model or ""), None if prompt is None else column(prompt)
    best: dict[str, tuple[tuple[bool, bool, int], Expected]] = {}
    for rows in fetch(_PACES, (column(suite), int(simulated))):
        for case_id, from_prompt, from_model, number, latency_s, *rest in rows:
            case = wanted.get(case_id)
            if case is None:
                continue
            rank = (from_model == asked, from_prompt == named, number)
            if case not in best or rank > best[case][0]:
                taken = Expected(
                    latency_s=latency_s, input_tokens=rest[0], output_tokens=rest[1], cost_usd=rest[2]
                )
                best[case] = (rank, taken)
    return {case: taken for case, (_, taken) in best.items()}
