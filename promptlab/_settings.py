"""What the environment and the caller set: workers, limits, model, store. Wrong values are errors at once."""

from __future__ import annotations

import math
import operator
import os
import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptlab._errors import SettingError

DEFAULT_WORKERS = 10
DEFAULT_WORKERS_IN_CI = 5
DEFAULT_CEILING = 20
DEFAULT_MODEL = "gpt-5-nano"
SECRET = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)
"""Names of variables whose values are nobody's business."""

STORE_FILE = Path(".promptlab") / "lab.sqlite3"


def _ceiling() -> int:
    text = os.environ.get("PARALLEL_WORKERS_MAX")
    return _whole("PARALLEL_WORKERS_MAX", text) if text else DEFAULT_CEILING


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may take. Times are seconds.

    Raises:
        SettingError: A value is out of its range.
    """

    max_workers: int = field(default_factory=_ceiling)
    """The ceiling on workers; asking for more is cut to it with a warning. `PARALLEL_WORKERS_MAX`, else 20."""
    rpm: float | None = None
    """Requests a minute that are never exceeded, where given."""
    tpm: float | None = None
    """Tokens a minute that are never exceeded, where given."""
    timeout: float = 60.0
    """Wall-clock seconds for one attempt, from connecting to the last byte."""
    deadline: float = 300.0
    """Wall-clock seconds for one row: attempts, waits and sleeps together."""
    max_attempts: int = 6
    """Attempts for one call, the first included."""
    max_cost: float | None = None
    """US dollars that the run stops before exceeding, where given: prompts, judges and embeddings together. A
    model of unknown price is refused. How dear a model's first answer will be is known only when it is there. What
    a callable spends is its own affair."""
    max_calls: int | None = None
    """Calls to the endpoint that the run stops before exceeding, where given: answers, retries, judges and
    embeddings. A callable under test makes its own calls, which nobody here can count."""

    def __post_init__(self) -> None:
        for name in ("max_workers", "max_attempts"):
            _whole(f"Limits({name}=)", getattr(self, name))
        for name in ("timeout", "deadline"):
            _positive(f"Limits({name}=)", getattr(self, name))
        for name in ("rpm", "tpm", "max_cost"):
            if getattr(self, name) is not None:
                _positive(f"Limits({name}=)", getattr(self, name), zero=name == "max_cost")
        if self.max_calls is not None:
            _whole("Limits(max_calls=)", self.max_calls, least=0)


def _positive(name: str, value: Any, *, zero: bool = False) -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or value < 0 or (value == 0 and not zero):
        raise SettingError(f"{_said(name, value)} is no positive number")


def _said(name: str, value: Any) -> str:
    """Write a setting with its value: `workers=0`, and `Limits(rpm=0)` for the name `Limits(rpm=)`."""
    return f"{name[:-1]}{value!r})" if name.endswith("=)") else f"{name}={value!r}"


def _whole(name: str, value: Any, least: int = 1) -> int:
    """Read a whole number of at least `least`; from text only where it is nothing but digits."""
    message = f"{_said(name, value)} is no whole number from {least} up"
    if isinstance(value, bool):
        raise SettingError(message)
    if isinstance(value, str):
        if not (value.strip().isascii() and value.strip().isdigit()):
            raise SettingError(message)
        value = int(value.strip()[:18])
    try:
        number = operator.index(value)
    except TypeError:
        raise SettingError(message) from None
    if number < least:
        raise SettingError(message)
    return number


def resolve_workers(
    asked: int | None, limits: Limits, environ: Mapping[str, str]
) -> tuple[int, tuple[str, ...]]:
    """Decide how many workers a run has.

    The argument, else `PARALLEL_WORKERS`, else 5 where `CI` is set and 10 elsewhere; cut to the ceiling with
    a warning.

    Returns:
        The number, and what there is to say about it.

    Raises:
        SettingError: The argument or the variable is no whole number from 1 up.
    """
    if asked is not None:
        if isinstance(asked, str):
            raise SettingError(f"workers={asked!r} is text; give a whole number")
        workers = _whole("workers", asked)
    elif text := environ.get("PARALLEL_WORKERS"):
        workers = _whole("PARALLEL_WORKERS", text)
    else:
        workers = DEFAULT_WORKERS_IN_CI if in_ci(environ) else DEFAULT_WORKERS
    if workers <= limits.max_workers:
        return workers, ()
    note = (
        f"{workers} workers asked for, {limits.max_workers} used: "
        "raise PARALLEL_WORKERS_MAX or Limits(max_workers=) where the provider allows more"
    )
    if asked is not None or environ.get("PARALLEL_WORKERS"):
        warnings.warn(note, UserWarning, stacklevel=_callers_level())
    return limits.max_workers, (note,)


def _callers_level() -> int:
    """Give the `stacklevel` at which a warning points to the first line outside the library."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - what warnings itself counts by; its own way to skip needs 3.12
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).split(".")[0] == "promptlab":
        level, frame = level + 1, frame.f_back
    return level


def resolve_repeats(repeats: Any) -> int:
    """Check how often each case is asked: a whole number from 1 up."""
    if isinstance(repeats, str):
        raise SettingError(f"repeats={repeats!r} is text; give a whole number")
    return _whole("repeats", repeats)


def in_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether this is a continuous integration job."""
    return environ.get("CI", "").lower() not in ("", "0", "false")


def public_environment() -> dict[str, str]:
    """Give the environment without its secrets: what a traceback that shows local values may show."""
    return {name: value for name, value in os.environ.items() if not SECRET.search(name)}


def working_folder() -> Path:
    """Give the working folder; the root where it is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def store_path(environ: Mapping[str, str], folder: Path) -> Path | None:
    """Find the store: `PROMPTLAB_STORE`, else in the project's folder; None where it is switched off."""
    given = environ.get("PROMPTLAB_STORE", "")
    if given.lower() == "off":
        return None
    if given:
        try:
            return Path(given).expanduser()
        except RuntimeError as wrong:
            raise SettingError(f"PROMPTLAB_STORE={given} is no path: {wrong}") from None
    for place in (folder, *folder.parents):
        if any((place / mark).exists() for mark in (".promptlab", "pyproject.toml", ".git")):
            return place / STORE_FILE
    return folder / STORE_FILE
