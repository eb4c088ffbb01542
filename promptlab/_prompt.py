"""A prompt: a template with holes, filled for a case; its hash; the file it is written in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from promptlab._errors import PromptError
from promptlab._messages import DEFAULT_NAME
from promptlab._prompt_value import Prompt
from promptlab._types import Case
from promptlab._wording import a_kind, did_you_mean, listed, quoted

__all__ = ["DEFAULT_NAME", "SUFFIXES", "Prompt", "as_prompt", "check_prompt", "looks_like_path"]

SUFFIXES = (".md", ".txt", ".prompt", ".j2")


def as_prompt(source: str | Path | Prompt) -> Prompt:
    """Make a prompt of a template, a path to a prompt file, or a prompt.

    A text is a path where it is one line without braces, ends like a prompt file (.md, .txt, .prompt, .j2)
    and names a file; one without blanks that names none is an error.

    Raises:
        PromptError: It is none of these, or cannot be read.
    """
    if isinstance(source, Prompt):
        return source
    if isinstance(source, Path):
        return Prompt.load(source)
    if not isinstance(source, str):
        kind = "None" if source is None else a_kind(source)
        raise PromptError(f"a prompt is a text, a Prompt or a path, not {kind}")
    if looks_like_path(source):
        return Prompt.load(source)
    return Prompt(source)


def looks_like_path(text: str) -> bool:
    """Tell whether a text is meant as a prompt file's path rather than as a template."""
    if len(text) > 1000 or not text.lower().endswith(SUFFIXES) or any(c in "{}\r\n\0" for c in text):
        return False
    return not any(c.isspace() for c in text) or Path(text).is_file()


def check_prompt(prompt: Prompt, cases: Iterable[Case]) -> None:
    """Check, before any call, that the templates compile and that every case fills every hole.

    Raises:
        PromptError: Names the prompt, and the line, or the hole, the cases and the inputs they have.
    """
    needed = prompt.needed
    lacking: dict[str, list[Case]] = {}
    count = 0
    for case in cases:
        count += 1
        for hole in needed - case.input.keys():
            lacking.setdefault(hole, []).append(case)
    if lacking:
        told = " ".join(_lack(hole, lacking[hole], count) for hole in sorted(lacking)[:3])
        raise PromptError(f"prompt {quoted(prompt.name)}: {told}")


def _lack(hole: str, cases: list[Case], count: int) -> str:
    inputs = sorted({str(name) for case in cases[:100] for name in case.input})
    had = f"they have {listed(inputs)}" if inputs else "they have no inputs"
    hint = did_you_mean(hole, inputs)
    if not hint and len(cases) < count:
        hint = f" Where a case may lack it, write {{{{ {hole} | default('') }}}}."
    return (
        f"the hole {{{{ {hole} }}}} is not filled by {len(cases)} of {count} cases "
        f"({listed((case.id for case in cases), 4)}); {had}.{hint}"
    )
