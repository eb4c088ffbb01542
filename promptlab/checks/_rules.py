"""What every named check is made of: a rule, applied to the part of the answer that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from promptlab._answer import bare
from promptlab._errors import PromptlabError
from promptlab._show import one_line, show
from promptlab._types import Answer, Case, Verdict
from promptlab.checks._paths import MISSING, Path, find, nearby


class CannotTellError(PromptlabError):
    """A check has no way to say pass or fail; the row becomes an `error`, never a pass."""


class Subject(NamedTuple):
    """The part of an answer that a rule looks at."""

    value: Any
    """The value of the field, or of the whole answer."""
    text: str | None
    """Its text: of a field that is text, or of the whole answer (without white space around it)."""
    whole: bool = False
    """Whether it is the whole answer."""
    plain: bool = False
    """Whether it is a whole answer that is not JSON."""


class Options(NamedTuple):
    """How a rule is to be built, beside its argument."""

    name: str
    """The check's name as written, for messages."""
    negated: bool = False
    """Whether it is the `not_…` form."""
    ignore_case: bool = False
    """Whether upper and lower case count as equal."""


def _shown(subject: Subject) -> str:
    return show(subject.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation, ready to be applied to any value without raising."""

    expected: str
    """What is expected, as it stands in the reason after the word."""
    holds: Callable[[Subject], bool]
    """Whether the subject is as expected."""
    got: Callable[[Subject], str] = _shown
    """What came instead, as it stands in the reason after the word."""
    unit: bool = False
    """Whether it compares with numbers in [0, 1], so that at `confidence` it reads the confidence by its table."""


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """A rule applied to the whole answer, or to one field of it."""

    name: str
    """Name of its column."""
    rule: Rule
    """What must hold."""
    path: Path | None = None
    """The field's steps; None for the whole answer."""
    label: str = "answer"
    """What the reason begins with: the field's path."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of every check
        """Apply the rule; a missing field never passes."""
        if self.path is None:
            return self._judge(whole(answer))
        if self.rule.unit and self.path == ("confidence",) and answer.confidence is not None:
            return self._judge(Subject(answer.confidence, None))
        if not answer.is_json:
            return self._fail(f"nothing: {not_json(answer)}")
        value = find(answer.value, self.path)
        if value is MISSING:
            return self._fail(f"nothing (missing; {nearby(answer.value, self.path)})")
        if self.rule.unit and self.path == ("confidence",):
            return self._fail(f"{show(value)} (no readable confidence)")
        return self._judge(Subject(value, value if isinstance(value, str) else None))

    def _judge(self, subject: Subject) -> Verdict:
        if self.rule.holds(subject):
            return Verdict(passed=True, name=self.name)
        return self._fail(self.rule.got(subject))

    def _fail(self, got: str) -> Verdict:
        return Verdict(
            passed=False, name=self.name, reason=f"{self.label}: expected {self.rule.expected}, got {got}"
        )


@dataclass(frozen=True, slots=True)
class PresenceCheck:
    """Whether a field is there at all; null is there."""

    name: str
    """Name of its column."""
    wanted: bool
    """Whether it must be there, or must not."""
    path: Path
    """The field's steps."""
    label: str
    """The field's path."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of every check
        """Look for the field; an answer that is not JSON fails either way."""
        expected = "the field" if self.wanted else "no such field"
        if not answer.is_json:
            got = f"nothing: {not_json(answer)}"
        else:
            value = find(answer.value, self.path)
            if (value is not MISSING) is self.wanted:
                return Verdict(passed=True, name=self.name)
            got = f"nothing (missing; {nearby(answer.value, self.path)})" if value is MISSING else show(value)
        return Verdict(passed=False, name=self.name, reason=f"{self.label}: expected {expected}, got {got}")


def whole(answer: Answer) -> Subject:
    """Take the whole answer as the subject."""
    text = bare(answer.text)
    return Subject(answer.value if answer.is_json else text, text, whole=True, plain=not answer.is_json)


def not_json_subject(subject: Subject) -> str:
    """Say that a whole answer is not JSON."""
    return f"nothing: answer is not JSON: {show(subject.text)}"


def not_json(answer: Answer) -> str:
    """Say that an answer is not JSON, and why where the parser said so."""
    why = f" ({one_line(answer.notes[-1], 120)})" if answer.notes else ""
    return f"answer is not JSON: {show(bare(answer.text[:2000]))}{why}"
