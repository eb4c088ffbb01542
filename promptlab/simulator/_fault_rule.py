"""A scripted fault: what goes wrong, and for which calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promptlab.simulator._draw import uniform
from promptlab.simulator._exchange import Exchange

__all__ = ["AnswerFault", "BodyFault", "Completion", "FaultRule", "InsteadFault", "Occasion"]

Completion = dict[str, Any]
"""A chat completion, before it becomes JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A call that a fault may hit."""

    key: str
    """Names the content of the request."""
    text: str
    """The texts of its messages."""
    model: str
    """The model asked for."""
    attempt: int
    """How many calls of the same content were let in before it."""
    at_s: float
    """Seconds since the first call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One `--fault`."""

    spec: str
    """As it was written."""
    place: int
    """Its place among the rules, so that two equal ones draw apart."""
    kind: str
    """The fault's name in the table."""
    value: str
    """What follows the name: a status, seconds, a size, an address; or the kind's default."""
    rate: float = 1.0
    """The share of the attempts it hits, chosen by content and attempt."""
    first: int | None = None
    """It hits the first so many attempts of each content."""
    match: str | None = None
    """It hits requests whose messages contain this text."""
    model: str | None = None
    """It hits requests for this model."""
    from_s: float = 0.0
    """It begins so many seconds after the first call."""
    until_s: float = float("inf")
    """It ends so many seconds after the first call."""
    delay_s: float | None = None
    """When it strikes, in seconds after the request; its kind's own time where it is None."""
    code: str | None = None
    """The error object's `code`."""
    type: str | None = None
    """The error object's `type`."""
    message: str | None = None
    """The error object's message."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers of the answer."""

    def hits(self, occasion: Occasion, seed: int) -> bool:
        """Tell whether it hits a call; equal calls at equal attempts are hit alike."""
        if self.match is not None and self.match not in occasion.text:
            return False
        if self.model is not None and self.model != occasion.model:
            return False
        if self.first is not None and occasion.attempt >= self.first:
            return False
        if not self.from_s <= occasion.at_s < self.until_s:
            return False
        return (
            self.rate >= 1 or uniform("fault", seed, self.place, occasion.key, occasion.attempt) < self.rate
        )


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """Changes the completion; what is sent stays well-formed."""

    name: str
    """What a rule calls it."""
    says: str
    """What the client gets, in a few words."""
    default: str
    """The value where a rule gives none."""
    act: Callable[[Completion, str], None]
    """Changes the completion in place, given the rule's value."""
    choices: tuple[str, ...] = ()
    """The values allowed; any where there are none."""


@dataclass(frozen=True, slots=True)
class BodyFault:
    """Sends the answer's bytes in a way of its own, at the time the answer would have come."""

    name: str
    """What a rule calls it."""
    says: str
    """What the client gets, in a few words."""
    default: str
    """The value where a rule gives none."""
    act: Callable[[Exchange, FaultRule, bytes], None]
    """Sends the body."""


@dataclass(frozen=True, slots=True)
class InsteadFault:
    """Sends something instead of an answer, at once where the rule does not say when."""

    name: str
    """What a rule calls it."""
    says: str
    """What the client gets, in a few words."""
    default: str
    """The value where a rule gives none."""
    status: int | None
    """The status sent; 0 for none, None for the one that is the rule's value."""
    act: Callable[[Exchange, FaultRule], None]
    """Does it."""

    def sent(self, rule: FaultRule) -> int:
        """Give the status that a rule has it send, 0 for none."""
        return int(rule.value) if self.status is None else self.status
