"""Edit a prompt, rerun its whole suite in seconds, in parallel, and know whether it got better."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from promptlab._version import __version__

if TYPE_CHECKING:
    from promptlab._answer_type import fits
    from promptlab._batch import run_batch
    from promptlab._cases import Suite, load_cases
    from promptlab._contest import Comparison, calibration, compare, holdout_gap
    from promptlab._errors import (
        PromptError,
        PromptlabError,
        RunStopped,
        SettingError,
        StoreError,
        SuiteError,
        UsageError,
    )
    from promptlab._events import CaseFinished, CaseStarted, LimitChanged, Notice, RunFinished, RunStarted
    from promptlab._export import export_csv, export_jsonl
    from promptlab._history import diff, history
    from promptlab._judging import judge_agreement, judge_pairs, position_bias
    from promptlab._lab import Lab
    from promptlab._plan import plan
    from promptlab._prompt import Prompt
    from promptlab._providers import simulate
    from promptlab._repeats import repeat_agreement
    from promptlab._settings import Limits
    from promptlab._speedup import measure_speedup
    from promptlab._types import Answer, Case, Completion, Outcome, Run, Verdict
    from promptlab._verbs import last_run, run_parallel

__all__ = [
    "Answer",
    "Case",
    "CaseFinished",
    "CaseStarted",
    "Comparison",
    "Completion",
    "Lab",
    "LimitChanged",
    "Limits",
    "Notice",
    "Outcome",
    "Prompt",
    "PromptError",
    "PromptlabError",
    "Run",
    "RunFinished",
    "RunStarted",
    "RunStopped",
    "SettingError",
    "StoreError",
    "Suite",
    "SuiteError",
    "UsageError",
    "Verdict",
    "__version__",
    "calibration",
    "compare",
    "diff",
    "export_csv",
    "export_jsonl",
    "fits",
    "history",
    "holdout_gap",
    "judge_agreement",
    "judge_pairs",
    "last_run",
    "load_cases",
    "measure_speedup",
    "plan",
    "position_bias",
    "repeat_agreement",
    "run_batch",
    "run_parallel",
    "simulate",
]

_ROOMS = {
    "_answer_type": ("fits",),
    "_batch": ("run_batch",),
    "_cases": ("Suite", "load_cases"),
    "_contest": ("Comparison", "calibration", "compare", "holdout_gap"),
    "_errors": ("PromptError", "PromptlabError", "RunStopped", "SettingError", "StoreError", "SuiteError", "UsageError"),
    "_events": ("CaseFinished", "CaseStarted", "LimitChanged", "Notice", "RunFinished", "RunStarted"),
    "_export": ("export_csv", "export_jsonl"),
    "_history": ("diff", "history"),
    "_judging": ("judge_agreement", "judge_pairs", "position_bias"),
    "_lab": ("Lab",),
    "_plan": ("plan",),
    "_prompt": ("Prompt",),
    "_providers": ("simulate",),
    "_repeats": ("repeat_agreement",),
    "_settings": ("Limits",),
    "_speedup": ("measure_speedup",),
    "_types": ("Answer", "Case", "Completion", "Outcome", "Run", "Verdict"),
    "_verbs": ("last_run", "run_parallel"),
}  # fmt: skip
_OPEN_ROOMS = ("charts",)
"""Modules that are public themselves."""

_HOME = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first asked for, so that `import promptlab` costs nothing."""
    if name in _OPEN_ROOMS:
        return import_module(f"promptlab.{name}")
    room = _HOME.get(name)
    if room is None:
        raise AttributeError(f"module 'promptlab' has no attribute {name!r}")
    value = getattr(import_module(f"promptlab.{room}"), name)
    value.__module__ = __name__  # a public name says where a user finds it, not in which room it lives
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Load the magics: what `%load_ext promptlab` calls."""
    from promptlab.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away: what `%unload_ext promptlab` calls."""
    from promptlab.magics import unload

    unload(shell)
