"""Checks in the words of other tools, with the meaning that those tools give them.

    foreign:
      - {promptfoo: levenshtein, value: hello world, threshold: 2}
      - {promptfoo: assert-set, threshold: 0.5, assert: [{promptfoo: contains, value: a}, {promptfoo: regex, value: b}]}
      - {evals: Match, ideal: [Paris, paris]}
      - {inspect: match, target: Paris, location: any}
      - {by_hand: "javascript: output.length < 10"}

They look at the answer's text as it came. `by_hand` names what nobody can check here: such a case can fail, by a
check that was made, but it never passes; else it is `ungraded`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptlab._errors import UsageError
from promptlab._protocols import Check
from promptlab._show import one_line, show
from promptlab._types import Answer, Case, Verdict
from promptlab.checks import _like_evals, _like_inspect, _like_promptfoo
from promptlab.checks._like import LikeCheck, Measure, js_text, known_keys
from promptlab.checks._same import number_of
from promptlab.checks._transform import transform

NAME = "foreign"
"""The check's name in a suite."""

Extra = Mapping[str, Callable[[Any, str], Check]]
"""Builders of the checks that ask a model."""

SET = "assert-set"
ASKS_MODEL: Mapping[str, tuple[str, str]] = {
    "similar": ("similar", "value"),
    "llm-rubric": ("judge", "rubric"),
}
"""promptfoo's names of the checks that ask a model, with ours and what we call their value."""

PROMPTFOO_KINDS: tuple[str, ...] = (*_like_promptfoo.KINDS, *ASKS_MODEL)
"""promptfoo's assertions that have their meaning here; each has a `not-` form."""

_KEYS = ("promptfoo", "value", "threshold", "weight", "transform", "model")
_SET_KEYS = ("promptfoo", "threshold", "weight", "assert")
_DIALECTS = ("promptfoo", "evals", "inspect", "by_hand")


@dataclass(frozen=True, slots=True)
class ByHand:
    """What is expected and cannot be checked here; keeps a row from passing."""

    name: str
    """Its name among the checks; it has no column."""
    unchecked: str
    """What is not checked, in one line."""
    weight: float = 1.0
    """How much it counts in a set."""
    by_hand: bool = True
    """Whether there is nothing in it to check: whoever grades does not call it."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of every check
        """Never called: whoever grades asks for `unchecked` first."""
        raise UsageError(f"{self.unchecked} is not checked here")


@dataclass(frozen=True, slots=True)
class Weighed:
    """Several checks, of which so much must pass."""

    name: str
    """Name of its column, which holds the score."""
    parts: tuple[tuple[float, Check], ...]
    """Each check with its weight."""
    threshold: float | None
    """The score to reach; None where every one must pass."""
    weight: float = 1.0
    """How much it counts in a set itself."""
    unchecked: str | None = None
    """What of it cannot be checked here."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:
        """Add up; what cannot be checked counts as passed here, so that only what is sure fails."""
        score = told = 0.0
        reasons = []
        for weight, check in self.parts:
            told += weight
            if isinstance(check, ByHand):
                score += weight
                continue
            verdict = check(case, answer)
            score += weight * (float(verdict.passed) if verdict.score is None else verdict.score)
            if not verdict.passed:
                reasons.append(verdict.reason or verdict.name)
        share = score / told
        if not reasons if self.threshold is None else share >= self.threshold - 1e-9:
            return Verdict(passed=True, name=self.name, score=share)
        wanted = "that all of it passes" if self.threshold is None else f"a score from {self.threshold:g}"
        reason = f"{self.name}: expected {wanted}, got {share:.3g} ({'; '.join(reasons)})"
        return Verdict(passed=False, name=self.name, score=share, reason=one_line(reason, 1000))


@dataclass(frozen=True, slots=True)
class Asked:
    """A check of ours that asks a model, under another tool's name; `not-` turns it round."""

    name: str
    """Name of its column."""
    check: Check
    """Ours."""
    negated: bool
    """Whether it must not hold."""
    change: Callable[[str], str] | None = None
    """The plain transform of the answer's text, where there is one."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:
        """Ask."""
        if self.change is not None:
            text = self.change(answer.text)
            answer = replace(answer, text=text, value=text, is_json=False)
        verdict = self.check(case, answer)
        if not self.negated:
            return replace(verdict, name=self.name)
        score = None if verdict.score is None else 1.0 - verdict.score
        reason = None if not verdict.passed else f"{self.name}: expected that it does not hold, and it does"
        return Verdict(passed=not verdict.passed, name=self.name, score=score, reason=reason)


def foreign_checks(argument: Any, extra: Extra) -> tuple[Check, ...]:
    """Build the checks of a list of entries.

    Raises:
        UsageError: An entry is unknown or cannot be used.
    """
    entries = argument if isinstance(argument, (list, tuple)) else [argument]
    if not entries:
        raise UsageError(f"`{NAME}` needs a list of entries, such as {{promptfoo: contains, value: …}}")
    made = [_entry(entry, extra) for entry in entries]
    return tuple(_numbered(made))


def _numbered(made: Sequence[Check]) -> Iterator[Check]:
    counts: dict[str, int] = {}
    for check in made:
        counts[check.name] = number = counts.get(check.name, 0) + 1
        yield check if number == 1 else replace(check, name=f"{check.name}_{number}")  # type: ignore[type-var]  # all are dataclasses


def _entry(entry: Any, extra: Extra) -> Check:
    if not isinstance(entry, Mapping):
        raise UsageError(f"an entry of `{NAME}` is a mapping, got {show(entry, 80)}")
    dialects = [name for name in _DIALECTS if name in entry]
    if len(dialects) != 1:
        raise UsageError(
            f"an entry of `{NAME}` has one of {', '.join(_DIALECTS)}; {show(entry, 80)} does not"
        )
    if dialects[0] == "by_hand":
        known_keys(entry, ("by_hand", "weight"), "by_hand")
        text = entry["by_hand"]
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"`by_hand` needs a text, got {show(text, 80)}")
        return ByHand("by_hand", one_line(text, 200), _weight(entry))
    if dialects[0] == "promptfoo":
        return _promptfoo(entry, extra)
    kind, measure = (_like_evals if dialects[0] == "evals" else _like_inspect).measure(entry)
    return LikeCheck(f"{dialects[0]}.{kind}", measure)


def _promptfoo(entry: Mapping[str, Any], extra: Extra) -> Check:
    written = entry["promptfoo"]
    if not isinstance(written, str):
        raise UsageError(f"an assertion's name is text, got {show(written, 80)}")
    name = f"promptfoo.{written}"
    if written == SET:
        return _set(entry, name, extra)
    known_keys(entry, _KEYS, "promptfoo")
    kind, negated = written.removeprefix("not-"), written.startswith("not-")
    change = entry.get("transform")
    if kind in ASKS_MODEL:
        ours, word = ASKS_MODEL[kind]
        if ours not in extra:
            raise UsageError(f"`{kind}` asks a model, so it needs a Lab; there is none here")
        more = {key: entry[key] for key in ("threshold", "model") if entry.get(key) is not None}
        check = extra[ours]({word: entry.get("value"), **more}, "")
        _weight(entry)
        return Asked(name, check, negated, None if change is None else transform(change))
    measure: Measure = _like_promptfoo.measure(kind, entry)
    if change is not None:
        measure = _like_promptfoo.transformed(measure, change)
    return LikeCheck(name, measure, negated, _weight(entry))


def _set(entry: Mapping[str, Any], name: str, extra: Extra) -> Weighed:
    known_keys(entry, _SET_KEYS, SET)
    inner = entry.get("assert")
    if not isinstance(inner, list) or not inner:
        raise UsageError(f"`{SET}` needs a list of assertions")
    threshold = entry.get("threshold")
    if threshold is not None and (number_of(threshold) is None or not 0 < threshold <= 1):
        raise UsageError(f"the threshold of `{SET}` is above 0 and at most 1, got {show(threshold, 40)}")
    parts = tuple((_weight(one), _entry(one, extra)) for one in inner)
    if not sum(weight for weight, _ in parts):
        raise UsageError(f"all of `{SET}` weighs nothing, so that it says nothing")
    open_ones = [said for _, check in parts if (said := getattr(check, "unchecked", None))]
    unchecked = one_line("; ".join(open_ones), 300) if open_ones else None
    return Weighed(name, parts, threshold, _weight(entry), unchecked)


def _weight(entry: Any) -> float:
    weight = entry.get("weight", 1.0) if isinstance(entry, Mapping) else 1.0
    if number_of(weight) is None or weight < 0:
        raise UsageError(
            f"`weight` is a number that is not negative, got {js_text(weight) if weight else show(weight)}"
        )
    return float(weight)
