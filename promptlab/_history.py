"""What is known from runs that are over: the history, and how two of them differ."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._cases import Suite
from promptlab._diff import word_diff
from promptlab._display import Changes, changes_html, changes_text
from promptlab._errors import UsageError
from promptlab._lab import Lab, default_lab
from promptlab._prompt import Prompt
from promptlab._stats import compare_verdicts, finding, wilson
from promptlab._summary import simulated_model
from promptlab._types import Outcome

if TYPE_CHECKING:
    import pandas as pd

HISTORY: Mapping[str, str] = {
    "run": "string", "when": "datetime64[ms, UTC]", "prompt": "string", "version": "string", "suite": "string",
    "graded": "Int64", "score": "Float64", "low": "Float64", "high": "Float64", "errors": "Int64",
    "wall_s": "Float64", "cost_usd": "Float64", "model": "string", "simulated": "boolean", "cached": "Int64",
    "calls": "Int64", "finished": "boolean", "stopped": "string",
}  # fmt: skip
"""The columns of `history()`, in order, with their dtypes."""

_PASSED = {"pass": True, "fail": False}


def history(name: str | None = None, *, lab: Lab | None = None) -> pd.DataFrame:
    """Give the runs that the store knows, the oldest first.

    Args:
        name: The name of a prompt or variant; all by default.
        lab: Whose store to read.

    Returns:
        A row for each run and variant: `run`, `when` (UTC), `prompt`, `version`, `suite`, `graded`, `score`,
        `low` and `high` (its 95 % interval), `errors`, `wall_s`, `cost_usd` (missing where a price is
        unknown), `model`, `simulated`, `cached`, `calls`, `finished` (False for a run that was killed),
        `stopped` (why it ended early).

    Raises:
        UsageError: The name is no text.
    """
    import pandas as pd

    if name is not None and not isinstance(name, str):
        raise UsageError(f"history({name!r}): the name of a prompt is a text")

    rows = [_told(row) for row in default_lab(lab).store.runs(name)]
    columns = {column: [row[column] for row in rows] for column in HISTORY}
    columns["when"] = pd.to_datetime(columns["when"], utc=True, format="ISO8601")  # type: ignore[assignment]
    return pd.DataFrame(columns).astype(dict(HISTORY))


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a stored entry as a row of the history."""
    interval = wilson(row["passed"], row["graded"]) if row["graded"] else None
    return {
        **{name: row.get(name) for name in HISTORY},
        "score": row["passed"] / row["graded"] if row["graded"] else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "cost_usd": None if row["unpriced"] else row["cost_usd"],
        "simulated": bool(row["simulated"]) or simulated_model(row["model"]),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How one run differs from another. Shows itself in a notebook and as text."""

    changes: Changes
    """The sentence, the difference of the texts, and the cases fixed, broken and still failing."""
    same: tuple[str, ...]
    """Cases with the same verdicts in both."""
    missing: tuple[str, ...]
    """Cases that have no verdict in one of them."""

    @property
    def sentence(self) -> str:
        """Whether the second run is better, with its numbers."""
        return self.changes.headline

    @property
    def fixed(self) -> tuple[str, ...]:
        """Cases that passed more often in the second run."""
        return tuple(case for case, _ in self.changes.fixed)

    @property
    def broke(self) -> tuple[str, ...]:
        """Cases that passed less often in the second run."""
        return tuple(case for case, _ in self.changes.broke)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/html": changes_html(self.changes) + f"<div>{html.escape(self._rest())}</div>",
            "text/plain": str(self),
        }

    def __str__(self) -> str:
        return f"{changes_text(self.changes)}\n{self._rest()}"

    def __repr__(self) -> str:
        return str(self)

    def _rest(self) -> str:
        return f"{len(self.same)} cases the same, {len(self.missing)} without a verdict in one of the runs"


def diff(run_a: str, run_b: str, *, lab: Lab | None = None) -> Difference:
    """Tell how run B differs from run A: the prompts' texts, and the cases fixed and broken.

    Args:
        run_a: The id of a run, or the unambiguous beginning of one.
        run_b: The id of the run to hold against it.
        lab: Whose store to read.

    Raises:
        UsageError: There is no such run in the store, or several begin so.
    """
    store = default_lab(lab).store
    known = store.runs()
    rows = [_entry(known, asked) for asked in (run_a, run_b)]
    texts = [store.prompt_text(row["version"], row["prompt"]) or "" for row in rows]
    before, after = (store.outcomes(row["run"]) for row in rows)
    return difference(before, after, texts[0], texts[1], name=rows[1]["run"])


def _entry(known: Sequence[Mapping[str, Any]], asked: str) -> Mapping[str, Any]:
    if not isinstance(asked, str):
        raise UsageError(f"{asked!r} is no run's id; history() lists them")
    found = {row["run"]: row for row in known if row["run"].startswith(asked)}
    if len(found) != 1:
        what = "several runs begin with" if found else "there is no run"
        raise UsageError(f"{what} {asked!r} in the store; history() lists them")
    return next(iter(found.values()))


def difference(
    before: Sequence[Outcome], after: Sequence[Outcome], old: str, new: str, *, name: str
) -> Difference:
    """Hold two runs' rows against each other, paired by case and repeat.

    Args:
        before: Rows of the first run.
        after: Rows of the second.
        old: The first prompt's whole text.
        new: The second's.
        name: What the sentence calls the second run.
    """
    first, second = _verdicts(before), _verdicts(after)
    cases = list(dict.fromkeys([*second, *first]))
    paired = compare_verdicts([first.get(c, []) for c in cases], [second.get(c, []) for c in cases])
    reasons = {row.case.id: row.reason or "" for row in after if row.status == "fail"}
    lists: dict[str, list[str]] = {"fixed": [], "broke": [], "failing": [], "same": [], "missing": []}
    for case in cases:
        lists[_became(first.get(case, []), second.get(case, []))].append(case)
    changes = Changes(
        headline=finding(paired, name=name).sentence,
        segments=tuple(word_diff(old, new)) if old != new else (),
        fixed=tuple((case, "") for case in lists["fixed"]),
        broke=tuple((case, reasons.get(case, "")) for case in lists["broke"]),
        failing=tuple((case, reasons.get(case, "")) for case in lists["failing"]),
    )
    return Difference(changes=changes, same=tuple(lists["same"]), missing=tuple(lists["missing"]))


def _verdicts(rows: Sequence[Outcome]) -> dict[str, list[bool | None]]:
    """Give each case's verdicts, repeat by repeat; None where there is none."""
    found: dict[str, list[bool | None]] = {}
    for row in rows:
        verdicts = found.setdefault(row.case.id, [])
        verdicts.extend([None] * (row.repeat + 1 - len(verdicts)))
        verdicts[row.repeat] = _PASSED.get(row.status)
    return found


def _became(before: Sequence[bool | None], after: Sequence[bool | None]) -> str:
    """Say what became of a case between two runs."""
    both = [(x, y) for x, y in zip(before, after, strict=False) if x is not None and y is not None]
    if not both:
        return "missing"
    gained = sum(y for _, y in both) - sum(x for x, _ in both)
    if gained:
        return "fixed" if gained > 0 else "broke"
    return "same" if all(y for _, y in both) else "failing"


def changes_since(lab: Lab, prompt: Prompt, suite: Suite) -> Callable[[Sequence[Outcome]], Changes | None]:
    """Prepare to tell what changed since the last version of a prompt; call it before the run is begun.

    Returns:
        A function of the new run's rows; it gives None where there was no version before.
    """
    name = prompt.name or "prompt"
    entry = lab.store.previous_version(name, prompt.version)
    if entry is None or entry["suite"] != suite.name:
        return lambda _: None
    before = [row for row in lab.store.outcomes(entry["run"]) if row.prompt == name]
    old = lab.store.prompt_text(entry["version"], name) or ""

    def told(after: Sequence[Outcome]) -> Changes | None:
        label = f"{name} {prompt.version}, against {entry['version']},"
        return difference(before, after, old, prompt.source(), name=label).changes

    return told
