"""Finds what is asked in the messages of a request, and parts it from what the prompt always says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

__all__ = ["Asked", "find", "is_order", "text_of"]

_THING = (
    "request|utterance|query|question|input|message|text|sentence|task|job|ticket|e-?mail|review|statement|command"
    "|phrase|comment|user|customer|document|passage|problem|order|prompt"
)
_MARKER = re.compile(
    rf"(?im)^(?:[#>*_ ]{{0,4}})(?:[\w']+ ){{0,4}}?(?:{_THING})s?(?: [\w']+){{0,3}}[*_]*\s?:[*_]*[ \t]*(.*)$"
    rf"|^#+ *(?:the |user )?(?:{_THING})[ \t]*$()"
)
_TAG = re.compile(r"<(\w{1,40})>")
_LANGUAGE = re.compile(r"\w*[ \t]*\n")
_ANSWER = re.compile(
    r"(?i)^\W*(?:answer|label|intent|category|class|output|response|json|result)\b[^:\n]{0,20}:\s*"
)
_ORDER = re.compile(
    r"(?i)^\W*(?:please |now |then |only |just |always )?(?:answer|respond|reply|return|output|give|write|say|use|do not"
    r"|don't|format|choose|pick|classify|label|decide|name|json|list)\b"
)
_ORDERED = re.compile(r"(?i)(?:^|[.!] )(?:you are|answer|reply|respond|return|say|choose|pick|classify)\b")
_FENCES = ('"""', "```", "'''", "<<<", "---")
_CLOSING = {"<<<": ">>>"}
_QUOTED = re.compile(r'["“«]([^"”»\n]{2,})["”»]')
_ARROW = re.compile(r"->|→|=>")
_WIDEST_GAP = 12
_GAP = re.compile(rf"[ \t]{{{_WIDEST_GAP + 1},}}")
_MOST_TAGS = 200
_MOST_TURNS = 100
WINDOW = 16_000
"""The most characters of a message that the model sees."""
LONGEST_REQUEST = 4_000
"""The most characters of what is asked that it sees."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The messages of a request, taken apart."""

    prompt: str
    """What the prompt says around what is asked; the same for every case."""
    request: str
    """What is asked."""
    shots: tuple[tuple[str, str], ...] = ()
    """Earlier turns: what was asked, and what was answered."""


def text_of(content: Any) -> str:
    """Give the text of a message's content: a string, or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
    return "\n".join(part for part in parts if isinstance(part, str))


def find(messages: Sequence[Any]) -> Asked:
    """Find what is asked: in the last message of the user, at its marker or as a whole."""
    turns = [
        (str(message.get("role", "user")), _window(text_of(message.get("content"))))
        for message in messages[-_MOST_TURNS:]
        if isinstance(message, Mapping)
    ]
    spoken = [
        index for index, (role, _) in enumerate(turns) if role not in {"system", "developer", "assistant"}
    ]
    if not spoken:
        return Asked("", turns[-1][1] if turns else "")
    last = spoken[-1]
    shots: list[tuple[str, str]] = []
    before: list[str] = []
    for index, (role, text) in enumerate(turns[:last]):
        if role == "assistant":
            continue
        if role == "user" and turns[index + 1][0] == "assistant":
            shots.append((_within(text), turns[index + 1][1]))
        else:
            before.append(text)
    text = turns[last][1]
    span = _span(text, alone=not (before or shots))
    prompt = "\n\n".join([*before, f"{text[: span[0]]}\n\n{text[span[1] :]}"])
    return Asked(prompt.strip()[:WINDOW], _bare(text[slice(*span)])[:LONGEST_REQUEST], tuple(shots))


def _window(text: str) -> str:
    """Cut the middle out of a text that is longer than what the model can see at once; shorten its gaps."""
    text = _GAP.sub(" " * _WIDEST_GAP, text)
    return text if len(text) <= WINDOW else f"{text[: WINDOW // 2]}\n\n{text[-WINDOW // 2 :]}"


def _within(text: str) -> str:
    return _bare(text[slice(*_span(text, alone=False))])


def is_order(line: str) -> bool:
    """Tell whether a line tells the reader what to do, as instructions do."""
    return bool(_ORDER.match(line)) or line.lstrip().startswith(("{", "```"))


def _bare(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] + text[-1] in {'""', "“”", "«»", "``", "''"}:
        return text[1:-1].strip()
    return text


def _span(text: str, *, alone: bool) -> tuple[int, int]:
    """Say from where to where a text is what is asked."""
    tags = list(islice(_TAG.finditer(text), _MOST_TAGS))
    for match in reversed(tags):
        end = text.find(f"</{match[1]}>", match.end())
        if end >= 0 and sum(other[1] == match[1] for other in tags) == 1:
            return match.end(), end
    for match in reversed(list(_MARKER.finditer(text))):
        span = _after(text, match)
        if span is not None:
            return span
    if not alone:
        return 0, len(text)
    for match in reversed(list(_QUOTED.finditer(text))):
        line = text[text.rfind("\n", 0, match.start()) + 1 : (text + "\n").find("\n", match.end())]
        if (
            not (_ARROW.search(line) or set("{}[]") & set(line) or line.lstrip()[:1] in "-*•|")
            and " " in match[1]
        ):
            return match.span(1)
    return _last_paragraph(text)


def _after(text: str, marker: re.Match[str]) -> tuple[int, int] | None:
    """Give the span that a marker (`Request:`) introduces; None where it introduces a list or the answer."""
    said = marker[1]
    if said is not None and said.strip():
        start = marker.start(1)
        if said.strip() in _FENCES:
            return _fenced(text, start)
        if said.lstrip().startswith(("{", "[")) or _ARROW.search(said):
            return None
        return start, _paragraph_end(text, start)
    rest = text[marker.end() :]
    start = marker.end() + len(rest) - len(rest.lstrip())
    line = rest.lstrip().partition("\n")[0]
    if line.strip().startswith(_FENCES) and not line.strip().startswith("```json"):
        return _fenced(text, start)
    if not line or is_order(line) or _ANSWER.match(line):
        return marker.end(), marker.end()
    if re.match(r"[-*•|]|\d+[.)]\s|\w+\s*:", line):
        return None
    return start, _paragraph_end(text, start)


def _fenced(text: str, start: int) -> tuple[int, int]:
    """Give the span within a fence; the word after an opening fence names a language."""
    opening = text[start : start + 3]
    named = _LANGUAGE.match(text, start + 3)
    begin = named.end() if named else start + 3
    end = text.find(_CLOSING.get(opening, opening), begin)
    return begin, len(text) if end < 0 else end


def _paragraph_end(text: str, start: int) -> int:
    """Say where the paragraph ends: at a blank line, or at a line that asks for the answer."""
    place = start
    for line in text[start:].splitlines(keepends=True):
        if place > start and (not line.strip() or _ANSWER.match(line)):
            return place
        place += len(line)
    return len(text)


def _last_line(part: str) -> int:
    """Say where the last line of a paragraph begins; of one line, the last sentence after a list or an order."""
    begin = part.rstrip().rfind("\n") + 1
    ends = [match.end() for match in re.finditer(r"[.!:]\s+", part)]
    if begin or not ends or not (":" in part or _ORDERED.search(part)):
        return begin
    return ends[-1] if ends[-1] < len(part.rstrip()) else 0


def _last_paragraph(text: str) -> tuple[int, int]:
    """Give the span of the last paragraph that is no instruction; of its last line where it is the only one."""
    spans: list[tuple[int, int]] = []
    place = 0
    open_paragraph = False
    for line in text.splitlines(keepends=True):
        if line.strip():
            spans.append((spans.pop()[0] if open_paragraph else place, place + len(line)))
        open_paragraph = bool(line.strip())
        place += len(line)
    for start, end in reversed(spans):
        part = text[start:end]
        if not is_order(part) and not re.match(r"[-*•|]\s", part):
            return (start + _last_line(part) if len(spans) == 1 else start), end
    return 0, len(text)
