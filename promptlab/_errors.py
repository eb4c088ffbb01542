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
    """A run was interrupted. What was finished is in `.partial`, a row for every case."""

    def __init__(self, message: str, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial
        """The frame, with `not_run` rows for what had not begun."""

    def _render_traceback_(self) -> list[str]:
        """Show one line in IPython instead of a traceback."""
        return [f"RunStopped: {self}"]
