"""The values of promptfoo's assertions: their holes filled, their lists split, their graders named."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Any

from promptlab._errors import UsageError
from promptlab._wording import a_kind
from promptlab.checks._like import js_text

_HOLE = re.compile(r"\{\{-?\s*([A-Za-z_]\w*(?:\.\w+|\[\d+\])*)\s*-?\}\}")
_STEP = re.compile(r"\w+")


class Missed(Exception):  # noqa: N818 - a signal among promptfoo's readers
    """Why an assertion has no meaning here."""


def model_of(provider: Any) -> str | None:
    """Give the model of `openai:gpt-5`, `openai:chat:gpt-5` and the like; None for other providers."""
    parts = provider.split(":") if isinstance(provider, str) else []
    if len(parts) < 2 or parts[0] != "openai" or not parts[-1]:
        return None
    return (
        ":".join(parts[2:])
        if len(parts) > 2 and parts[1] in {"chat", "embedding", "embeddings", "responses", "completion"}
        else ":".join(parts[1:])
    )


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """Fill the plain holes of an assertion's value; anything more is a template's business."""
    if isinstance(value, Mapping):
        return {key: filled(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, values) for one in value]
    if not isinstance(value, str) or ("{{" not in value and "{%" not in value):
        return value
    pieces = _HOLE.split(value)
    if any("{{" in text or "{%" in text or "{#" in text for text in pieces[::2]):
        raise Missed("its value is a template with more than plain holes")
    pieces[1::2] = [_hole(name, values) for name in pieces[1::2]]
    return "".join(pieces)


def _hole(name: str, values: Mapping[str, Any]) -> str:
    found: Any = values
    if name.partition(".")[0] == "env" and "env" not in values:
        raise Missed("its value reads the environment, which is never done here")
    for step in _STEP.findall(name):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            raise Missed(f"nothing fills the hole {{{{ {name} }}}} in its value")
    try:
        text = js_text(found)
    except UsageError:
        raise Missed(f"the hole {{{{ {name} }}}} in its value is filled by {a_kind(found)}") from None
    if "{{" in text or "{%" in text:
        raise Missed(f"the hole {{{{ {name} }}}} in its value is filled by a template")
    return text


def split(kind: str, value: Any) -> Any:
    """Give the parts of a text with commas, where a list is what the assertion needs."""
    if kind.removeprefix("i") not in {"contains-all", "contains-any"} or not isinstance(value, str):
        return value
    return split_commas(value)


def split_commas(text: str) -> list[str]:
    """Split at commas, except inside double quotes."""
    try:
        row = next(csv.reader([text.replace("\n", " ")], skipinitialspace=True, strict=True), [])
    except csv.Error:
        row = text.split(",")
    return [part.strip() for part in row]
