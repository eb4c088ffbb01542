"""Checks that users write in Python: `(case, answer)` or `(answer)`, returning a bool, a number or a verdict.

`answer` is the parsed value: a mapping, a list, or the text as it came. True and False are pass and fail; a number from
0 to 1 is a score, which passes from 0.5 on; a `Verdict` stands as it is, under the check's name. Anything
else, None included, is a mistake in the check, and so is whatever it raises: the row becomes an `error` of
kind `check`. Each gets copies of its own, so that none can change what the next one sees. A check that hangs
cannot be ended from outside: it holds its worker, so let it end by itself.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from promptlab._errors import UsageError
from promptlab._protocols import Check
from promptlab._show import one_line, show, visible
from promptlab._types import Answer, Case, Verdict
from promptlab.checks._paths import MISSING, Path, find, nearby
from promptlab.checks._rules import not_json

PASSING_SCORE = 0.5
"""The score from which on a graded check passes."""

_LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class CallableCheck:
    """A user's function as a check."""

    name: str
    """Name of its column."""
    function: Callable[..., Any]
    """What is called."""
    takes_case: bool
    """Whether it takes the case before the answer."""
    path: Path | None = None
    """The field whose value it gets; None for the whole answer."""
    label: str = ""
    """What the reason begins with; the name where blank."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:
        """Call the function with copies of its own, and read what it returns.

        Raises:
            TypeError: Where it returns neither a bool, a number nor a verdict.
            ValueError: Where its number is not from 0 to 1.
        """
        value = answer.value
        if self.path is not None:
            value = find(answer.value, self.path) if answer.is_json else MISSING
        if value is MISSING:
            there = nearby(answer.value, self.path or ()) if answer.is_json else not_json(answer)
            return self._verdict(
                passed=False,
                reason=f"expected a field to call {self.name} with, got nothing (missing; {there})",
            )
        arguments = (_own_case(case), own(value)) if self.takes_case else (own(value),)
        return self._read(self.function(*arguments))

    def _read(self, result: Any) -> Verdict:
        if isinstance(result, Verdict):
            return self._stated(result)
        if getattr(result, "shape", None) == () and hasattr(result, "item"):
            result = result.item()
        if isinstance(result, bool):
            return self._verdict(passed=result, reason="returned false")
        if not isinstance(result, (int, float)) or math.isnan(result):
            raise TypeError(
                f"returned {show(result, 100)}; a check returns a bool, a number from 0 to 1, or a Verdict"
            )
        if not 0 <= result <= 1:
            raise ValueError(f"returned {show(result, 100)}; a score is a number from 0 to 1")
        score = float(result)
        passed = score >= PASSING_SCORE
        return self._verdict(
            passed=passed, reason=f"expected a score from {PASSING_SCORE}, got {show(score)}", score=score
        )

    def _stated(self, verdict: Verdict) -> Verdict:
        if not isinstance(verdict.passed, bool):
            raise TypeError(
                f"returned a Verdict whose passed is {show(verdict.passed, 100)}, not True or False"
            )
        if verdict.score is not None and not isinstance(verdict.score, (int, float)):
            raise TypeError(f"returned a Verdict whose score is {show(verdict.score, 100)}, not a number")
        reason = (
            f"{self.label or self.name}: returned false" if verdict.reason is None else str(verdict.reason)
        )
        return dataclasses.replace(
            verdict, name=self.name, reason=None if verdict.passed else one_line(reason, _LONGEST_REASON)
        )

    def _verdict(self, *, passed: bool, reason: str, score: float | None = None) -> Verdict:
        said = None if passed else f"{self.label or self.name}: {reason}"
        return Verdict(passed=passed, name=self.name, reason=said, score=score)


def as_checks(checks: Any, *, taken: Collection[str] = ()) -> tuple[Check, ...]:
    """Turn what a user gives as checks into checks with names of their own.

    Args:
        checks: A callable, an iterable of callables, or a mapping of name to callable. An object that has a
            `name` and takes `(case, answer)` is a check already, and gets the `Answer` itself.
        taken: Names that are in use; a check of such a name gets a number.

    Raises:
        UsageError: Where something is no check.
    """
    if isinstance(checks, Mapping):
        given: Iterable[tuple[Any, Any]] = checks.items()
    elif callable(checks):
        given = [(None, checks)]
    elif isinstance(checks, Iterable) and not isinstance(checks, (str, bytes)):
        given = [(None, check) for check in checks]
    else:
        raise UsageError(f"checks are callables, got {show(checks)}")
    names = set(taken)
    return tuple(_one(name, check, names) for name, check in given)


def python_check(written: Any, name: str, path: Path | None, label: str) -> CallableCheck:
    """Import the function that `module:function` names.

    Raises:
        UsageError: Where there is no such function, or it cannot be a check.
    """
    module, _, function = written.partition(":") if isinstance(written, str) else ("", "", "")
    if not module or not function:
        raise UsageError(f'`python` needs "module:function", got {show(written)}')
    try:
        found: Any = importlib.import_module(module)
        for part in function.split("."):
            found = getattr(found, part)
    except KeyboardInterrupt:
        raise
    except BaseException as trouble:
        # A module may raise anything while it is imported, SystemExit too.
        said = one_line(f"{type(trouble).__name__}: {trouble}", 300)
        raise UsageError(f"`python: {show(written, 100)}` cannot be imported: {said}") from trouble
    return CallableCheck(name, found, _takes_case(found, name), path, label)


def own(value: Any) -> Any:
    """Copy a value so that whoever gets it can change it freely."""
    if value is None or isinstance(value, (str, int, float, bool, bytes)):
        return value
    if isinstance(value, Mapping):
        return {key: own(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (
            type(value)(own(item) for item in value) if type(value) in (list, tuple) else copy.deepcopy(value)
        )
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - what cannot be copied (a lock, a connection) can only be shared
        return value


def _own_case(case: Case) -> Case:
    return dataclasses.replace(
        case, input=own(case.input), expect=own(case.expect), metadata=own(case.metadata)
    )


def _one(name: Any, check: Any, names: set[str]) -> Check:
    if not callable(check):
        raise UsageError(f"a check is a callable, got {show(check)}")
    ready = name is None and isinstance(getattr(check, "name", None), str) and not inspect.isroutine(check)
    if ready and not isinstance(check, type):
        if check.name in names:
            raise UsageError(f"two checks are named {show(check.name)}")
        names.add(check.name)
        return cast("Check", check)
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise UsageError(f"a check's name is a text, got {show(name)}")
    free = _free(visible(name or _name_of(check)), names, given=name is not None)
    return CallableCheck(free, check, _takes_case(check, free))


def _free(name: str, names: set[str], *, given: bool) -> str:
    if given and name in names:
        raise UsageError(f"two checks are named {show(name)}")
    number, free = 1, name
    while free in names:
        number += 1
        free = f"{name}_{number}"
    names.add(free)
    return free


def _name_of(check: Any) -> str:
    while hasattr(check, "func"):
        check = check.func
    name = getattr(check, "__name__", None) or type(check).__name__
    return "lambda" if name == "<lambda>" else str(name)


def _takes_case(check: Any, name: str) -> bool:
    """Decide by its signature whether a check takes `(case, answer)` or the answer alone.

    Raises:
        UsageError: Where it takes neither, or is no plain function.
    """
    if not callable(check) or inspect.iscoroutinefunction(check) or inspect.isgeneratorfunction(check):
        raise UsageError(
            f"the check {show(name)} is no plain function; it takes (case, answer) and returns a bool"
        )
    try:
        parameters = inspect.signature(check).parameters.values()
    except (TypeError, ValueError):
        return False  # builtins without a signature (bool, say) take one value
    places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = [one for one in places if one.default is one.empty]
    any_number = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    wanting = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty]
    if wanting or len(needed) > 2 or not (places or any_number):
        raise UsageError(f"the check {show(name)} must take (case, answer) or (answer)")
    if len(needed) == 1:
        return any_number or (len(places) > 1 and places[1].name == "answer")
    return len(needed) == 2 or any_number or len(places) > 1
