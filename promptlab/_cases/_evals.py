"""Samples of openai/evals: `input` (a chat or a text) and `ideal` (a text, a number, or a list of them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptlab._cases._document import Document, failing
from promptlab._cases._expect import LATER
from promptlab._cases._report import Tally
from promptlab._errors import UsageError
from promptlab._prompt import Prompt
from promptlab._wording import a_kind, did_you_mean, listed, quoted
from promptlab.checks import EVALS_KINDS
from promptlab.checks.foreign import foreign_checks

FORMAT = "openai/evals"
USUAL = "Match"
"""The grader where none is said."""
KEYS = frozenset(("input", "ideal", "id", "metadata", "tags"))


def is_sample(data: Any) -> bool:
    """Tell whether data is a sample."""
    return isinstance(data, Mapping) and "ideal" in data and "expect" not in data


def read(items: Sequence[Any], lines: Sequence[int] | None, path: Path, shown: str, scorer: Any) -> Document:
    """Read samples.

    Args:
        items: The samples.
        lines: The line of each.
        path: The file.
        shown: How messages call it.
        scorer: The grader: one of `Match`, `Includes`, `FuzzyMatch`, `JsonMatch`; None for the usual one.

    Raises:
        SuiteError: A sample is none.
    """
    fail, tally = failing(shown), Tally(FORMAT)
    if scorer is not None and scorer not in EVALS_KINDS:
        hint = did_you_mean(str(scorer), EVALS_KINDS)
        fail(f"the scorer of openai/evals is one of {listed(EVALS_KINDS)}, not {quoted(scorer)}.{hint}", None)
    if scorer is None:
        tally.note(f"samples do not say how they are graded: {USUAL} is used; say another with scorer=")
    cases = []
    for index, item in enumerate(items):
        line = lines[index] if lines else None
        if not isinstance(item, Mapping) or "input" not in item:
            fail(
                "a sample is an object with `input` and `ideal`"
                + ("" if isinstance(item, Mapping) else f"; this is {a_kind(item)}"),
                line,
            )
        cases.append(_case(item, index + 1, scorer or USUAL, tally))
    note_parts([item["input"] for item in items], tally)
    text_prompt(cases, tally)
    return Document(
        name=path.stem, shown=shown, cases=cases, path=path, lines=lines, report=tally.report(cases)
    )


def _case(item: Mapping[str, Any], number: int, scorer: str, tally: Tally) -> dict[str, Any]:
    given = item.get("id")
    case = (
        str(given)
        if isinstance(given, (str, int)) and not isinstance(given, bool) and str(given).strip()
        else f"sample_{number}"
    )
    made: dict[str, Any] = {"id": case, "input": chat_input(item["input"])}
    more = {key: value for key, value in item.items() if key not in {"input", "ideal", "id", "metadata"}}
    if isinstance(item.get("metadata"), Mapping):
        more |= item["metadata"]
    if more:
        made["metadata"] = more
    if item.get("ideal") is None:
        return made
    made["expect"] = understood({"evals": scorer, "ideal": item["ideal"]}, scorer, case, tally)
    return made


def understood(entry: Mapping[str, Any], kind: str, case: str, tally: Tally) -> dict[str, Any]:
    """Make an expectation of one entry, or of why it has no meaning here."""
    try:
        foreign_checks([entry], LATER)
    except UsageError as trouble:
        tally.miss(kind, str(trouble), case)
        tally.withhold(case)
        return {"foreign": [{"by_hand": f"{kind}: {trouble}"[:200]}]}
    tally.understood[kind] += 1
    return {"foreign": [dict(entry)]}


def chat_input(given: Any) -> dict[str, Any]:
    """Make a case's inputs of a text or a chat: `input` holds it all, and `message_1` … each message of a chat."""
    if not isinstance(given, list):
        return {"input": given if isinstance(given, str) else _plain(given)}
    if not all(isinstance(one, Mapping) and isinstance(one.get("role"), str) for one in given):
        return {"input": _plain(given)}
    made: dict[str, Any] = {
        "input": "\n\n".join(
            f"{one['role'].capitalize()}: {_plain(one.get('content', ''))}" for one in given
        ),
        "roles": [one["role"] for one in given],
    }
    return made | {
        f"message_{index}": _plain(one.get("content", "")) for index, one in enumerate(given, start=1)
    }


def text_prompt(cases: Sequence[Mapping[str, Any]], tally: Tally, hole: str = "{{ input }}") -> None:
    """Give the suite a prompt that asks its inputs as they stand: as a chat where all chats are built alike."""
    shapes = {tuple(case["input"].get("roles", ())) for case in cases}
    only = shapes.pop() if len(shapes) == 1 else ()
    if only:
        messages = [
            {"role": role, "content": f"{{{{ message_{index} }}}}"}
            for index, role in enumerate(only, start=1)
        ]
        tally.prompts["as_written"] = Prompt(messages=messages, name="as_written")
    else:
        tally.prompts["as_written"] = Prompt(hole, name="as_written")
        if shapes:
            tally.note("its chats are built in different ways: the prompt `as_written` asks each as one text")


def note_parts(inputs: Sequence[Any], tally: Tally) -> None:
    """Note the chats whose messages hold more than text."""
    messages = [one for given in inputs if isinstance(given, list) for one in given]
    contents = [one.get("content") for one in messages if isinstance(one, Mapping)]
    odd = sum(isinstance(content, list) and _joined(content) is None for content in contents)
    if odd:
        tally.note(
            f"{odd} messages hold pictures or the like: they stand as JSON in the text, and are not sent as such"
        )


def _joined(parts: list[Any]) -> str | None:
    """Join the parts of a message's content where all are texts."""
    texts = [part.get("text") if isinstance(part, Mapping) else None for part in parts]
    known = [text for text in texts if isinstance(text, str)]
    return "\n".join(known) if known and len(known) == len(parts) else None


def _plain(value: Any) -> str:
    import json

    if isinstance(value, list) and (joined := _joined(value)) is not None:
        return joined
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
