"""A comparison as plain lines, for a terminal, a log and the page of a reader without HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptlab._compare import Became, Versus
from promptlab._contest._shown import (
    Shown,
    contested_pair,
    cost_words,
    error_words,
    latency_words,
    passed_of,
    score_words,
)
from promptlab._display._escape import lines, one_line

LISTED = 20
"""Cases that are listed of each kind."""
NAME_LENGTH = 60
REASON_LENGTH = 200


def plain(shown: Shown) -> str:
    """Write a comparison: the sentence, the variants, the notes, the cases that changed sides."""
    return lines("\n".join(_lines(shown)))


def _lines(shown: Shown) -> Iterator[str]:
    label = " (simulated: no model answered)" if shown.simulated else ""
    about = one_line(shown.suite, NAME_LENGTH) + label
    if about:
        yield about.strip()
    several = len(shown.found) > 1
    for one in shown.found:
        about = f"{one_line(one.variant, NAME_LENGTH)} against {one_line(one.baseline, NAME_LENGTH)}: "
        yield f"{about if several else ''}{one_line(one.finding.sentence)}"
    for row in shown.standings:
        told = (
            score_words(row),
            error_words(row),
            latency_words(row),
            _cost(row, simulated=shown.simulated),
        )
        yield f"  {one_line(row['variant'], NAME_LENGTH)}: {'; '.join(part for part in told if part)}"
    yield from (f"note: {one_line(note)}" for note in shown.notes)
    for one in shown.found:
        about = f" by {one_line(one.variant, NAME_LENGTH)}" if several else ""
        yield from _cases(shown, one, "broke", f"broke{about}")
        yield from _cases(shown, one, "fixed", f"fixed{about}")


def _cost(row: Mapping[str, Any], *, simulated: bool) -> str:
    """Say what it cost, with the word that stands above the column of a page."""
    words = cost_words(row, simulated=simulated)
    return words if words.startswith("$") else f"cost {words}"


def _cases(shown: Shown, one: Versus, became: Became, title: str) -> Iterator[str]:
    cases = one.cases(became)
    side = one.variant if became == "broke" else one.baseline
    for case in cases[:LISTED]:
        rows = list(shown.board.repeats_of(side, case).values())
        pair = contested_pair(shown.board.pairs(one.baseline, one.variant, case), became)
        row = pair.b if became == "broke" else pair.a
        why = (row.reason if row is not None else None) or ""
        counted = f" ({passed_of(rows)})" if len(rows) > 1 else ""
        was = "was: " if became == "fixed" and why else ""
        yield f"  {title}: {one_line(case, NAME_LENGTH)}{counted} {was}{one_line(why, REASON_LENGTH)}".rstrip()
    if len(cases) > LISTED:
        yield f"  {title}: {len(cases) - LISTED:,} more"
