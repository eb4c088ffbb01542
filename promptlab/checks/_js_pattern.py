r"""A JavaScript regular expression as one of Python's that means the same; what has no twin is refused.

Both languages share most of their syntax and differ in what it means: `\d`, `\w` and `\b` know ASCII alone in
JavaScript, `$` holds at the very end, `.` stops at four line ends, and named groups are written another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptlab._errors import UsageError
from promptlab._show import show

_SPACES = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_OUTSIDE = {
    "d": "[0-9]", "D": "[^0-9]", "w": "[A-Za-z0-9_]", "W": "[^A-Za-z0-9_]",
    "s": f"[{_SPACES}]", "S": f"[^{_SPACES}]",
}  # fmt: skip
_INSIDE = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACES}
_SAME = frozenset("bBnrtfv0123456789")
_NAME = re.compile(r"\?<([A-Za-z_][A-Za-z0-9_]*)>")
_BACK = re.compile(r"k<([A-Za-z_][A-Za-z0-9_]*)>")
_CODE = re.compile(r"u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}")
_GROUPS = ("?:", "?=", "?!", "?<=", "?<!")
_NO_QUANTIFIER = re.compile(r"\{,[0-9]+\}")


def from_javascript(written: str) -> str:
    """Translate a pattern.

    Raises:
        UsageError: It has something that Python's patterns cannot say in the same way.
    """
    translated = "".join(_pieces(written))
    try:
        re.compile(f"(?a){translated}")
    except (re.error, OverflowError, RecursionError) as trouble:
        raise UsageError(f"{show(written, 80)} is no regular expression: {trouble}") from trouble
    return f"(?a){translated}"


def _pieces(written: str) -> Iterator[str]:
    at, in_class = 0, False
    while at < len(written):
        char = written[at]
        if char == "\\":
            piece, at = _escape(written, at + 1, in_class=in_class)
            yield piece
            continue
        if in_class:
            in_class = char != "]"
            yield f"\\{char}" if char in "[&~|" else char
        elif char == "[":
            if written.startswith(("[]", "[^]"), at):
                raise UsageError(
                    f"{show(written, 80)} has an empty class, which Python's patterns do not know"
                )
            in_class = True
            if written.startswith("[^", at):
                at += 1
                yield "[^"
            else:
                yield "["
        elif char == "(":
            piece, at = _group(written, at + 1)
            yield piece
            continue
        else:
            yield _plain(written, at)
        at += 1


def _plain(written: str, at: int) -> str:
    """Translate one character outside classes and groups."""
    char = written[at]
    if char == "$":
        return r"\Z"
    if char == ".":
        return r"[^\n\r\u2028\u2029]"
    if char == "{" and _NO_QUANTIFIER.match(written, at):
        return r"\{"
    if char == "+" and at and written[at - 1] in "*+?}" and (at < 2 or written[at - 2] != "\\"):
        raise UsageError(f"{show(written, 80)} repeats a repeat, which JavaScript does not allow")
    return char


def _group(written: str, at: int) -> tuple[str, int]:
    """Translate what opens a group, after its parenthesis."""
    named = _NAME.match(written, at)
    if named:
        return f"(?P<{named[1]}>", named.end()
    if written.startswith("?", at):
        for kind in _GROUPS:
            if written.startswith(kind, at):
                return f"({kind}", at + len(kind)
        raise UsageError(
            f"{show(written, 80)} has a group `({written[at : at + 3]}…`, which JavaScript does not know"
        )
    return "(", at


def _escape(written: str, at: int, *, in_class: bool) -> tuple[str, int]:
    """Translate an escape, after its backslash."""
    if at >= len(written):
        raise UsageError(f"{show(written, 80)} ends in a backslash")
    char = written[at]
    if code := _CODE.match(written, at):
        return f"\\{code[0]}", code.end()
    if not in_class and (back := _BACK.match(written, at)):
        return f"(?P={back[1]})", back.end()
    known = _INSIDE if in_class else _OUTSIDE
    if char in known:
        return known[char], at + 1
    if char in _SAME and not (in_class and char == "B"):
        return f"\\{char}", at + 1
    if char.isascii() and char.isalpha():
        raise UsageError(
            f"{show(written, 80)} has `\\{char}`, which Python's patterns say in no way that is the same"
        )
    return re.escape(char), at + 1
