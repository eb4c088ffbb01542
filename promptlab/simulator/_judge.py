"""Weighs a prompt's entries against what is asked: which fits, and how sure that is."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from promptlab.simulator._clauses import clauses
from promptlab.simulator._learner import Entry, Learner, matched, nothing, scores

__all__ = ["Choice", "Noise", "choose", "compose", "every"]

SHARPNESS = 4.0
"""How quickly a lead in score becomes certainty: a lead of 1, one telling word, is odds of 55 to 1."""
SPREAD = 0.2
"""The standard deviation that a temperature of 1 adds to a score."""
USUAL_THRESHOLD = 0.5
"""The confidence from which an entry counts where the prompt names none."""

CLAUSE_THRESHOLD = 0.4
"""The same for a clause of an order, which most likely asks for something."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What a temperature does to the scores; the same for the same request and seed."""

    source: random.Random
    amount: float = 0.0

    def __call__(self, value: float) -> float:
        """Perturb a score."""
        return value + self.source.gauss(0.0, SPREAD) * self.amount if self.amount > 0 else value


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen among a prompt's entries."""

    entry: Entry | None
    """The entry; None where none fits."""
    fits: float
    """How likely the best entry is the right one, in [0, 1]."""
    others: tuple[Entry, ...] = ()
    """The runners-up that are not out of the question."""
    why: tuple[str, ...] = ()
    """The words that told."""

    @property
    def sure(self) -> float:
        """How sure the answer is: that the entry fits, or that none does."""
        return self.fits if self.entry is not None else 1.0 - self.fits


def choose(learner: Learner, text: str, noise: Noise, *, none: bool, threshold: float | None) -> Choice:
    """Choose the entry that fits a text best.

    Args:
        learner: What was learned from the prompt.
        text: What is asked.
        noise: What the temperature adds.
        none: Whether "none of them" is an answer, as the prompt's rule says.
        threshold: The confidence that the prompt asks for, if it does.
    """
    hits = matched(learner, text)
    logits = [SHARPNESS * noise(score) for score in scores(learner, text, hits)]
    if not logits:
        return Choice(None, 0.0)
    against = [SHARPNESS * noise(nothing(learner, text))] if none else []
    shares = _softmax([*logits, *against])
    ranked = sorted(range(len(logits)), key=lambda index: -shares[index])
    best = ranked[0]
    fits = shares[best]
    taken = not none or fits >= (USUAL_THRESHOLD if threshold is None else threshold)
    others = tuple(learner.entries[index] for index in ranked[1:4] if shares[index] >= 0.1)
    words = sorted(hits[best].items(), key=lambda pair: -pair[1])
    return Choice(
        learner.entries[best] if taken else None, fits, others, tuple(word for word, _ in words[:4])
    )


def _softmax(logits: Sequence[float]) -> list[float]:
    top = max(logits)
    powers = [math.exp(logit - top) for logit in logits]
    whole = sum(powers)
    return [power / whole for power in powers]


def every(learner: Learner, text: str, noise: Noise, threshold: float | None) -> tuple[list[Entry], float]:
    """Give all entries that fit a text or one of its clauses, in the prompt's order; and how sure that is."""
    against = nothing(learner, text)
    best = [-math.inf] * len(learner.entries)
    for part in dict.fromkeys(clauses(text) or [text]):
        found = scores(learner, part, matched(learner, part), whole=False)
        lead = max(found, default=0.0)
        best = [max(old, new) if new >= 0.6 * lead else old for old, new in zip(best, found, strict=True)]
    bar = USUAL_THRESHOLD if threshold is None else threshold
    chances = [1 / (1 + math.exp(-max(-50.0, SHARPNESS * (noise(score) - against)))) for score in best]
    sure = math.prod(max(chance, 1 - chance) for chance in chances) ** (1 / max(len(chances) ** 0.5, 1))
    return [entry for entry, chance in zip(learner.entries, chances, strict=True) if chance >= bar], sure


def compose(learner: Learner, text: str, noise: Noise) -> tuple[list[tuple[Entry, str]], float]:
    """Choose an entry for each clause that one fits; give them in the order of doing, and how sure that is."""
    steps: list[tuple[Entry, str]] = []
    sure: list[float] = []
    for part in clauses(text):
        choice = choose(learner, part, noise, none=True, threshold=CLAUSE_THRESHOLD)
        if choice.entry is None:
            if steps:
                steps[-1] = (steps[-1][0], f"{steps[-1][1]}, {part}")
            continue
        sure.append(choice.fits)
        if steps and steps[-1][0] is choice.entry:
            steps[-1] = (choice.entry, f"{steps[-1][1]}, {part}")
        else:
            steps.append((choice.entry, part))
    return steps, (sum(sure) / len(sure) if sure else 0.0)
