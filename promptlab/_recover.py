"""Find the one JSON value that a text holds: in a code fence, with prose around it, with small slips.

Never guessed: a text with two different values, with JSON that is broken or cut short anywhere, or with a value
that the words around it call an example or a wrong answer, holds no JSON. Read from prose are objects that have
a field, and lists that stand alone in their lines; a `{}`, a `[1]` or a `{name}` in a sentence is prose.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from promptlab._lenient import NotJsonError, Reader

LONGEST = 1_000_000
"""Characters up to which a text is searched; a longer one is JSON as it stands, or text."""

Found = tuple[Any, tuple[str, ...]]
"""A value and notes on how it was found."""

_MARK = re.compile(r"[{}\[\]]|`{3,}|~{3,}")
_FENCE_LABEL = re.compile(r"[ \t]*[\w+.-]*[ \t]*\s*")
_OBJECT_LIKE = re.compile(r"\{\s*(?:[\"'“”„‘’‚}]|[A-Za-z_$][\w$-]*\s*:|/[/*]|\Z)")
_ARRAY_LIKE = re.compile(r"\[\s*(?:[\"'“”„‘’‚{\[\]]|(?:true|false|null|True|False|None)\b|\Z)")
_KEY_LIKE = re.compile(r"[\"'“”‘’]\s*:")
_CUT_BEFORE = re.compile(r"(?:[\w$\\]|[\"'”’\d\]}]\s*,\s*|\b(?:true|false|null)\s*,\s*|[\"'”’]\s*:\s*)\Z")
_CUT_AFTER = re.compile(r"\s*(?::|,\s*[\"'“‘{\[])")
_THINKING = re.compile(r"<(/?)think(?:ing)?>")
_SENTENCE_END = re.compile(r"[.!?;]\s|\n")
_HEDGE = (
    r"for instance|examples?|e\.g|such as|instead of|rather than|would (?:not )?(?:be|have|look)|avoid|never"
    r"|wrong|incorrect|invalid|(?:should|must)(?: not|n['’]t)"
    r"|(?:do|did|does)(?: not|n['’]t) (?:think|mean|say|return|believe|want)"
    r"|not (?:answer|say|return|reply|respond|output)"
)
_HEDGE_BEFORE = re.compile(rf"\b(?:{_HEDGE})\b", re.IGNORECASE)
_HEDGE_AFTER = re.compile(rf"\b(?:{_HEDGE}|(?:is|was)(?: not|n['’]t))\b", re.IGNORECASE)
_FENCE_END = re.compile(r"\s*(?:```|~~~|\Z)")
_NEAR = 200


@dataclass(frozen=True, slots=True)
class _Candidate:
    value: Any
    start: int
    end: int
    fenced: bool
    notes: tuple[str, ...]


class _BrokenError(ValueError):
    """The text holds something that is JSON but not whole; nothing in it can be trusted."""


def recover(text: str) -> Found | str | None:
    """Find the one object or list in a text that is not JSON as it stands.

    Returns:
        The value and notes on what was put up with; a note alone where something looks like JSON but is
        not read; None where nothing looks like JSON.
    """
    if len(text) > LONGEST:
        return f"a text of more than {LONGEST} characters is not searched for JSON"
    whole = _whole(text)
    if whole is not None:
        return whole
    try:
        candidates = _scan(text, _after_thinking(text))
        chosen = _the_one(candidates, text)
    except _BrokenError as trouble:
        return str(trouble)
    if chosen is None:
        return None
    return chosen.value, ("found in a code fence" if chosen.fenced else "found in prose", *chosen.notes)


def _whole(text: str) -> Found | None:
    """Read a text that is nothing but one object or list with slips in it."""
    reader = Reader(text, bare_keys=True)
    try:
        reader.skip()
        if text[reader.position : reader.position + 1] not in ("{", "["):
            return None
        value = reader.read()
        reader.skip()
    except NotJsonError:
        # The search says what is wrong, where something is.
        return None
    return (value, tuple(reader.notes)) if reader.position == len(text) else None


def _after_thinking(text: str) -> int:
    """Find where the answer begins after a model's thinking, whose drafts are no answers.

    Raises:
        _BrokenError: Where the thinking does not end.
    """
    marks = list(_THINKING.finditer(text))
    if not marks:
        return 0
    if not marks[-1][1]:
        raise _BrokenError("thinking that does not end is not searched for JSON")
    return marks[-1].end()


def _scan(text: str, position: int) -> list[_Candidate]:
    """List every object and list in a text, from left to right.

    Raises:
        _BrokenError: Where something looks like JSON and is not whole.
    """
    found: list[_Candidate] = []
    fence: str | None = None
    stray = False
    while (mark := _MARK.search(text, position)) is not None:
        bracket = mark[0]
        if bracket[0] in "`~":
            fence, position = _cross_fence(text, mark, fence)
        elif bracket in "}]":
            stray = True
            position = mark.end()
        else:
            candidate = _candidate(text, mark.start(), fenced=fence is not None)
            if candidate is None:
                position = _past_prose(text, mark.start())
            else:
                found.append(candidate)
                position = candidate.end
    if stray and found:
        raise _BrokenError("JSON with a closing bracket too many around it is not read")
    return found


def _cross_fence(text: str, mark: re.Match[str], fence: str | None) -> tuple[str | None, int]:
    """Go over a fence's mark; the content of a fence that does not begin with a bracket is skipped."""
    if fence is not None:
        return (None if mark[0].startswith(fence) else fence), mark.end()
    label = _FENCE_LABEL.match(text, mark.end())
    content = mark.end() if label is None else label.end()
    if text[content : content + 1] in ("{", "["):
        return mark[0], content
    close = text.find(mark[0], content)
    return None, len(text) if close < 0 else close + len(mark[0])


def _candidate(text: str, start: int, *, fenced: bool) -> _Candidate | None:
    reader = Reader(text, start, bare_keys=fenced)
    try:
        value = reader.read()
    except NotJsonError as trouble:
        like = _OBJECT_LIKE if text[start] == "{" else _ARRAY_LIKE
        if fenced or like.match(text, start):
            raise _BrokenError(f"JSON that is broken or cut short is not read: {trouble}") from trouble
        return None
    return _Candidate(value, start, reader.position, fenced, tuple(reader.notes))


def _past_prose(text: str, start: int) -> int:
    """Find the end of a bracket that is not JSON.

    Raises:
        _BrokenError: Where it does not close, or holds something like JSON.
    """
    depth = 0
    for mark in _MARK.finditer(text, start):
        depth += (mark[0] in "{[") - (mark[0] in "}]")
        if depth == 0:
            if _KEY_LIKE.search(text, start, mark.end()):
                raise _BrokenError("JSON inside other brackets is not read")
            return mark.end()
    raise _BrokenError("a bracket that does not close: what follows may be cut short")


def _the_one(candidates: list[_Candidate], text: str) -> _Candidate | None:
    """Choose the one value meant as the answer, or none.

    Raises:
        _BrokenError: Where more than one may be meant, or the words around it speak against it.
    """
    meant = [one for one in candidates if one.fenced or _says_something(one, text)]
    if not meant:
        return None
    different = {_canonical(one.value) for one in (*meant, *filter(_is_empty, candidates))}
    if len(different) > 1:
        raise _BrokenError(f"{len(different)} different JSON values: not guessed which one is meant")
    chosen = meant[-1]
    if not chosen.fenced:
        _read_around(chosen, text)
    elif not _FENCE_END.match(text, chosen.end):
        raise _BrokenError("a code fence that holds more than JSON is not read")
    return chosen


def _says_something(candidate: _Candidate, text: str) -> bool:
    value = candidate.value
    if isinstance(value, dict):
        return bool(value)
    if not any(isinstance(item, (dict, str)) for item in value):
        return False
    before = text[: candidate.start].rstrip(" \t")
    after = text[candidate.end : candidate.end + _NEAR].lstrip(" \t.")
    return (not before or before[-1] in "\n:") and (not after or after[0] == "\n")


def _is_empty(candidate: _Candidate) -> bool:
    return not candidate.value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _read_around(candidate: _Candidate, text: str) -> None:
    """Make sure that a value in prose is whole and is not spoken of as something else than the answer.

    Raises:
        _BrokenError: Where it is a part of something, an example, or called wrong.
    """
    before = text[max(0, candidate.start - _NEAR) : candidate.start]
    after = text[candidate.end : candidate.end + _NEAR]
    if _CUT_BEFORE.search(before) or _CUT_AFTER.match(after):
        raise _BrokenError("JSON that seems to be a part of something is not read")
    lead = _SENTENCE_END.split(before.rstrip())[-1]
    trail = _SENTENCE_END.split(after, maxsplit=1)[0]
    if _HEDGE_BEFORE.search(lead) or _HEDGE_AFTER.search(trail):
        raise _BrokenError("JSON that the words around it call an example or a wrong answer is not read")
