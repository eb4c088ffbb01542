"""The transforms that are plain: trimming, case, and a step or two into JSON. Everything else is code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab.checks._like import js_text, strict_json
from promptlab.checks._rules import CannotTellError

_PLAIN = re.compile(
    r"\s*(?P<from>output|JSON\.parse\(\s*output\s*\))"
    r"(?P<steps>(?:\.(?!trim\(|toLowerCase\(|toUpperCase\()[A-Za-z_$][\w$]*(?!\w*\()|\[\d{1,6}\]|\[\"[^\"\\]*\"\]|\['[^'\\]*'\])*)"
    r"(?P<calls>(?:\.(?:trim|toLowerCase|toUpperCase)\(\))*)\s*;?\s*"
)
_STEP = re.compile(r"\.([\w$]+)|\[(\d+)\]|\[[\"']([^\"']*)[\"']\]")
_JS_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def transform(written: Any) -> Callable[[str], str]:
    """Read a transform such as `JSON.parse(output).answer.trim()`.

    Raises:
        UsageError: It is more than that.
    """
    found = _PLAIN.fullmatch(written) if isinstance(written, str) and len(written) < 500 else None
    if found is None or (found["steps"] and found["from"] == "output"):
        raise UsageError(f"the transform {show(written, 80)} is code")
    steps: list[str | int] = [
        int(match[2]) if match[2] else match[1] or match[3] for match in _STEP.finditer(found["steps"])
    ]
    if "length" in steps:
        raise UsageError(f"the transform {show(written, 80)} is code")
    calls = re.findall(r"\.(\w+)\(\)", found["calls"])
    parsed = found["from"] != "output"

    def change(text: str) -> str:
        if parsed:
            text = _walked(text, steps, needs_text=bool(calls))
        for call in calls:
            text = (
                text.strip(_JS_SPACE)
                if call == "trim"
                else text.lower()
                if call == "toLowerCase"
                else text.upper()
            )
        return text

    return change


def _walked(text: str, steps: list[str | int], *, needs_text: bool) -> str:
    read = strict_json(text)
    if read is None:
        raise CannotTellError("the transform reads JSON, and the answer is none")
    value = read[0]
    for step in steps:
        inside = isinstance(value, dict) and step in value
        if not inside and not (isinstance(value, list) and isinstance(step, int) and step < len(value)):
            raise CannotTellError(f"the transform looks for {show(step, 60)}, which the answer does not have")
        value = value[step]
    if isinstance(value, (dict, list)):
        if needs_text:
            raise CannotTellError("the transform treats as text what is none")
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if value is None:
        raise CannotTellError("the transform finds null")
    return js_text(value)
