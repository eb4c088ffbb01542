"""What changed since the last version of a prompt: the words beside the cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptlab._diff import Segment
from promptlab._display._escape import clip, html, one_line
from promptlab._display._style import FAINT, IGNORE_MATH, PRE, ROOT, TABLE, UNTINTED, edge, tint
from promptlab._types import Status

DIFF_ROOM = 14_000
"""Bytes of HTML that the difference of the texts may take."""

LIST_ROOM = 4_000
"""Bytes of HTML that each list of cases may take."""

IN_SIGHT = 6
NAMES_IN_SIGHT = 30
"""So many cases of a list stand in sight, with what there is to say of each and without; the others are behind a fold."""

CONTEXT = 120
"""Characters that are shown of what stayed, before and after a change."""

HEADLINE_LENGTH = 400

_PLAIN_LISTED = 20
_LIST = "margin:2px 0;padding:0 0 0 20px"
_HALF = "text-align:left;vertical-align:top;word-wrap:break-word;padding:3px 8px 3px 0;width:50%"

CaseLine = tuple[str, str]
"""A case's id, and what there is to say of it on one line (it may be empty)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a run differs from the one before it, and how its prompt does."""

    headline: str
    """One sentence with its numbers; names how many were fixed and how many broke."""
    segments: tuple[Segment, ...] = ()
    """The difference of the texts, as `word_diff` gives it; empty where the text is the same."""
    fixed: tuple[CaseLine, ...] = ()
    """Cases that failed before and pass now."""
    broke: tuple[CaseLine, ...] = ()
    """Cases that passed before and fail now."""
    failing: tuple[CaseLine, ...] = ()
    """Cases that failed before and fail still."""


def changes_html(changes: Changes) -> str:
    """Write what changed: the sentence, then the words beside the cases."""
    broke = _cases("broke", "fail", changes.broke)
    fixed = _cases("fixed", "pass", changes.fixed)
    failing = _cases("still failing", "ungraded", changes.failing, folded=True)
    words = _words(changes.segments) if changes.segments else "The text is the same."
    return (
        f'<div class="{IGNORE_MATH}" style="{ROOT}"><div style="font-weight:600">What changed: {html(one_line(changes.headline, HEADLINE_LENGTH))}</div>'
        f'<table style="{TABLE}"><tbody><tr style="{UNTINTED}"><td style="{_HALF}">{words}</td>'
        f'<td style="{_HALF}">{broke}{fixed}{failing}</td></tr></tbody></table></div>'
    )


def changes_text(changes: Changes) -> str:
    """Write what changed as plain lines: `[-gone-]` and `{+new+}`, then the cases."""
    found = [f"What changed: {one_line(changes.headline)}"]
    if changes.segments:
        marks = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
        short = _apart(_shortened(changes.segments))
        found.append("  " + one_line("".join(marks[op].format(text) for op, text in short), 2_000))
    for title, cases in (
        ("broke", changes.broke),
        ("fixed", changes.fixed),
        ("still failing", changes.failing),
    ):
        found += [f"  {title}: {one_line(f'{case} {line}')}" for case, line in cases[:_PLAIN_LISTED]]
        if len(cases) > _PLAIN_LISTED:
            found.append(f"  {title}: {len(cases) - _PLAIN_LISTED} more")
    return "\n".join(found)


def _words(segments: Sequence[Segment]) -> str:
    styles = {
        "gone": f"text-decoration:line-through;background-color:{tint('fail', 0.22)}",
        "new": f"text-decoration:underline;background-color:{tint('pass', 0.22)}",
    }
    tags = {"gone": "del", "new": "ins"}
    pieces: list[str] = []
    left = DIFF_ROOM
    for op, text in _apart(_shortened(segments)):
        piece, taken = clip(text, left - 150)
        if op != "same" and piece:
            piece = f'<{tags[op]} style="{styles[op]}">{piece}</{tags[op]}>'
        left -= len(piece.encode())
        pieces.append(piece)
        if taken < len(text):
            pieces.append(" …")
            break
    return f'<div style="{FAINT}">text: struck is gone, underlined is new</div><pre style="{PRE}">{"".join(pieces)}</pre>'


def _apart(segments: Sequence[Segment]) -> list[Segment]:
    """Put a blank between what went and what came in its place where they would read as one word."""
    found: list[Segment] = []
    for op, text in segments:
        before = found[-1] if found else ("same", "")
        if (before[0], op) == ("gone", "new") and not (before[1][-1:].isspace() or text[:1].isspace()):
            found.append(("same", " "))
        found.append((op, text))
    return found


def _shortened(segments: Sequence[Segment]) -> list[Segment]:
    """Leave out the middle of what stayed."""
    short: list[Segment] = []
    for index, (op, text) in enumerate(segments):
        if op != "same" or len(text) <= 3 * CONTEXT:
            short.append((op, text))
            continue
        before = _whole(text[:CONTEXT][::-1])[::-1] if index else ""
        after = _whole(text[-CONTEXT:]) if index < len(segments) - 1 else ""
        left_out = len(text) - len(before) - len(after)
        short.append((op, f"{before}⋯ {left_out:,} characters unchanged ⋯{after}"))
    return short


def _whole(text: str) -> str:
    """Leave out the piece of a line, or at least of a word, with which a cut text begins."""
    for gap in ("\n", " "):
        if gap in text:
            return text[text.index(gap) :]
    return text


def _cases(title: str, status: Status, cases: Sequence[CaseLine], *, folded: bool = False) -> str:
    """List cases: the first ones in sight unless all are folded, and a number for those that have no room."""
    named = f"<b>{len(cases):,} {title}</b>"
    bare = not any(line for _, line in cases)
    most = NAMES_IN_SIGHT if bare else IN_SIGHT
    shown = len(cases) if len(cases) <= most + 1 else most  # no fold for one line
    items, left = _items(cases)
    if folded and items:
        body = f"<details><summary>{named}</summary>{_listed(items, left, bare)}</details>"
    elif len(items) > shown:
        rest = f"<details><summary>{len(cases) - shown:,} more</summary>{_listed(items[shown:], left, bare)}</details>"
        body = named + _listed(items[:shown], 0, bare) + rest
    else:
        body = named + _listed(items, left, bare)
    return f'<div style="margin:0 0 6px;padding:4px 8px;{edge(status)}">{body}</div>'


def _items(cases: Sequence[CaseLine]) -> tuple[list[str], int]:
    """Write each case, as many as there is room for; gives how many are left."""
    items: list[str] = []
    room = LIST_ROOM
    for case, line in cases:
        name, _ = clip(one_line(case, 80), 300)
        text, _ = clip(one_line(line), 600)
        item = f"<b>{name}</b> {text}" if text else name
        room -= len(item.encode()) + len("<li></li>")
        if room < 0:
            break
        items.append(item)
    return items, len(cases) - len(items)


def _listed(items: Sequence[str], left: int, bare: bool) -> str:
    """Set names side by side, and cases with something to say one below the other."""
    if left:
        items = [*items, f"{left:,} more"]
    if not items:
        return ""
    if bare:
        return f"<div>{', '.join(items)}</div>"
    return f'<ul style="{_LIST}">{"".join(f"<li>{item}</li>" for item in items)}</ul>'
