"""What the tests of the answering model share: asking it in process, and a grader for one field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from promptlab.simulator._model import reply

CASES = Path(__file__).resolve().parents[2] / "cases"


def prompt_text(name: str) -> str:
    """Give the text of a prompt file without its front matter."""
    text = (CASES / "prompts" / f"{name}.md").read_text(encoding="utf-8")
    return text.split("---\n", 2)[2].strip()


def body(prompt: str, request: str = "", **more: Any) -> dict[str, Any]:
    """Make a request body of one user message, its hole filled."""
    return {"messages": [{"role": "user", "content": prompt.replace("{{ request }}", request)}], **more}


def answer(prompt: str, request: str, *, seed: int = 0, **more: Any) -> Any:
    """Ask, and read the answer as JSON."""
    return json.loads(reply(body(prompt, request, **more), seed=seed).text)


def utterances() -> list[tuple[str, str]]:
    """Give the utterances of `travel_intents` with their intents."""
    suite = yaml.safe_load((CASES / "travel_intents.yaml").read_text(encoding="utf-8"))
    return [(case["input"]["request"], case["expect"]["intent"]) for case in suite["cases"]]


def share(prompt: str, *, renamed: Mapping[str, str] | None = None, scope: bool | None = None) -> float:
    """Grade a prompt over `travel_intents`: the share of right intents.

    Args:
        prompt: The prompt's text.
        renamed: The names that the prompt uses instead of the intents' own.
        scope: True for utterances in scope only, False for those out of scope only.
    """
    names = renamed or {}
    asked = [(text, intent) for text, intent in utterances() if scope is None or (intent != "oos") is scope]
    right = sum(answer(prompt, text)["intent"] == names.get(intent, intent) for text, intent in asked)
    return right / len(asked)
