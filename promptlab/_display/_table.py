"""The table of a run that is over: trouble first, each row opens, and all of it within a number of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptlab._display._detail import Describe, as_text, detail
from promptlab._display._escape import clip, html, one_line
from promptlab._display._lines import MARKS, WORDS, confidence_of, is_cached, label_of, reason_of
from promptlab._display._style import CELL, FAINT, HEAD, TABLE, edge
from promptlab._summary import confident_mistake
from promptlab._types import Outcome, Run

REST_ROOM = 40_000
"""Bytes that rows without trouble take at most."""

TEXT_LEAST = 240
TEXT_MOST = 6_000
"""Bytes of HTML that each text of an opened row may take, with very many rows and with few."""

_BRIEF_LENGTH = 160
_ID_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that are listed together."""

    title: str
    """What they are, with their number."""
    rows: Sequence[Outcome]
    """The rows, in the order in which they are listed."""
    folded: bool
    """Whether they are behind a fold."""


def table(run: Run, outcomes: Sequence[Outcome], describe: Describe | None, room: int) -> str:
    """Write all rows within `room` bytes: those with trouble first, then the others, then names alone."""
    pages: list[str] = []
    left = room
    groups = _groups(outcomes)
    for index, group in enumerate(groups):
        more_to_come = index < len(groups) - 1
        share = left
        if group.folded:
            share = min(REST_ROOM, left // 3 if more_to_come else left)
        elif more_to_come:
            share = left * 3 // 4
        page = _listing(run, group, describe, share)
        left -= len(page.encode())
        pages.append(page)
    return "".join(pages)


def _groups(outcomes: Sequence[Outcome]) -> list[Group]:
    rows: dict[str, list[Outcome]] = {status: [] for status in WORDS}
    for outcome in outcomes:
        rows[outcome.status].append(outcome)
    graded = bool(rows["pass"] or rows["fail"])
    trouble = [f"{len(rows['fail']):,} failed"] if rows["fail"] else []
    if rows["error"]:
        trouble.append(f"{len(rows['error']):,} without a verdict")
    groups = (
        Group(title=", ".join(trouble), rows=rows["fail"] + rows["error"], folded=False),
        Group(title=f"{len(rows['ungraded']):,} ungraded", rows=rows["ungraded"], folded=graded),
        Group(title=f"{len(rows['pass']):,} passed", rows=rows["pass"], folded=True),
        Group(title=f"{len(rows['not_run']):,} not run", rows=rows["not_run"], folded=True),
    )
    return [group for group in groups if group.rows]


def _listing(run: Run, group: Group, describe: Describe | None, room: int) -> str:
    """Write rows that open as long as they fit, then rows that do not, then names, then a number."""
    if group.rows[0].status == "not_run":
        return _names(run, group.rows, room - 300, title=group.title)
    text_room = max(TEXT_LEAST, min(TEXT_MOST, room // (4 * len(group.rows))))
    rows: list[str] = []
    used = 1_200  # the title, the table's head, the sentences at the end
    opened = 0
    for opens, share in ((True, room * 7 // 10), (False, room * 17 // 20)):
        for outcome in group.rows[len(rows) :]:
            row = _row(run, outcome, describe, text_room if opens else 0)
            size = len(row.encode())
            if used + size > share:
                break
            rows.append(row)
            used += size
            opened += opens
    page = _table(rows, _last_column(group)) if rows else ""
    if rest := group.rows[len(rows) :]:
        title = f"{len(rest):,} more" if rows else f"{len(rest):,} in all"
        page += _names(run, rest, room - used, title=f"{title}, by name alone")
    page += _bound(group.rows, opened)
    if not group.folded:
        return f'<div style="font-weight:600;margin:8px 0 2px">{group.title}</div>{page}'
    mark = MARKS[group.rows[0].status]
    return f'<details style="margin:6px 0"><summary>{mark} {group.title}</summary>{page}</details>'


def _bound(rows: Sequence[Outcome], opened: int) -> str:
    """Say how many rows open, and where the others are whole, where not all of them do."""
    if opened == len(rows):
        return ""
    first = rows[opened]
    name = first.case.id if len(first.case.id) <= _ID_LENGTH and first.case.id.isprintable() else "…"
    where = f"frame.loc[frame.case == {name!r}]"
    which = f"The first {opened:,} can be opened" if opened else "None can be opened"
    said = html(f"{which}: a saved page has no room for more. The others are whole in the frame: {where}")
    return f'<div style="{FAINT};margin:4px 0">{said}</div>'


def _last_column(group: Group) -> str:
    if group.folded:
        return "output"
    return "expected and got" if group.rows[0].status == "fail" else "what happened"


def _table(rows: Sequence[str], last: str) -> str:
    columns = (("17%", "case"), ("13%", "result"), ("12%", "confidence"), ("58%", last))
    head = "".join(f'<th style="{HEAD};width:{width}">{name}</th>' for width, name in columns)
    return f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _row(run: Run, outcome: Outcome, describe: Describe | None, room: int) -> str:
    """Write one row; it opens where there is room for what is inside."""
    cached = " (cached)" if is_cached(outcome) else ""
    confidence = confidence_of(outcome)
    brief = f"<b>confident mistake:</b> {_brief(outcome)}" if confident_mistake(outcome) else _brief(outcome)
    if room:
        brief = f"<details><summary>{brief}</summary>{detail(outcome, describe, room)}</details>"
    return (
        f'<tr><td style="{CELL}">{html(label_of(run, outcome))}</td>'
        f'<td style="{CELL};{edge(outcome.status)}">{MARKS[outcome.status]} {WORDS[outcome.status]}{cached}</td>'
        f'<td style="{CELL}">{"" if confidence is None else format(confidence, ".2f")}</td>'
        f'<td style="{CELL}">{brief}</td></tr>'
    )


def _brief(outcome: Outcome) -> str:
    """Say a row in one line: why it failed or broke, else what came."""
    text = reason_of(outcome)
    if not text and outcome.completion is not None:
        text = one_line(outcome.completion.text, _BRIEF_LENGTH)
    if not text and outcome.answer is not None:
        text = one_line(as_text(outcome.answer.value), _BRIEF_LENGTH)
    return html(text) or "(nothing)"


def _names(run: Run, rows: Sequence[Outcome], room: int, *, title: str) -> str:
    """Name rows that have no line of their own, as many as fit, and say where they are."""
    named: list[str] = []
    mixed = rows[0].status != rows[-1].status
    for outcome in rows:
        name, _ = clip(label_of(run, outcome), 200)
        name = f"{WORDS[outcome.status]} {name}" if mixed else name
        room -= len(name.encode()) + 2
        if room < 0:
            break
        named.append(name)
    if len(named) < len(rows):
        named.append(f"and {len(rows) - len(named):,} more that are in the frame (column status)")
    return f'<div style="margin:4px 0">{title}: {", ".join(named)}</div>'
