"""The tools that promptfoo's providers offer: of all they are configured with, the one thing that answers depend on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptlab._cases._beside import SCHEME, Beside
from promptlab._cases._report import Tally
from promptlab.checks._like_structure import offered

KEPT = ("name", "description", "parameters", "strict")
"""What is kept of a tool."""


def tools_of(written: Any, beside: Beside, tally: Tally) -> list[dict[str, Any]] | None:
    """Give the tools that all providers with tools offer; None where there are none, or not the same.

    Args:
        written: The value of `providers`.
        beside: The suite's folder.
        tally: Where it is noted what is not understood.
    """
    configs = [_config(one) for one in (written if isinstance(written, list) else [written])]
    given = [config.get("tools", config.get("functions")) for config in configs]
    given = [one for one in given if one]
    if not given:
        return None
    if any(one != given[0] for one in given):
        tally.miss("tools", "its providers offer different ones", "providers")
        return None
    tools = given[0]
    if (
        isinstance(tools, str)
        and tools.startswith(SCHEME)
        and tools.lower().endswith((".json", ".yaml", ".yml"))
    ):
        tools = beside.data(beside.find(tools)[0])[0]
    made = _functions(tools)
    if made is None:
        tally.miss("tools", "they are no list of functions", "providers")
        return None
    tally.note('the tools of its providers go with its prompts; calls are answered as {"tool_calls": [...]}')
    return made


def _config(provider: Any) -> Mapping[str, Any]:
    if isinstance(provider, Mapping) and "id" not in provider and len(provider) == 1:
        provider = next(iter(provider.values()))
    config = provider.get("config") if isinstance(provider, Mapping) else None
    return config if isinstance(config, Mapping) else {}


def _functions(tools: Any) -> list[dict[str, Any]] | None:
    made = []
    for one in tools if isinstance(tools, list) else []:
        function = one.get("function", one) if isinstance(one, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            return None
        made.append({"type": "function", "function": {key: function[key] for key in KEPT if key in function}})
    return made if made and offered(made) else None
