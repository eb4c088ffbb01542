"""Suite files, written for one test each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from promptlab._cases import Suite, load_cases
from promptlab._errors import SuiteError

Write = Callable[[str, str | bytes], Path]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file exactly as given."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def loaded(folder: Path, name: str, content: str | bytes) -> Suite:
    """Write a suite file and load it."""
    return load_cases(written(folder, name, content))


def refusal(folder: Path, name: str, content: str | bytes) -> str:
    """Write a suite file that cannot be loaded; give what the error says, with the folder left out."""
    path = written(folder, name, content)
    with pytest.raises(SuiteError) as caught:
        load_cases(path)
    said = str(caught.value).replace(f"{folder}/", "")
    assert all(line.isprintable() for line in said.splitlines())
    assert len(said.splitlines()) <= 8
    return said
