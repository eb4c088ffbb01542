"""Gives each parameter of a prompt the value that a text holds for it, or none."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from promptlab.simulator._learner import Entry
from promptlab.simulator._values import Value, find_values
from promptlab.simulator._words import alike, content, identifier_words, stems, words

__all__ = ["assign"]

_CUES: tuple[tuple[str, str], ...] = (
    ("email", r"e-?mails?|mails?|recipient|address|mailbox|sender"),
    ("url", r"urls?|links?|web ?(?:page|site|address)|download"),
    ("file", r"files?|filename|path|document|attachment"),
    ("path", r"path|folder|directory"),
    ("date", r"dates?|day|when|deadline|yyyy|since|until|period"),
    ("schedule", r"schedule|how often|frequency|recurr\w*|interval|every|daily|cron"),
    ("time", r"times?|hour|clock"),
    ("duration", r"duration|how long|timeout|period|interval|length|minutes|seconds|hours"),
    ("percent", r"percent\w*|threshold|share|rate|growth|ratio"),
    ("money", r"money|price|amount|budget|cost|currency|salary"),
    ("number", r"numbers?|count|limit|how many|most|least|maximum|minimum|max|min|size|rows|quantity|amount|threshold|integer|top|retries"),
    ("quoted", r"titles?|quotes?|quoted|text|phrase|subject|message|called|name|label|keyword|search"),
    ("channel", r"channel|hashtag|user|handle|mention"),
    ("identifier", r"tables?|columns?|identifier|names?|field|key|dataset"),
    ("proper", r"names?|city|country|place|language|person|company|customer|region|brand|team|currency"),
)  # fmt: skip
_CUE_PATTERNS = tuple((kind, re.compile(rf"(?i)\b(?:{pattern})\b")) for kind, pattern in _CUES)
_AFTER = re.compile(r"(?i)\b(?:after|following)((?:\W+(?:or )?[\"'`]\w+[\"'`])+)")
_OPTIONS = re.compile(
    r"(?i)(?:one of|either|options?|values?|choices?)\s*:?\s*\(?((?:[\w\"'`.+-]+(?:\s*[,|/]\s*|,?\s+or\s+))+[\w\"'`.+-]+)"
)
_BEFORE = {
    "start": {"from", "since", "between", "after", "begin"},
    "end": {"to", "until", "till", "through", "and", "by"},
}
_EDGES = {"start": "start", "first": "start", "begin": "start", "from": "start", "since": "start",
          "end": "end", "last": "end", "until": "end", "to": "end", "due": "end"}  # fmt: skip
_SAME = {"xlsx": "excel", "xls": "excel", "docx": "word", "pptx": "powerpoint", "md": "markdown", "jpg": "jpeg",
         "txt": "text", "htm": "html", "html": "webpage"}  # fmt: skip
NAMED_OPTION = 0.95
"""How sure it is that an option is meant which the text names."""
ENOUGH = 1.0
"""The affinity from which a value is taken to be a parameter's."""


def assign(parameters: Sequence[Entry], text: str) -> tuple[dict[str, Any], float]:
    """Give each parameter at most one value of the text, each value to at most one; and how sure that is."""
    found: dict[str, Any] = {}
    sure: list[float] = []
    values = find_values(text)
    open_ones: list[Entry] = []
    for entry in parameters:
        options = _wanted(entry).options
        said = _option(options, text, values) if options else None
        if said is not None:
            found[entry.name] = said
            sure.append(NAMED_OPTION)
        if not options:
            open_ones.append(entry)
    ranked = sorted(
        (
            (_affinity(entry, value, text), -value.start, index, value)
            for index, entry in enumerate(open_ones)
            for value in values
        ),
        key=lambda rank: rank[:3],
        reverse=True,
    )
    used: set[int] = set()
    for affinity, _, index, value in ranked:
        name = open_ones[index].name
        if affinity >= ENOUGH and name not in found and value.start not in used:
            found[name] = value.value
            sure.append(1 - math.exp(-1.5 * affinity))
            used.add(value.start)
    ordered = {entry.name: found[entry.name] for entry in parameters if entry.name in found}
    return ordered, sum(sure) / len(sure) if sure else 1 / (1 + 0.5 * len(values))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a parameter's name and description say of its value."""

    kinds: frozenset[str]
    """The kinds of value that they hint at."""
    named: frozenset[str]
    """Those that the name alone hints at."""
    about: frozenset[str]
    """The telling stems."""
    options: tuple[str, ...]
    """The values allowed, where they are listed."""
    told: frozenset[str]
    """The words that the value is said to come after."""
    edge: str | None
    """Which end of a span it is: `start` or `end`."""


@lru_cache(maxsize=2_000)
def _wanted(entry: Entry) -> _Wanted:
    name = identifier_words(entry.name)
    about = f"{' '.join(name)}: {entry.text} {' '.join(value for _, value in entry.fields)}"
    return _Wanted(
        kinds=frozenset(kind for kind, cue in _CUE_PATTERNS if cue.search(about)),
        named=frozenset(kind for kind, cue in _CUE_PATTERNS if cue.search(" ".join(name))),
        about=frozenset(content(about)),
        options=_options(about),
        told=frozenset(word for match in _AFTER.finditer(about) for word in words(match[1])) - {"or"},
        edge=next((_EDGES[word] for word in name if word in _EDGES), None),
    )


def _options(about: str) -> tuple[str, ...]:
    match = _OPTIONS.search(about)
    names = re.split(r"\s*[,|/]\s*(?:or\s+)?|\s+or\s+", match[1]) if match else []
    return tuple(name.strip("\"'`. ") for name in names if name.strip("\"'`. "))


def _option(options: Sequence[str], text: str, values: Sequence[Value]) -> str | None:
    """Give the option that the text names, itself or by its everyday name; a file's ending names none."""
    for value in values:
        if value.kind in {"file", "url", "email", "quoted"}:
            text = text[: value.start] + " " * (value.end - value.start) + text[value.end :]
    said = stems(text)
    for option in options:
        wanted = {*stems(option), *stems(_SAME.get(option.lower(), option))}
        if wanted & set(said):
            return option
    return next(
        (option for option in options for word in said if alike(*stems(option)[:1] or [""], word) >= 0.6),
        None,
    )


def _affinity(entry: Entry, value: Value, text: str) -> float:
    """Say how likely a value is a parameter's: by its kind, the words around it, and where it stands."""
    wanted = _wanted(entry)
    if wanted.kinds and value.kind not in wanted.kinds:
        return 0.0
    before = words(text[: value.start])[-4:]
    around = stems(" ".join([*before, *words(text[value.end :])[:2]]))
    shared = len(wanted.about.intersection(around))
    score = 0.7 * (value.kind in wanted.kinds) + 0.3 * (value.kind in wanted.named) + min(0.3 * shared, 0.9)
    return score + 0.3 * (len(wanted.kinds) == 1) + _place(wanted, before)


def _place(wanted: _Wanted, before: Sequence[str]) -> float:
    """Add for the preposition before a value: the one that the parameter names, or that fits its end."""
    near = next((word for word in reversed(before) if word not in {"the", "a", "our", "at", "of"}), "")
    if wanted.told:
        return 0.7 if near in wanted.told else -0.4
    if wanted.edge is None:
        return 0.0
    other = "end" if wanted.edge == "start" else "start"
    return 0.6 if near in _BEFORE[wanted.edge] else -0.6 if near in _BEFORE[other] else 0.0
