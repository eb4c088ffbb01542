"""The table of faults, and the script: rules as the command line writes them.

A rule is `KIND[=VALUE][,CONDITION=…]…`: `status=503,rate=0.03`, `status=500,first=2,match=TEXT`,
`status=429,retry-after=2`, `hang,first=1`, `refusal,match=password`, `status=503,from=5,until=15`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

from promptlab.simulator._fault_answers import ANSWERS
from promptlab.simulator._fault_bodies import BODIES
from promptlab.simulator._fault_rule import AnswerFault, BodyFault, FaultRule, InsteadFault, Occasion
from promptlab.simulator._fault_wire import WIRES

__all__ = ["CONDITIONS", "KINDS", "FaultScript", "parse_fault"]

KINDS: dict[str, AnswerFault | BodyFault | InsteadFault] = {
    kind.name: kind for kind in (*WIRES, *BODIES, *ANSWERS)
}
"""Every kind of fault, by name."""

CONDITIONS = {
    "rate": "the share of attempts hit, chosen by content and attempt",
    "first": "only the first N attempts of each content",
    "match": "only requests whose messages contain the text",
    "model": "only requests for the model",
    "from": "only so many seconds after the first call, or later",
    "until": "only until so many seconds after the first call",
    "delay": "strikes so many seconds after the request",
    "code": "the error's code",
    "type": "the error's type",
    "message": "the error's message",
    "retry-after": "the header; date:S for the date in S seconds",
    "header": "NAME:VALUE, a header of the answer; may be repeated",
}
"""What may follow a kind."""

_COMMA = re.compile(rf",(?=(?:{'|'.join(CONDITIONS)})=)")
_NUMBERS = ("slow", "hang", "drip", "big", "bomb")
_STATUSES = ("status", "html", "leak")


class FaultScript:
    """Chooses the fault of a call: the first rule that hits it.

    Args:
        rules: The rules, in order.
        seed: The simulator's seed.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, rules: Iterable[FaultRule], seed: int, clock: Callable[[], float]) -> None:
        self._rules = tuple(rules)
        self._seed = seed
        self._clock = clock
        self._lock = threading.Lock()
        self._first_call: float | None = None

    def reset(self) -> None:
        """Let the next call be the first."""
        with self._lock:
            self._first_call = None

    def choose(self, *, key: str, text: str, model: str, attempt: int) -> FaultRule | None:
        """Give the rule that hits a call, or None."""
        if not self._rules:
            return None
        now = self._clock()
        with self._lock:
            if self._first_call is None:
                self._first_call = now
            since = now - self._first_call
        occasion = Occasion(key=key, text=text, model=model, attempt=attempt, at_s=since)
        return next((rule for rule in self._rules if rule.hits(occasion, self._seed)), None)


def parse_fault(spec: str, place: int = 0) -> FaultRule:
    """Read one rule.

    Args:
        spec: The rule. A comma separates only where one of `CONDITIONS` and `=` follow it, so that
            texts and dates may hold commas.
        place: Its place among the rules.

    Raises:
        ValueError: The kind or a condition is unknown, or a value is wrong.
    """
    first, *rest = _COMMA.split(spec.strip())
    name, _, value = first.partition("=")
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(f"fault {spec!r}: no kind {name!r}; there are {', '.join(KINDS)}")
    value = value or kind.default
    fields: dict[str, Any] = {}
    headers: list[tuple[str, str]] = []
    try:
        _check_value(kind, value)
        for part in rest:
            condition, _, text = part.partition("=")
            if condition in ("retry-after", "header"):
                headers.append(_header(condition, text))
            else:
                fields.update(_condition(condition, text))
    except ValueError as error:
        raise ValueError(f"fault {spec!r}: {error}") from None
    return FaultRule(spec=spec, place=place, kind=name, value=value, headers=tuple(headers), **fields)


def _check_value(kind: AnswerFault | BodyFault | InsteadFault, value: str) -> None:
    if kind.name in _NUMBERS:
        _number(value)
    if kind.name in _STATUSES and not re.fullmatch("[2-5][0-9][0-9]", value):
        raise ValueError(f"{value!r} is not a status from 200 to 599")
    if isinstance(kind, AnswerFault) and kind.choices and value not in kind.choices:
        raise ValueError(f"{value!r} is none of {', '.join(kind.choices)}")


def _header(condition: str, text: str) -> tuple[str, str]:
    name, _, value = text.partition(":") if condition == "header" else (condition, ":", text)
    if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not value or "\r" in value or "\n" in value:
        raise ValueError(f"{text!r} is no header NAME:VALUE")
    if value.startswith("date:"):
        _number(value.removeprefix("date:"))
    return name.lower(), value


def _condition(name: str, text: str) -> dict[str, Any]:
    match name:
        case "first":
            if not re.fullmatch("[0-9]{1,9}", text):
                raise ValueError(f"first={text} is not a number of attempts")
            return {"first": int(text)}
        case "rate":
            if (rate := _number(text)) > 1:
                raise ValueError(f"rate={text} is not from 0 to 1")
            return {"rate": rate}
        case "from" | "until" | "delay":
            return {f"{name}_s": _number(text)}
        case _:
            return {name: text}


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not number >= 0:
        raise ValueError(f"{text!r} is not a number of 0 or more")
    return number
