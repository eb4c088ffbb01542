"""A small learner: how well does a text fit each of a prompt's entries?

It knows the words of the entries, which of them are telling (in few entries: a high inverse document
frequency), everyday synonyms and like spellings. A prompt that says more about its entries gives it more to
go by; that is the only reason why a better prompt scores better.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from promptlab.simulator._synonyms import HOLLOW
from promptlab.simulator._words import LIGHT_STEMS, alike, compounds, content, identifier_words, stem, words

__all__ = ["Entry", "Learner", "fit", "matched", "nothing", "scores"]

NAME, TEXT, EXAMPLE, NEGATED = 1.0, 0.8, 0.4, -0.6
"""What a word counts by where the prompt says it: in a name, a description, an example, after a "not"."""
LIGHT_WORD = 0.3
"""What a word of asking (`show`, `need`) counts beside one that says something."""
NOTHING = 0.75 * TEXT
"""The score of "none of them": one telling word of a description, less what a few words beside it cost."""
UNKNOWN, ELSEWHERE = 0.05, 0.1
"""What a word of the text costs an entry that lacks it: known to no entry, known to another."""
UNMET = 0.3
"""The most that an entry scores where the text names a source or format that it lacks and that must match."""
CHATTER = 0.4
"""The most that missing words cost: what is told around a request does not count without end."""
_NEGATION = re.compile(
    r"\s*(?:it |this )?(?:not|never|except|excluding|unlike|rather than|does not|cannot|do not)\b",
    re.IGNORECASE,
)
_TYPED = (
    (re.compile(r"https?://\S+"), " url web "),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), " email "),
    (re.compile(r"[\w/-]+\.([a-z]{2,4}\d?)\b(?!\.\w)"), r" \1 file "),
)
_PART = re.compile(r"[.;,()]|\bbut\b|\s[-–—]\s")
_CLAIM = re.compile(
    r"\b(?:from|as|in|into|via|to(?= (?:the|an?|our|my|your|their)\b))\s+(?=((?:\w+\W+){0,4}\w+))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the prompt offers: a label, a workflow, a component."""

    name: str
    """The name as written, which is what an answer says."""
    text: str = ""
    """What the prompt says about it."""
    fields: tuple[tuple[str, str], ...] = ()
    """What it says in named fields (`source`, `parameters`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Learner:
    """What was learned from the entries and examples of one prompt."""

    entries: tuple[Entry, ...]
    weights: tuple[dict[str, float], ...]
    """For each entry: what each of its terms counts."""
    idf: dict[str, float]
    """How telling each term is, from 0 to 1."""
    holders: dict[str, tuple[int, ...]]
    """Which entries hold a term."""
    single: frozenset[str]
    """The terms that stand in the prompt as one word."""
    similar: dict[str, tuple[tuple[str, float], ...]]
    """Filled as texts come: the known terms that a term of a text is like, at most `_REMEMBERED` of them."""
    shots: tuple[tuple[frozenset[str], int | None], ...] = ()
    """The terms of each example and its entry's index; None where the example fits no entry."""
    strict: bool = False
    """Whether sources and formats that a text names must match."""
    norms: tuple[float, ...] = field(default=())
    """For each entry: what its length takes off."""


_REMEMBERED = 5_000


def _described(text: str) -> Iterable[tuple[str, float]]:
    """Give the terms of a description, those of a negated part with a negative weight."""
    for part in _PART.split(text):
        weight = NEGATED if _NEGATION.match(part) else TEXT
        yield from ((term, weight) for term in content(part))


def _weigh(entry: Entry, shots: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for shot in shots:
        for term in content(shot):
            found[term] = min(TEXT, found.get(term, 0.0) + EXAMPLE)
    described = list(_described(". ".join([entry.text, *(value for _, value in entry.fields)])))
    found.update({term: weight for term, weight in described if weight < 0})
    for term, weight in described:
        if weight > 0:
            found[term] = max(weight, found.get(term, 0.0))
    for term in content(" ".join(identifier_words(entry.name))):
        found[term] = NAME
    for text, weight in ((entry.text, TEXT), (" ".join(identifier_words(entry.name)), NAME)):
        found.update({compound: weight for compound in compounds(text) if compound not in found})
    return found


def fit(entries: Sequence[Entry], examples: Sequence[tuple[str, str]], *, strict: bool) -> Learner:
    """Learn from a prompt's entries and its examples (text, name of the entry).

    An example whose name is no entry's teaches what fits none.
    """
    places = {entry.name.lower(): index for index, entry in enumerate(entries)}
    shots = [(text, places.get(name.lower())) for text, name in examples]
    weights = [
        _weigh(entry, [text for text, place in shots if place == index])
        for index, entry in enumerate(entries)
    ]
    used = Counter(term for found in weights for term, weight in found.items() if weight > 0)
    most = math.log((len(entries) + 1) / 1.5) or 1.0
    idf = {term: math.log((len(entries) + 1) / (count + 0.5)) / most for term, count in used.items()}
    lengths = [len(found) for found in weights]
    usual = sum(lengths) / len(lengths) if lengths else 1.0
    return Learner(
        entries=tuple(entries),
        weights=tuple(weights),
        idf=idf,
        holders={term: tuple(i for i, found in enumerate(weights) if term in found) for term in idf},
        single=frozenset(
            term
            for entry in entries
            for term in content(f"{' '.join(identifier_words(entry.name))} {entry.text}")
        ),
        similar={},
        shots=tuple((frozenset(content(text)), place) for text, place in shots),
        strict=strict,
        norms=tuple(1 / (0.8 + 0.2 * min(length / (usual or 1.0), 2.0)) for length in lengths),
    )


def _similar(learner: Learner, term: str, *, spelling: bool) -> tuple[tuple[str, float], ...]:
    known = learner.similar.get(term)
    if known is None:
        likeness = ((other, alike(term, other)) for other in learner.idf) if spelling else ()
        found = {other: like for other, like in likeness if like > 0}
        if term in learner.idf:
            found[term] = 1.0
        known = tuple(found.items())
        if len(learner.similar) < _REMEMBERED:
            learner.similar[term] = known
    return known


def plain(text: str) -> str:
    """Write what kind of thing an address or a file is in its place: its own letters say nothing."""
    for pattern, instead in _TYPED:
        text = pattern.sub(instead, text)
    return text


def _claims(text: str) -> list[list[str]]:
    """Give what a text names after a preposition, as stems: its sources, formats and targets."""
    found: list[list[str]] = []
    for match in _CLAIM.finditer(text):
        run = words(match[1])
        while run and run[0] in HOLLOW:
            run.pop(0)
        end = next((index for index, word in enumerate(run) if word in HOLLOW), len(run))
        if end:
            found.append([stem(word) for word in run[:end]])
    return found


def matched(learner: Learner, text: str) -> list[dict[str, float]]:
    """Give for each entry what each term of the text speaks for it (or, negated, against it)."""
    text = plain(text)
    apart = compounds(text)
    found: list[dict[str, float]] = [{} for _ in learner.entries]
    for term in [*content(text), *(compound for compound in apart if compound in learner.single)]:
        heft = LIGHT_WORD if term in LIGHT_STEMS else 1.0
        for other, like in _similar(learner, term, spelling=term not in apart):
            for index in learner.holders[other]:
                value = heft * like * learner.idf[other] * learner.weights[index][other]
                if abs(value) > abs(found[index].get(term, 0.0)):
                    found[index][term] = value
    return found


def scores(
    learner: Learner, text: str, hits: Sequence[dict[str, float]], *, whole: bool = True
) -> list[float]:
    """Score a text against every entry.

    Args:
        learner: What was learned from the prompt.
        text: What somebody asked.
        hits: What each of its terms speaks for, from `matched`.
        whole: Whether an entry must account for the whole text, so that words it lacks count against it.
    """
    text = plain(text)
    asked = [term for term in content(text) if term not in LIGHT_STEMS]
    known = {term for found in hits for term in found}
    claims = _claims(text) if learner.strict else []
    result: list[float] = []
    for found, norm in zip(hits, learner.norms, strict=True):
        score = sum(found.values()) * norm
        if whole:
            lacking = (ELSEWHERE if term in known else UNKNOWN for term in asked if term not in found)
            score -= min(sum(lacking), CHATTER)
            if not all(any(term in found for term in claim) for claim in claims):
                score = min(score, UNMET)
        result.append(score)
    mine = frozenset(content(text))
    for terms_of, place in learner.shots:
        if place is not None and (like := _cosine(mine, terms_of)) > 0.35:
            result[place] += like
    return result


def nothing(learner: Learner, text: str) -> float:
    """Score "none of them": more where the text is like an example that fits none."""
    mine = frozenset(content(text))
    like = max((_cosine(mine, found) for found, place in learner.shots if place is None), default=0.0)
    return NOTHING + (like if like > 0.35 else 0.0)


def _cosine(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / math.sqrt(len(one) * len(other)) if one and other else 0.0
