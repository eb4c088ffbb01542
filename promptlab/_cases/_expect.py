"""Expectations are compiled once while loading, so that what is wrong with them is said before any call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptlab._cases._case import Trouble
from promptlab._errors import UsageError
from promptlab._judge import judge_factory
from promptlab._similar import similar_factory
from promptlab._types import Completion
from promptlab.checks import Factory, compile_expect


def _later(body: Mapping[str, Any]) -> Completion:
    raise UsageError(f"a check asks {body.get('model')!r}, and it was only read here, not run")


LATER: Mapping[str, Factory] = {"judge": judge_factory(_later, "later"), "similar": similar_factory(_later)}
"""Checks that ask a model: what is wrong with them is said here; whoever runs the suite gives them one to ask."""


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
