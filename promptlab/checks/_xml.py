"""XML documents: well-formed, without a DTD, and with the elements that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from promptlab._errors import UsageError
from promptlab._show import show

_MAX_LENGTH = 1_000_000


class Xml:
    """What is asked of a document.

    Args:
        value: None, or `{requiredElements: [root.child, …]}`.

    Raises:
        UsageError: It is neither.
    """

    def __init__(self, value: Any) -> None:
        paths = value.get("requiredElements") if isinstance(value, Mapping) and len(value) == 1 else value
        if value is not None and not (
            isinstance(paths, list) and paths and all(isinstance(p, str) and p for p in paths)
        ):
            raise UsageError(f"`is-xml` needs requiredElements, a list of paths, got {show(value, 80)}")
        self._paths = [path.split(".") for path in paths or ()]
        self.wanted = f"an XML document with {show(paths)}" if paths else "an XML document"
        """What is expected, in words."""

    def holds(self, text: str) -> bool:
        """Tell whether a text is such a document, and nothing but it."""
        if len(text) > _MAX_LENGTH or "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
            return False
        try:
            root = ET.fromstring(text.strip())  # noqa: S314 - it has no DTD, so nothing can be expanded
        except (ET.ParseError, ValueError):
            return False
        return all(_has(root, path) for path in self._paths)


def _has(root: Any, path: list[str]) -> bool:
    if root.tag != path[0]:
        return False
    level = [root]
    for name in path[1:]:
        level = [child for element in level for child in element if child.tag == name]
    return bool(level)
