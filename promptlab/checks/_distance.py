"""How far two texts are apart: edits between them, and the words of one that the other has."""

from __future__ import annotations

import re
from collections import Counter

_WORDS = re.compile(r"\w+|[^\w\s]")


def within_edits(one: str, other: str, most: int) -> int | None:
    """Give the Levenshtein distance of two texts where it is at most `most`, else None.

    Args:
        one: A text.
        other: Another.
        most: The largest distance of interest.
    """
    from rapidfuzz.distance import Levenshtein

    if most < 0:
        return None
    distance = int(Levenshtein.distance(one, other, score_cutoff=most))
    return distance if distance <= most else None


def letters_alike(one: str, other: str) -> float:
    """Give how alike two texts are, from 0 to 1: 1 - d / (len(one) + len(other)), where d counts letters put in or left out."""
    from rapidfuzz.distance import Indel

    return float(Indel.normalized_similarity(one, other))


def rouge_recall(text: str, reference: str) -> float:
    """Give ROUGE-1 recall: the share of the reference's words that the text has, each as often as it comes.

    C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. Words are compared in lower case.
    """
    wanted = Counter(_WORDS.findall(reference.lower()))
    found = Counter(_WORDS.findall(text.lower()))
    total = wanted.total()
    return (wanted & found).total() / total if total else 0.0
