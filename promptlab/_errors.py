"""What the library raises, in one tree.

    PromptlabError
    ├── UsageError (ValueError)       what the user wrote is wrong; raised before any call
    │   ├── SuiteError                a suite or case: names file, line or id
    │   ├── PromptError               a prompt: its template, holes or front matter
    │   └── SettingError              an argument, option or environment variable
    ├── StoreError                    the store cannot be used at all
    RunStopped (KeyboardInterrupt)    a run was interrupted; `.partial` holds its frame

During a run trouble is no exception but a value (`Failure`) and becomes a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class PromptlabError(Exception):
    """Root of what the library raises on purpose."""


class UsageError(PromptlabError, ValueError):
    """What the user wrote is wrong; raised before any call is made."""


class SuiteError(UsageError):
    """A suite or one of its cases cannot be used; names file and line or id."""


class PromptError(UsageError):
    """A prompt's template, holes or front matter are wrong."""


class SettingError(UsageError):
    """An argument, option or environment variable has a wrong value."""


class StoreError(PromptlabError):
    """The store cannot be used at all."""


class RunStopped(KeyboardInterrupt):
    """A run was interrupted. What was finished is in `.partial`, a row for every case.

    Args:
        message: What was kept, and where.
        partial: Makes the frame when it is first asked for: an interrupted script need not wait for pandas.
    """

    def __init__(self, message: str, partial: Callable[[], Any] | None = None) -> None:
        super().__init__(message)
        self._make = partial
        self._partial: Any = None

    @property
    def partial(self) -> Any:
        """The frame, with `not_run` rows for what had not begun; None where there is none."""
        if self._make is not None:
            self._partial, self._make = self._make(), None
        return self._partial

    def _render_traceback_(self) -> list[str]:
        """Show one line in IPython instead of a traceback."""
        return [f"RunStopped: {self}"]
