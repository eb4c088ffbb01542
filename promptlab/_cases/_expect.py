"""Expectations are compiled once while loading, so that what is wrong with them is said before any call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptlab._cases._case import Trouble
from promptlab._errors import UsageError
from promptlab._types import Answer, Case, Verdict
from promptlab.checks import Factory, compile_expect


@dataclass(frozen=True, slots=True)
class _Later:
    """Stands for a check that the run supplies; loading only needs to know that it may."""

    name: str

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of a check
        raise UsageError(f"the check {self.name} needs a run, for its model; it was only read here")


def _later(check: str) -> Factory:
    return lambda argument, path: _Later(f"{path}.{check}" if path else check)  # noqa: ARG005 - a factory's signature


LATER = {name: _later(name) for name in ("judge", "similar")}
"""Checks that are taken as written; whoever runs the suite builds them."""


def check_expect(expect: Any, raw: Any, *, allow_code: bool) -> None:
    """Compile an expectation and forget the checks.

    Args:
        expect: The expectation, defaults merged in.
        raw: The case as written, to tell whether a wrong key stands in it or in the defaults.
        allow_code: Whether `python:` checks may stand in it.

    Raises:
        Trouble: It cannot be compiled.
    """
    if expect is None:
        return
    try:
        compile_expect(expect, allow_code=allow_code, extra=LATER)
    except UsageError as error:
        key = _wrong_key(expect, allow_code)
        own = raw.get("expect") if isinstance(raw, Mapping) else None
        inherited = key is not None and not (isinstance(own, Mapping) and key in own)
        path: tuple[str, ...] = ("expect",) if key is None or inherited else ("expect", key)
        raise Trouble(f"{error}{' (from `defaults`)' if inherited else ''}", path) from error


def _wrong_key(expect: Any, allow_code: bool) -> str | None:
    """Find the key whose expectation cannot be compiled by itself."""
    if not isinstance(expect, Mapping):
        return None
    for key, value in expect.items():
        try:
            compile_expect({key: value}, allow_code=allow_code, extra=LATER)
        except UsageError:
            return key if isinstance(key, str) else None
    return None
