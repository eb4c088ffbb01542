"""Reads the part of a prompt that is the same for every case: what it offers, asks for and lays down."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from promptlab.simulator._catalogues import Block, catalogues
from promptlab.simulator._learner import Entry, Learner, fit
from promptlab.simulator._lists import lists, rows
from promptlab.simulator._rules import Rules, examples, rules
from promptlab.simulator._shape import Leaf, Listed, Node, Record, from_schema, from_words, keys_of, templates
from promptlab.simulator._words import words

__all__ = ["Page", "Task", "read_page"]

Task = Literal["choose", "browse", "extract", "compose", "talk"]

_RULES = re.compile(r"(?i)\b(?:rules?|guidelines?|instructions?|notes?|hints?|important|remember|steps|tips|attention|caution|how to)\b")  # fmt: skip
_FIELDS = re.compile(r"(?i)\b(?:json|fields?|keys?|propert(?:y|ies))\b")
_VALUES = re.compile(r"(?i)\b(?:parameters?|arguments?|slots?|values?|variables?|entit(?:y|ies)|extract)\b")
_VALUE_KEYS = frozenset(
    [
        "parameters",
        "params",
        "arguments",
        "args",
        "values",
        "slots",
        "entities",
        "inputs",
        "variables",
        "extracted",
    ]
)
_ASIDE = frozenset(
    [
        "confidence",
        "certainty",
        "probability",
        "score",
        "reason",
        "reasoning",
        "explanation",
        "why",
        "rationale",
    ]
)
_MANY = re.compile(
    r"(?i)\b(?:every|all|each|list|which)\b[^.\n]{0,40}\b(?:that|which|needed|fit|apply|match|relevant|separated)\b"
)
_EITHER = re.compile(r"[\w-]+(?:[ \"'`]*(?:\||/|,? or |, )[ \"'`]*[\w-]+)+")
_OPEN = Record((("answer", Leaf()), ("confidence", Leaf())))


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What a prompt says, read once."""

    task: Task
    """What the prompt asks for."""
    learner: Learner
    """What was learned from the entries that may be chosen."""
    parameters: tuple[Entry, ...]
    """The parameters whose values are asked for."""
    shape: Node | None
    """The shape of the answer; None where plain text is asked for."""
    rules: Rules
    """What its sentences lay down."""


@lru_cache(maxsize=64)
def read_page(prompt: str, shots: tuple[tuple[str, str], ...] = (), schema: str = "") -> Page:
    """Read a prompt.

    Args:
        prompt: The prompt's text without what is asked.
        shots: Earlier turns of the conversation, which are examples.
        schema: The request's `response_format` as JSON, or nothing.
    """
    shown, left = examples(prompt)
    shown = [*shots, *shown]
    marked, left = catalogues(left)
    shape, left = _shape(left, shown, schema)
    listed, left = lists(left)
    keys = keys_of(shape) if shape else set()
    offered, fields, parameters, said = _sort([*marked, *listed], keys)
    left = "\n".join([left, *said])
    if not offered:
        offered, _, more, _ = _sort(rows(left), keys)
        parameters += more
    if shape is None and fields and "json" in words(left):
        shape = Record(tuple((item.name, Leaf(item.text)) for item in fields))
    if not offered and not parameters:
        offered = [Entry(text, answer) for text, answer in shown if " " not in text and " " in answer]
        offered = offered or _alternatives(shape) or _labels_of(shown, keys)
    laid_down = rules(left, offered)
    chosen = [entry for entry in offered if not (laid_down.none and entry.name == laid_down.label)]
    shown = [(text, _label(answer, keys)) for text, answer in shown]
    task = _task(shape, chosen, parameters, left)
    learner = fit(chosen, shown, strict=laid_down.strict)
    return Page(task, learner, tuple(parameters), shape, laid_down)


def _shape(text: str, shown: Sequence[tuple[str, str]], schema: str) -> tuple[Node | None, str]:
    """Find the shape of the answer: by schema, by the last template, by an example's answer, by words."""
    asked = json.loads(schema) if schema else {}
    inner = asked.get("json_schema")
    found = list(templates(text))
    for start, end, _ in reversed(found):
        text = text[:start] + text[end:]
    if isinstance(inner, dict) and isinstance(inner.get("schema"), dict):
        return from_schema(inner["schema"]), text
    if found:
        return found[-1][2], text
    for _, answer in shown:
        for _, _, node in templates(answer):
            return node, text
    named = from_words(text)
    if named is None and asked.get("type") == "json_object":
        named = _OPEN
    return named, text


def _sort(blocks: Sequence[Block], keys: set[str]) -> tuple[list[Entry], list[Entry], list[Entry], list[str]]:
    """Sort the lists' items: what may be chosen, the answer's own fields, parameters, and mere sentences."""
    said: list[str] = []
    offered: list[Entry] = []
    fields: list[Entry] = []
    parameters: list[Entry] = []
    for block in blocks:
        named = [item for item in block.items if item.name]
        if not named or _RULES.search(block.lead) or len(named) < len(block.items) / 2:
            said += [f"- {item.name}: {item.text}" if item.name else f"- {item.text}" for item in block.items]
            continue
        outer = keys - _ASIDE
        if (outer and {item.name for item in named} <= keys and _VALUES.search(block.lead) is None) or (
            _FIELDS.search(block.lead) and not (keys and len(named) > len(keys))
        ):
            fields += named
        elif _VALUES.search(block.lead) or (outer and outer == {item.name for item in named}):
            parameters += named
        else:
            offered += named
    return list({entry.name: entry for entry in reversed(offered)}.values())[::-1], fields, parameters, said


def _alternatives(shape: Node | None) -> list[Entry]:
    """Take what may be chosen from the answer's own form, where it says so: `"positive|negative"`."""
    for _, node in shape.keys if isinstance(shape, Record) else ():
        if (
            isinstance(node, Leaf)
            and (match := _EITHER.search(node.hint))
            and "true" not in node.hint.lower()
        ):
            names = [name.strip(" \"'`") for name in re.split(r"\||,\s*(?:or )?|\bor\b|/", match[0])]
            return [Entry(name) for name in names if name]
    return []


def _labels_of(shown: Sequence[tuple[str, str]], keys: set[str]) -> list[Entry]:
    """Take the labels from the examples where nothing else names them."""
    labels = dict.fromkeys(_label(answer, keys) for _, answer in shown)
    return [Entry(label) for label in labels if label and len(label) <= 60]


def _label(answer: str, keys: set[str]) -> str:
    """Give the label that an example's answer holds: the answer itself, or the JSON's telling value."""
    if not answer.startswith("{"):
        return answer.rstrip(".")
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return answer
    told = [part for key, part in value.items() if key not in _ASIDE and isinstance(part, str)]
    return told[0] if told else ("" if keys else answer)


def _task(shape: Node | None, chosen: Sequence[Entry], parameters: Sequence[Entry], text: str) -> Task:
    parts = dict(shape.keys) if isinstance(shape, Record) else {}
    listed = [node for node in parts.values() if isinstance(node, Listed)] + (
        [shape] if isinstance(shape, Listed) else []
    )
    told = [
        key
        for key, node in parts.items()
        if isinstance(node, Leaf) and key not in _ASIDE and "true" not in node.hint
    ]
    if chosen and any(isinstance(node.item, Record) for node in listed):
        return "compose"
    if parameters and not (chosen and told):
        return "extract"
    if chosen and listed and not told:
        return "browse"
    if chosen:
        return "browse" if shape is None and _MANY.search(text) and "," in text else "choose"
    if _VALUE_KEYS & parts.keys():
        return "extract"
    return "talk"
