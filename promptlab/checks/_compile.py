"""An `expect` as written becomes checks; whatever is wrong with it is said before any call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from promptlab._errors import UsageError
from promptlab._protocols import Check
from promptlab._show import show
from promptlab.checks import call, fields, structure, text
from promptlab.checks._names import CHECKS, MODIFIERS, almost
from promptlab.checks._paths import Path, parse_path, path_text
from promptlab.checks._rules import Options, PresenceCheck, Rule, RuleCheck
from promptlab.checks.custom import python_check
from promptlab.checks.foreign import foreign_checks

Factory = Callable[[Any, str], Check]
"""Builds a check that needs more than its answer, from its argument and the field's path ("" for none)."""

_RULES: Mapping[str, Callable[[Any, Options], Rule]] = {**text.FAMILY, **fields.FAMILY, **structure.FAMILY}
_NEGATABLE = frozenset((*text.FAMILY, "equals", "one_of"))
_FOLDABLE = frozenset((*text.FAMILY, "equals", "one_of", "includes", "excludes"))
_ELSEWHERE = ("judge", "similar")
_NAMES = frozenset(CHECKS)


def compile_expect(
    expect: Any, *, allow_code: bool = False, extra: Mapping[str, Factory] | None = None
) -> tuple[Check, ...]:
    """Turn an expectation into checks; an empty tuple where nothing is expected.

    Args:
        expect: None or `{}` for nothing; a text, number, truth value for what the whole answer equals; else a
            mapping of field paths to values or to mappings of named checks, and of named checks on the whole answer.
        allow_code: Whether `python:` may import and call code.
        extra: Builders of further named checks, which take the argument and the field's path.

    Raises:
        UsageError: Where it is not one of these; the caller puts file, line and case before the message.
    """
    if expect is None or (isinstance(expect, Mapping) and not expect):
        return ()
    compiler = _Compiler(allow_code, extra or {})
    if isinstance(expect, Mapping):
        checks = tuple(compiler.answer(expect))
    elif isinstance(expect, (list, tuple)):
        raise UsageError(
            f"what {show(expect, 80)} expects is not clear: write `equals: […]`, `one_of: […]` or `contains_all: […]`"
        )
    else:
        checks = tuple(compiler.named("equals", expect, _WHOLE, ignore_case=False))
    _refuse_twins(checks)
    return checks


@dataclass(frozen=True, slots=True)
class _Place:
    """Where checks are applied: the whole answer, or a field."""

    path: Path | None
    label: str

    def column(self, check: str) -> str:
        """Name the column of a check applied here."""
        if self.path is None:
            return check
        return self.label if check == "equals" else f"{self.label}.{check}"


_WHOLE = _Place(None, "answer")


@lru_cache(maxsize=4096)
def _placed(key: str, more: tuple[str, ...]) -> _Place:
    """Find the field that a key leads to; suites name few fields, and each row asks for them anew.

    Raises:
        UsageError: It is no path, or looks like a slip of a check's name.
    """
    near = almost(key, more)
    if near is not None:
        raise UsageError(
            f"{show(key)} is no check; did you mean `{near}`? For a field of that name write `$.{key}`"
        )
    path = parse_path(key)
    forced = len(path) == 1 and (path[0] in _NAMES or path[0] in more or path[0] in MODIFIERS)
    return _Place(path, f"{'$.' if forced else ''}{path_text(path)}")


@dataclass(frozen=True, slots=True)
class _Compiler:
    allow_code: bool
    extra: Mapping[str, Factory]

    def answer(self, expect: Mapping[Any, Any]) -> Iterator[Check]:
        """Build the checks of a whole expectation."""
        whole = {key: value for key, value in expect.items() if self._is_check(key) or key in MODIFIERS}
        ignore_case = _ignore_case(whole)
        for key, value in expect.items():
            if key in MODIFIERS:
                continue
            if key in whole:
                yield from self._on_answer(key, value, ignore_case)
            else:
                yield from self._field(key, value)

    def _on_answer(self, key: str, value: Any, ignore_case: bool) -> Iterator[Check]:
        try:
            yield from self.named(key, value, _WHOLE, ignore_case=ignore_case)
        except UsageError as trouble:
            raise UsageError(f"{trouble} (for a field named {key} write `$.{key}`)") from trouble

    def _field(self, key: Any, value: Any) -> Iterator[Check]:
        if not isinstance(key, str):
            raise UsageError(f"the field {show(key)} is no text; put it in quotes")
        place = _placed(key, tuple(self.extra))
        try:
            if isinstance(value, Mapping):
                yield from self._mapping(value, place)
            else:
                yield from self.named("equals", value, place, ignore_case=False, literal=True)
        except UsageError as trouble:
            raise UsageError(f"{place.label}: {trouble}") from trouble

    def _mapping(self, checks: Mapping[Any, Any], place: _Place) -> Iterator[Check]:
        if not checks:
            raise UsageError("{} expects nothing; to compare with an empty mapping write `equals: {}`")
        for key in checks:
            if not self._is_check(key) and key not in MODIFIERS:
                near = almost(key, self.extra) if isinstance(key, str) else None
                hint = f"did you mean `{near}`? " if near else ""
                raise UsageError(
                    f"{show(key)} is no check; {hint}To compare with a mapping write `equals: {{…}}`, and for a"
                    f" field inside it a path, `{place.label}.name`"
                )
        ignore_case = _ignore_case(checks)
        for key, value in checks.items():
            if key not in MODIFIERS:
                yield from self.named(key, value, place, ignore_case=ignore_case)

    def named(
        self, key: str, argument: Any, place: _Place, *, ignore_case: bool, literal: bool = False
    ) -> Iterable[Check]:
        """Build one named check.

        Args:
            key: The check's name.
            argument: What stands beside it.
            place: What it is applied to.
            ignore_case: Whether an `ignore_case` stands beside it.
            literal: Whether the argument is a value to compare with and nothing else.

        Raises:
            UsageError: Where the argument does not fit.
        """
        base = key.removeprefix("not_") if key.startswith("not_") else key
        if key in self.extra:
            return [self.extra[key](argument, "" if place.path is None else place.label)]
        if key in _ELSEWHERE:
            raise UsageError(f"`{key}` asks a model, so it needs a Lab; there is none here")
        if key == "python":
            return self._python(argument, place)
        if key in (*call.NAMES, "foreign"):
            if place.path is not None:
                raise UsageError(f"`{key}` is about the whole answer; write it beside the fields")
            return (
                foreign_checks(argument, self.extra) if key == "foreign" else [call.call_check(key, argument)]
            )
        if key == "present":
            return [_presence(argument, place)]
        if not literal:
            argument, ignore_case = _unwrapped(base, argument, ignore_case)
        options = Options(key, negated=base != key, ignore_case=ignore_case and base in _FOLDABLE)
        return [RuleCheck(place.column(key), _RULES[base](argument, options), place.path, place.label)]

    def _python(self, argument: Any, place: _Place) -> list[Check]:
        if not self.allow_code:
            raise UsageError(
                "`python` runs code that the suite names; say that you trust it with allow_code=True, or"
                " --allow-code on the command line"
            )
        written = argument if isinstance(argument, (list, tuple)) else [argument]
        if not written:
            raise UsageError('`python` needs "module:function"')
        name = place.column("python")
        label = name if place.path is None else place.label
        return [
            python_check(one, f"{name}_{number}" if number > 1 else name, place.path, label)
            for number, one in enumerate(written, start=1)
        ]

    def _is_check(self, key: Any) -> bool:
        return isinstance(key, str) and (key in _NAMES or key in self.extra)


def _presence(argument: Any, place: _Place) -> PresenceCheck:
    if place.path is None:
        raise UsageError("`present` is about a field: write `name: {present: true}`")
    if not isinstance(argument, bool):
        raise UsageError(f"`present` needs true or false, got {show(argument)}")
    return PresenceCheck(place.column("present"), argument, place.path, place.label)


def _ignore_case(checks: Mapping[Any, Any]) -> bool:
    """Read the `ignore_case` that stands beside checks."""
    if "ignore_case" not in checks:
        return False
    value = checks["ignore_case"]
    if not isinstance(value, bool):
        raise UsageError(f"`ignore_case` needs true or false, got {show(value)}")
    if not any(isinstance(key, str) and key.removeprefix("not_") in _FOLDABLE for key in checks):
        raise UsageError("`ignore_case` stands beside no check that compares text")
    return value


def _unwrapped(base: str, argument: Any, ignore_case: bool) -> tuple[Any, bool]:
    """Take `{value: …, ignore_case: …}` apart."""
    if (
        base not in _FOLDABLE
        or not isinstance(argument, Mapping)
        or argument.keys() != {"value", "ignore_case"}
    ):
        return argument, ignore_case
    if not isinstance(argument["ignore_case"], bool):
        raise UsageError(f"`ignore_case` needs true or false, got {show(argument['ignore_case'])}")
    return argument["value"], argument["ignore_case"]


def _refuse_twins(checks: tuple[Check, ...]) -> None:
    seen: set[str] = set()
    for check in checks:
        if check.name in seen:
            raise UsageError(
                f"two checks would have the name {show(check.name)}: the same field is written twice"
            )
        seen.add(check.name)
