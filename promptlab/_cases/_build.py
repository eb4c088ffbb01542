"""A document becomes a suite: every key and value is checked, and what is wrong is named with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptlab._cases._case import Defaults, Trouble, build_case, checked_case, read_defaults
from promptlab._cases._document import Document, failing
from promptlab._cases._expect import check_expect
from promptlab._cases._suite import Suite
from promptlab._cases._top import check_bars, check_top
from promptlab._errors import SuiteError
from promptlab._types import Case
from promptlab._wording import a_kind, quoted

TOLD = 5
"""How many wrong cases one error tells of."""


def build(document: Document, *, allow_code: bool) -> Suite:
    """Check a document and make its suite.

    Raises:
        SuiteError: Names source, line and case; tells of up to five wrong cases at once.
    """
    fail = failing(document.shown)
    try:
        name, settings = check_top(document)
        defaults = read_defaults(document.top.get("defaults"))
    except Trouble as trouble:
        fail(str(trouble), document.locate(trouble.path))
    if not document.cases:
        fail("it has no cases", None)
    wrong: list[str] = []
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for index, raw in enumerate(document.cases):
        try:
            case = _case(document, index, raw, defaults, seen)
            check_expect(case.expect, raw, allow_code=allow_code)
            cases.append(case)
        except Trouble as trouble:
            wrong.append(_told(document, index, raw, trouble))
            if len(wrong) == TOLD:
                wrong.append("… (the rest was not looked at)")
                break
    if wrong:
        raise SuiteError("\n".join(wrong))
    try:
        check_bars(settings, cases)
    except Trouble as trouble:
        fail(str(trouble), document.locate(trouble.path))
    return Suite(cases, name=name, path=document.path, settings=settings, report=document.report)


def _case(document: Document, index: int, raw: Any, defaults: Defaults, seen: dict[str, int]) -> Case:
    if isinstance(raw, Case):
        case = checked_case(raw)
    elif isinstance(raw, Mapping):
        case = build_case(
            raw,
            defaults,
            where=document.place(index),
            spare_id=None if document.ids_required else f"case_{index + 1}",
        )
    else:
        raise Trouble(f"a case is a mapping with `id`, `input` and `expect`; this is {a_kind(raw)}")
    first = seen.setdefault(case.id, index)
    if first != index:
        line = document.line(first)
        where = f"item {first + 1}" if line is None else f"line {line}"
        raise Trouble(f"the id {quoted(case.id)} is taken already, by {where}; ids are unique", ("id",))
    return case


def _told(document: Document, index: int, raw: Any, trouble: Trouble) -> str:
    """Say where a case is wrong: source, line and id."""
    line = document.line(index, trouble.path)
    identity = raw.id if isinstance(raw, Case) else raw.get("id") if isinstance(raw, Mapping) else None
    place = f"{document.shown}:{line}" if line is not None else f"{document.shown}, item {index + 1}"
    place = place if document.places is None else document.places[index]
    known = f" case {quoted(identity)}:" if isinstance(identity, (str, int)) else ""
    return f"{place}:{known} {trouble}"
