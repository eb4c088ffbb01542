"""A comparison as HTML: the sentence, the variants, in what they differ, and the cases that changed sides.

All of it within a number of bytes, with inline styles alone and without a script, so that it stays readable in
a saved notebook, in a light and in a dark one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptlab._compare import Contrast, Versus, contrast
from promptlab._contest._cases_page import case_lists
from promptlab._contest._marked import both_marked
from promptlab._contest._shown import (
    Shown,
    cost_words,
    could_tell,
    error_words,
    latency_words,
    percent,
    score_words,
    token_words,
)
from promptlab._display._escape import clip, one_line
from promptlab._display._lines import count
from promptlab._display._style import CELL, FAINT, GROUND, HEAD, IGNORE_MATH, LINE, PRE, ROOT, TABLE, tint

ROOM = 95_000
"""Bytes of HTML in a notebook."""
FILE_ROOM = 4_000_000
"""Bytes of HTML in a file of its own."""

NAME_LENGTH = 80
NOTE_LENGTH = 400
NOTES_SHOWN = 12
DIFF_SHARE = 6
"""The difference of the texts takes at most one in so many bytes, over all variants."""
SHORT_DIFF = 600
"""A difference of the texts of at most so many characters stands open."""
VARIANTS_SHOWN = 40
VALUES_SHOWN = 20

_SECTION = "font-weight:600;margin:10px 0 2px"


def page(shown: Shown, room: int) -> str:
    """Write a comparison.

    Args:
        shown: What there is to show.
        room: Bytes of HTML at most.
    """
    head = _headlines(shown) + _standings(shown) + _notes(shown.notes)
    left = room - len(head.encode()) - 400
    parts: list[str] = []
    for number, one in enumerate(shown.found):
        share = left // (len(shown.found) - number)
        part = _versus(shown, one, share)
        if len(part.encode()) > share:
            break
        parts.append(part)
        left -= len(part.encode())
    if len(parts) < len(shown.found):
        parts.append(f"<div>{len(shown.found) - len(parts)} more variants: see .verdicts and .table</div>")
    return f'<div class="promptlab-comparison {IGNORE_MATH}" style="{ROOT}">{head}{"".join(parts)}</div>'


def _headlines(shown: Shown) -> str:
    several = len(shown.found) > 1
    lines = []
    for one in shown.found[:VARIANTS_SHOWN]:
        about = f"{_name(one.variant)} against {_name(one.baseline)}: " if several else ""
        size = 13 if several else 15
        lines.append(
            f'<div style="font-weight:600;font-size:{size}px">{about}{_text(one.finding.sentence, 400)}</div>'
        )
    label = " (simulated: no model answered)" if shown.simulated else ""
    about = f"{one_line(shown.suite, NAME_LENGTH)}{label}".strip()
    parts = (about, f"baseline: {one_line(shown.board.variants[0], NAME_LENGTH)}", could_tell(shown.found))
    small = _text("; ".join(part for part in parts if part), 400)
    return f'{"".join(lines)}<div style="{FAINT}">{small}</div>'


def _standings(shown: Shown) -> str:
    """Write a row a variant."""
    columns = (
        ("15%", "variant"), ("25%", "passed, 95 % interval"), ("12%", "errors"), ("9%", "mean confidence"),
        ("14%", "latency, median"), ("15%", "tokens"), ("10%", "cost"),
    )  # fmt: skip
    head = "".join(f'<th style="{HEAD};width:{width}">{name}</th>' for width, name in columns)
    rows = []
    for row in shown.standings[:VARIANTS_SHOWN]:
        version = (
            ""
            if not isinstance(row["version"], str)
            else f'<div style="{FAINT}">{_text(row["version"], 20)}</div>'
        )
        cells = (
            f"<b>{_name(row['variant'])}</b>{version}",
            f"{_text(score_words(row), 80)}{_band(row)}",
            _text(error_words(row) or "none", 80),
            percent(row["confidence"]),
            _text(latency_words(row), 80),
            _text(token_words(row), 80),
            _text(cost_words(row, simulated=shown.simulated), 80),
        )
        written = "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells)
        rows.append(f"<tr>{written}</tr>")
    more = len(shown.standings) - len(rows)
    rest = f"<div>{more} more variants: see .summary</div>" if more else ""
    return (
        f'<table style="{TABLE};margin:6px 0"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{rest}"
    )


def _band(row: Mapping[str, Any]) -> str:
    """Draw the interval on a track from 0 to 100 %, the score as a mark. It repeats the words above it."""
    words = score_words(row)
    if not words.endswith("]"):
        return ""
    low, score, high = (100 * float(row[name]) for name in ("low", "score", "high"))
    mark = 1.2
    pieces = (
        (max(0.0, low), "rgba(128,128,128,0)"),
        (max(0.0, score - low - mark / 2), "rgba(128,128,128,0.45)"),
        (mark, tint("pass", 1)),
        (max(0.0, high - score - mark / 2), "rgba(128,128,128,0.45)"),
    )
    bars = "".join(
        f'<div style="width:{width:.2f}%;background-color:{colour}"></div>' for width, colour in pieces
    )
    track = f"display:flex;height:8px;max-width:260px;margin:3px 0;background-color:{GROUND};border:1px solid {LINE}"
    return f'<div style="{track}">{bars}</div>'


def _notes(notes: Sequence[str]) -> str:
    told = [f'<div style="{FAINT}">note: {_text(note, NOTE_LENGTH)}</div>' for note in notes[:NOTES_SHOWN]]
    if len(notes) > NOTES_SHOWN:
        told.append(f"<div>{len(notes) - NOTES_SHOWN} more notes: see .notes</div>")
    return "".join(told)


def _versus(shown: Shown, one: Versus, room: int) -> str:
    """Write a variant against the baseline: in what they differ, then the cases."""
    sources = {source.name: source for source in shown.sources}
    head = ""
    if len(shown.found) > 1:
        about = f"{_name(one.variant)} against {_name(one.baseline)}"
        head = f'<div style="{_SECTION};font-size:15px;border-bottom:1px solid {LINE}">{about}</div>'
    a, b = sources.get(one.baseline), sources.get(one.variant)
    if a is not None and b is not None:
        head += _differences(contrast(a, b), one, room // DIFF_SHARE)
    return head + case_lists(shown, one, room - len(head.encode()))


def _differences(found: Contrast, one: Versus, room: int) -> str:
    """Write the words and the settings in which two variants differ."""
    parts = []
    if found.segments:
        words = both_marked(found.segments, room)
        parts.append(
            f'<div style="{FAINT}">struck: {_name(one.baseline)} alone; underlined: {_name(one.variant)} alone</div>'
            f'<pre style="{PRE}">{words}</pre>'
        )
    if found.values:
        rows = "".join(
            f'<tr><td style="{CELL}">{_text(what, 60)}</td><td style="{CELL}">{_text(old, 200)}</td>'
            f'<td style="{CELL}">{_text(new, 200)}</td></tr>'
            for what, old, new in found.values[:VALUES_SHOWN]
        )
        names = "".join(
            f'<th style="{HEAD}">{name}</th>' for name in ("setting", _name(one.baseline), _name(one.variant))
        )
        parts.append(f'<table style="{TABLE}"><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>')
    told = {
        None: "The text of one of them is not known: it is an application, or its run is not in the store.",
        True: "The text is the same." if found.values else "Text, model and settings are the same.",
        False: "",
    }[found.same_text]
    if told:
        parts.append(f'<div style="{FAINT}">{told}</div>')
    changed = sum(len(text) for op, text in found.segments if op != "same")
    is_open = " open" if (found.segments or found.values) and changed <= SHORT_DIFF else ""
    return (
        f'<details{is_open} style="margin:6px 0"><summary style="font-weight:600">What differs'
        f'<span style="{FAINT};font-weight:400">: {_text(_difference_words(found), 300)}</span></summary>'
        f"{''.join(parts)}</details>"
    )


def _difference_words(found: Contrast) -> str:
    """Say in a line how much differs."""
    told = []
    words = {
        op: sum(len(text.split()) for kind, text in found.segments if kind == op) for op in ("gone", "new")
    }
    if found.segments:
        told.append(f"{count(words['gone'], 'word')} gone, {words['new']:,} new")
    told += [f"{what} {old} → {new}" for what, old, new in found.values[:3]]
    if not told:
        return "nothing" if found.same_text else "nothing that is known"
    return "; ".join(told)


def _name(name: str) -> str:
    return _text(name, NAME_LENGTH)


def _text(text: str, limit: int) -> str:
    page, _ = clip(one_line(text, limit), 6 * limit)
    return page
