"""Edit a prompt, rerun its whole suite in seconds, in parallel, and know whether it got better."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from promptlab._version import __version__

if TYPE_CHECKING:
    from promptlab._cases import Suite, load_cases
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
    from promptlab._history import diff, history
    from promptlab._lab import Lab
    from promptlab._plan import plan
    from promptlab._prompt import Prompt
    from promptlab._providers import simulate
    from promptlab._settings import Limits
    from promptlab._types import Answer, Case, Completion, Outcome, Run, Verdict
    from promptlab._verbs import last_run, run_parallel

__all__ = [
    "Answer",
    "Case",
    "CaseFinished",
    "CaseStarted",
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
    "diff",
    "history",
    "last_run",
    "load_cases",
    "plan",
    "run_parallel",
    "simulate",
]

_ROOMS = {
    "_cases": ("Suite", "load_cases"),
    "_errors": ("PromptError", "PromptlabError", "RunStopped", "SettingError", "StoreError", "SuiteError", "UsageError"),
    "_events": ("CaseFinished", "CaseStarted", "LimitChanged", "Notice", "RunFinished", "RunStarted"),
    "_history": ("diff", "history"),
    "_lab": ("Lab",),
    "_plan": ("plan",),
    "_prompt": ("Prompt",),
    "_providers": ("simulate",),
    "_settings": ("Limits",),
    "_types": ("Answer", "Case", "Completion", "Outcome", "Run", "Verdict"),
    "_verbs": ("last_run", "run_parallel"),
}  # fmt: skip
_HOME = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first asked for, so that `import promptlab` costs nothing."""
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
