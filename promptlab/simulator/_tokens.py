"""The simulator's count of tokens: four characters a token, rounded up.

It is no tokenizer: it is a rule that a reader can check by hand, and near what English text costs.
A part of a message that is no text (an image, a sound) counts as `PART_TOKENS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["CHARS_PER_TOKEN", "PART_TOKENS", "content_text", "count", "count_messages"]

CHARS_PER_TOKEN = 4
PART_TOKENS = 85


def count(text: str) -> int:
    """Count the tokens of a text."""
    return -(-len(text) // CHARS_PER_TOKEN)


def count_messages(messages: Iterable[Mapping[str, Any]]) -> int:
    """Count the tokens of a conversation: the texts, the parts that are none, and tool calls as JSON."""
    return sum(_count_message(message) for message in messages)


def content_text(content: Any) -> str:
    """Give the text of a message's content: itself, or its text parts, one a line."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(text for part in content if isinstance(text := _part_text(part), str))


def _count_message(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    if isinstance(content, list):
        tokens = sum(PART_TOKENS if (text := _part_text(part)) is None else count(text) for part in content)
    else:
        tokens = count(content_text(content))
    calls = message.get("tool_calls")
    return tokens + (count(json.dumps(calls)) if calls else 0)


def _part_text(part: Any) -> str | None:
    text = part.get("text") if isinstance(part, Mapping) else None
    return text if isinstance(text, str) else None
