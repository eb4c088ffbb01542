"""Outcomes become rows: one way out. The column list is a public promise with a test."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._errors import UsageError
from promptlab._types import STATUSES, Answer, Case, Completion, Outcome, Verdict
from promptlab.checks import CannotTellError, compile_expect

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Mapping[str, str] = {
    "run": "string", "prompt": "string", "version": "string", "case": "string", "repeat": "Int64",
    "status": "category", "passed": "boolean", "confidence": "Float64", "reason": "string", "output": "string",
    "answer": "object", "latency_s": "Float64", "cached": "boolean", "attempts": "Int64", "error": "string",
    "input_tokens": "Int64", "output_tokens": "Int64", "cost_usd": "Float64", "model": "string",
    "started_s": "Float64", "finished_s": "Float64", "tags": "object",
}  # fmt: skip
"""The columns that every frame has, first and in this order, with their dtypes."""

_NOTHING = Completion(text="")
_PASSED = {"pass": True, "fail": False}


def _cost_of(row: Outcome, came: Completion) -> float | None:
    """Give what a row cost, its checks with it; None where one of the two is not known."""
    if row.checking is None:
        return came.cost_usd
    both = (came.cost_usd, row.checking.cost_usd)
    return None if None in both else (both[0] or 0.0) + (both[1] or 0.0)


_READ: Mapping[str, Callable[[Outcome, Completion], Any]] = {
    "prompt": lambda row, _: row.prompt,
    "version": lambda row, _: row.version,
    "case": lambda row, _: row.case.id,
    "repeat": lambda row, _: row.repeat,
    "status": lambda row, _: row.status,
    "passed": lambda row, _: _PASSED.get(row.status),
    "confidence": lambda row, _: row.answer.confidence if row.answer else None,
    "reason": lambda row, _: row.reason,
    "output": lambda row, came: came.text if row.completion else None,
    "answer": lambda row, _: row.answer.value if row.answer else None,
    "latency_s": lambda _, came: came.latency_s,
    "cached": lambda row, came: came.cached if row.completion else False,
    "attempts": lambda row, _: row.attempts + (row.checking.attempts if row.checking else 0),
    "error": lambda row, _: row.error,
    "input_tokens": lambda _, came: came.input_tokens,
    "output_tokens": lambda _, came: came.output_tokens,
    "cost_usd": _cost_of,
    "model": lambda _, came: came.model,
    "started_s": lambda row, _: row.started_s,
    "finished_s": lambda row, _: row.finished_s,
    "tags": lambda row, _: row.case.tags,
}


@functools.cache
def import_pandas() -> None:
    """Begin to import pandas in a thread of its own, once.

    The end of a first run need not wait for it then, and no interrupt of the caller can leave it half imported,
    which numpy would not recover from in this process.
    """
    threading.Thread(
        target=importlib.import_module, args=("pandas",), name="promptlab-import", daemon=True
    ).start()


def to_frame(
    run: str, outcomes: Sequence[Outcome], summary: Mapping[str, Any], checks: Sequence[str] = ()
) -> pd.DataFrame:
    """Make the frame of a run.

    Args:
        run: Id of the run.
        outcomes: One for each row, in the suite's order.
        summary: The run's summary as plain JSON types, repeated in `attrs["promptlab"]`.
        checks: Names of the checks that every case has beside its own.

    Returns:
        A row for each outcome, with the columns of `COLUMNS`, then `input.<name>` and `check.<name>`.
    """
    import pandas as pd

    # pandas takes a copy of each array anyway; building the columns one by one keeps the dtypes exact.
    pairs = [(row, row.completion or _NOTHING) for row in outcomes]
    columns: dict[str, Any] = {"run": pd.array([run] * len(pairs), dtype="string")}
    for name, dtype in COLUMNS.items():
        if name == "run":
            continue
        read = _READ[name]
        values = [read(row, came) for row, came in pairs]
        if dtype == "object":
            columns[name] = _objects(values)
        elif dtype == "category":
            columns[name] = pd.Categorical(values, categories=list(STATUSES))
        elif dtype == "string":
            columns[name] = _texts(values)
        else:
            columns[name] = pd.array(values, dtype=dtype)  # type: ignore[call-overload]
    columns |= _inputs(outcomes) | _verdicts(outcomes, checks)
    frame = pd.DataFrame(columns)
    frame.attrs["promptlab"] = dict(summary)
    return frame


def _texts(values: Sequence[str | None]) -> Any:
    """Make a column of texts; pandas with pyarrow, its default where that is installed, takes no half characters."""
    import pandas as pd

    try:
        return pd.array(values, dtype="string")
    except UnicodeError:
        return pd.array(values, dtype=pd.StringDtype("python"))


def _objects(values: Sequence[Any]) -> Any:
    """Make a column of any objects, none of them unpacked, None kept as it is."""
    import numpy as np
    import pandas as pd

    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return pd.Series(array, dtype=object)


def _inputs(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    names = dict.fromkeys(name for row in outcomes for name in row.case.input)
    return {f"input.{name}": _objects([row.case.input.get(name) for row in outcomes]) for name in names}


def _verdicts(outcomes: Sequence[Outcome], checks: Sequence[str]) -> dict[str, Any]:
    """Make a column a check, also for one without a verdict: `Float64` where a check gives scores, else `boolean`."""
    import pandas as pd

    columns: dict[str, list[bool | float | None]] = {}
    scored: set[str] = set()
    cases: set[str] = set()
    for place, row in enumerate(outcomes):
        if row.status in ("error", "not_run") and row.case.id not in cases:
            cases.add(row.case.id)
            for name in _expected(row.case, checks):
                columns.setdefault(name, [None] * len(outcomes))
        for verdict in row.verdicts:
            column = columns.setdefault(verdict.name, [None] * len(outcomes))
            column[place] = verdict.passed if verdict.score is None else verdict.score
            if verdict.score is not None:
                scored.add(verdict.name)
    return {
        f"check.{name}": pd.array(
            [None if v is None else float(v) for v in values] if name in scored else values,
            dtype="Float64" if name in scored else "boolean",
        )
        for name, values in columns.items()
    }


@dataclass(frozen=True, slots=True)
class _Named:
    """Stands for a check of which no more than the name is needed."""

    name: str

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of a check
        raise CannotTellError("this check is a name alone")


def _named(kind: str) -> Callable[[Any, str], _Named]:
    return lambda _, path: _Named(f"{path}.{kind}" if path else kind)


_BY_NAME = {kind: _named(kind) for kind in ("judge", "similar", "python")}
"""Checks that ask a model or run code: neither is wanted for a name."""


def _expected(case: Case, checks: Sequence[str]) -> list[str]:
    """Give the names of the checks that a case would have been held to."""
    try:
        own = compile_expect(case.expect, extra=_BY_NAME)
    except UsageError:
        return []  # from a store: written for another version
    names: list[str] = []
    for name in (*(check.name for check in own if not getattr(check, "by_hand", False)), *checks):
        number, numbered = 1, name
        while numbered in names:
            number += 1
            numbered = f"{name}_{number}"
        names.append(numbered)
    return names
