"""Reads the catalogues of a prompt that are marked up: JSON, XML-like elements, headings with a text below."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from promptlab.simulator._learner import Entry

__all__ = ["LONGEST_NAME", "NAMING", "Block", "catalogues", "of_pairs"]

NAMING = (
    "name",
    "id",
    "title",
    "label",
    "intent",
    "workflow",
    "component",
    "category",
    "class",
    "key",
    "parameter",
)
_TELLING = (
    "description",
    "does",
    "text",
    "summary",
    "about",
    "desc",
    "purpose",
    "what",
    "details",
    "meaning",
)
LONGEST_NAME = 60
_ELEMENT = re.compile(
    r"<(\w+)\s+(?:name|id|label|key)=[\"']([^\"'<>\n]{1,60})[\"'][^<>]{0,200}?(?:/>|>([^<]{0,2000})</\1>)"
)
_HEADING = re.compile(
    r"^(#{2,6})[ \t]+[`*]*(?:\d+[.)] *)?([\w./-]+(?: [\w./-]+){0,2})[`*:]*[ \t]*$", re.MULTILINE
)
_ANSWERED = re.compile(
    r"(?i)\b(?:answer|respond|reply|return|output|format|shape|like)\b[^\n]*\s*(?:```\w*\s*)?$"
)


@dataclass(frozen=True, slots=True)
class Block:
    """One list of a prompt and the line above it."""

    lead: str
    """The line that introduces the list."""
    items: tuple[Entry, ...]
    """Its items; a sentence of the list that is no named thing has the empty name."""


def catalogues(text: str) -> tuple[list[Block], str]:
    """Take the marked-up catalogues out of a text; also give the text that is left."""
    blocks, text = _json_blocks(text)
    elements = [Entry(match[2], (match[3] or "").strip()) for match in _ELEMENT.finditer(text)]
    if len(elements) > 1:
        blocks.append(Block("", tuple(elements)))
        text = _ELEMENT.sub("", text)
    headed, text = _headed(text)
    return [*blocks, *headed], text


def _headed(text: str) -> tuple[list[Block], str]:
    """Take out three or more headings of one level below another heading, each with a line or more of text."""
    found = [match for match in _HEADING.finditer(text) if len(match[1]) > 2]
    if len(found) < 3:
        return [], text
    items: list[Entry] = []
    left: list[str] = []
    place = 0
    for match in found:
        rest = text[match.end() :]
        below = re.match(r"\s*((?:[^\n#][^\n]*\n?)+)", rest)
        if below is None:
            continue
        items.append(Entry(match[2], " ".join(below[1].split())))
        left.append(text[place : match.start()])
        place = match.end() + below.end()
    return [Block("", tuple(items))], "".join([*left, text[place:]])


def _json_blocks(text: str) -> tuple[list[Block], str]:
    decoder = json.JSONDecoder()
    blocks: list[Block] = []
    left: list[str] = []
    place = 0
    for match in re.finditer(r"[\[{]", text):
        if match.start() < place:
            continue
        try:
            value, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        before = text[max(0, match.start() - 200) : match.start()]
        items = () if _ANSWERED.search(before) else tuple(_json_items(value))
        if len(items) > 1:
            blocks.append(Block(before.rstrip("` \n").removesuffix("```json").rpartition("\n")[2], items))
            left.append(text[place : match.start()])
            place = end
    return blocks, "".join([*left, text[place:]])


def _json_items(value: Any) -> Iterator[Entry]:
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if (
        isinstance(value, dict)
        and len(value) > 1
        and all(isinstance(found, dict) for found in value.values())
    ):
        value = [{"name": name, **found} for name, found in value.items()]
    if isinstance(value, dict) and len(value) > 2 and all(_is_sentence(found) for found in value.values()):
        value = [{"name": name, "description": found} for name, found in value.items()]
    if not isinstance(value, list):
        return
    for found in value:
        if isinstance(found, str):
            yield Entry(found)
        elif isinstance(found, dict):
            pairs = [(str(key), _flat(part)) for key, part in found.items()]
            if (entry := of_pairs(pairs)) is not None:
                yield entry


def _is_sentence(value: Any) -> bool:
    return isinstance(value, str) and " " in value and not value.startswith("<")


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_flat(part) for part in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def of_pairs(pairs: list[tuple[str, str]]) -> Entry | None:
    """Make an entry of keys and values; None where none of the keys names it."""
    keys = {key.lower(): key for key, _ in pairs}
    naming = next((keys[key] for key in NAMING if key in keys), None)
    found = dict(pairs)
    if naming is None or not found[naming] or len(found[naming]) > LONGEST_NAME:
        return None
    told = [value for key, value in pairs if key.lower() in _TELLING]
    fields = [(key.lower(), value) for key, value in pairs if key != naming and key.lower() not in _TELLING]
    return Entry(found[naming], ". ".join(told), tuple(fields))
