"""Is an answer close to what was expected? In meaning, by the endpoint's embeddings; or in letters.

expect:
  similar: The meeting is on Friday.
  title: {similar: {value: [Quarterly report, Report of the quarter], threshold: 0.85}}
  name: {similar: {value: Kröller, by: letters, threshold: 0.8}}
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptlab._asking import Ask
from promptlab._errors import UsageError
from promptlab._judge import subject
from promptlab._show import show
from promptlab._types import Answer, Case, Verdict
from promptlab.checks import CannotTellError, Factory
from promptlab.checks._distance import letters_alike
from promptlab.checks._same import number_of

KEYS = ("value", "threshold", "model", "by")
MODEL = "text-embedding-3-small"
"""The embedding model where the check names none."""
THRESHOLD = 0.75
"""The similarity from which on a check passes where it says nothing else."""
MOST_PAIRS = 10_000_000_000
"""Pairs of letters that a comparison may look at: some tenths of a second."""


def similar_factory(ask: Ask) -> Factory:
    """Give what builds `similar` checks; `ask` sends a request's body."""

    def build(argument: Any, path: str) -> SimilarCheck:
        given = argument if isinstance(argument, Mapping) else {"value": argument}
        for key in given:
            if key not in KEYS:
                raise UsageError(f"`similar` knows {', '.join(KEYS)}, not {show(key)}")
        values = given.get("value")
        values = values if isinstance(values, (list, tuple)) else [values]
        if not values or not all(isinstance(one, str) and one.strip() for one in values):
            raise UsageError(f"`similar` needs a text or a list of texts, got {show(given.get('value'), 80)}")
        threshold = given.get("threshold", THRESHOLD)
        if number_of(threshold) is None or not 0 < threshold <= 1:
            raise UsageError(
                f"the threshold of `similar` is above 0 and at most 1, not {show(threshold, 40)}"
            )
        model, by = given.get("model", MODEL), given.get("by", "meaning")
        if not isinstance(model, str) or not model.strip() or by not in ("meaning", "letters"):
            raise UsageError("`similar` takes `model`, a name, and `by`, meaning or letters")
        name = f"{path}.similar" if path else "similar"
        return SimilarCheck(name, tuple(values), float(threshold), model, ask, path, by == "letters")

    return build


@dataclass(frozen=True, slots=True)
class SimilarCheck:
    """Compares an answer with texts; the nearest counts."""

    name: str
    """Name of its column, which holds the similarity."""
    values: tuple[str, ...]
    """What the answer should be close to."""
    threshold: float
    """The least similarity, from 0 to 1."""
    model: str
    """The embedding model."""
    ask: Ask
    """Sends a request's body."""
    path: str = ""
    """The field that is compared; the whole answer where empty."""
    letters: bool = False
    """Whether letters are compared, not meaning."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of every check
        """Compare.

        Raises:
            CannotTellError: The call brought nothing that could be compared.
        """
        text = subject(answer, self.path)
        if text is None or not text.strip():
            what = "an empty text" if text is not None else f"no field {self.path}"
            return Verdict(
                passed=False, name=self.name, score=0.0, reason=f"{self.name}: there is {what} to compare"
            )
        score = max(self._by_letters(text) if self.letters else self._by_meaning(text))
        if score >= self.threshold:
            return Verdict(passed=True, name=self.name, score=score)
        wanted = show(self.values[0] if len(self.values) == 1 else list(self.values), 120)
        reason = f"{self.name}: expected {self.threshold:g} or closer to {wanted}, got {score:.3f} ({show(text, 120)})"
        return Verdict(passed=False, name=self.name, score=score, reason=reason)

    def _by_letters(self, text: str) -> list[float]:
        """Give how alike the letters are, by an edit distance."""
        if len(text) * max(map(len, self.values)) > MOST_PAIRS:
            raise CannotTellError("texts this long are not compared by letters; it would take too long")
        return [letters_alike(text, value) for value in self.values]

    def _by_meaning(self, text: str) -> list[float]:
        inputs = [text, *self.values]
        vectors = read_vectors(self.ask({"model": self.model, "input": inputs}).text)
        if len(vectors) != len(inputs):
            raise CannotTellError(f"{len(inputs)} texts were sent and {len(vectors)} embeddings came back")
        return [min(1.0, max(0.0, cosine(vectors[0], other))) for other in vectors[1:]]


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the cosine of the angle between two vectors.

    Raises:
        CannotTellError: They are of different lengths, or one points nowhere.
    """
    if len(one) != len(other) or not one:
        raise CannotTellError("the embeddings are of different lengths")
    lengths = math.hypot(*one) * math.hypot(*other)
    if not lengths or not math.isfinite(lengths):
        raise CannotTellError("an embedding points nowhere")
    return (
        math.sumprod(one, other) / lengths
        if hasattr(math, "sumprod")
        else math.fsum(map(_product, one, other)) / lengths
    )


def _product(one: float, other: float) -> float:
    return one * other


def read_vectors(text: str) -> list[tuple[float, ...]]:
    """Read the vectors of an embeddings call: lines of little-endian 32-bit floats in base64.

    Raises:
        CannotTellError: It is something else.
    """
    try:
        raw = [base64.b64decode(line, validate=True) for line in text.split("\n")]
        return [struct.unpack(f"<{len(one) // 4}f", one) for one in raw]
    except (binascii.Error, struct.error, ValueError) as trouble:
        raise CannotTellError("what came back is no list of embeddings") from trouble
