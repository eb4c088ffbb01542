"""Samples of Inspect: `input`, `target`, `choices`, `id`, `metadata`, or what a field map calls them."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptlab._cases._document import Document, failing
from promptlab._cases._evals import chat_input, note_parts, text_prompt, understood
from promptlab._cases._report import Tally
from promptlab._errors import SettingError
from promptlab._wording import a_kind, did_you_mean, listed, quoted
from promptlab.checks import INSPECT_KINDS

FORMAT = "Inspect"
FIELDS = ("input", "target", "choices", "id", "metadata")
"""What a sample has, by the names that Inspect gives them."""
IGNORED = frozenset(("sandbox", "files", "setup"))
MULTIPLE_CHOICE = (
    "{{ input }}\n\n{{ options }}\n\nThink it over, then end with a line of this form, with the letter of the right"
    " choice (or of all right ones, with commas): ANSWER: LETTER"
)


def is_sample(data: Any) -> bool:
    """Tell whether data is a sample."""
    return (
        isinstance(data, Mapping)
        and "input" in data
        and ("target" in data or "choices" in data)
        and "expect" not in data
    )


def is_table(header: Sequence[str]) -> bool:
    """Tell whether a table's header is that of samples."""
    names = {name.strip() for name in header}
    return {"input", "target"} <= names and not any(
        name.startswith(("expect", "input.", "tags", "why")) for name in names
    )


def field_map(fields: Any) -> dict[str, str]:
    """Check a field map.

    Raises:
        SettingError: It maps something that samples do not have.
    """
    if fields is None:
        return {}
    if isinstance(fields, Mapping) and isinstance(fields.get("metadata"), (list, tuple)):
        # Every column that is nothing else becomes metadata anyway, those that Inspect's map lists with it.
        fields = {name: value for name, value in fields.items() if name != "metadata"}
    if not isinstance(fields, Mapping) or not all(isinstance(value, str) for value in fields.values()):
        raise SettingError("`fields` is a mapping such as {'input': 'question', 'target': 'answer'}")
    for name in fields:
        if name not in FIELDS:
            raise SettingError(
                f"`fields` maps {listed(FIELDS)}, not {quoted(name)}.{did_you_mean(str(name), FIELDS)}"
            )
    return {str(name): str(value) for name, value in fields.items()}


def read(  # noqa: PLR0917 - what a reader needs
    items: Sequence[Any],
    lines: Sequence[int] | None,
    path: Path,
    shown: str,
    scorer: Any,
    fields: Mapping[str, str],
) -> Document:
    """Read samples.

    Args:
        items: The samples.
        lines: The line of each.
        path: The file.
        shown: How messages call it.
        scorer: The scorer: its name, or a mapping of its name to its options; None for `choice` where there are
            choices, else `match`.
        fields: What the file calls `input`, `target` and so on.

    Raises:
        SuiteError: A sample is none.
    """
    fail, tally = failing(shown), Tally(FORMAT)
    name, options = _scorer(scorer, fail)
    cases = []
    for index, item in enumerate(items):
        line = lines[index] if lines else None
        if not isinstance(item, Mapping):
            fail(f"a sample is a mapping; this is {a_kind(item)}", line)
        sample = _renamed(item, fields)
        if "input" not in sample:
            fail(f"the sample has no `{fields.get('input', 'input')}`; it has {listed(map(str, item))}", line)
        for key in IGNORED & sample.keys():
            tally.miss(
                key,
                "what a sample brings along for a sandbox is not used",
                f"{shown}:{line}" if line else shown,
            )
        cases.append(_case(sample, index + 1, name, options, tally))
    asks_choices = _levelled(cases)
    note_parts([item.get(fields.get("input", "input")) for item in items], tally)
    if name is None:
        tally.note(
            "samples do not say how they are scored: choice where there are choices, else match; say it with scorer="
        )
    text_prompt(cases, tally, MULTIPLE_CHOICE if asks_choices else "{{ input }}")
    return Document(
        name=path.stem, shown=shown, cases=cases, path=path, lines=lines, report=tally.report(cases)
    )


def _levelled(cases: Sequence[dict[str, Any]]) -> bool:
    """Give every case the hole for choices where any has some; tell whether one has."""
    has_choices = [bool(case["input"].get("options")) for case in cases]
    if any(has_choices) and not all(has_choices):
        for case in cases:
            case["input"].setdefault("options", "")
    return any(has_choices)


def _scorer(scorer: Any, fail: Any) -> tuple[str | None, Mapping[str, Any]]:
    if isinstance(scorer, Mapping) and len(scorer) == 1:
        name, options = next(iter(scorer.items()))
        options = options or {}
    else:
        name, options = scorer, {}
    if name is not None and (name not in INSPECT_KINDS or not isinstance(options, Mapping)):
        fail(
            f"Inspect's scorer is one of {listed(INSPECT_KINDS)}, or {{name: options}}, not {quoted(scorer)}.",
            None,
        )
    return name, options


def _renamed(item: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Give the sample under Inspect's names."""
    backwards = {value: name for name, value in fields.items()}
    made: dict[str, Any] = {}
    for key, value in item.items():
        name = backwards.get(str(key), str(key))
        if name in fields and key not in backwards:
            name = f"_{name}"  # the file has another column of that name
        made[name] = value
    return made


def _case(
    sample: Mapping[str, Any], number: int, scorer: str | None, options: Mapping[str, Any], tally: Tally
) -> dict[str, Any]:
    given = sample.get("id")
    case = (
        str(given)
        if isinstance(given, (str, int)) and not isinstance(given, bool) and str(given).strip()
        else f"sample_{number}"
    )
    inputs = chat_input(sample["input"])
    choices = _listed(sample.get("choices"))
    if choices:
        inputs["choices"] = choices
        inputs["options"] = "\n".join(
            f"{letter}) {choice}" for letter, choice in zip(string.ascii_uppercase, choices, strict=False)
        )
    made: dict[str, Any] = {"id": case, "input": inputs}
    more = {key: value for key, value in sample.items() if key not in {*FIELDS, *IGNORED}}
    if isinstance(sample.get("metadata"), Mapping):
        more |= sample["metadata"]
    if more:
        made["metadata"] = more
    target = sample.get("target")
    if target is None or target in ("", []):
        return made
    kind = scorer or ("choice" if choices else "match")
    target = _listed(target) if isinstance(target, list) or kind == "choice" else target
    if kind == "choice" and len(choices) > len(string.ascii_uppercase):
        target = choices  # more choices than letters: it is named as not understood
    made["expect"] = understood({"inspect": kind, "target": target, **options}, kind, case, tally)
    return made


def _listed(value: Any) -> list[Any]:
    """Take a list, or a text that writes one: as JSON, or with commas."""
    import json

    if isinstance(value, list):
        return value
    if not isinstance(value, str) or not value.strip():
        return [] if value in (None, "") or isinstance(value, str) else [value]
    if value.lstrip().startswith("["):
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            read = None  # no list after all: it is taken as text
        if isinstance(read, list):
            return read
    return [part.strip() for part in value.split(",")]
