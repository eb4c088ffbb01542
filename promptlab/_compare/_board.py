"""The rows of a comparison, read from frames: by variant, case and repeat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._errors import UsageError
from promptlab._types import STATUSES
from promptlab._wording import listed, quoted

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("case", "status")
"""The columns without which a frame cannot be compared."""

_PASSED = {"pass": True, "fail": False}
_READ = (
    "version", "confidence", "reason", "error", "output", "latency_s", "cached", "attempts", "input_tokens",
    "output_tokens", "cost_usd", "model",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a frame. What is missing in the frame is None here."""

    variant: str
    """The variant's name in the comparison."""
    case: str
    """The case's id."""
    repeat: int
    """The index of the repeat."""
    status: str
    """The row's status."""
    answer: Any
    """The parsed answer."""
    inputs: Mapping[str, Any]
    """The case's inputs, by name."""
    version: str | None = None
    """First characters of the prompt's hash."""
    confidence: float | None = None
    """In [0, 1]."""
    reason: str | None = None
    """Why it failed or broke."""
    error: str | None = None
    """The kind of trouble."""
    output: str | None = None
    """The completion's text."""
    latency_s: float | None = None
    """Seconds of the call that was paid for."""
    cached: bool | None = None
    """Whether it came from the store."""
    attempts: int | None = None
    """Calls made for it."""
    input_tokens: int | None = None
    """Tokens sent."""
    output_tokens: int | None = None
    """Tokens received."""
    cost_usd: float | None = None
    """What the call cost."""
    model: str | None = None
    """The model that answered."""

    @property
    def passed(self) -> bool | None:
        """The verdict; None where there is none."""
        return _PASSED.get(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two variants made of one case and repeat; None where a side has no such row."""

    a: Row | None
    """The baseline's row."""
    b: Row | None
    """The variant's row."""

    @property
    def asked(self) -> bool:
        """Whether neither side was stopped before its turn."""
        return all(row is None or row.status != "not_run" for row in (self.a, self.b))

    @property
    def verdicts(self) -> tuple[bool, bool] | None:
        """Both verdicts; None where a side has none."""
        if self.a is None or self.b is None or self.a.passed is None or self.b.passed is None:
            return None
        return self.a.passed, self.b.passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Every row of a comparison."""

    rows: Mapping[str, Mapping[str, Mapping[int, Row]]]
    """Variant to case to repeat to row. The first variant is the baseline."""
    cases: tuple[str, ...]
    """Every case: in the baseline's order, then those that it does not have."""
    changed: frozenset[str]
    """Cases that are not the same case on both sides: they are in no pair."""

    @property
    def variants(self) -> tuple[str, ...]:
        """The names; the first is the baseline."""
        return tuple(self.rows)

    @property
    def repeats(self) -> int:
        """How often a case was asked at most."""
        held = (len(repeats) for cases in self.rows.values() for repeats in cases.values())
        return max(held, default=0)

    def of(self, variant: str) -> Iterator[Row]:
        """Yield a variant's rows, by case and repeat."""
        for case in self.cases:
            yield from self.repeats_of(variant, case).values()

    def repeats_of(self, variant: str, case: str) -> Mapping[int, Row]:
        """Give a variant's rows of a case, by repeat."""
        return self.rows[variant].get(case, {})

    def pairs(self, baseline: str, variant: str, case: str) -> list[Pair]:
        """Pair two variants' rows of a case by repeat."""
        a, b = self.repeats_of(baseline, case), self.repeats_of(variant, case)
        return [Pair(a=a.get(repeat), b=b.get(repeat)) for repeat in sorted({*a, *b})]


def read_board(frames: Mapping[str, pd.DataFrame], *, changed: frozenset[str] = frozenset()) -> Board:
    """Read the frames of a comparison, one a variant, the baseline first.

    Args:
        frames: A frame with the columns of `run_parallel` for each variant.
        changed: Cases known to be no longer the same. Those whose inputs differ are found here.

    Raises:
        UsageError: A frame lacks a column, has an unknown status, or holds a case and repeat twice.
    """
    rows: dict[str, dict[str, dict[int, Row]]] = {}
    for name, frame in frames.items():
        held: dict[str, dict[int, Row]] = rows.setdefault(name, {})
        for row in _read(name, frame):
            repeats = held.setdefault(row.case, {})
            if row.repeat in repeats:
                raise UsageError(
                    f"the frame of {quoted(name)} holds case {quoted(row.case)}, repeat {row.repeat}, twice; "
                    "compare one run with another"
                )
            repeats[row.repeat] = row
    cases = tuple(dict.fromkeys(case for held in rows.values() for case in held))
    moved = {case for case in cases if _inputs_differ(case, rows)}
    return Board(rows=rows, cases=cases, changed=changed | moved)


def _read(name: str, frame: pd.DataFrame) -> Iterator[Row]:
    lacking = [column for column in NEEDED if column not in frame.columns]
    if lacking:
        raise UsageError(
            f"the frame of {quoted(name)} has no column {listed(lacking)}; give frames as run_parallel returns them"
        )
    inputs = [str(column) for column in frame.columns if str(column).startswith("input.")]
    columns = {column: known(frame[column]) for column in _READ if column in frame.columns}
    cases, statuses = known(frame["case"]), known(frame["status"])
    repeats = known(frame["repeat"]) if "repeat" in frame.columns else [0] * len(frame)
    answers = frame["answer"].tolist() if "answer" in frame.columns else [None] * len(frame)
    filled = [frame[column].tolist() for column in inputs]
    for place, (case, status) in enumerate(zip(cases, statuses, strict=True)):
        if status not in STATUSES:
            raise UsageError(
                f"the frame of {quoted(name)} has the status {quoted(status)}; there are {listed(STATUSES)}"
            )
        given = {
            column.removeprefix("input."): values[place]
            for column, values in zip(inputs, filled, strict=True)
            if not _nothing(values[place])
        }
        yield Row(
            variant=name,
            case=str(case),
            repeat=int(repeats[place] or 0),
            status=status,
            answer=answers[place],
            inputs=given,
            **{column: values[place] for column, values in columns.items()},
        )


def known(column: pd.Series[Any]) -> list[Any]:
    """Give a column's values, None for what is missing."""
    return [None if gone else value for value, gone in zip(column.tolist(), column.isna(), strict=True)]


def _nothing(value: Any) -> bool:
    """Tell whether a value of any type is None or NaN."""
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN alone differs from itself


def _inputs_differ(case: str, rows: Mapping[str, Mapping[str, Mapping[int, Row]]]) -> bool:
    """Tell whether a case was asked with other inputs by another variant, where both tell their inputs."""
    firsts = [next(iter(held[case].values())) for held in rows.values() if case in held]
    told = [row.inputs for row in firsts if row.inputs]
    return any(_as_text(inputs) != _as_text(told[0]) for inputs in told[1:])


def _as_text(inputs: Mapping[str, Any]) -> str:
    try:
        return json.dumps(inputs, sort_keys=True, default=_shown)
    except (TypeError, ValueError, RecursionError):
        return _shown(inputs)


def _shown(value: Any) -> str:
    """Show a value that JSON does not know; its address is no part of what it is."""
    text = repr(value)
    return type(value).__name__ if " at 0x" in text else text
