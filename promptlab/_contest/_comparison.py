"""A comparison: what may be said of each variant, and everything that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptlab._compare import (
    Board,
    Versus,
    case_frame,
    flaky_frame,
    judge,
    known,
    read_board,
    summary_frame,
    verdict_frame,
)
from promptlab._contest._material import Material
from promptlab._contest._page import FILE_ROOM, ROOM, page
from promptlab._contest._plain import plain
from promptlab._contest._shown import Shown, notes_of
from promptlab._frame import COLUMNS
from promptlab._show import one_line
from promptlab._summary import simulated_model
from promptlab._types import STATUSES
from promptlab.report import write

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Comparison:
    """Variants held against a baseline. Shows itself in a notebook, and as text.

    The first variant is the baseline. Rows pair by case and repeat; a pair without a verdict on one side is
    left out and counted.
    """

    sentence: str
    """What may be said: one line, or one for each variant where there are several."""
    verdicts: pd.DataFrame
    """A row a variant that is held against the baseline: `fixed`, `broke`, `ties`, `left_out`, `difference` with
    `low` and `high`, `p`, `p_corrected` (Holm), `word`, `sentence` and what they rest on."""
    summary: pd.DataFrame
    """A row a variant: `score` with its interval, `errors` with the bounds they leave, `confidence`, latencies,
    tokens, costs."""
    table: pd.DataFrame
    """A row a case: `status.NAME`, `rate.NAME`, `confidence.NAME` and `answer.NAME` of each variant, and
    `change.NAME` of each but the baseline: fixed, broke, tie, no verdict, not asked."""
    frame: pd.DataFrame
    """Every row, with the columns that `run_parallel` gives; `prompt` is the variant."""
    flaky: pd.DataFrame
    """The cases whose repeats do not agree: `variant`, `case`, `passed`, `graded`."""
    saved_calls: int
    """Calls that were not made since the comparison was decided before its end; 0 where it ran to it."""
    decided_after: int | None
    """After how many cases the comparison was decided and the run stopped; None where it was not."""
    notes: tuple[str, ...]
    """What there is to know beside the sentence: what was left out, what came from the store, …"""
    seed: int
    """The seed of everything that is drawn."""
    _shown: Shown = field()

    def to_html(self, path: str | Path) -> Path:
        """Write a page of its own: one file that needs no network and no script. Gives its path."""
        title = f"{' and '.join(self._shown.board.variants)}: {self.sentence.splitlines()[0]}"
        return write(path, title, [page(self._shown, FILE_ROOM)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": page(self._shown, ROOM), "text/plain": str(self)}

    def __str__(self) -> str:
        """Say it in plain lines: the sentence, the variants, the cases that changed sides."""
        return plain(self._shown)

    def __repr__(self) -> str:
        return str(self)


def compared(material: Material, *, seed: int = 0) -> Comparison:
    """Compare what there is.

    Args:
        material: The frames, and what is known of them.
        seed: Seeds the test with repeats, where it has to draw.

    Raises:
        UsageError: A frame cannot be read.
    """
    referee = material.referee
    board = read_board(material.frames, changed=material.changed)
    found = judge(board, seed=seed, referee=referee)
    summary, flaky = summary_frame(board), flaky_frame(board)
    notes = tuple(notes_of(board, found, material))
    shown = Shown(
        suite=material.suite,
        simulated=material.simulated or _any_simulated(board),
        board=board,
        found=tuple(found),
        sources=material.sources,
        standings=_records(summary),
        flaky=_records(flaky),
        notes=notes,
    )
    return Comparison(
        sentence=_sentence(found),
        verdicts=verdict_frame(found),
        summary=summary,
        table=case_frame(board, found),
        frame=_long(material, board),
        flaky=flaky,
        saved_calls=material.saved_calls,
        decided_after=referee.decided_after if referee else None,
        notes=notes,
        seed=seed,
        _shown=shown,
    )


def _records(frame: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    return tuple({str(name): value for name, value in row.items()} for row in frame.to_dict("records"))


def _sentence(found: Sequence[Versus]) -> str:
    if len(found) == 1:
        return found[0].finding.sentence
    return "\n".join(
        f"{one_line(one.variant, 60)} against {one_line(one.baseline, 60)}: {one.finding.sentence}"
        for one in found
    )


def _any_simulated(board: Board) -> bool:
    return any(simulated_model(row.model) for name in board.variants for row in board.of(name))


def _long(material: Material, board: Board) -> pd.DataFrame:
    """Put the variants' rows into one frame: by case, then repeat, then variant."""
    import pandas as pd

    parts = [
        frame.assign(prompt=pd.array([name] * len(frame), dtype="string"))
        for name, frame in material.frames.items()
    ]
    for part in parts:
        part.attrs = {}  # what one run's attributes say is not true of all
    columns = list(dict.fromkeys(column for part in parts for column in part.columns))
    fixed = [column for column in columns if not str(column).startswith(("input.", "check."))]
    others = [column for kind in ("input.", "check.") for column in columns if str(column).startswith(kind)]
    long = pd.concat(parts, ignore_index=True)[[*fixed, *others]]
    case_place = {case: place for place, case in enumerate(board.cases)}
    rank = {name: place for place, name in enumerate(board.variants)}
    repeats = known(long["repeat"]) if "repeat" in long else [0] * len(long)
    keys = [
        (case_place[str(case)], int(repeat or 0), rank[name])
        for case, repeat, name in zip(known(long["case"]), repeats, known(long["prompt"]), strict=True)
    ]
    long = long.iloc[sorted(range(len(keys)), key=keys.__getitem__)].reset_index(drop=True)
    long["status"] = pd.Categorical(long["status"], categories=list(STATUSES))
    kinds = {
        name: dtype for name, dtype in COLUMNS.items() if name in long and str(long[name].dtype) != dtype
    }
    long = long.astype(kinds)
    if material.summary is not None:
        long.attrs["promptlab"] = dict(material.summary)
    return long
