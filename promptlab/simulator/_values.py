"""Finds the values that a text gives: dates, numbers, addresses, files, durations, quoted words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Value", "find_values"]

_MONTH = "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_UNIT = "(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|quarters?|years?)"
_SMALL = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_COUNT = rf"(?:{_NUMBER}|{'|'.join(_SMALL)})"

_KINDS: tuple[tuple[str, str], ...] = (
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("url", r"https?://[^\s\"'<>]+[^\s\"'<>.,;!?)]"),
    ("quoted", r"\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|`[^`\n]+`|(?<!\w)'[^'\n]+'(?!\w)"),
    ("file", r"(?:[\w.~-]*/)*[\w-]+(?:\.[\w-]+)*\.[A-Za-z][A-Za-z0-9]{1,6}\b"),
    ("path", r"(?<!\w)(?:[A-Za-z]:\\|~?/)[\w./\\-]+"),
    ("channel", r"(?<!\w)[#@][A-Za-z][\w-]*"),
    ("date", r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b"),
    ("date", rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b|\b\d{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?{_MONTH}(?:,? \d{{4}})?\b"),
    ("schedule", rf"\b(?:every|each) (?:other )?(?:{_COUNT} )?(?:{_DAY}|{_UNIT}|weekday|morning|evening|night|month)(?: at {_NUMBER}(?::\d\d)?(?: ?[ap]m)?)?\b|\b(?:hourly|daily|nightly|weekly|monthly|quarterly|yearly|annually)\b|\bon {_DAY}s\b"),
    ("date", rf"\b(?:today|tomorrow|yesterday|(?:next|last|this) (?:{_DAY}|week|month|quarter|year)|{_DAY})\b"),
    ("time", r"\b\d{1,2}:\d{2}(?: ?[ap]m)?\b|\b\d{1,2} ?[ap]m\b|\b(?:noon|midnight)\b"),
    ("duration", rf"\b{_COUNT}[ -]?{_UNIT}\b"),
    ("percent", rf"(?:{_NUMBER}) ?(?:%|percent\b|per cent\b)"),
    ("money", rf"[$€£¥] ?(?:{_NUMBER})|(?:{_NUMBER}) ?(?:dollars?|euros?|pounds?|yen|usd|eur|gbp)\b"),
    ("number", rf"(?<![\w.-])(?:{_NUMBER})(?![\w%]|\.\d)"),
    ("number", rf"\b(?:{'|'.join(_SMALL[1:])})\b"),
    ("identifier", r"\b[A-Za-z]\w*_\w+\b"),
    ("proper", r"(?<=[a-z,;] )[A-Z][\w-]*(?: [A-Z][\w-]*)*"),
)  # fmt: skip
_SHAPES = tuple(
    (kind, re.compile(pattern, 0 if kind == "proper" else re.IGNORECASE)) for kind, pattern in _KINDS
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}$")
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Value:
    """A value found in a text."""

    kind: str
    """What it is: `date`, `email`, `number`, …"""
    said: str
    """As it stands in the text."""
    value: Any
    """As JSON has it: a number where it is one."""
    start: int
    end: int


def find_values(text: str) -> list[Value]:
    """Find the values in a text, in their order; where two overlap, the more definite kind wins."""
    text = text[:_LONGEST]
    taken: list[Value] = []
    free = list(text)
    for kind, pattern in _SHAPES:
        for match in pattern.finditer("".join(free)):
            said = match[0].strip()
            taken.append(Value(kind, said, _plain(kind, said), *match.span()))
            free[match.start() : match.end()] = "\0" * len(match[0])
    return sorted(taken, key=lambda value: value.start)


def _plain(kind: str, said: str) -> Any:
    if kind == "quoted":
        return said[1:-1]
    if kind in {"number", "percent", "money"}:
        digits = re.search(_NUMBER, said)
        if not digits:
            return _SMALL.index(said.lower()) + 1
        number = float(digits[0].replace(",", ""))
        return int(number) if number.is_integer() else number
    if kind == "date":
        return _iso(said)
    return said


def _iso(said: str) -> str:
    """Write a whole date as YYYY-MM-DD; leave one without a year as it is."""
    if _ISO.match(said):
        return said
    month = re.search(_MONTH, said, re.IGNORECASE)
    year = re.search(r"\b\d{4}\b", said)
    day = re.search(r"\b\d{1,2}(?!\d)", said)
    if not (month and year and day):
        return said
    names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    return f"{year[0]}-{names.index(month[0][:3].lower()) + 1:02d}-{int(day[0]):02d}"
