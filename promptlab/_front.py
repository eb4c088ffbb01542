"""Front matter: the YAML between two `---` lines at the top of a prompt file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from promptlab._wording import Fail, a_kind, did_you_mean, quoted
from promptlab._yaml import plain_word, read_yaml
from promptlab._yaml_lines import find_line

KEYS = ("name", "model", "settings", "system", "messages")

_OPEN = re.compile(r"---[ \t]*\r?\n")
_CLOSE = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_BLOCK = re.compile("[\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]+")


def split_front(text: str, fail: Fail) -> tuple[dict[str, Any], str, int]:
    """Split a prompt file into its front matter, the text below and the line where that begins."""
    opened = _OPEN.match(text)
    if opened is None:
        return {}, text, 1
    closed = _CLOSE.search(text, opened.end())
    if closed is None:
        fail("a `---` line opens front matter here and no `---` line closes it", 1)
    block = text[opened.end() : closed.start()]
    body_line = text.count("\n", 0, closed.end()) + 1
    return _read(block, fail), text[closed.end() :], body_line


def _read(block: str, fail: Fail) -> dict[str, Any]:
    def fail_below(message: str, line: int | None) -> NoReturn:
        fail(f"in the front matter, {message}", None if line is None else line + 1)

    if not any(line.strip() and not line.lstrip().startswith("#") for line in block.splitlines()):
        return {}
    data = read_yaml(block, fail_below).data
    if not isinstance(data, dict):
        fail_below(
            f"{a_kind(data)} stands where `key: value` lines belong; to send text that begins with a `---` "
            "line, put two `---` lines before it",
            1,
        )
    for key in data:
        if key not in KEYS:
            known = f"{', '.join(KEYS[:-1])} and {KEYS[-1]}"
            hint = did_you_mean(key, KEYS) or (
                " Settings go under `settings:`." if _looks_like_setting(key) else ""
            )
            fail_below(f"the key {quoted(key)} is none of {known}.{hint}", find_line(block, (key,)))
    return dict(data)


def _looks_like_setting(key: str) -> bool:
    return key in {"temperature", "seed", "max_tokens", "max_completion_tokens", "top_p", "response_format"}


def with_front(front: Mapping[str, Any], body: str) -> str:
    """Write front matter above a text, so that `split_front` gives both back exactly."""
    lines = [line for key, value in front.items() if value is not None for line in _entry(key, value, 0)]
    if not lines and not body.startswith("---"):
        return body
    return "".join(("---\n", *lines, "---\n", body))


def _entry(key: str, value: Any, depth: int) -> list[str]:
    """Write `key: value`, one line a value, so that a difference shows where it is."""
    pad = "  " * depth
    plain = _PLAIN_KEY.fullmatch(key) and isinstance(plain_word(key), str)
    head = f"{pad}{key if plain else _json(key)}:"
    if isinstance(value, str) and "\n" in value and _BLOCK.fullmatch(value):
        kept = value.removesuffix("\n")
        chomp = "-" if kept == value else "+"
        body = [f"{pad}  {line}\n" if line else "\n" for line in kept.split("\n")]
        return [f"{head} |2{chomp}\n", *body]
    if isinstance(value, dict) and value:
        return [f"{head}\n", *(line for k, v in value.items() for line in _entry(k, v, depth + 1))]
    if isinstance(value, list) and value:
        return [f"{head}\n", *(f"{pad}  - {_json(item)}\n" for item in value)]
    return [f"{head} {_json(value)}\n"]


def _json(value: Any) -> str:
    """Write JSON that is YAML too: characters that YAML forbids are spelt out."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
