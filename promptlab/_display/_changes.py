"""What changed since the last version of a prompt: the words beside the cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptlab._diff import Segment
from promptlab._display._escape import clip, html, one_line
from promptlab._display._style import CELL, FAINT, IGNORE_MATH, PRE, ROOT, TABLE, edge, tint
from promptlab._types import Status

DIFF_ROOM = 14_000
"""Bytes of HTML that the difference of the texts may take."""

LIST_ROOM = 4_000
"""Bytes of HTML that each list of cases may take."""

IN_SIGHT = 6
"""Cases of a list that stand in sight; the others are behind a fold."""

CONTEXT = 120
"""Characters that are shown of what stayed, before and after a change."""

HEADLINE_LENGTH = 400

_PLAIN_LISTED = 20
_LIST = "margin:2px 0;padding:0 0 0 20px"

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
    broke = _cases("broke", "fail", changes.broke, IN_SIGHT)
    fixed = _cases("fixed", "pass", changes.fixed, IN_SIGHT)
    failing = _cases("still failing", "ungraded", changes.failing, 0)
    words = _words(changes.segments) if changes.segments else "The text is the same."
    return (
        f'<div class="{IGNORE_MATH}" style="{ROOT}"><div style="font-weight:600">What changed: {html(one_line(changes.headline, HEADLINE_LENGTH))}</div>'
        f'<table style="{TABLE}"><tbody><tr><td style="{CELL};width:50%">{words}</td>'
        f'<td style="{CELL};width:50%">{broke}{fixed}{failing}</td></tr></tbody></table></div>'
    )


def changes_text(changes: Changes) -> str:
    """Write what changed as plain lines: `[-gone-]` and `{+new+}`, then the cases."""
    found = [f"What changed: {one_line(changes.headline)}"]
    if changes.segments:
        marks = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
        short = _shortened(changes.segments)
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
    for op, text in _shortened(segments):
        piece, taken = clip(text, left - 150)
        if op != "same" and piece:
            piece = f'<{tags[op]} style="{styles[op]}">{piece}</{tags[op]}>'
        left -= len(piece.encode())
        pieces.append(piece)
        if taken < len(text):
            pieces.append(" …")
            break
    return f'<div style="{FAINT}">text: struck is gone, underlined is new</div><pre style="{PRE}">{"".join(pieces)}</pre>'


def _shortened(segments: Sequence[Segment]) -> list[Segment]:
    """Leave out the middle of what stayed."""
    short: list[Segment] = []
    for index, (op, text) in enumerate(segments):
        if op != "same" or len(text) <= 3 * CONTEXT:
            short.append((op, text))
            continue
        before = text[:CONTEXT] if index else ""
        after = text[-CONTEXT:] if index < len(segments) - 1 else ""
        left_out = len(text) - len(before) - len(after)
        short.append((op, f"{before} ⋯ {left_out:,} characters unchanged ⋯ {after}"))
    return short


def _cases(title: str, status: Status, cases: Sequence[CaseLine], in_sight: int) -> str:
    """List cases: some in sight, the others behind a fold, and a number for those that have no room."""
    items = _items(cases)
    if len(items) <= in_sight + 1:  # a fold for one line would hide it for nothing
        in_sight = len(items)
    shown, folded = items[:in_sight], items[in_sight:]
    listed = f'<ul style="{_LIST}">{"".join(shown)}</ul>' if shown else ""
    if folded:
        more = f"{len(cases) - len(shown):,} more" if shown else "which"
        listed += f'<details><summary>{more}</summary><ul style="{_LIST}">{"".join(folded)}</ul></details>'
    style = f"margin:0 0 6px;padding:4px 8px;{edge(status)}"
    return f'<div style="{style}"><b>{len(cases):,} {title}</b>{listed}</div>'


def _items(cases: Sequence[CaseLine]) -> list[str]:
    items: list[str] = []
    left = LIST_ROOM
    for case, line in cases:
        name, _ = clip(one_line(case, 80), 300)
        text, _ = clip(one_line(line), 600)
        item = f"<li><b>{name}</b> {text}</li>"
        left -= len(item.encode())
        if left < 0:
            items.append(f"<li>{len(cases) - len(items):,} more</li>")
            break
        items.append(item)
    return items
