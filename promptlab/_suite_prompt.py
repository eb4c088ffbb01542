"""The prompt that a suite names itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from promptlab._cases import Suite
from promptlab._cases._reference import is_reference
from promptlab._prompt import Prompt


def suite_prompt(suite: Suite, load: Callable[[Path], Prompt] = Prompt.load) -> Prompt | None:
    """Give the prompt that a suite's key `prompt` names: a file beside the suite, or the template itself.

    Args:
        suite: The suite.
        load: Reads a prompt file.

    Raises:
        PromptError: The file cannot be read, or something in it is wrong.
    """
    own = suite.settings.get("prompt")
    if own is None:
        return None
    if is_reference(own) and suite.path is not None:
        return load(suite.path.parent / own)
    return Prompt(own, name=suite.name)
