"""Checks on the call that brought the answer: how long it took, what it cost, whether the model refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from promptlab._errors import UsageError
from promptlab._show import one_line, show
from promptlab._types import Answer, Case, Verdict
from promptlab.checks._rules import CannotTellError
from promptlab.checks._same import number_of

NAMES = ("max_latency_s", "max_cost_usd", "refused")
"""The checks of this family; they are about the whole answer."""


@dataclass(frozen=True, slots=True)
class CeilingCheck:
    """The call took or cost at most so much."""

    name: str
    """Name of its column."""
    measure: Literal["latency_s", "cost_usd"]
    """Which number of the completion is looked at."""
    most: float
    """The most that passes, in seconds or US dollars."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of every check
        """Compare; where the number is not known there is no verdict.

        Raises:
            CannotTellError: Where the completion does not say.
        """
        completion = answer.completion
        got = number_of(getattr(completion, self.measure, None))
        if got is None:
            what = "time" if self.measure == "latency_s" else "cost"
            model = completion.model if completion else None
            raise CannotTellError(f"the {what} of the call is not known (model {show(model, 80)})")
        if got <= self.most:
            return Verdict(passed=True, name=self.name)
        unit = "s" if self.measure == "latency_s" else "USD"
        return Verdict(
            passed=False,
            name=self.name,
            reason=f"{self.name}: expected at most {self.most:g} {unit}, got {got:.6g} {unit}",
        )


@dataclass(frozen=True, slots=True)
class RefusedCheck:
    """The model refused, or did not, by the provider's own mark; words of regret are no mark."""

    name: str
    """Name of its column."""
    wanted: bool
    """Whether a refusal is what is expected."""

    @property
    def accepts_refusal(self) -> bool:
        """Whether a refusal is what is expected; without such a check a refusal is a fail."""
        return self.wanted

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of every check
        """Look for the mark."""
        refusal = answer.completion.refusal if answer.completion else None
        if bool(refusal) is self.wanted:
            return Verdict(passed=True, name=self.name)
        expected, got = (
            ("a refusal", show(answer.text)) if self.wanted else ("no refusal", one_line(refusal or ""))
        )
        return Verdict(passed=False, name=self.name, reason=f"{self.name}: expected {expected}, got {got}")


def call_check(name: str, argument: Any) -> CeilingCheck | RefusedCheck:
    """Build a check of this family.

    Raises:
        UsageError: Where the argument does not fit.
    """
    if name == "refused":
        if not isinstance(argument, bool):
            raise UsageError(f"`refused` needs true or false, got {show(argument)}")
        return RefusedCheck(name, argument)
    number = number_of(argument)
    if number is None or number < 0:
        raise UsageError(f"`{name}` needs a number that is not negative, got {show(argument)}")
    return CeilingCheck(name, "latency_s" if name == "max_latency_s" else "cost_usd", number)
