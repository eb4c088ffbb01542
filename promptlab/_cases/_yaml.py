"""Suites in YAML: `promptlab._yaml` reads them, ids stay as written."""

from __future__ import annotations

from pathlib import Path

from promptlab._cases._document import Document, failing
from promptlab._cases._tree import tree_document
from promptlab._yaml import read_yaml
from promptlab._yaml_lines import find_line


def read(text: str, path: Path, shown: str) -> Document:
    """Read a suite; `id: 007` and `id: 1.10` are the texts 007 and 1.10."""
    made = read_yaml(text, failing(shown), raw_key="id")
    return tree_document(made.data, made.item_lines, path, shown, lambda keys: find_line(text, keys))
