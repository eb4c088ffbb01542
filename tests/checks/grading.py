"""How the tests of the checks grade: a text, an expectation, and what comes of it."""

from __future__ import annotations

import json
from typing import Any

from promptlab._grade import Graded, grade
from promptlab._types import Case, Completion
from promptlab.checks import compile_expect


def graded(answer: Any, expect: Any, *, allow_code: bool = False, **completion: Any) -> Graded:
    """Grade an answer, a text or a value to be written as JSON, against an expectation."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    case = Case(id="a", input={"request": "x"}, expect=expect)
    checks = compile_expect(expect, allow_code=allow_code)
    return grade(case, Completion(text=text, **completion), checks)


def passes(answer: Any, expect: Any, **completion: Any) -> bool:
    """Tell whether an answer passes; an error is neither and fails the test."""
    result = graded(answer, expect, **completion)
    assert result.status in ("pass", "fail"), result.reason
    return result.status == "pass"


def reason(answer: Any, expect: Any, **completion: Any) -> str:
    """Give the reason of an answer that fails."""
    result = graded(answer, expect, **completion)
    assert result.status == "fail"
    assert result.reason is not None
    return result.reason
