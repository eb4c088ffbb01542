"""A completion is parsed, held to its checks, and given a status: never an exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from promptlab._answer import parse
from promptlab._protocols import Check
from promptlab._show import cut, one_line, show
from promptlab._types import Answer, Case, Completion, Failure, Kind, Status, Verdict

UNREAD = ", got nothing: answer is not JSON: "
"""How a check on a field says that there is no field to read."""

_LONGEST_REASON = 4000
_LONGEST_TROUBLE = 500


@dataclass(frozen=True, slots=True)
class Graded:
    """What a completion is worth."""

    status: Status
    """`pass`, `fail`, `error` (a check broke), `ungraded` (nothing was expected) or `not_run` (cut short)."""
    reason: str | None
    """Every failing check, or every check that broke; None where there is nothing to say."""
    error: Kind | None
    """`check` where a check broke, `refusal` where the model refused and that was not expected."""
    answer: Answer | None
    """The parsed answer; None where the user's confidence function ended the parsing."""
    verdicts: tuple[Verdict, ...]
    """What each check said, in their order; none for a check that broke."""


def grade(
    case: Case,
    completion: Completion,
    checks: Sequence[Check],
    confidence: Callable[[Answer], float | None] | None = None,
) -> Graded:
    """Grade a completion: parse it and apply every check, whatever the others say.

    A refusal fails where anything is expected, without asking the checks, unless `refused: true` is among them; then
    all of them are applied, to the refusal's text. A check that raises anything makes the row an `error` of kind `check`.
    A check that hangs cannot be ended from here: it holds its worker until it returns. A check that says in
    `unchecked` what of it cannot be checked keeps the row from passing: without a failure it is `ungraded`.
    """
    try:
        answer = parse(completion, confidence)
    except BaseException as trouble:  # noqa: BLE001 - only the user's confidence function can; it costs this row alone
        return Graded("error", _broke("confidence", trouble), "check", None, ())
    unchecked = [text for check in checks if (text := getattr(check, "unchecked", None))]
    checks = [check for check in checks if not getattr(check, "by_hand", False)]
    if not checks:
        return Graded("ungraded", _left(unchecked), None, answer, ())
    if completion.refusal and not any(getattr(check, "accepts_refusal", False) is True for check in checks):
        return _refused(completion.refusal, checks, answer)
    verdicts: list[Verdict] = []
    broken: list[str] = []
    for check in checks:
        try:
            verdicts.append(_asked(check, case, answer))
        except BaseException as trouble:  # noqa: BLE001 - SystemExit and KeyboardInterrupt out of a check are its own fault
            broken.append(_broke(_name(check), trouble))
    kept = _told_apart(verdicts)
    if broken:
        return Graded("error", _joined(broken), "check", answer, kept)
    reasons = [verdict.reason or f"{verdict.name}: failed" for verdict in kept if not verdict.passed]
    if reasons:
        return Graded("fail", _joined(_told_once(reasons)), None, answer, kept)
    return Graded("ungraded" if unchecked else "pass", _left(unchecked), None, answer, kept)


def cut_short(graded: Graded, stopped: Failure | None) -> Graded:
    """Take a row that only the end of its run kept from a verdict as not run; what was paid for it is kept.

    Args:
        graded: What was made of it.
        stopped: What kept one of its checks from being answered, if the end of the run did.
    """
    if stopped is None or graded.error != "check":
        return graded
    return replace(graded, status="not_run", error=stopped.kind, reason=f"not checked: {stopped.message}")


def _left(unchecked: list[str]) -> str | None:
    """Say what was not checked."""
    return _joined([f"not checked here: {text}" for text in unchecked]) if unchecked else None


def _asked(check: Check, case: Case, answer: Answer) -> Verdict:
    verdict = check(case, answer)
    if not isinstance(verdict, Verdict) or not isinstance(verdict.passed, bool):
        raise TypeError(f"gave {show(verdict, 100)}, no Verdict with a passed that is True or False")
    return verdict if verdict.name == check.name else replace(verdict, name=check.name)


def _refused(refusal: str, checks: Sequence[Check], answer: Answer) -> Graded:
    reason = f"refused: {one_line(refusal, _LONGEST_TROUBLE)}"
    verdicts = [Verdict(passed=False, name=_name(check), reason=reason) for check in checks]
    return Graded("fail", reason, "refusal", answer, _told_apart(verdicts))


def _told_apart(verdicts: list[Verdict]) -> tuple[Verdict, ...]:
    """Number verdicts of one name, so that each has its column."""
    names: set[str] = set()
    kept = []
    for verdict in verdicts:
        name, number = verdict.name, 1
        while name in names:
            number += 1
            name = f"{verdict.name}_{number}"
        names.add(name)
        kept.append(verdict if name == verdict.name else replace(verdict, name=name))
    return tuple(kept)


def _told_once(reasons: list[str]) -> list[str]:
    """Say once that an answer is not JSON, in the place of the first of several fields that cannot be read for it."""
    unread = [reason for reason in reasons if UNREAD in reason]
    if len(unread) < 2:
        return reasons
    fields = dict.fromkeys(reason.split(UNREAD)[0].split(": expected ")[0] for reason in unread)
    told = f"answer is not JSON: {unread[0].split(UNREAD, 1)[1]}; so {', '.join(fields)} cannot be read"
    return [told if reason is unread[0] else reason for reason in reasons if reason not in unread[1:]]


def _joined(reasons: list[str]) -> str:
    return cut("; ".join(reasons), _LONGEST_REASON)


def _name(check: Check) -> str:
    return str(getattr(check, "name", None) or type(check).__name__)


def _broke(name: str, trouble: BaseException) -> str:
    """Say in one line which check broke and how."""
    try:
        words = str(trouble)
    except BaseException:  # noqa: BLE001 - an exception whose own text breaks is named by its type alone
        words = ""
    kind = type(trouble).__name__
    said = f"{kind}: {words}" if words else kind
    return one_line(f"the check {name} broke: {said}", _LONGEST_TROUBLE)
