"""Differences of texts as HTML: in one piece, or one side of it, at a bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptlab._diff import Segment
from promptlab._display._escape import clip
from promptlab._display._style import FAINT, tint

CONTEXT = 160
"""Characters that are shown of what is the same, before and after a change."""

LONG = 4 * CONTEXT
"""What is the same and longer than this loses its middle."""

_STRUCK = ("del", f"text-decoration:line-through;background-color:{tint('fail', 0.22)}")
_UNDERLINED = ("ins", f"background-color:{tint('pass', 0.22)}")
_WHOLE = {"gone": _STRUCK, "new": _UNDERLINED}
"""How what went and what came look in one piece: struck and underlined."""
_SIDES = {"gone": ("ins", f"background-color:{tint('fail', 0.22)}"), "new": _UNDERLINED}
"""How they look apart: underlined on either side, since nothing is gone there."""


def both_marked(segments: Sequence[Segment], room: int) -> str:
    """Write a difference in one piece: what went struck, what came underlined.

    Args:
        segments: As `word_diff` gives them.
        room: Bytes of HTML at most.
    """
    return _marked(segments, room, _WHOLE)


def one_side(segments: Sequence[Segment], side: str, room: int) -> str:
    """Write one side of a difference, the words that the other side lacks marked.

    Args:
        segments: As `word_diff` gives them.
        side: `gone` for the old text, `new` for the new one.
        room: Bytes of HTML at most.
    """
    return _marked([(op, text) for op, text in segments if op in ("same", side)], room, _SIDES)


def _marked(segments: Sequence[Segment], room: int, marks: Mapping[str, tuple[str, str]]) -> str:
    pieces: list[str] = []
    left = room - 20
    for op, text, is_gap in _shortened(segments):
        if is_gap:
            before, after = f'<span style="{FAINT}">[', "]</span>"
        elif op in marks:
            tag, style = marks[op]
            before, after = f'<{tag} style="{style}">', f"</{tag}>"
        else:
            before = after = ""
        piece, taken = clip(text, left - len(before) - len(after))
        if piece:
            piece = f"{before}{piece}{after}"
        left -= len(piece.encode())
        pieces.append(piece)
        if taken < len(text):
            pieces.append(" …")
            break
    return "".join(pieces)


def _shortened(segments: Sequence[Segment]) -> Iterator[tuple[str, str, bool]]:
    """Leave out the middle of what is the same, so that the changes stay in sight; True for what stands in its place."""
    for index, (op, text) in enumerate(segments):
        if op != "same" or len(text) <= LONG:
            yield op, text, False
            continue
        alone = len(segments) == 1
        before = _until_blank(text[: LONG if alone else CONTEXT]) if index or alone else ""
        after = _until_blank(text[-CONTEXT:][::-1])[::-1] if index < len(segments) - 1 else ""
        yield op, before, False
        yield op, f"{len(text) - len(before) - len(after):,} characters the same", True
        yield op, after, False


def _until_blank(text: str) -> str:
    """Cut a text back to its last blank, where there is one near its end."""
    head, blank, tail = text.rpartition(" ")
    return head + blank if head and len(tail) < 40 else text
