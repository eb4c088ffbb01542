"""promptfoo's assertions on JSON and on tool calls, as its documentation defines them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab._types import Answer, Case
from promptlab.checks._like import NAMED, Mark, Measure, first_objects, strict_json
from promptlab.checks._same import number_of
from promptlab.checks._schema import Schema, schema

Call = tuple[str, Any]
"""A tool's name with the arguments it is called with."""


def is_json(value: Any, threshold: Any) -> Measure:
    """Build `is-json`: the whole answer is JSON, and fits the schema where one is given."""
    del threshold
    known = _schema_of(value, "is-json")

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        read = strict_json(answer.text)
        if read is None or known is None:
            return Mark(read is not None, "JSON and nothing else")
        trouble = known.trouble(read[0])
        return Mark(trouble is None, "JSON that fits the schema", got=trouble)

    return measure


def contains_json(value: Any, threshold: Any) -> Measure:
    """Build `contains-json`: an object somewhere in the answer, that fits the schema where one is given."""
    del threshold
    known = _schema_of(value, "contains-json")
    wanted = "text with a JSON object in it" + (" that fits the schema" if known else "")

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        whole = strict_json(answer.text)
        found = first_objects(answer.text) if whole is None or isinstance(whole[0], str) else [whole[0]]
        return Mark(any(known is None or known.trouble(one) is None for one in found), wanted)

    return measure


def valid_calls(value: Any, threshold: Any) -> Measure:
    """Build `is-valid-openai-tools-call`: every call is of a tool that was offered, and its arguments fit.

    Args:
        value: The tools, as a request offers them.
        threshold: Of no use here.
    """
    del threshold
    tools = {name: schema(parameters, "parameters") for name, parameters in offered(value)}

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        wanted = "calls of the tools that are offered, with arguments that fit"
        calls = calls_in(answer.text)
        if not calls:
            return Mark(False, wanted)
        for name, arguments in calls:
            if name not in tools:
                return Mark(False, wanted, got=f"a call of {show(name, NAMED)}")
            if (trouble := tools[name].trouble(arguments)) is not None:
                return Mark(False, wanted, got=f"{name}: {trouble}")
        return Mark(True, wanted)

    return measure


def calls_f1(value: Any, threshold: Any) -> Measure:
    """Build `tool-call-f1`: the F1 score of the names that are called against those that should be, as sets."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(one, str) and one.strip() for one in parts):
        raise UsageError(f"`tool-call-f1` needs names of tools, got {show(value, 80)}")
    least = 1.0 if threshold is None else number_of(threshold)
    if not parts or least is None or not 0 < least <= 1:
        raise UsageError("`tool-call-f1` needs names of tools, and a threshold above 0 and at most 1")
    expected = {one.strip() for one in parts}
    bar = float(least)

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        called = {name for name, _ in calls_in(answer.text)}
        score = 2 * len(called & expected) / (len(called) + len(expected))
        said = f"{score:.3f} (called: {', '.join(sorted(called)) or 'none'})"
        return Mark(score >= bar, f"an F1 score from {bar:g} for {', '.join(sorted(expected))}", score, said)

    return measure


def offered(tools: Any) -> list[tuple[str, Any]]:
    """Give the name and the parameters' schema of each tool.

    Raises:
        UsageError: They are no list of functions.
    """
    found = []
    for one in tools if isinstance(tools, list) else []:
        function = one.get("function", one) if isinstance(one, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise UsageError(f"a tool is a function with a name, got {show(one, 80)}")
        found.append((function["name"], function.get("parameters", {})))
    if not found:
        raise UsageError(f"the tools are a list of functions, got {show(tools, 80)}")
    return found


def calls_in(text: str) -> list[Call]:
    """Read the calls of an answer: those that we write, or those of the provider; none where one is none."""
    read = strict_json(text)
    value = read[0] if read else None
    if isinstance(value, Mapping):
        value = value.get("tool_calls", [value])
    calls: list[Call] = []
    for one in value if isinstance(value, list) else []:
        function = one.get("function", one) if isinstance(one, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            return []
        calls.append((function["name"], _arguments(function.get("arguments", {}))))
    return calls


def _arguments(written: Any) -> Any:
    read = strict_json(written) if isinstance(written, str) else None
    return read[0] if read else written


def _schema_of(value: Any, kind: str) -> Schema | None:
    if isinstance(value, str):
        read = strict_json(value)
        if read is None:
            raise UsageError(f"`{kind}` needs a schema, got {show(value, 80)}")
        value = read[0]
    return None if value is None else schema(value, kind)
