"""Text becomes words, stems and n-grams; how alike two words are."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from promptlab.simulator._synonyms import GROUPS, HOLLOW, IRREGULAR, LIGHT

__all__ = ["LIGHT_STEMS", "alike", "compounds", "content", "identifier_words", "stem", "stems", "words"]

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_VOWEL = re.compile(r"[aeiouy]")
_ENDINGS = (
    ("ifications", "ifi"), ("ification", "ifi"), ("ations", "at"), ("ation", "at"), ("sions", "s"),
    ("sion", "s"), ("tions", "t"), ("tion", "t"), ("ments", ""), ("ment", ""), ("ingly", ""), ("ings", ""),
    ("ing", ""), ("edly", ""), ("ied", "y"), ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"),
    ("xes", "x"), ("ed", ""), ("ers", ""), ("ors", "or"), ("er", ""), ("ly", ""), ("s", ""),
)  # fmt: skip
_KEEP_S = ("ss", "us", "is")
SYNONYM = 0.6
"""How much a synonym counts beside the word itself."""
_FUZZY = 0.55


def words(text: str) -> list[str]:
    """Split a text into its words, in lower case; `snake_case` and apostrophes split too."""
    return _WORD.findall(text.lower())


def identifier_words(name: str) -> list[str]:
    """Split a name such as `readCSV`, `read_csv` or `read-csv` into its words."""
    return words(_HUMP.sub(" ", name))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Cut a lower-case word down to what its forms share."""
    word = IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, instead in _ENDINGS:
        left = word[: -len(ending)]
        if not word.endswith(ending) or (ending == "s" and word.endswith(_KEEP_S)):
            continue
        if len(left) >= (5 if ending in {"er", "ers"} else 3) and _VOWEL.search(left):
            word = left + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    if len(word) > 5 and word.endswith(("ate", "at")):
        word = word.rstrip("e")[:-2]
    word = word[:-1] if len(word) > 3 and word.endswith("e") else word
    return word[:-1] + "i" if word.endswith("y") and len(word) > 2 else word


def stems(text: str) -> list[str]:
    """Give the stem of every word of a text."""
    return [stem(word) for word in words(text)]


LIGHT_STEMS = frozenset(stem(word) for word in LIGHT)
"""The stems of words of asking for something."""


def content(text: str) -> list[str]:
    """Give the stems of the words that say something, each once, in their order."""
    return list(dict.fromkeys(stem(word) for word in words(text) if word not in HOLLOW))


def compounds(text: str) -> list[str]:
    """Give the neighbouring words of a text as one, for what others write together: `time zone`, `carry on`."""
    found = words(text)
    return list(dict.fromkeys(stem(a + b) for a, b in itertools.pairwise(found) if len(a) > 2 and len(b) > 1))


def _groups() -> dict[str, frozenset[int]]:
    numbers: dict[str, set[int]] = {}
    for number, group in enumerate(GROUPS):
        for word in group:
            numbers.setdefault(stem(word), set()).add(number)
    return {word: frozenset(found) for word, found in numbers.items()}


_GROUP_OF = _groups()
_NO_GROUP: frozenset[int] = frozenset()


@lru_cache(maxsize=20_000)
def _grams(word: str) -> frozenset[str]:
    padded = f"^{word}$"
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


@lru_cache(maxsize=100_000)
def alike(one: str, other: str) -> float:
    """Say how alike two stems are: 1 the same word, 0.6 a synonym, less for a like spelling, else 0."""
    if one == other:
        return 1.0
    if not _GROUP_OF.get(one, _NO_GROUP).isdisjoint(_GROUP_OF.get(other, _NO_GROUP)):
        return SYNONYM
    if min(len(one), len(other)) < 5:
        return 0.0
    mine, theirs = _grams(one), _grams(other)
    dice = 2 * len(mine & theirs) / (len(mine) + len(theirs))
    return 0.8 * dice if dice >= _FUZZY else 0.0
