"""How these tests grade: an answer's text against one entry in another tool's words."""

from __future__ import annotations

from typing import Any

from promptlab._grade import Graded, grade
from promptlab._types import Case, Completion
from promptlab.checks import compile_expect


def graded(text: str, *entries: dict[str, Any], **completion: Any) -> Graded:
    """Grade a text against entries of `foreign`."""
    expect = {"foreign": list(entries)}
    return grade(
        Case(id="a", input={}, expect=expect), Completion(text=text, **completion), compile_expect(expect)
    )


def passes(text: str, entry: dict[str, Any], **completion: Any) -> bool:
    """Tell whether a text passes; anything but pass and fail ends the test."""
    result = graded(text, entry, **completion)
    assert result.status in ("pass", "fail"), result.reason
    return result.status == "pass"
