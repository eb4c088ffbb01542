"""Writes an answer in the shape that a prompt asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptlab.simulator._learner import Entry
from promptlab.simulator._parameters import assign
from promptlab.simulator._shape import Leaf, Listed, Node, Record
from promptlab.simulator._words import content, identifier_words, stems

__all__ = ["Findings", "Step", "fill"]

_SURE = frozenset(["confidence", "certainty", "probability", "score", "likelihood", "sure", "conf"])
_REASON = frozenset(
    [
        "reason",
        "reasoning",
        "explanation",
        "why",
        "rationale",
        "comment",
        "note",
        "notes",
        "thought",
        "thoughts",
        "justification",
        "evidence",
    ]
)
_VALUES = frozenset(["parameters", "params", "parameter", "arguments", "args", "values", "slots", "entities", "inputs", "variables", "extracted", "settings", "options", "config", "with"])  # fmt: skip
_COUNTED = frozenset(["id", "step", "number", "index", "order", "position", "no"])
_BEFORE = frozenset(["depends", "after", "needs", "previous", "requires"])
_TOLD = frozenset(["description", "task", "request", "summary", "text", "instruction"])
_YES = re.compile(r"(?i)\btrue\b|\bfalse\b|\bboolean\b|\byes/no\b")
_PERCENT = re.compile(r"0 ?(?:-|–|to|\.\.+) ?100\b|%")
_WORDY = re.compile(r"(?i)high\W+(?:or )?(?:medium|low)|low\W+(?:or )?(?:medium|high)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a composed workflow."""

    entry: Entry
    clause: str
    place: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What there is to say."""

    asked: str
    """What is asked."""
    entry: Entry | None = None
    """The entry chosen; None where none fits."""
    none: str | None = None
    """What to say where none fits; None for null."""
    fits: float = 0.0
    """How likely the best entry fits."""
    sure: float = 0.0
    """How sure the answer is."""
    several: Sequence[Entry] = ()
    """All entries that fit, or the runners-up."""
    found: bool = False
    """Whether anything fits."""
    steps: Sequence[Step] = ()
    """The steps of a workflow."""
    parameters: Sequence[Entry] = ()
    """The parameters whose values are asked for."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The values that were found for them."""
    omit: bool = True
    """Whether parameters without a value are left out."""
    why: Sequence[str] = ()
    """The words that told."""
    step: Step | None = None
    """The step that is being written."""


def fill(node: Node, findings: Findings, key: str = "", *, free: list[bool] | None = None) -> Any:
    """Fill a shape with what was found.

    Args:
        node: The shape.
        findings: What there is to say.
        key: The key whose value it is.
        free: Holds whether the place of the chosen name is still to be filled; each record has its own.
    """
    if isinstance(node, Record):
        return _record(node, findings, key)
    if isinstance(node, Listed):
        return _listed(node, findings, key)
    return _leaf(node, findings, key, free if free is not None else [True])


def _record(node: Record, findings: Findings, key: str) -> Any:
    if set(identifier_words(key)) & _VALUES or (findings.parameters and not node.keys):
        return _values(node, findings)
    decisive = any(_YES.search(part.hint) for _, part in node.keys if isinstance(part, Leaf))
    sure = findings.fits if decisive else findings.sure
    free = [True]
    filled: dict[str, Any] = {}
    for name, part in node.keys:
        if set(identifier_words(name)) & _SURE:
            filled[name] = _rated(sure, part)
        else:
            filled[name] = fill(part, findings, name, free=free)
    return filled


def _values(node: Record, findings: Findings) -> dict[str, Any]:
    if findings.step is not None:
        declared = _declared(findings.step.entry)
        return assign(declared, findings.step.clause)[0] or _said_after(declared, findings.step)
    wanted = [entry.name for entry in findings.parameters] or [name for name, _ in node.keys]
    return {
        name: findings.values.get(name) for name in wanted if name in findings.values or not findings.omit
    }


def _declared(entry: Entry) -> list[Entry]:
    """Give the parameters that a component declares."""
    named = [value for key, value in entry.fields if set(identifier_words(key)) & _VALUES]
    return [
        Entry(name.strip(), entry.text)
        for value in named
        for name in re.split(r"[,;]", value)
        if name.strip()
    ]


def _said_after(declared: Sequence[Entry], step: Step) -> dict[str, Any]:
    """Give a component's only parameter the words that say how or to what, where the clause has such."""
    match = re.search(
        r"(?i)\b(?:by|into|to|only|of|where|per)\s+((?:the )?[\w-]+(?: [\w-]+){0,2})", step.clause
    )
    return {declared[0].name: match[1].removeprefix("the ")} if len(declared) == 1 and match else {}


def _listed(node: Listed, findings: Findings, key: str) -> Any:
    said = set(identifier_words(key))
    if findings.step is not None:
        return [findings.step.place - 1] if said & _BEFORE and findings.step.place > 1 else []
    if said & _REASON:
        return list(findings.why)
    if isinstance(node.item, Leaf):
        return [entry.name for entry in findings.several]
    steps = findings.steps or [
        Step(entry, findings.asked, place) for place, entry in enumerate(findings.several, 1)
    ]
    return [fill(node.item, _within(findings, step), key) for step in steps]


def _within(findings: Findings, step: Step) -> Findings:
    return Findings(asked=step.clause, entry=step.entry, fits=findings.fits, sure=findings.sure, step=step)


def _leaf(node: Leaf, findings: Findings, key: str, free: list[bool]) -> Any:
    said = set(identifier_words(key))
    readers: tuple[tuple[bool, Callable[[], Any]], ...] = (
        (key in findings.values, lambda: findings.values[key]),
        (bool(said & _SURE), lambda: _rated(findings.sure, node)),
        (bool(_YES.search(node.hint)), lambda: findings.found),
        (bool(said & _REASON), lambda: _reason(findings)),
        (findings.step is not None and bool(said & _COUNTED), lambda: _counted(node, findings)),
        (findings.step is not None and bool(said & _BEFORE), lambda: None),
        (bool(said & _TOLD) and findings.step is not None, lambda: findings.asked),
        (any(name.lower() == key.lower() for entry in [findings.entry] if entry for name, _ in entry.fields),
         lambda: dict(findings.entry.fields)[key.lower()] if findings.entry else None),
    )  # fmt: skip
    for fits, read in readers:
        if fits:
            return read()
    if findings.parameters:
        return None
    if findings.steps or (findings.entry is None and findings.none is None and not free[0]):
        return _around(key, node, findings)
    if findings.entry is None and findings.none is None and _names_the_whole(said, node):
        return _around(key, node, findings)
    if free[0]:
        free[0] = False
        return findings.entry.name if findings.entry else findings.none
    return None


def _names_the_whole(said: set[str], node: Leaf) -> bool:
    return "schedule" in said or ("workflow" in stems(node.hint) and "short" in stems(node.hint))


def _counted(node: Leaf, findings: Findings) -> Any:
    place = findings.step.place if findings.step else 0
    quoted = re.match(r"\"([A-Za-z_-]*)\d", node.hint)
    return f"{quoted[1]}{place}" if quoted else str(place) if node.hint.startswith('"') else place


def _around(key: str, node: Leaf, findings: Findings) -> Any:
    """Fill a field about the workflow as a whole: its name, its description, when it runs."""
    said = set(identifier_words(key))
    if said & {"name", "title"}:
        return "_".join(content(findings.asked)[:3]) or "empty"
    if said & _TOLD:
        return findings.asked
    return assign([Entry(key, node.hint)], findings.asked)[0].get(key)


def _reason(findings: Findings) -> str:
    if findings.why and (findings.entry or findings.several):
        return f"It speaks of {', '.join(findings.why)}."
    return "Nothing that is listed fits." if not findings.values else "As the text says."


def _rated(sure: float, node: Node) -> Any:
    hint = node.hint if isinstance(node, Leaf) else ""
    if _WORDY.search(hint):
        return "high" if sure >= 0.8 else "medium" if sure >= 0.5 else "low"
    return round(100 * sure) if _PERCENT.search(hint) else round(sure, 2)
