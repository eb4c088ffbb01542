"""How sure an answer is, as a number in [0, 1], and where that number came from.

Of a JSON answer, the field `confidence` at its top is read by this table; nothing else is guessed at:

    what stands there                       read as
    a number from 0 to 1                    itself: 0.95 is 0.95, 1 is 1.0, 1e-3 is 0.001
    a number above 10, up to 100            hundredths: 95 is 0.95, 99.5 is 0.995
    "0.95", "95", " 1e-3 "                  as the number it spells, in ASCII digits with a point
    "95%", "100 %", "1%", "0%"              hundredths
    "very high", "high"                     0.99, 0.95
    "medium", "moderate"                    0.6
    "low", "very low"                       0.2, 0.05 (words in any case)

    missing, with a note: below 0, above 100, NaN, Infinity, null, true and false, lists and mappings, and what
    could be meant in two ways: above 1 up to 10 (of 10? of 100?), a percent sign after a number between 0 and 1,
    a decimal comma, `9_5`, `0x1`, other scripts' digits, any other word

A field that stands there and cannot be read leaves the confidence missing: no other source takes its place. Without
the field, the token log probabilities are used where the provider gave them: their geometric mean, the
exponential of their mean. A function of the user's, where given, has the last word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from promptlab._show import one_line, show
from promptlab._types import Answer, Completion

Reading = tuple[float | None, str | None, tuple[str, ...]]
"""A confidence, its source, and notes on what could not be read."""

WORDS = (
    ("very high", 0.99),
    ("high", 0.95),
    ("medium", 0.6),
    ("moderate", 0.6),
    ("low", 0.2),
    ("very low", 0.05),
)
"""Words for a confidence, with their numbers."""

_WORD_VALUES = dict(WORDS)
_SPELLED = re.compile(r"([0-9]{0,40}\.?[0-9]{1,40}(?:[eE][+-]?[0-9]{1,4})?)(?:\s*(%))?")
_ROUNDING = 1e-6


def stated_confidence(value: Any, text: str) -> Reading | None:
    """Read the confidence that a JSON answer states; None where it has no such field at its top.

    Args:
        value: The answer's JSON value.
        text: The text it was read from.
    """
    if isinstance(value, dict) and "confidence" in value:
        stated = value["confidence"]
        number = _by_the_table(stated)
        if number is None:
            return None, None, (f"the confidence {show(stated, 60)} cannot be read as one",)
        return number, "answer", ()
    if '"confidence"' in text and _holds_confidence(value):
        return None, None, ("a confidence that is not at the top of the answer is not read",)
    return None


def token_confidence(completion: Completion) -> Reading:
    """Compute the geometric mean of the answer's token probabilities, where there are any."""
    if not completion.logprobs:
        return None, None, ()
    logs = [log for _, log in completion.logprobs]
    if not all(isinstance(log, (int, float)) and log <= _ROUNDING for log in logs):
        return None, None, ("the tokens' log probabilities cannot be read",)
    return (
        min(1.0, math.exp(max(-1e4, math.fsum(max(log, -1e6) for log in logs) / len(logs)))),
        "logprobs",
        (),
    )


def own_confidence(function: Callable[[Answer], float | None], answer: Answer) -> Reading:
    """Ask the user's function; what it raises or returns wrongly leaves the confidence missing, with a note."""
    try:
        given: Any = function(answer)
    except Exception as trouble:  # noqa: BLE001 - the user's function may raise anything; the verdict stands without it
        return None, None, (f"the confidence function raised {_name(trouble)}",)
    if given is None:
        return None, None, ()
    number = _plain_number(given)
    if number is None or not 0 <= number <= 1:
        shown = show(given if number is None else number, 60)
        return None, None, (f"the confidence function returned {shown}, not a number from 0 to 1",)
    return float(number), "function", ()


def _by_the_table(stated: Any) -> float | None:
    if isinstance(stated, str):
        return _from_text(stated.strip())
    number = _plain_number(stated)
    return None if number is None else _from_number(number)


def _from_text(text: str) -> float | None:
    word = _WORD_VALUES.get(" ".join(text.lower().split()))
    if word is not None:
        return word
    match = _SPELLED.fullmatch(text)
    if match is None:
        return None
    number = float(match[1])
    if not match[2]:
        return _from_number(number)
    return number / 100 if number == 0 or 1 <= number <= 100 else None


def _from_number(number: float) -> float | None:
    if 0 <= number <= 1:
        return abs(float(number))
    return number / 100 if 10 < number <= 100 else None


def _plain_number(value: Any) -> float | None:
    """Give the value where it is a number, of Python's or numpy's; a truth value is none."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value


def _holds_confidence(value: Any) -> bool:
    """Look for a field `confidence` anywhere below the top."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if "confidence" in current:
                return True
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)
    return False


def _name(trouble: Exception) -> str:
    try:
        words = str(trouble)
    except Exception:  # noqa: BLE001 - an exception whose own text breaks is named by its type alone
        words = ""
    return one_line(f"{type(trouble).__name__}: {words}" if words else type(trouble).__name__, 120)
