"""Can the confidence in a frame be believed?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._compare._board import known
from promptlab._errors import UsageError
from promptlab._stats import Calibration, confident_mistakes
from promptlab._stats import calibration as reckon
from promptlab._wording import listed

if TYPE_CHECKING:
    import pandas as pd

BINS: Mapping[str, str] = {
    "low": "Float64", "high": "Float64", "rows": "Int64", "confidence": "Float64", "rate": "Float64",
    "rate_low": "Float64", "rate_high": "Float64",
}  # fmt: skip
"""The columns of `Calibrated.frame`, with their dtypes."""

_NEEDED = ("confidence", "passed", "case")
_SHOWN = ("prompt", "case", "repeat", "confidence", "reason", "output")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Calibrated:
    """How far confidence and success go together. Below 30 graded rows there is nothing but the sentence."""

    sentence: str
    """What may be said, with its numbers."""
    frame: pd.DataFrame
    """The points of the reliability diagram, a row a bin: `low`, `high`, `rows`, `confidence`, `rate`, and the
    95 % interval of the rate, `rate_low` and `rate_high`."""
    rows: int
    """Graded rows with a confidence."""
    left_out: int
    """Rows without a verdict or without a confidence."""
    brier: float | None
    """Mean squared distance of confidence and verdict, in [0, 1]; 0 is best."""
    ece: float | None
    """The expected calibration error, in [0, 1]."""
    ece_low: float | None
    """Lower end of its 95 % interval."""
    ece_high: float | None
    """Upper end of its 95 % interval."""
    ece_chance: float | None
    """What a perfectly honest confidence would show on these rows, on average."""
    auroc: float | None
    """How often a right answer has more confidence than a wrong one; None where all are right or all wrong."""
    mistakes: pd.DataFrame
    """Wrong answers given with a confidence of 0.8 or more, the most confident first."""
    seed: int
    """The seed of the draws."""

    def __repr__(self) -> str:
        if self.brier is None:
            return self.sentence
        auroc = "" if self.auroc is None else f"; AUROC {self.auroc:.2f}"
        mistakes = f"{len(self.mistakes):,} confident mistake{'' if len(self.mistakes) == 1 else 's'}"
        return (
            f"{self.sentence}\nBrier score {self.brier:.3f}{auroc}; {mistakes} (.mistakes); "
            f"{len(self.frame)} bins (.frame)"
        )


def calibrate(frame: pd.DataFrame, seed: int) -> Calibrated:
    """Hold the confidence in a frame against its verdicts.

    Args:
        frame: With the columns `confidence`, `passed` and `case`, as `run_parallel` returns it.
        seed: Seeds the draws.

    Raises:
        UsageError: A column is missing, or a confidence lies outside [0, 1].
    """
    lacking = [column for column in _NEEDED if column not in frame.columns]
    if lacking:
        raise UsageError(
            f"the frame has no column {listed(lacking)}; give a frame as run_parallel returns it"
        )
    sure, passed = known(frame["confidence"]), known(frame["passed"])
    try:
        found = reckon(sure, passed, cases=known(frame["case"]), seed=seed)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    places = confident_mistakes(sure, passed) if found.bins else []
    return Calibrated(
        sentence=found.sentence + _together(frame),
        frame=_bins(found),
        rows=found.rows,
        left_out=found.left_out,
        brier=found.brier,
        ece=found.error.error if found.error else None,
        ece_low=found.error.low if found.error else None,
        ece_high=found.error.high if found.error else None,
        ece_chance=found.error.chance if found.error else None,
        auroc=found.auroc,
        mistakes=_mistakes(frame, places),
        seed=seed,
    )


def _together(frame: pd.DataFrame) -> str:
    """Say so where several variants are reckoned as one."""
    names = list(dict.fromkeys(known(frame["prompt"]))) if "prompt" in frame.columns else []
    return f", {len(names)} variants taken together" if len(names) > 1 else ""


def _bins(found: Calibration) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = [{name: getattr(one, name) for name in BINS} for one in found.bins]
    return pd.DataFrame(rows, columns=list(BINS)).astype(dict(BINS))


def _mistakes(frame: pd.DataFrame, places: list[int]) -> pd.DataFrame:
    inputs = [column for column in frame.columns if str(column).startswith("input.")]
    columns = [column for column in _SHOWN if column in frame.columns]
    chosen: pd.DataFrame = frame.iloc[places][[*columns, *inputs]].reset_index(drop=True)
    chosen.attrs = {}
    return chosen
