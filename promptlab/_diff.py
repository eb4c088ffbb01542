"""What changed between two texts, word by word, at a bounded cost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

Op = Literal["same", "gone", "new"]
"""Whether a piece of text is in both texts, in the old one alone, or in the new one alone."""

Segment = tuple[Op, str]

PAIRS_LIMIT = 500_000
"""The pairs of equal words (or lines) that two texts may have and still be searched all through."""

_WORD = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def word_diff(old: str, new: str) -> list[Segment]:
    """Tell what stayed, what went and what came.

    The pieces that are `same` or `gone` make up the old text, those that are `same` or `new` the new one.
    Pieces are not empty, neighbours differ in kind, and what went stands before what came in its place.
    Lines are compared first, then the words of the lines that differ. Passages that repeat themselves so
    much that a search would take long are told as gone and new altogether.
    """
    search = _Search(PAIRS_LIMIT)
    pieces: list[Segment] = []
    for gone, came in search.passages(_LINE.findall(old), _LINE.findall(new)):
        if gone == came:
            pieces.append(("same", "".join(gone)))
        else:
            pieces.extend(_by_words(search, "".join(gone), "".join(came)))
    return _tidy(pieces)


class _Search:
    """Looks for what two sequences have in common, as long as there is room for it."""

    def __init__(self, room: int) -> None:
        self._room = room

    def passages(self, old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
        """Yield the passages of two sequences side by side: equal ones, and in between unequal ones."""
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        left, right = old[head : len(old) - tail], new[head : len(new) - tail]
        yield old[:head], new[:head]
        if self._affords(left, right):
            for _, a0, a1, b0, b1 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
                yield left[a0:a1], right[b0:b1]
        else:
            yield left, right
        yield old[len(old) - tail :], new[len(new) - tail :]

    def _affords(self, old: list[str], new: list[str]) -> bool:
        """Take the pairs of equal items, which is what one pass of a search costs, off the room."""
        counts = Counter(new)
        pairs = sum(number * counts[item] for item, number in Counter(old).items())
        if pairs > self._room:
            return False
        self._room -= pairs
        return True


def _by_words(search: _Search, old: str, new: str) -> Iterator[Segment]:
    """Compare two passages word by word; a word is the same also where the blank after it is not."""
    left, right = _WORD.findall(old), _WORD.findall(new)
    a = b = 0
    for gone, came in search.passages([word.rstrip() for word in left], [word.rstrip() for word in right]):
        old_words, new_words = left[a : a + len(gone)], right[b : b + len(came)]
        a, b = a + len(gone), b + len(came)
        if gone != came:
            yield "gone", "".join(old_words)
            yield "new", "".join(new_words)
            continue
        for word, was, now in zip(gone, old_words, new_words, strict=True):
            if was == now:
                yield "same", was
            else:
                yield "same", word
                yield "gone", was[len(word) :]
                yield "new", now[len(word) :]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Count the items at the beginning that both have."""
    for index, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            return index
    return min(len(old), len(new))


def _tidy(pieces: Iterable[Segment]) -> list[Segment]:
    """Join neighbours; a blank between two changes belongs to them."""
    blocks: list[list[str]] = [["", "", ""]]  # what stayed, then what went and what came after it
    for op, text in pieces:
        if op == "same" and text and (blocks[-1][1] or blocks[-1][2]):
            blocks.append(["", "", ""])
        blocks[-1][("same", "gone", "new").index(op)] += text
    merged: list[list[str]] = []
    for same, gone, came in blocks:
        if merged and (gone or came) and same.isspace() and "\n" not in same:
            merged[-1][1] += same + gone
            merged[-1][2] += same + came
        else:
            merged.append([same, gone, came])
    whole: list[Segment] = []
    blank = ""
    for same, gone, came in merged:
        shared = _common(_ending(gone)[::-1], _ending(came)[::-1])
        whole += [
            ("same", blank + same),
            ("gone", gone[: len(gone) - shared]),
            ("new", came[: len(came) - shared]),
        ]
        blank = gone[len(gone) - shared :]
    return [(op, text) for op, text in [*whole, ("same", blank)] if text]


def _ending(text: str) -> str:
    """Give the blanks that a text ends with."""
    return text[len(text.rstrip()) :]
