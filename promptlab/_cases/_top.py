"""The keys of a suite beside its cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptlab._bars import ALL
from promptlab._cases._case import Trouble
from promptlab._cases._document import Document
from promptlab._cases._reference import check_reference
from promptlab._types import Case
from promptlab._wording import a_kind, did_you_mean, listed, quoted

SUITE_KEYS = ("suite", "description", "defaults", "cases", "prompt", "repeats", "min_pass_rate", "bars")
"""What may stand at the top: the suite's name, what it is for, what every case has, the cases, the prompt
they are for, how often each is asked, and the bars that a run is held to."""


def check_top(document: Document) -> tuple[str, dict[str, Any]]:
    """Check the top of a document and give the suite's name and settings."""
    top = document.top
    for key in top:
        if key not in SUITE_KEYS:
            said = quoted(key) if isinstance(key, str) else a_kind(key)
            hint = did_you_mean(str(key), SUITE_KEYS)
            raise Trouble(
                f"the key {said} is none of {listed(SUITE_KEYS)}.{hint}",
                (key,) if isinstance(key, str) else (),
            )
    for key, check in _CHECKS.items():
        if top.get(key) is not None:
            check(key, top[key])
    if top.get("prompt") is not None:
        check_reference(document.path, top["prompt"])
    name = top.get("suite")
    settings = {
        key: value
        for key, value in top.items()
        if key not in {"suite", "defaults", "cases"} and value is not None
    }
    return document.name if name is None else str(name), settings


def check_bars(settings: Mapping[str, Any], cases: Sequence[Case]) -> None:
    """Check that each bar is for a tag of the whole suite: one for no case would be off, and nobody would know."""
    tags = dict.fromkeys(tag for case in cases for tag in case.tags)
    for key in settings.get("bars") or {}:
        word = str(key)
        if word != ALL and word not in tags:
            known = f" There are {listed(tags)}, and {ALL} for every case." if tags else ""
            hint = did_you_mean(word, (*tags, ALL)) or known
            path = ("bars", key) if isinstance(key, str) else ("bars",)
            raise Trouble(f"there is a bar for the tag {quoted(word)}, which no case has.{hint}", path)


def _wrong(key: str, wanted: str, value: Any) -> Trouble:
    return Trouble(f"`{key}` is {wanted}; this is {quoted(value)}", (key,))


def _name(key: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 200:
        raise _wrong(key, "a name of one line", value)


def _text(key: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _wrong(key, "text", value)


def _rate(key: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise _wrong(key, "a number from 0 to 1", value)


def _count(key: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise _wrong(key, "a whole number from 1 to 1000", value)


def _mapping(key: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise _wrong(key, "a mapping", value)


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "suite": _name,
    "description": _text,
    "prompt": _text,
    "repeats": _count,
    "min_pass_rate": _rate,
    "bars": _mapping,
}
