"""The frames of a comparison: a row a case, a row a variant, and the cases that are not sure of themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from promptlab._compare._board import Board, Row
from promptlab._compare._verdicts import Versus
from promptlab._stats import CONFIDENT, score_by_case

if TYPE_CHECKING:
    import pandas as pd

SUMMARY: Mapping[str, str] = {
    "variant": "string", "version": "string", "model": "string", "cases": "Int64", "rows": "Int64",
    "graded": "Int64", "passed": "Int64", "score": "Float64", "low": "Float64", "high": "Float64",
    "errors": "Int64", "floor": "Float64", "ceiling": "Float64", "ungraded": "Int64", "not_run": "Int64",
    "confidence": "Float64", "confident_mistakes": "Int64", "latency_median_s": "Float64",
    "latency_p95_s": "Float64", "input_tokens": "Int64", "output_tokens": "Int64", "cost_usd": "Float64",
    "cost_per_pass_usd": "Float64", "calls": "Int64", "cached": "Int64",
}  # fmt: skip
"""The columns of `Comparison.summary`, with their dtypes."""

FLAKY: Mapping[str, str] = {"variant": "string", "case": "string", "passed": "Int64", "graded": "Int64"}
"""The columns of `Comparison.flaky`, with their dtypes."""


def summary_frame(board: Board) -> pd.DataFrame:
    """Make a row a variant: how good it is, how sure that is, how long it takes and what it costs.

    `floor` and `ceiling` are what `score` would be had every error been a fail, or a pass. Latencies, tokens
    and costs are those of the calls that were paid for, also where a row came from the store; a cost is
    missing where that of any answered row is.
    """
    import pandas as pd

    rows = [_standing(board, name) for name in board.variants]
    return pd.DataFrame(rows, columns=list(SUMMARY)).astype(dict(SUMMARY))


def _standing(board: Board, name: str) -> dict[str, Any]:
    rows = list(board.of(name))
    found = score_by_case(*_counts(board, name))
    sure = [row.confidence for row in rows if row.confidence is not None]
    seconds = [row.latency_s for row in rows if row.latency_s is not None]
    cost = _all_known([row.cost_usd for row in rows if row.output is not None])
    return {
        "variant": name,
        "version": next((row.version for row in rows if row.version), None),
        "model": ", ".join(sorted({row.model for row in rows if row.model})) or None,
        "cases": len(board.rows[name]),
        "rows": len(rows),
        "graded": found.graded,
        "passed": found.passes,
        "score": found.rate,
        "low": found.low,
        "high": found.high,
        "errors": found.errors,
        "floor": found.worst,
        "ceiling": found.best,
        "ungraded": _number(rows, lambda row: row.status == "ungraded"),
        "not_run": _number(rows, lambda row: row.status == "not_run"),
        "confidence": math.fsum(sure) / len(sure) if sure else None,
        "confident_mistakes": _number(
            rows, lambda row: row.status == "fail" and (row.confidence or 0.0) >= CONFIDENT
        ),
        "latency_median_s": quantile(seconds, 0.5),
        "latency_p95_s": quantile(seconds, 0.95),
        "input_tokens": _sum(row.input_tokens for row in rows),
        "output_tokens": _sum(row.output_tokens for row in rows),
        "cost_usd": cost,
        "cost_per_pass_usd": cost / found.passes if cost is not None and found.passes else None,
        "calls": sum(row.attempts or 0 for row in rows),
        "cached": _number(rows, lambda row: bool(row.cached)),
    }


def _counts(board: Board, name: str) -> tuple[list[int], list[int], list[int]]:
    """Give for each case how many of its repeats passed, were graded, and broke."""
    held = board.rows[name].values()
    verdicts = [[row.passed for row in repeats.values()] for repeats in held]
    return (
        [verdict.count(True) for verdict in verdicts],
        [len(verdict) - verdict.count(None) for verdict in verdicts],
        [sum(row.status == "error" for row in repeats.values()) for repeats in held],
    )


def _number(rows: Sequence[Row], wanted: Callable[[Row], bool]) -> int:
    return sum(1 for row in rows if wanted(row))


def _sum(counts: Iterable[int | None]) -> int | None:
    told = [count for count in counts if count is not None]
    return sum(told) if told else None


def _all_known(values: Sequence[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return math.fsum(told) if told and len(told) == len(values) else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """Give a quantile, between two values in proportion; None for no value.

    Args:
        values: In any order.
        share: In [0, 1].
    """
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def case_frame(board: Board, found: Sequence[Versus]) -> pd.DataFrame:
    """Make a row a case.

    For each variant `status.NAME` (with repeats that disagree `3 of 5`, those that passed of those graded),
    `rate.NAME` (the share that passed), `confidence.NAME` (the mean) and `answer.NAME` (with repeats a tuple);
    for each variant but the baseline `change.NAME`: fixed, broke, tie, no verdict, not asked.
    """
    import pandas as pd

    columns: dict[str, Any] = {"case": pd.array(list(board.cases), dtype="string")}
    for name in board.variants:
        held = [list(board.repeats_of(name, case).values()) for case in board.cases]
        columns[f"status.{name}"] = pd.array([_status(rows) for rows in held], dtype="string")
        columns[f"rate.{name}"] = pd.array([_rate(rows) for rows in held], dtype="Float64")
        columns[f"confidence.{name}"] = pd.array([_confidence(rows) for rows in held], dtype="Float64")
        columns[f"answer.{name}"] = _answers(held, several=board.repeats > 1)
    for one in found:
        words = [one.became[case] for case in board.cases]
        columns[f"change.{one.variant}"] = pd.array(words, dtype="string")
    return pd.DataFrame(columns)


def _status(rows: Sequence[Row]) -> str | None:
    statuses = {row.status for row in rows}
    if len(statuses) <= 1:
        return next(iter(statuses), None)
    graded = [row.passed for row in rows if row.passed is not None]
    if not graded:
        return "error" if "error" in statuses else "ungraded"
    return f"{graded.count(True)} of {len(graded)}"


def _rate(rows: Sequence[Row]) -> float | None:
    graded = [row.passed for row in rows if row.passed is not None]
    return graded.count(True) / len(graded) if graded else None


def _confidence(rows: Sequence[Row]) -> float | None:
    sure = [row.confidence for row in rows if row.confidence is not None]
    return math.fsum(sure) / len(sure) if sure else None


def _answers(held: Sequence[Sequence[Row]], *, several: bool) -> pd.Series[Any]:
    """Make a column of any objects, none of them unpacked."""
    import numpy as np
    import pandas as pd

    array = np.empty(len(held), dtype=object)
    for place, rows in enumerate(held):
        array[place] = tuple(row.answer for row in rows) if several else (rows[0].answer if rows else None)
    return pd.Series(array, dtype=object)


def flaky_frame(board: Board) -> pd.DataFrame:
    """Make a row for each variant and case whose repeats do not agree: passed k of n."""
    import pandas as pd

    rows = []
    for name in board.variants:
        for case in board.cases:
            graded = [row.passed for row in board.repeats_of(name, case).values() if row.passed is not None]
            if 0 < graded.count(True) < len(graded):
                rows.append(
                    {"variant": name, "case": case, "passed": graded.count(True), "graded": len(graded)}
                )
    return pd.DataFrame(rows, columns=list(FLAKY)).astype(dict(FLAKY))
