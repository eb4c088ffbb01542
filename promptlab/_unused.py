"""What there is to say of a prompt that uses none of the cases' inputs: it may be meant, and often is not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from promptlab._prompt import SUFFIXES, Prompt
from promptlab._types import Case
from promptlab._wording import listed, quoted

MOST_NAMES = 200
"""Inputs and words that are held against each other at most."""

LONGEST_PATH = 300

_MARKED = re.compile(r"[{<\[$%]\s*(\w{1,60})")
"""A name behind one of the marks that other template languages have for a hole."""

_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,7}$")


def unused_inputs(prompt: Prompt, cases: Iterable[Case]) -> str | None:
    """Say that no case's input is used, and what was perhaps meant; None where one is, or there is none.

    Args:
        prompt: A prompt whose templates compile.
        cases: The cases that it is to be asked for.
    """
    holes = prompt.holes
    inputs: dict[str, None] = {}
    for case in cases:
        if not holes.isdisjoint(case.input):
            return None
        inputs |= dict.fromkeys(name for name in case.input if isinstance(name, str))
    if not inputs:
        return None
    told = f"prompt {quoted(prompt.name)}: no case's input is used"
    if path := _as_path(prompt):
        return f"{told}; {path}"
    return f"{told}; {_meant(prompt, list(inputs)[:MOST_NAMES])}"


def _meant(prompt: Prompt, inputs: list[str]) -> str:
    """Name the input that was perhaps meant, else those that there are."""
    words = [*sorted(prompt.holes), *_MARKED.findall(prompt.source())][:MOST_NAMES]
    lower = {name.lower(): name for name in reversed(inputs)}
    for word in words:
        if near := difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6):
            return f"did you mean {{{{ {lower[near[0]]} }}}}?"
    if len(inputs) == 1:
        return f"did you mean {{{{ {inputs[0]} }}}}?"
    return f"write {{{{ {inputs[0]} }}}} for one; the cases have {listed(inputs)}"


def _as_path(prompt: Prompt) -> str | None:
    """Say that what looks like a path was taken as text, and which file was perhaps meant."""
    text = prompt.text or ""
    if text != text.strip() or len(text) > LONGEST_PATH or not text.isprintable() or "{" in text:
        return None
    file = _file_near(text)
    blank = any(letter.isspace() for letter in text)
    looks = ("/" in text or "\\" in text or _SUFFIX.search(text)) and not blank
    if not (file or looks or text.lower().endswith(SUFFIXES)):
        return None
    meant = f"did you mean the file {quoted(str(file), 200)}?" if file else "there is no such file"
    return f"{quoted(text)} was taken as the prompt's text, not as a path: {meant}"


def _file_near(text: str) -> Path | None:
    """Find the file that a text names as it stands, but for its suffix, or nearly."""
    path = Path(text)
    if prompt_file := next((path.with_name(path.name + end) for end in SUFFIXES if _is(path, end)), None):
        return prompt_file
    if _is(path, ""):
        return path
    try:
        beside = sorted(file.name for file in path.parent.iterdir() if file.name.lower().endswith(SUFFIXES))
    except (OSError, ValueError):
        return None  # no such folder, or none that may be read: there is no file to name
    if not path.name or ("/" not in text and "." not in text):
        return None
    near = difflib.get_close_matches(path.name, beside[:MOST_NAMES], n=1, cutoff=0.7)
    return path.parent / near[0] if near else None


def _is(path: Path, end: str) -> bool:
    """Tell whether there is such a file with a suffix added."""
    try:
        return bool(path.name) and path.with_name(path.name + end).is_file()
    except (OSError, ValueError):
        return False
