"""What may be said of each variant against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from promptlab._compare._board import Board, Pair
from promptlab._compare._referee import Referee
from promptlab._show import one_line
from promptlab._stats import Finding, Paired, compare_verdicts, finding, holm, smallest_difference

if TYPE_CHECKING:
    import pandas as pd

NAME_LENGTH = 60
"""Characters of a variant's name in a sentence."""

Became = Literal["fixed", "broke", "tie", "no verdict", "not asked"]
"""What became of a case between the baseline and a variant."""

VERDICTS: Mapping[str, str] = {
    "baseline": "string", "variant": "string", "word": "string", "cases": "Int64", "pairs": "Int64",
    "fixed": "Int64", "broke": "Int64", "ties": "Int64", "left_out": "Int64", "not_asked": "Int64",
    "difference": "Float64", "low": "Float64", "high": "Float64", "p": "Float64", "p_corrected": "Float64",
    "needed": "Int64", "smallest": "Float64", "method": "string", "seed": "Int64", "sentence": "string",
}  # fmt: skip
"""The columns of `Comparison.verdicts`, with their dtypes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """One variant against the baseline."""

    baseline: str
    """The baseline's name."""
    variant: str
    """The variant's name."""
    paired: Paired
    """The figures."""
    finding: Finding
    """What may be said."""
    smallest: float | None
    """The difference that so many cases show in 8 of 10 comparisons; None where they show none, or it stopped early."""
    not_asked: int
    """Pairs of rows that were stopped before their turn."""
    became: Mapping[str, Became]
    """What became of each case."""

    def cases(self, became: Became) -> list[str]:
        """Give the cases of which something became, in the suite's order."""
        return [case for case, word in self.became.items() if word == became]


def judge(board: Board, *, seed: int = 0, referee: Referee | None = None) -> list[Versus]:
    """Hold every variant against the baseline, the p-values corrected for their number.

    Args:
        board: The rows.
        seed: Seeds the test with repeats, where it has to draw.
        referee: Who watched the run, where it might stop early: then the figures are those that allow for it.
    """
    baseline, *others = board.variants
    compared = {name: _paired(board, baseline, name, seed, referee) for name in others}
    known = [None if paired.difference is None else paired.p for paired in compared.values()]
    corrected = holm(known)
    several = sum(p is not None for p in known)
    return [
        Versus(
            baseline=baseline,
            variant=name,
            paired=paired,
            finding=finding(
                paired, name=one_line(name, NAME_LENGTH), corrected=p if several > 1 else None, pairs=several
            ),
            smallest=_smallest(paired),
            not_asked=_not_asked(board, baseline, name),
            became={case: _became(board.pairs(baseline, name, case), board, case) for case in board.cases},
        )
        for (name, paired), p in zip(compared.items(), corrected, strict=True)
    ]


def _paired(board: Board, baseline: str, name: str, seed: int, referee: Referee | None) -> Paired:
    a: list[list[bool | None]] = []
    b: list[list[bool | None]] = []
    for case in board.cases:
        same = case not in board.changed
        asked = [pair for pair in board.pairs(baseline, name, case) if pair.asked]
        a.append([pair.a.passed if pair.a is not None and same else None for pair in asked])
        b.append([pair.b.passed if pair.b is not None and same else None for pair in asked])
    paired = compare_verdicts(a, b, seed=seed)
    return paired if referee is None else referee.paired(name, left_out=paired.left_out)


def _smallest(paired: Paired) -> float | None:
    """Say what these cases could show, with as many changing sides by the way as did here."""
    if paired.method == "anytime":
        return None
    return smallest_difference(paired.cases, churn=min(paired.win_rate, paired.loss_rate, 0.499))


def _not_asked(board: Board, baseline: str, name: str) -> int:
    return sum(not pair.asked for case in board.cases for pair in board.pairs(baseline, name, case))


def _became(pairs: list[Pair], board: Board, case: str) -> Became:
    verdicts = [pair.verdicts for pair in pairs if pair.verdicts is not None]
    if not verdicts or case in board.changed:
        stopped = any(not pair.asked for pair in pairs) and case not in board.changed
        return "not asked" if stopped else "no verdict"
    gained = sum(b for _, b in verdicts) - sum(a for a, _ in verdicts)
    if gained == 0:
        return "tie"
    return "fixed" if gained > 0 else "broke"


def verdict_frame(found: list[Versus]) -> pd.DataFrame:
    """Make the frame of the verdicts: a row a variant that is held against the baseline."""
    import pandas as pd

    rows = [
        {
            "baseline": one.baseline,
            "variant": one.variant,
            "word": one.finding.word,
            "not_asked": one.not_asked,
            "p_corrected": one.finding.p,
            "needed": one.finding.needed,
            "smallest": one.smallest,
            "sentence": one.finding.sentence,
            **{
                name: getattr(one.paired, name)
                for name in ("cases", "pairs", "fixed", "broke", "ties", "left_out", "difference", "low", "high", "p", "method", "seed")
            },
        }
        for one in found
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(VERDICTS)).astype(dict(VERDICTS))
