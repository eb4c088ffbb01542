"""A suite written as YAML of our own, case by case, so that reading it gives the same cases back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from promptlab._bars import ALL
from promptlab._cases._build import build
from promptlab._cases._reference import is_reference
from promptlab._cases._suite import Suite
from promptlab._cases._yaml import read as read_yaml_suite
from promptlab._errors import SuiteError
from promptlab._front import with_front
from promptlab._types import Case

FENCE = "---\n"


def write_suite(suite: Suite, *, prompt: str | None = None) -> str:
    """Write a suite as YAML.

    Args:
        suite: The suite.
        prompt: The prompt that the suite is for: a template, or a file beside it.

    Raises:
        SuiteError: It holds a value that no file can hold.
    """
    top: dict[str, Any] = {"suite": suite.name, **suite.settings}
    if prompt is not None:
        top["prompt"] = prompt
    if top.get("bars"):  # of a part of a suite: those for tags that none of its cases has are no bars of it
        top["bars"] = {tag: bar for tag, bar in top["bars"].items() if tag == ALL or tag in suite.tags}
    try:
        rest = "".join(("cases:\n", *map(_item, suite)))
        # A prompt file need not be there yet: what names it is left out of what is read again.
        checked = {
            key: value for key, value in top.items() if key != "prompt" or not is_reference(str(value))
        }
        written = read_yaml_suite(_block(checked) + rest, Path("suite.yaml"), "what was written")
        same = list(build(written, allow_code=True))
    except (TypeError, ValueError, RecursionError) as trouble:
        raise SuiteError(f"suite {suite.name!r} cannot be written: {trouble}") from trouble
    for case, again in zip(suite, same, strict=True):
        if _said(case) != _said(again):
            raise SuiteError(f"case {case.id!r} cannot be written so that it reads the same")
    return _block(top) + rest


def _item(case: Case) -> str:
    made: dict[str, Any] = {"id": case.id, "input": dict(case.input)}
    if case.expect is not None:
        made["expect"] = case.expect
    if case.tags:
        made["tags"] = list(case.tags)
    if case.why is not None:
        made["why"] = case.why
    if case.metadata:
        made["metadata"] = dict(case.metadata)
    lines = _block(made).split("\n")[:-1]
    return "".join(
        f"{'  - ' if number == 0 else '    '}{line}\n" if line else "\n" for number, line in enumerate(lines)
    )


def _block(values: dict[str, Any]) -> str:
    return with_front(values, "").removeprefix(FENCE).removesuffix(FENCE)


def _said(case: Case) -> tuple[Any, ...]:
    return case.id, dict(case.input), case.expect, case.tags, case.why, dict(case.metadata)
