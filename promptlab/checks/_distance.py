"""How far two texts are apart: edits between them, and the words of one that the other has."""

from __future__ import annotations

import re
from collections import Counter

_WORDS = re.compile(r"\w+|[^\w\s]")


def within_edits(one: str, other: str, most: int) -> int | None:
    """Give the Levenshtein distance of two texts where it is at most `most`, else None.

    Only the band of the table that such a distance can run through is filled, so the time is bounded by the
    length of the texts times `most` (Ukkonen, "Algorithms for approximate string matching", 1985).

    Args:
        one: A text.
        other: Another.
        most: The largest distance of interest.
    """
    if len(one) < len(other):
        one, other = other, one
    if len(one) - len(other) > most or most < 0:
        return None
    far = most + 1
    width = 2 * most + 1  # place `k` of a line is the column `row - most + k`
    line = [k - most if k >= most else far for k in range(width)]
    for row, char in enumerate(one, start=1):
        start = row - most
        made = [far] * width
        for k in range(max(0, -start), min(width, len(other) - start + 1)):
            column = start + k
            if column == 0:
                made[k] = min(row, far)
                continue
            best = line[k] + (char != other[column - 1])
            if k + 1 < width and line[k + 1] + 1 < best:
                best = line[k + 1] + 1
            if k and made[k - 1] + 1 < best:
                best = made[k - 1] + 1
            made[k] = min(best, far)
        line = made
    distance = line[len(other) - len(one) + most]
    return distance if distance <= most else None


def rouge_recall(text: str, reference: str) -> float:
    """Give ROUGE-1 recall: the share of the reference's words that the text has, each as often as it comes.

    C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. Words are compared in lower case.
    """
    wanted = Counter(_WORDS.findall(reference.lower()))
    found = Counter(_WORDS.findall(text.lower()))
    total = wanted.total()
    return (wanted & found).total() / total if total else 0.0
