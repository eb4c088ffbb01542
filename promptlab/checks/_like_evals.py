"""The basic graders of openai/evals, as its documentation defines them, for an answer `a` and ideals `B`."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab._types import Answer, Case
from promptlab.checks._like import Mark, Measure, known_keys, strict_json, texts_of
from promptlab.checks._same import same

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def measure(entry: Mapping[str, Any]) -> tuple[str, Measure]:
    """Build a measure of `{evals: Match, ideal: …}`; gives its kind too.

    Raises:
        UsageError: The kind is unknown, or the ideal cannot be used.
    """
    kind = entry["evals"]
    known_keys(entry, ("evals", "ideal"), "evals")
    build = KINDS.get(kind) if isinstance(kind, str) else None
    if build is None:
        raise UsageError(f"openai/evals knows {', '.join(KINDS)}; {show(kind)} is none of them")
    if entry.get("ideal") is None:
        raise UsageError(f"`{kind}` needs an `ideal`")
    return str(kind), build(entry["ideal"])


def normalised(text: str) -> str:
    """Put a text in lower case, without punctuation, articles and needless white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def _measured(ideals: list[str], phrase: str, holds: Callable[[str, str], bool]) -> Measure:
    wanted = f"{phrase} {show(ideals[0]) if len(ideals) == 1 else f'one of {show(ideals)}'}"

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        return Mark(any(holds(answer.text, ideal) for ideal in ideals), wanted)

    return measure


def _match(ideal: Any) -> Measure:
    return _measured(
        texts_of(ideal, "`ideal`"), "text that starts with", lambda text, one: text.startswith(one)
    )


def _includes(ideal: Any) -> Measure:
    return _measured(texts_of(ideal, "`ideal`"), "text that includes", lambda text, one: one in text)


def _fuzzy_match(ideal: Any) -> Measure:
    ideals = texts_of(ideal, "`ideal`")

    def holds(text: str, one: str) -> bool:
        text, one = normalised(text), normalised(one)
        return text == one if not text or not one else text in one or one in text

    return _measured(ideals, "text that includes, or is part of,", holds)


def _json_match(ideal: Any) -> Measure:
    ideals = []
    for one in ideal if isinstance(ideal, list) else [ideal]:
        read = strict_json(one) if isinstance(one, str) else (one,)
        if read is None or read[0] is None:
            raise UsageError(f"`JsonMatch` needs ideals that are JSON, got {show(one)}")
        ideals.append(read[0])
    if not ideals:
        raise UsageError("`ideal` is empty")

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        read = strict_json(answer.text)
        holds = read is not None and any(_equal(read[0], one) for one in ideals)
        return Mark(
            holds, f"JSON that equals {show(ideals[0]) if len(ideals) == 1 else f'one of {show(ideals)}'}"
        )

    return measure


def _equal(one: Any, other: Any) -> bool:
    """Compare as JsonMatch does: a null is never right, anywhere."""
    return not _has_null(one) and same(one, other)


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None


KINDS: Mapping[str, Callable[[Any], Measure]] = {
    "Match": _match,
    "Includes": _includes,
    "FuzzyMatch": _fuzzy_match,
    "JsonMatch": _json_match,
}
"""Each grader with what builds its measure."""
