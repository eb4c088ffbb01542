"""What a row opens to: the prompt, the output, the answer, every check, what it took."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from promptlab._display._escape import clip, one_line
from promptlab._display._lines import WORDS, count, is_cached
from promptlab._display._style import FAINT, PRE
from promptlab._summary import dollars
from promptlab._types import Outcome, Verdict

Describe = Callable[[Outcome], str | None]
"""Gives the text that a row was asked with, or None where there is none."""

HEAD_ROOM = 1_500
"""Bytes of a text that stand in sight; the rest is behind a fold."""

_JSON_LENGTH = 20_000


def detail(outcome: Outcome, describe: Describe | None, room: int) -> str:
    """Write everything about a row.

    Args:
        outcome: The row.
        describe: Gives the text that it was asked with.
        room: Bytes of HTML that each of its texts may take.
    """
    completion, answer = outcome.completion, outcome.answer
    output = completion.text if completion is not None else answer.text if answer is not None else ""
    parts = [_checks(outcome.verdicts, room), *_asked(outcome, describe, room)]
    if output:
        parts.append(block("output", output, room, "output"))
    if completion is not None and completion.refusal:
        parts.append(block("refusal", completion.refusal, room, "output"))
    if answer is not None and answer.is_json and len(answer.text) <= _JSON_LENGTH:
        pretty = as_text(answer.value)
        if "".join(pretty.split()) != "".join(output.split()):
            parts.append(block("answer", pretty, room, "answer"))
    parts.append(_facts(outcome, room))
    return "".join(parts)


def block(title: str, text: str, room: int, column: str) -> str:
    """Write a text under its title: its beginning in sight, the rest behind a fold, the end in the frame."""
    head, taken = clip(text, min(room, HEAD_ROOM))
    page = f'<div style="{FAINT}">{title}</div><pre style="{PRE}">{head}</pre>'
    if taken == len(text):
        return page
    rest, more = clip(text[taken:], room - len(head.encode()))
    left = len(text) - taken - more
    if more:
        page += f'<details><summary>{count(more, "more character")}</summary><pre style="{PRE}">{rest}</pre></details>'
    if left:
        page += f'<div style="{FAINT}">{count(left, "more character")}: see the frame, column {column}</div>'
    return page


def as_text(value: Any) -> str:
    """Write a value as JSON, or as Python shows it where JSON does not know it."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except (TypeError, ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def _checks(verdicts: tuple[Verdict, ...], room: int) -> str:
    """List the checks, the failing ones first."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.passed)
    items: list[str] = []
    left = 2 * room
    for verdict in ordered:
        text, taken = clip(_verdict(verdict), min(room, left))
        if not taken:
            break
        left -= len(text.encode()) + 20
        items.append(f"<li>{text}</li>")
    if not items:
        return ""
    more = f"<li>{count(len(ordered) - len(items), 'more check')}</li>" if len(items) < len(ordered) else ""
    return f'<div style="{FAINT}">checks</div><ul style="margin:2px 0 6px">{"".join(items)}{more}</ul>'


def _verdict(verdict: Verdict) -> str:
    word = WORDS["pass"] if verdict.passed else WORDS["fail"]
    score = "" if verdict.score is None else f" ({verdict.score:.3g})"
    reason = (verdict.reason or "").removeprefix(f"{verdict.name}: ")
    return f"{word} {verdict.name}{score}" + (f": {one_line(reason)}" if reason else "")


def _asked(outcome: Outcome, describe: Describe | None, room: int) -> list[str]:
    """Write the prompt as it was sent; the case's input where the target is no prompt."""
    try:
        asked = describe(outcome) if describe is not None else None
    except Exception as error:  # noqa: BLE001 - a prompt that cannot be rendered again must not cost the record
        asked = f"(the prompt could not be rendered again: {type(error).__name__})"
    if asked:
        return [block("prompt", asked, room, "input.*")]
    if not outcome.case.input:
        return []
    return [block("input", as_text(dict(outcome.case.input)), room, "input.*")]


def _facts(outcome: Outcome, room: int) -> str:
    """Say in small print what the row took and where its case comes from."""
    facts = [*_spent(outcome)]
    case = outcome.case
    if case.why:
        facts.append(f"why: {case.why}")
    if case.where:
        facts.append(f"case: {case.where}")
    if case.tags:
        facts.append(f"tags: {', '.join(case.tags)}")
    notes = (
        *(outcome.completion.notes if outcome.completion else ()),
        *(outcome.answer.notes if outcome.answer else ()),
    )
    facts += [f"note: {note}" for note in notes]
    text, _ = clip("; ".join(facts), room)
    return f'<div style="{FAINT}">{text}</div>'


def _spent(outcome: Outcome) -> list[str]:
    completion = outcome.completion
    facts = ["from the store"] if is_cached(outcome) else [count(outcome.attempts, "attempt")]
    if completion is None:
        return facts
    if completion.latency_s is not None:
        facts.append(f"{completion.latency_s:.2f} s")
    if completion.input_tokens is not None:
        facts.append(f"{completion.input_tokens:,} tokens in")
    if completion.output_tokens is not None:
        facts.append(f"{completion.output_tokens:,} tokens out")
    if completion.cost_usd is not None:
        facts.append(dollars(completion.cost_usd))
    if completion.model:
        facts.append(f"model {completion.model}")
    if completion.finish_reason and completion.finish_reason != "stop":
        facts.append(f"finish reason {completion.finish_reason}")
    return facts
