"""Tool calls as an answer, where tools were offered: `{"tool_calls": [{"name": …, "arguments": {…}}], "content": …}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def wants_tools(body: Mapping[str, Any]) -> bool:
    """Tell whether a request offers tools."""
    return bool(body.get("tools") or body.get("functions"))


def read_calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the name and the arguments of each call of a message; nothing where one of them cannot be read."""
    written = message.get("tool_calls")
    if not written and isinstance(message.get("function_call"), dict):
        written = [{"function": message["function_call"]}]
    calls = []
    for one in written if isinstance(written, list) else []:
        function = one.get("function") if isinstance(one, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            return []
        calls.append({"name": function["name"], "arguments": _arguments(function.get("arguments"))})
    return calls


def calls_text(calls: list[dict[str, Any]], content: str) -> str:
    """Write calls, and the text beside them where there is one, as JSON."""
    more = {"content": content} if content.strip() else {}
    return json.dumps({"tool_calls": calls, **more}, ensure_ascii=False)


def _arguments(written: Any) -> Any:
    """Read the arguments; those that are no JSON stay the text that they are."""
    if not isinstance(written, str):
        return written
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written
