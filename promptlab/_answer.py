"""A completion's text becomes an answer: tolerantly, and without guessing.

An answer is JSON where its text is, or holds exactly one, JSON object or list. Everything else is text and stays
what it is, character for character: `42`, `true`, `"oos"` and `oos` are texts (the checks read such a text
as the number or truth value it spells where that is what they expect).
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any, Never

from promptlab._confidence import own_confidence, stated_confidence, token_confidence
from promptlab._lenient import MAX_DEPTH
from promptlab._recover import recover
from promptlab._types import Answer, Completion

Confidence = Callable[[Answer], float | None]
"""A user's own way to say how sure an answer is: gets the answer with the confidence found so far."""

_SURROGATE = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")


def parse(completion: Completion, confidence: Confidence | None = None) -> Answer:
    """Parse a completion's text; of a refusal without text, the refusal's.

    No text makes this raise: what cannot be read as JSON is text, and the notes say why.

    Args:
        completion: What came back.
        confidence: The user's own measure; it has the last word, also where it returns None.
    """
    text = answer_text(completion)
    value, is_json, notes = _read(text)
    stated = stated_confidence(value, text) if is_json else None
    number, source, more = token_confidence(completion) if stated is None else stated
    answer = Answer(
        value=value,
        text=text,
        is_json=is_json,
        confidence=number,
        confidence_source=source,
        notes=notes + more,
        completion=completion,
    )
    if confidence is None:
        return answer
    number, source, more = own_confidence(confidence, answer)
    return dataclasses.replace(answer, confidence=number, confidence_source=source, notes=answer.notes + more)


def answer_text(completion: Completion) -> str:
    """Give the text that an answer is read from: the completion's, or its refusal where that is all there is."""
    if completion.refusal and not completion.text.strip():
        return completion.refusal
    return completion.text


def bare(text: str) -> str:
    """Strip a text of white space and byte order marks around it."""
    return text.strip().strip("\ufeff").strip()


def _read(text: str) -> tuple[Any, bool, tuple[str, ...]]:
    stripped = bare(text)
    notes = ("a byte order mark",) if "\ufeff" in text[:2] else ()
    if "{" not in stripped and "[" not in stripped:
        return text, False, notes
    strict = _strictly(stripped)
    if strict is not None:
        value = strict[0]
        if _too_deep(value, stripped):
            return text, False, (*notes, f"JSON nested deeper than {MAX_DEPTH} levels is not read")
        return _printable(value, stripped), True, notes
    found = recover(stripped)
    if found is None:
        return text, False, notes
    if isinstance(found, str):
        return text, False, (*notes, found)
    return _printable(found[0], stripped), True, (*notes, *found[1])


def _strictly(text: str) -> tuple[Any] | None:
    """Read a text that is one JSON object or list, with every key once and no number that JSON does not have."""
    if text[0] not in "{[":
        return None
    try:
        return (_STRICT.decode(text),)
    except (ValueError, RecursionError):
        return None  # the tolerant reader comes next and says what is wrong


def _too_deep(value: Any, text: str) -> bool:
    """Tell whether a value is nested deeper than the rest of the library should have to follow."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: dict[str, Any] | list[Any]) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, (dict, list))]


def _printable(value: Any, text: str) -> Any:
    """Join surrogate pairs, and replace the lone halves that no encoding can write."""
    if text.isascii() and "\\u" not in text:
        return value
    return _joined(value) if _SURROGATE.search(text) else value


def _joined(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_joined(key): _joined(item) for key, item in value.items()}
    return [_joined(item) for item in value] if isinstance(value, list) else value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key came twice")
    return found


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
