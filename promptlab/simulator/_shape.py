"""Reads the shape of the answer that a prompt asks for: a JSON template, a schema, or words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Leaf", "Listed", "Node", "Record", "from_schema", "from_words", "keys_of", "templates"]

_KEY = re.compile(r"\s*[,]?\s*(?:[\"'`“]([^\"'`”\n]{1,60})[\"'`”]|([A-Za-z_][\w-]*))\s*:\s*")
_CLOSERS = {"{": "}", "[": "]"}
_DEEPEST = 12
_NOUN = re.compile(r"^(?:(?:the|two|three|fields?|keys?|properties|attributes|and|named|called)\s+)+")
_IDENTIFIER = re.compile(r"[\"'`]([A-Za-z_][\w.]*)[\"'`]")
_SAID = re.compile(
    r"(?i)\b(?:fields?|keys?|properties|attributes|json(?: object)?)\b[^.\n{:]*?(?:\bwith|\bnamed|\bcalled|:|\bare|\bkeys|\bfields)\s*"
    r"([^.\n{]+)"
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is no container."""

    hint: str = ""
    """What the prompt says stands there."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of values that look alike."""

    item: Node


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object."""

    keys: tuple[tuple[str, Node], ...]
    """Its keys in their order; none where the prompt leaves them open."""


Node = Leaf | Listed | Record


def templates(text: str) -> Iterator[tuple[int, int, Record]]:
    """Find the JSON templates in a text, valid JSON or not: from where to where, and their shape."""
    place = 0
    while (start := text.find("{", place)) >= 0:
        if text[start : start + 2] in {"{{", "{%"}:
            place = start + 2
            continue
        node, end = _node(text, start, 0)
        if isinstance(node, Record) and node.keys:
            yield start, end, node
            place = end
        else:
            place = start + 1


def _node(text: str, place: int, depth: int) -> tuple[Node, int]:
    place = _blank(text, place)
    opening = text[place : place + 1]
    if depth > _DEEPEST or opening not in _CLOSERS:
        end = _value_end(text, place)
        return Leaf(text[place:end].strip()), end
    return _record(text, place, depth) if opening == "{" else _listed(text, place, depth)


def _record(text: str, place: int, depth: int) -> tuple[Node, int]:
    keys: list[tuple[str, Node]] = []
    place += 1
    while match := _KEY.match(text, place):
        node, place = _node(text, match.end(), depth + 1)
        key = match[1] or match[2]
        if key[:1] not in "<.…[":
            keys.append((key, node))
        place = _blank(text, place)
        if text[place : place + 1] != ",":
            break
        place += 1
    return Record(tuple(keys)), _closing(text, place, "}")


def _listed(text: str, place: int, depth: int) -> tuple[Node, int]:
    node, after = _node(text, place + 1, depth + 1)
    return Listed(node), _closing(text, after, "]")


def _closing(text: str, place: int, closer: str) -> int:
    end = text.find(closer, place)
    return len(text) if end < 0 else end + 1


def _blank(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _value_end(text: str, place: int) -> int:
    """Say where a value ends: at the comma or bracket that is not in quotes, `<…>` or round brackets."""
    quoted, inner = "", 0
    while place < len(text):
        char = text[place]
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char == '"':
            quoted = char
        elif char in "<(":
            inner += 1
        elif char in ">)":
            inner -= 1
        elif (char in "}]\n" and inner <= 0) or (char == "," and inner <= 0):
            break
        place += 1
    return place


def from_schema(schema: Any, depth: int = 0) -> Node:
    """Read the shape out of a JSON schema."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return Leaf()
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        return Record(tuple((str(key), from_schema(part, depth + 1)) for key, part in properties.items()))
    if "items" in schema or schema.get("type") == "array":
        return Listed(from_schema(schema.get("items"), depth + 1))
    if schema.get("type") == "object":
        return Record(())
    kind, enum = schema.get("type"), schema.get("enum")
    hint = " | ".join(str(part) for part in enum) if isinstance(enum, list) else ""
    said = "true or false" if kind == "boolean" else f"({kind})" if kind else ""
    return Leaf(" ".join(filter(None, [said, hint, str(schema.get("description", ""))])))


def from_words(text: str) -> Record | None:
    """Read the keys where the prompt only names them: "JSON with the keys `found` and `name`"."""
    if not re.search(r"\bjson\b", text, re.IGNORECASE):
        return None
    for said in _SAID.finditer(text):
        names = _IDENTIFIER.findall(said[1])
        if not names:
            parts = re.split(r"\s*,\s*(?:and )?|\s+and\s+", said[1].strip())
            names = [_NOUN.sub("", part) for part in parts]
        if names and all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
            return Record(tuple((name, Leaf()) for name in names))
    return None


def keys_of(node: Node) -> set[str]:
    """Give the keys of a shape, at any depth."""
    if isinstance(node, Listed):
        return keys_of(node.item)
    if isinstance(node, Leaf):
        return set()
    return {key for key, _ in node.keys}.union(*(keys_of(part) for _, part in node.keys))
