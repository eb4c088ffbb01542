"""Splits what is asked into the jobs it is made of, in the order in which they must be done."""

from __future__ import annotations

import re

__all__ = ["clauses"]

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+|;\s*")
_THEN = re.compile(
    r"(?i)\s*,?\s*\b(?:and then|then|after that|afterwards|next|finally|lastly)\b,?\s*|\s*,\s*(?:and\s+)?(?:also\s+)?|\s+and\s+(?:also\s+)?"
)
_BEFORE_FIRST = re.compile(r"(?i)^\s*(?:but )?before\s+(.+?),\s*(.+)$", re.DOTALL)
_AFTER_FIRST = re.compile(r"(?i)^\s*(?:once|after|when)\s+(.+?),\s*(.+)$", re.DOTALL)
_AFTER_LATER = re.compile(r"(?i)^(.+?)\s+(?:after|once)\s+(.+)$", re.DOTALL)
_BEFORE_LATER = re.compile(r"(?i)^(.+?),?\s+before\s+(.+)$", re.DOTALL)


def clauses(text: str) -> list[str]:
    """Give the parts of a text that each ask for one thing, what must be done first at the front."""
    return [part for sentence in _SENTENCE.split(text) for half in _halves(sentence) for part in _parts(half)]


def _halves(sentence: str) -> tuple[str, ...]:
    """Put the halves of a sentence with "before" or "after" into the order of doing."""
    if match := _BEFORE_FIRST.match(sentence):
        return match[2], match[1]
    if match := _AFTER_FIRST.match(sentence):
        return match[1], match[2]
    if match := _BEFORE_LATER.match(sentence):
        return match[1], match[2]
    if match := _AFTER_LATER.match(sentence):
        return match[2], match[1]
    return (sentence,)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _THEN.split(text) if part and part.strip(" .,!?")]
