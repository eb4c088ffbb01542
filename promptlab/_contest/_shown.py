"""What a comparison shows of itself, whatever it is shown on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptlab._compare import Board, Pair, Row, Source, Versus
from promptlab._contest._material import Material
from promptlab._display._lines import count
from promptlab._stats import CONFIDENT
from promptlab._wording import listed

LISTED = 5
"""Cases that a note names at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that a page or a text about a comparison is made of."""

    suite: str
    """The suite's name; empty where it is not known."""
    simulated: bool
    """Whether a simulator answered."""
    board: Board
    """The rows."""
    found: tuple[Versus, ...]
    """What was found, one a variant but the baseline."""
    sources: tuple[Source, ...]
    """What each variant is, the baseline first."""
    standings: tuple[Mapping[str, Any], ...]
    """The rows of the summary."""
    flaky: tuple[Mapping[str, Any], ...]
    """The cases whose repeats do not agree."""
    notes: tuple[str, ...]
    """What there is to know beside the sentences."""


def notes_of(board: Board, found: Sequence[Versus], material: Material) -> list[str]:
    """Say what the sentences leave out."""
    notes = []
    referee = material.referee
    if referee is not None and referee.decided_after is not None:
        notes.append(
            f"decided after {referee.decided_after:,} of {referee.cases:,} cases, taken in a random order: "
            f"{count(material.saved_calls, 'call')} saved. What was under way then counts too. "
            "The verdict allows for the early stop, the intervals of the scores do not"
        )
    elif referee is not None:
        notes.append("looked at after every case and not decided; p and interval allow for every look")
    if material.stopped and (referee is None or referee.decided_after is None):
        notes.append(f"stopped before its end: {material.stopped}")
    for one in found:
        decided = referee is not None and referee.decided_after is not None
        notes += _left_out(board, one, several=len(found) > 1, not_asked=0 if decided else one.not_asked)
    if board.changed:
        notes.append(
            f"left out, since they are no longer the same case on both sides: {listed(sorted(board.changed), LISTED)}"
        )
    return notes + _from_store(board)


def _left_out(board: Board, one: Versus, *, several: bool, not_asked: int) -> list[str]:
    """Count the pairs without a verdict on one side, by reason."""
    why: Counter[str] = Counter()
    for case in board.cases:
        for pair in board.pairs(one.baseline, one.variant, case):
            if pair.asked and pair.verdicts is None and case not in board.changed:
                why[_reason(pair, one)] += 1
    about = f" of {one.variant} against {one.baseline}" if several else ""
    told = ", ".join(f"{number} {reason}" for reason, number in why.most_common())
    notes = [f"{count(sum(why.values()), 'pair')}{about} left out: {told}"] if why else []
    if not_asked:
        notes.append(f"{count(not_asked, 'pair')}{about} not asked")
    return notes


def _reason(pair: Pair, one: Versus) -> str:
    """Say why a pair has no verdict on one side or on both."""
    sides = {one.baseline: pair.a, one.variant: pair.b}
    absent = [name for name, row in sides.items() if row is None]
    if absent:
        return f"not in {absent[0]}"
    broken = [name for name, row in sides.items() if row is not None and row.status == "error"]
    if broken:
        return f"without a verdict in {' and '.join(broken)}"
    return "ungraded"


def _from_store(board: Board) -> list[str]:
    """Say so where some variants' times were measured in an earlier run, and others' in this one."""
    stored = {}
    for name in board.variants:
        answered = [row for row in board.of(name) if row.output is not None]
        stored[name] = sum(bool(row.cached) for row in answered) / len(answered) if answered else 0.0
    if max(stored.values()) - min(stored.values()) < 0.1:
        return []
    told = ", ".join(f"{100 * share:.0f} % of {name}" for name, share in stored.items() if share)
    return [f"from the store, with latencies measured in an earlier run: {told}"]


def is_confident_mistake(row: Row) -> bool:
    """Tell whether a row failed with a confidence of 0.8 or more."""
    return row.status == "fail" and row.confidence is not None and row.confidence >= CONFIDENT


def contested_pair(pairs: Sequence[Pair], became: str) -> Pair:
    """Pick the repeat that shows best what became of a case."""
    wanted = {"fixed": (False, True), "broke": (True, False)}.get(became)
    for pair in pairs:
        if pair.verdicts == wanted and wanted is not None:
            return pair
    return next((pair for pair in pairs if pair.verdicts is not None), pairs[0])


def passed_of(rows: Sequence[Row]) -> str:
    """Say how many of a case's repeats passed."""
    graded = [row.passed for row in rows if row.passed is not None]
    return f"passed {graded.count(True)} of {len(graded)}"


def could_tell(found: Sequence[Versus]) -> str:
    """Say which difference the cases would show, where it is one comparison."""
    if len(found) != 1 or found[0].smallest is None:
        return ""
    points = math.ceil(100 * found[0].smallest)
    return (
        f"{count(found[0].paired.cases, 'case')} show a difference of {points} points in 8 of 10 comparisons"
    )


def percent(value: float | None) -> str:
    """Write a share in percent."""
    return "" if _missing(value) else f"{100 * float(value or 0):.0f} %"


def score_words(row: Mapping[str, Any]) -> str:
    """Say a variant's score with its interval."""
    if _missing(row["score"]):
        return "no row was graded"
    low, high = 100 * row["low"], 100 * row["high"]
    return f"{row['passed']:,} of {row['graded']:,}: {100 * row['score']:.0f} % [{low:.0f}, {high:.0f}]"


def error_words(row: Mapping[str, Any]) -> str:
    """Say how many rows have no verdict, and what score they leave possible."""
    if not row["errors"]:
        return ""
    told = count(int(row["errors"]), "error")
    if _missing(row["floor"]) or _missing(row["ceiling"]):
        return told
    return f"{told} ({100 * row['floor']:.0f} to {100 * row['ceiling']:.0f} % possible)"


def latency_words(row: Mapping[str, Any]) -> str:
    """Say the median and the 95th percentile of the latencies."""
    if _missing(row["latency_median_s"]):
        return ""
    return f"{_seconds(row['latency_median_s'])}, p95 {_seconds(row['latency_p95_s'])}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.095 else f"{1000 * value:.1f} ms"


def token_words(row: Mapping[str, Any]) -> str:
    """Say the tokens in and out."""
    if _missing(row["input_tokens"]) and _missing(row["output_tokens"]):
        return ""
    counts = [0 if _missing(row[name]) else int(row[name]) for name in ("input_tokens", "output_tokens")]
    return f"{counts[0]:,} in, {counts[1]:,} out"


def cost_words(row: Mapping[str, Any], *, simulated: bool) -> str:
    """Say what it cost, in all and for each case that passed."""
    if simulated:
        return "nothing"
    if _missing(row["cost_usd"]):
        return "unknown"
    each = "" if _missing(row["cost_per_pass_usd"]) else f", ${row['cost_per_pass_usd']:.6f} a pass"
    return f"${row['cost_usd']:.4f}{each}"


def _missing(value: Any) -> bool:
    """Tell whether a value of a frame's cell is missing (None, NaN or pandas' NA, which is like nothing)."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value  # noqa: PLR0124 - NaN
