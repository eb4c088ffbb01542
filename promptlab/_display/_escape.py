"""Words of others made harmless: on a line of a log, on a terminal and on a page.

What a model, a case or an error says is data. Control, escape and direction-changing characters are shown
as what they are, lines cannot be mistaken for the commands of a CI service, and on a page nothing is
markup, a link or mathematics.
"""

from __future__ import annotations

import re
from html import escape

from promptlab._show import harmless

REASON_LENGTH = 500
"""A reason on a screen has at most this many characters."""

_CI_PREFIX = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
_MATH = re.compile(r"[$\\]")


def visible(text: str) -> str:
    """Show characters that would steer the reader's screen as escapes; keep line ends and tabs."""
    return harmless(text)


def one_line(text: str, limit: int = REASON_LENGTH) -> str:
    """Put a text of others on one harmless line of at most `limit` characters."""
    cut = len(text) > limit
    line = visible(text[: limit + 1].strip("\r\n\t ")).replace("\t", " ").replace("\n", " ⏎ ")
    line = _CI_PREFIX.sub("## ", line)
    if cut or len(line) > limit:
        return line[: limit - 1] + "…"
    return line


def lines(text: str) -> str:
    """Make a text of several lines harmless for a log: no line begins with a CI service's command."""
    safe = _CI_PREFIX.sub("## ", visible(text).replace("\t", " ")).split("\n")
    return "\n".join(": " + line.lstrip() if line.lstrip().startswith("::") else line for line in safe)


def html(text: str) -> str:
    """Make a text of others harmless for a page's content. Not for attributes.

    The dollar and the backslash stand in elements of their own: a page's mathematics (MathJax in
    JupyterLab and in exported notebooks) begins and ends within one run of text, and finds none.
    """
    return _MATH.sub(r"<span>\g<0></span>", escape(visible(text)))


def clip(text: str, room: int) -> tuple[str, int]:
    """Escape as much of a text's beginning as fits `room` bytes of HTML.

    Returns:
        The HTML, and how many characters of the text it holds.
    """
    taken = max(0, min(len(text), room))
    while taken:
        page = html(text[:taken])
        size = len(page.encode())
        if size <= room:
            return page, taken
        taken = min(taken - 1, taken * room // size)
    return "", 0
