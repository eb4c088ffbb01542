"""The lines of a batch's input file: read, and every wrong one named."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Line", "LineError", "read_lines"]

MOST_LINES = 50_000
MOST_ERRORS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One request."""

    custom_id: str
    """The client's name for it."""
    body: dict[str, Any]
    """The request."""


@dataclass(frozen=True, slots=True)
class LineError:
    """Why a file cannot be a batch."""

    code: str
    """The kind of error."""
    message: str
    """What is wrong."""
    line: int | None = None
    """The line, from 1."""
    param: str | None = None
    """The field."""

    def as_dict(self) -> dict[str, Any]:
        """Give the error object."""
        return asdict(self)


def read_lines(content: bytes, endpoint: str) -> tuple[list[Line], list[LineError]]:
    """Read a file of requests.

    Args:
        content: The file.
        endpoint: The endpoint that each line must name.

    Returns:
        The requests, and what is wrong, at most `MOST_ERRORS` of it; a file with errors is no batch.
    """
    lines: list[Line] = []
    errors: list[LineError] = []
    seen: set[str] = set()
    for place, raw in enumerate(content.splitlines(), 1):
        if not raw.strip():
            continue
        found = _read_line(raw, place, endpoint)
        if isinstance(found, Line) and found.custom_id in seen:
            message = f"The custom_id {found.custom_id[:100]!r} is used more than once."
            found = LineError("duplicate_custom_id", message, place, "custom_id")
        if isinstance(found, Line):
            seen.add(found.custom_id)
            lines.append(found)
        elif len(errors) < MOST_ERRORS:
            errors.append(found)
    if not lines and not errors:
        errors.append(LineError("empty_file", "The file holds no requests."))
    if len(lines) > MOST_LINES:
        errors.append(LineError("too_many_tasks", f"A batch holds at most {MOST_LINES} requests."))
    return lines, errors


def _read_line(raw: bytes, place: int, endpoint: str) -> Line | LineError:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return LineError("invalid_json_line", "This line is not parseable as valid JSON.", place)
    if not isinstance(value, dict):
        return LineError("invalid_json_line", "This line is not a JSON object.", place)
    custom_id, body = value.get("custom_id"), value.get("body")
    if not isinstance(custom_id, str) or not custom_id:
        message = "Missing required parameter: 'custom_id'."
        return LineError("missing_required_parameter", message, place, "custom_id")
    if value.get("method") != "POST":
        return LineError("invalid_method", "The method must be POST.", place, "method")
    if value.get("url") != endpoint:
        return LineError("mismatched_url", f"The url must be the batch's endpoint, {endpoint}.", place, "url")
    if not isinstance(body, dict):
        return LineError("missing_required_parameter", "Missing required parameter: 'body'.", place, "body")
    return Line(custom_id, body)
