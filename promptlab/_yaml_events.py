"""The flat events of a YAML text, in the order of the text, with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptlab._wording import Fail


def events(text: str, fail: Fail) -> Iterator[Any]:
    """Give the parser's events one by one; `fail` is called where the text is no YAML."""
    import yaml

    # libyaml's parser where PyYAML was built with it (all its wheels are); only its flat events are
    # used, since composing nodes recurses in C and dies on deep nesting
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        parser = loader(text.encode("utf-8"))
        while (event := parser.get_event()) is not None:
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fail(_said(error), mark.line + 1 if mark else None)
    except yaml.reader.ReaderError as error:
        line = text.encode("utf-8").count(b"\n", 0, int(error.position)) + 1
        fail(f"it holds the character U+{int(error.character):04X}, which no YAML file may hold", line)


def _said(error: Any) -> str:
    """Put the parser's complaint in one line, with a hint for the commonest causes."""
    said = " ".join(part for part in (error.context, error.problem) if part)
    hint = ""
    if "mapping values are not allowed" in said:
        hint = " (put quotes around text that holds ': ')"
    elif "found character that cannot start any token" in said:
        hint = " (no tabs for indentation, and quotes around text that begins with @, ` or %)"
    elif "undefined tag handle" in said:
        hint = " (put quotes around text that begins with !)"
    return f"this is not YAML: {said}{hint}"


def kind_of(event: Any) -> str:
    """Tell what an event is: `mapping` or `list` (one begins), `end` (one ends), `leaf`, or `other`."""
    import yaml

    kinds = {
        yaml.MappingStartEvent: "mapping",
        yaml.SequenceStartEvent: "list",
        yaml.MappingEndEvent: "end",
        yaml.SequenceEndEvent: "end",
        yaml.ScalarEvent: "leaf",
        yaml.AliasEvent: "leaf",
    }
    return kinds.get(type(event), "other")


def line_of(event: Any) -> int:
    """Give the line (from 1) where an event begins."""
    return int(event.start_mark.line) + 1
