"""The cases of a comparison as HTML: broke first, then fixed, each opening to both outputs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptlab._compare import Pair, Row, Versus
from promptlab._contest._marked import one_side
from promptlab._contest._shown import Shown, contested_pair, is_confident_mistake, passed_of
from promptlab._diff import word_diff
from promptlab._display._escape import clip, html, one_line
from promptlab._display._lines import MARKS, WORDS
from promptlab._display._style import FAINT, GROUND, LINE, edge
from promptlab._show import show

NAME_LENGTH = 80
BRIEF_LENGTH = 200
REASON_LENGTH = 200
INPUT_LENGTH = 400
TEXT_LEAST, TEXT_MOST = 250, 12_000
"""Bytes of HTML that each of two outputs may take, with very many cases and with few."""
COMPARED = 40_000
"""Characters of an output that are compared word by word, at most."""
NAMES_ROOM = 3_000
"""Bytes of HTML that names without a line of their own may take."""
HALF = f"width:50%;padding:3px 8px;overflow:hidden;border-left:2px solid {LINE}"
SIDES = (
    "display:flex;white-space:pre-wrap;word-wrap:break-word;font-family:monospace;font-size:12px;"
    f"background-color:{GROUND}"
)
"""The look of two outputs: what can be inherited is said once, as there are many."""

OPEN = 3
"""So many cases stand open where they are few enough to be read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Cases that are listed together."""

    title: str
    """What became of them."""
    cases: Sequence[str]
    """Their ids."""
    became: str
    """The word for it."""
    folded: bool
    """Whether they are behind a fold."""


def case_lists(shown: Shown, one: Versus, room: int) -> str:
    """Write the cases: those that broke, those that were fixed, those that fail in both, the names of the others.

    Args:
        shown: What there is to show.
        one: Which variant against the baseline.
        room: Bytes of HTML at most.
    """
    kinds = [kind for kind in _kinds(shown, one) if kind.cases]
    names = _others(shown, one)
    left = room - len(names.encode())
    parts = []
    for number, kind in enumerate(kinds):
        # What comes first is what people look for: it gets most of what is left, the last gets all of it.
        share = left if number == len(kinds) - 1 else left * 3 // 5
        part = _listing(shown, one, kind, share)
        left -= len(part.encode())
        parts.append(part)
    return "".join(parts) + names


def _kinds(shown: Shown, one: Versus) -> tuple[Kind, ...]:
    ties = one.cases("tie")
    failing = [case for case in ties if not _all_passed(shown, one, case)]
    broke, fixed = one.cases("broke"), one.cases("fixed")
    name = one_line(one.variant, NAME_LENGTH)
    return (
        Kind(title=f"{len(broke):,} broke in {name}", cases=broke, became="broke", folded=False),
        Kind(title=f"{len(fixed):,} fixed by {name}", cases=fixed, became="fixed", folded=False),
        Kind(title=f"{len(failing):,} fail in both", cases=failing, became="tie", folded=True),
    )


def _all_passed(shown: Shown, one: Versus, case: str) -> bool:
    pairs = shown.board.pairs(one.baseline, one.variant, case)
    return all(all(pair.verdicts) for pair in pairs if pair.verdicts is not None)


def _others(shown: Shown, one: Versus) -> str:
    """Name the cases without a line of their own."""
    passing = [case for case in one.cases("tie") if _all_passed(shown, one, case)]
    wobbly = [
        f"{row['case']} ({row['variant']}: {row['passed']} of {row['graded']})"
        for row in shown.flaky
        if row["variant"] in (one.baseline, one.variant)
    ]
    groups = (
        ("flaky, their repeats do not agree", wobbly),
        ("without a verdict on one side", one.cases("no verdict")),
        ("not asked", one.cases("not asked")),
        ("pass in both", passing),
    )
    return "".join(_fold(f"{len(names):,} {title}", _listed(names)) for title, names in groups if names)


def _listed(names: Sequence[str]) -> str:
    told: list[str] = []
    left = NAMES_ROOM
    for name in names:
        text = _text(name, NAME_LENGTH)
        left -= len(text.encode()) + 2
        if left < 0:
            told.append(f"and {len(names) - len(told):,} more: see .table")
            break
        told.append(text)
    return f"<div>{', '.join(told)}</div>"


def _listing(shown: Shown, one: Versus, kind: Kind, room: int) -> str:
    """Write the cases of a kind as long as they fit, then names."""
    rows: list[str] = []
    left = room - NAMES_ROOM - 500
    text_room = max(TEXT_LEAST, min(TEXT_MOST, left // (5 * len(kind.cases))))
    for place, case in enumerate(kind.cases):
        is_open = not kind.folded and len(kind.cases) <= OPEN and place < OPEN
        row = _case(shown, one, kind, case, text_room, is_open=is_open)
        if len(row.encode()) > left:
            break
        left -= len(row.encode())
        rows.append(row)
    page = "".join(rows)
    if rest := kind.cases[len(rows) :]:
        page += f"<div>{len(rest):,} more by name alone:</div>{_listed(rest)}"
    if kind.folded:
        return _fold(html(kind.title), page)
    status = "fail" if kind.became == "broke" else "pass"
    style = f"font-weight:600;margin:10px 0 4px;padding:2px 8px;{edge(status)}"
    return f'<div style="{style}">{html(kind.title)}</div>{page}'


def _fold(title: str, inside: str) -> str:
    return (
        f'<details style="margin:6px 0"><summary style="font-weight:600">{title}</summary>{inside}</details>'
    )


def _case(shown: Shown, one: Versus, kind: Kind, case: str, room: int, *, is_open: bool) -> str:
    """Write a case: a line that opens to the input and both outputs."""
    pairs = shown.board.pairs(one.baseline, one.variant, case)
    pair = contested_pair(pairs, kind.became)
    failing = pair.b if kind.became != "fixed" else pair.a
    why = _text((failing.reason if failing is not None else None) or "", BRIEF_LENGTH)
    mistaken = "<b>confident mistake:</b> " if failing is not None and is_confident_mistake(failing) else ""
    was = "was: " if kind.became == "fixed" and why else ""
    line = f'<b>{_text(case, NAME_LENGTH)}</b> <span style="{FAINT}">{was}{mistaken}{why}</span>'
    inside = _inputs(pair) + _outputs(shown, one, case, pair, room)
    opened = " open" if is_open else ""
    return (
        f'<details{opened} style="margin:2px 0 2px 8px"><summary>{line}</summary>'
        f'<div style="margin:2px 0 8px 12px">{inside}</div></details>'
    )


def _inputs(pair: Pair) -> str:
    row = pair.a or pair.b
    if row is None or not row.inputs:
        return ""
    if len(row.inputs) == 1:
        ((name, value),) = row.inputs.items()
        told = f"{name}: {value if isinstance(value, str) else show(value, INPUT_LENGTH)}"
    else:
        told = show(dict(row.inputs), INPUT_LENGTH)
    return f"<div>{_text(told, INPUT_LENGTH)}</div>"


def _outputs(shown: Shown, one: Versus, case: str, pair: Pair, room: int) -> str:
    """Write both outputs side by side, the words marked that the other side lacks."""
    texts = [_output(pair.a), _output(pair.b)]
    looked_at = min(COMPARED, 4 * room)  # comparing what there is no room to show would only take time
    segments = word_diff(texts[0][:looked_at], texts[1][:looked_at])
    sides = []
    for name, row, side, text in zip(
        (one.baseline, one.variant), (pair.a, pair.b), ("gone", "new"), texts, strict=True
    ):
        rows = list(shown.board.repeats_of(name, case).values())
        words = one_side(segments, side, room)
        more = len(text) - looked_at
        rest = f"<div>{more:,} more characters: see .frame</div>" if more > 0 else ""
        sides.append(
            f'<div style="{HALF}"><b>{_side_head(name, row, rows)}</b>\n{words or "(nothing)"}{rest}</div>'
        )
    return f'<div style="{SIDES}">{"".join(sides)}</div>'


def _side_head(name: str, row: Row | None, rows: Sequence[Row]) -> str:
    told = _text(name, NAME_LENGTH)
    if row is None:
        return f"{told}: no such case"
    told += f": {MARKS[row.status]} {WORDS[row.status]}"
    if len(rows) > 1:
        told += f" in repeat {row.repeat} ({passed_of(rows)})"
    if row.confidence is not None:
        told += f", confidence {row.confidence:.2f}"
    if is_confident_mistake(row):
        told += ", confident mistake"
    if row.status in ("fail", "error") and row.reason:
        told += f": {_text(row.reason, REASON_LENGTH)}"
    return told


def _output(row: Row | None) -> str:
    if row is None or (row.output is None and row.answer is None):
        return ""
    return row.output if row.output is not None else show(row.answer, COMPARED)


def _text(text: str, limit: int) -> str:
    page, _ = clip(one_line(text, limit), 6 * limit)
    return page
