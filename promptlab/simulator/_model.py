"""The answering model: reads the prompt that it is given, and nothing else.

It knows no suite, no case and no expected answer. It learns from the prompt's own words (its labels,
descriptions, examples and rules) what may be answered, weighs what is asked against that, and writes the
answer in the form that the prompt asks for.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
from collections.abc import Mapping
from typing import Any

from promptlab.simulator._fill import Findings, Step, fill
from promptlab.simulator._judge import Noise, choose, compose, every
from promptlab.simulator._page import Page, read_page
from promptlab.simulator._parameters import assign
from promptlab.simulator._reply import Reply
from promptlab.simulator._request import find
from promptlab.simulator._rules import Rules

__all__ = ["reply"]

_TOKEN = re.compile(r"\s?\w{1,6}|\s?[^\w\s]|\s+")
HOTTEST = 2.0
"""The highest temperature; more is taken for this."""
_SURELY = -1e-4
"""The log probability of a token about which there is no doubt."""


def reply(body: Mapping[str, Any], *, seed: int) -> Reply:
    """Answer the body of a chat completion request.

    Args:
        body: The request: `messages`, and maybe `temperature`, `seed`, `response_format`, `logprobs`.
        seed: The server's seed; the same body and seed get the same answer.
    """
    messages = body.get("messages")
    asked = find(messages if isinstance(messages, list) else [])
    form = body.get("response_format")
    page = read_page(
        asked.prompt, asked.shots, json.dumps(form, sort_keys=True) if isinstance(form, dict) else ""
    )
    noise = _noise(body, seed)
    findings = _findings(page, asked.request, noise)
    if page.shape is not None:
        text = json.dumps(fill(page.shape, findings), ensure_ascii=False)
        telling = json.dumps(_told(findings), ensure_ascii=False).strip('"')
    else:
        text = telling = _plain(page, findings)
    tokens = _logprobs(text, telling, findings.sure) if body.get("logprobs") is True else None
    return Reply(text=text, logprobs=tokens)


def _noise(body: Mapping[str, Any], seed: int) -> Noise:
    temperature = body.get("temperature")
    amount = (
        float(temperature)
        if isinstance(temperature, int | float) and not isinstance(temperature, bool)
        else 0.0
    )
    if not 0.0 < amount < math.inf:
        return Noise(random.Random(0))  # noqa: S311 - never drawn from
    told = json.dumps([body.get("messages"), body.get("seed"), seed], sort_keys=True, default=str)
    drawn = hashlib.sha256(told.encode("utf-8", "replace")).digest()
    return Noise(random.Random(drawn), min(amount, HOTTEST))  # noqa: S311 - a simulation, no secret


def _findings(page: Page, text: str, noise: Noise) -> Findings:
    """Do what the prompt asks for."""
    laid_down = page.rules
    if page.task == "extract":
        values, sure = assign(page.parameters, text)
        return Findings(
            text,
            parameters=page.parameters,
            values=values,
            found=bool(values),
            omit=laid_down.omit,
            sure=sure,
        )
    if page.task == "browse":
        several, sure = every(page.learner, text, noise, laid_down.threshold)
        return Findings(text, several=several, found=bool(several), fits=sure, sure=sure)
    if page.task == "compose":
        found, sure = compose(page.learner, text, noise)
        steps = [Step(entry, clause, place) for place, (entry, clause) in enumerate(found, 1)]
        return Findings(text, steps=steps, found=bool(steps), fits=sure, sure=sure)
    if page.task == "talk":
        return Findings(text)
    choice = choose(page.learner, text, noise, none=laid_down.none, threshold=laid_down.threshold)
    return Findings(
        text,
        entry=choice.entry,
        none=_none_of(laid_down),
        found=choice.entry is not None,
        fits=choice.fits,
        sure=choice.sure,
        several=choice.others,
        why=choice.why,
    )


def _none_of(laid_down: Rules) -> str | None:
    label = laid_down.label
    return None if label is None or label.lower() in {"null", "false", "found"} else label


def _told(findings: Findings) -> str:
    if findings.steps:
        return findings.steps[0].entry.name
    if findings.entry is None and findings.several:
        return findings.several[0].name
    return findings.entry.name if findings.entry else findings.none or "null"


def _plain(page: Page, findings: Findings) -> str:
    """Answer in plain text: the name alone, the names in a row, the values a line each."""
    if page.task == "choose":
        return findings.entry.name if findings.entry else findings.none or "none"
    if page.task == "browse":
        return ", ".join(entry.name for entry in findings.several) or "none"
    if page.task == "extract":
        return "\n".join(f"{name}: {value}" for name, value in findings.values.items()) or "none"
    words = " ".join(findings.asked.split())
    return f"You said: {words[:200]}" if words else "There is nothing to answer."


def _logprobs(text: str, telling: str, sure: float) -> tuple[tuple[str, float], ...]:
    """Cut an answer into tokens; the first token of what was decided bears the doubt, the others none."""
    place, decided = 0, max(text.find(telling), 0)
    doubt = math.log(min(max(sure, 1e-6), 1.0))
    tokens: list[tuple[str, float]] = []
    for match in _TOKEN.finditer(text):
        bears = place <= decided < match.end()
        tokens.append((match[0], doubt if bears else _SURELY))
        place = match.end()
    return tuple(tokens)
