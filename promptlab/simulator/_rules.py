"""Reads the sentences of a prompt: its examples, its rule for "none of these", its threshold."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from promptlab.simulator._learner import Entry
from promptlab.simulator._synonyms import HOLLOW
from promptlab.simulator._words import identifier_words

__all__ = ["Rules", "examples", "rules"]

_NONE = re.compile(r"(?i)\b(?:no|none|nothing|neither|not|\w+n't|cannot|otherwise|unless|unclear|unsure|vague|outside|unrelated|unknown)\b")  # fmt: skip
_FIT = re.compile(
    r"(?i)\b(?:fit|fits|fitting|match|matches|apply|applies|belongs?|covers?|suits?|suitable|relate[sd]?|related|corresponds?"
    r"|in scope|(?:none|any|one|neither) of (?:them|these|those|the)|otherwise|confident|sure|certain|does (?:it|that|this)|can do|exists?|vague|unrelated|unsure|unclear|unknown)\b"
)
_ACT = re.compile(
    r"(?i)\b(?:answer|reply|respond|return|say|use|choose|pick|give|output|label (?:it|them)|set|classify|put|write|it is|select)\b"
    r"(?:\s+(?:with|as|it|the|label|intent|category|an?|only|just|it as))*\s+[\"'`]?([\w-]+)"
)
_ALL_OTHERS = re.compile(
    r"(?i)\b(?:none|nothing|neither|no other|anything (?:else|that)|everything else|out of|not any)\b"
)
_SURE = re.compile(r"(?i)\b(?:confiden(?:ce|t)|certain(?:ty)?|sure|score|probability|likely)\b")
_SHARE = re.compile(r"(?<![\w.])(0?\.\d+|\d{1,2}(?:\.\d+)?\s?%)")
_STRICT = re.compile(r"(?i)\b(?:must|has to|have to|needs? to|should)\s+(?:also\s+|both\s+|all\s+)?(?:match|agree|fit|be (?:the )?(?:same|equal))|\bexact(?:ly)? (?:the )?(?:same|match)")  # fmt: skip
_NONE_NAMES = {"none", "other", "others", "unknown", "null", "no match", "out of scope", "none of the above", "fallback", "nothing"}  # fmt: skip
_ARROWED = re.compile(
    r"^[ \t]*(?:[-*•]|\d+[.)])?[ \t]*(?:[Ee]xample:?[ \t]*)?[\"“'`]?(.+?)[\"”'`]?[ \t]*(?:->|→|=>)[ \t]*(\S.*?)[ \t]*$",
    re.MULTILINE,
)
_QUOTED = re.compile(r"^[ \t]*(?:[-*•]|\d+[.)])?[ \t]*[\"“]([^\"”\n]+ [^\"”\n]+)[\"”][ \t]*(?::|=|is|means|-|–)[ \t]*[\"'`]?([\w./-]+)[\"'`]?[.]?[ \t]*$", re.MULTILINE)  # fmt: skip
_TURNS = re.compile(
    r"^[ \t>*_-]*(?:text|input|request|utterance|query|question|user|message|q|sentence|example)\b[^:\n]{0,15}:[*_]*[ \t]*(\S.*)\n"
    r"[ \t>*_-]*(?:label|intent|output|answer|category|class|a|response|assistant|result)\b[^:\n]{0,15}:[*_]*[ \t]*(\S.*)$",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the sentences of a prompt lay down."""

    none: bool = False
    """Whether it says what to do when nothing fits."""
    label: str | None = None
    """The answer for that, where it names one."""
    threshold: float | None = None
    """The confidence from which an answer counts, where it names one."""
    strict: bool = False
    """Whether details that are named must match."""
    omit: bool = False
    """Whether values that are not given are to be left out."""


def examples(text: str) -> tuple[list[tuple[str, str]], str]:
    """Take the examples out of a text (`"text" -> label`, `Text:` over `Label:`); also give what is left."""
    found: list[tuple[str, str]] = []

    def take(match: re.Match[str]) -> str:
        found.append((match[1].strip().strip("\"“”'`"), match[2].strip().strip("\"“”'`")))
        return ""

    for pattern in (_ARROWED, _TURNS, _QUOTED):
        text = pattern.sub(take, text)
    return found, text


def rules(text: str, entries: Sequence[Entry]) -> Rules:
    """Read the rules out of a prompt's sentences.

    Args:
        text: The prompt without its lists, examples and template.
        entries: What it offers.
    """
    names = [entry.name for entry in entries]
    none, label, threshold = False, None, None
    for sentence in re.split(r"(?<=[.!?;])\s+|\n\s*\n|\n(?=\s*[-*•\d])", text):
        said = " ".join(sentence.split())
        share = _SHARE.search(said) if _SURE.search(said) else None
        act = _ACT.search(said)
        if not act or not (share or (_NONE.search(said) and _FIT.search(said))):
            continue
        none = True
        threshold = _number(share[1]) if share else threshold
        label = _named(said, names) or label or _answer(said)
    implied = next((entry.name for entry in entries if _means_none(entry)), None)
    return Rules(
        none=none or implied is not None,
        label=label or implied,
        threshold=threshold,
        strict=bool(_STRICT.search(text)),
        omit=bool(
            re.search(r"(?i)\b(?:leave out|omit|skip|do not include|only include|without the ones)\b", text)
        ),
    )


def _means_none(entry: Entry) -> bool:
    """Tell whether an entry stands for none of the others, by its name or by what is said of it."""
    named = " ".join(identifier_words(entry.name)) in _NONE_NAMES
    return named or bool(
        _NONE.search(entry.text) and _FIT.search(entry.text) and _ALL_OTHERS.search(entry.text)
    )


def _number(share: str) -> float:
    return float(share.rstrip("% ")) / 100 if share.endswith("%") else float(share)


def _named(said: str, names: Collection[str]) -> str | None:
    """Give the entry that a sentence names, such as `other`; the last, which is the one to answer."""
    found = [
        (match.start(), name)
        for name in names
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said)
    ]
    return max(found)[1] if found else None


def _answer(said: str) -> str | None:
    for act in _ACT.finditer(said):
        word, after = act[1].lower(), said[act.end() :]
        if word in _NONE_NAMES or re.match(r"[\"'`]", after):
            return act[1]
        if word not in HOLLOW and re.match(r"\s*(?:[.,;)]|$|instead\b)", after):
            return act[1]
    return None
