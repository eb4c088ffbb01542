"""Where variants differ before they are asked anything: texts, models, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from promptlab._diff import Segment, word_diff
from promptlab._errors import PromptError
from promptlab._prompt import Prompt
from promptlab._show import show

UNKNOWN = "(not known)"
"""Stands for a value that only one of the variants tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a variant is."""

    name: str
    """Its name in the comparison."""
    kind: str
    """`prompt`, `application`, or `unknown` where nothing but the rows is known."""
    version: str | None = None
    """First 8 characters of its hash."""
    model: str | None = None
    """The model asked for."""
    text: str | None = None
    """The prompt's messages as one text; None where there is none."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What else goes into the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """In what a variant differs from the baseline."""

    segments: tuple[Segment, ...]
    """The difference of the texts; empty where they are the same, or one is not known."""
    same_text: bool | None
    """Whether the texts are the same; None where one is not known."""
    values: tuple[tuple[str, str, str], ...]
    """Model and settings that differ: what, the baseline's, the variant's."""


def prompt_source(name: str, prompt: Prompt, model: str | None) -> Source:
    """Say what a prompt is; `model` is the one that is asked where it names none."""
    return Source(
        name=name,
        kind="prompt",
        version=prompt.version,
        model=prompt.model or model,
        text=_body(prompt),
        settings=prompt.settings,
    )


def stored_source(name: str, text: str | None, version: str | None, model: str | None) -> Source:
    """Say what a variant of a finished run is, from the text that was stored with it."""
    if not text:
        return Source(name=name, kind="unknown", version=version, model=model)
    try:
        prompt = Prompt.parse(text, name=name)
    except PromptError:  # written by another version of the library, say: the text is still worth showing
        return Source(name=name, kind="prompt", version=version, model=model, text=text)
    return prompt_source(name, prompt, model)


def _body(prompt: Prompt) -> str:
    """Write a prompt's messages as one text, which is the text itself where it stands alone."""
    parts = []
    if prompt.system:
        parts.append(f"[system]\n{prompt.system}")
    if prompt.messages is None:
        parts.append(f"[user]\n{prompt.text}" if parts else prompt.text or "")
    else:
        for message in prompt.messages:
            content = message.get("content")
            told = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False)
            parts.append(f"[{message.get('role')}]\n{told}")
    return "\n\n".join(parts)


def contrast(a: Source, b: Source) -> Contrast:
    """Tell in what two variants differ."""
    known = a.text is not None and b.text is not None
    same = a.text == b.text if known else None
    segments = tuple(word_diff(a.text or "", b.text or "")) if known and not same else ()
    values = []
    if a.kind != b.kind:
        values.append(("kind", a.kind, b.kind))
    if a.model != b.model:
        values.append(("model", a.model or UNKNOWN, b.model or UNKNOWN))
    for key in dict.fromkeys([*a.settings, *b.settings]):
        one, other = (
            show(source.settings[key]) if key in source.settings else "(not set)" for source in (a, b)
        )
        if one != other:
            values.append((str(key), one, other))
    return Contrast(segments=segments, same_text=same, values=tuple(values))
