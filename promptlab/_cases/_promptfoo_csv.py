"""promptfoo's tables of tests: each column a variable, save those whose names begin with two underscores."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from promptlab._cases._report import Tally
from promptlab._wording import Fail, did_you_mean, quoted
from promptlab.checks._like_promptfoo import CALLS

_EXPECTED = re.compile(r"__expected\d*")
_CONFIG = re.compile(r"__config:(__expected\d*):(\w+)")
_TYPED = re.compile(
    r"(?P<type>(?:not-)?[a-z]+(?:-[a-z0-9]+)*(?::[a-z][a-z-]+)?)(?:\((?P<threshold>[^()]{1,20})\))?(?::(?P<value>.*))?",
    re.DOTALL,
)
_CAMEL = re.compile(r"[a-z]+[A-Z][A-Za-z]*")
_ALONE = frozenset(
    (
        "is-json",
        "contains-json",
        "is-xml",
        "contains-xml",
        "is-html",
        "contains-html",
        "is-sql",
        "contains-sql",
        "is-refusal",
        *CALLS,
    )
)
_ALIASES = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
_SINGLE = {
    "__description": "description",
    "__prefix": "prefix",
    "__suffix": "suffix",
    "__metric": "metric",
    "__threshold": "threshold",
}
_KNOWN = frozenset((
    "equals", "contains", "contains-all", "contains-any", "contains-json", "contains-html",
    "contains-sql", "contains-xml", "icontains", "icontains-all", "icontains-any", "starts-with", "regex",
    "is-json", "is-html", "is-sql", "is-xml", "is-refusal", "levenshtein", "rouge-n", "bleu", "gleu",
    "meteor", "similar", "latency", "cost", "javascript", "python", "ruby", "webhook", "llm-rubric",
    "factuality", "model-graded-closedqa", "model-graded-factuality", "answer-relevance",
    "context-faithfulness", "context-recall", "context-relevance", "classifier", "moderation",
    "perplexity", "perplexity-score", "word-count", "finish-reason", "g-eval", "pi", "select-best",
    "is-valid-openai-function-call", "is-valid-openai-tools-call", "is-valid-function-call",
    "tool-call-f1", "guardrails", "human", "fn", "eval", "grade",
))  # fmt: skip


def is_table(header: Sequence[str]) -> bool:
    """Tell whether a header is one of promptfoo's."""
    return any(name.strip().startswith("__") for name in header)


def read_table(text: str, fail: Fail, tally: Tally, shown: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give each row as a test, with the line it begins on."""
    for line, row in _rows(text, fail):
        yield line, _test([name for name, _ in row], [cell for _, cell in row], tally, f"{shown}:{line}")


def rows_of(text: str, fail: Fail) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each row as a mapping of columns to cells, with the line it begins on."""
    for line, row in _rows(text, fail):
        yield line, dict(row)


def _rows(text: str, fail: Fail) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line, header = 1, None
    try:
        for row in reader:
            if row and header is None:
                header = [name.strip() for name in row]
                if len(set(header)) < len(header):
                    fail("two columns have one name", line)
            elif row and header is not None:
                if len(row) > len(header):
                    fail(f"the row has {len(row)} cells, more than the {len(header)} columns", line)
                yield line, list(zip(header, [*row, *[""] * (len(header) - len(row))], strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        fail(f"this is not CSV: {error}", line)


def _test(header: Sequence[str], row: Sequence[str], tally: Tally, where: str) -> dict[str, Any]:
    test: dict[str, Any] = {"vars": {}}
    asserts: dict[str, dict[str, Any]] = {}
    for name, cell in zip(header, row, strict=True):
        if _EXPECTED.fullmatch(name):
            if cell.strip():
                asserts[name] = from_text(cell)
        elif name in _SINGLE:
            if cell:
                test[_SINGLE[name]] = cell
        elif name.startswith("__metadata:") and len(name) > len("__metadata:"):
            key = name.removeprefix("__metadata:")
            test.setdefault("metadata", {})[key.removesuffix("[]")] = (
                _listed(cell) if key.endswith("[]") else cell
            )
        elif not _CONFIG.fullmatch(name):
            if name.startswith("__"):
                hint = did_you_mean(name, ("__expected", *_SINGLE))
                tally.miss(name, f"no such column is known.{hint}", where.partition(":")[0])
            elif name:
                test["vars"][name] = cell
    _configured(header, row, asserts)
    test["assert"] = list(asserts.values())
    return _options(test)


def _configured(header: Sequence[str], row: Sequence[str], asserts: dict[str, dict[str, Any]]) -> None:
    """Set what `__config:__expected2:threshold` and the like say of an assertion."""
    for name, cell in zip(header, row, strict=True):
        found = _CONFIG.fullmatch(name)
        if found and cell.strip():
            for target, made in asserts.items():
                if found[1] in ("__expected", target):
                    made[found[2]] = _number(cell)


def _options(test: dict[str, Any]) -> dict[str, Any]:
    for key in ("prefix", "suffix"):
        if key in test:
            test.setdefault("options", {})[key] = test.pop(key)
    metric = test.pop("metric", None)
    if metric:
        test["assert"] = [{**one, "metric": metric} for one in test["assert"]]
    if "threshold" in test:
        test["threshold"] = _number(test["threshold"])
    return test


def from_text(cell: str) -> dict[str, Any]:
    """Read an assertion written as one text: `contains: Paris`, `levenshtein(5): text`, `is-json`, or what it equals."""
    text = cell.strip()
    if text.startswith("file://"):
        return {"type": "javascript", "value": text}
    found = _TYPED.fullmatch(text)
    if found is None or (
        found["value"] is None and found["threshold"] is None and text.removeprefix("not-") not in _ALONE
    ):
        return _misspelt(text) or {"type": "equals", "value": text}
    kind = found["type"]
    if kind.removeprefix("not-") not in _KNOWN:
        return _misspelt(text) or {"type": "equals", "value": text}
    base = kind.removeprefix("not-")
    made: dict[str, Any] = {"type": ("not-" if base != kind else "") + _ALIASES.get(base, base)}
    value = (found["value"] or "").strip()
    if value:
        made["value"] = value
    if found["threshold"] is not None:
        made["threshold"] = _number(found["threshold"])
    elif base in {"latency", "cost", "perplexity"} and value:
        made["threshold"] = _number(made.pop("value"))
    return made


def _misspelt(text: str) -> dict[str, Any] | None:
    """Tell a slip of a kind (`containsAny: …`, `contain: …`) from a text that happens to hold a colon."""
    import difflib

    head, colon, value = text.partition(":")
    word = head.partition("(")[0].strip()
    if not colon or " " in word or not 4 <= len(word) <= 40:
        return None
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", word).lower().replace("_", "-")
    camel = _CAMEL.fullmatch(word) is not None or "_" in word
    near = difflib.get_close_matches(plain.removeprefix("not-"), _KNOWN, n=1, cutoff=0.85)
    return {"type": word, "value": value.strip()} if near or (camel and plain in _KNOWN) else None


def _listed(cell: str) -> list[str]:
    """Split at commas that no backslash escapes."""
    parts = re.split(r"(?<!\\),", cell)
    return [part.replace("\\,", ",").strip() for part in parts if part.strip()]


def _number(cell: str) -> Any:
    try:
        number = float(cell)
    except ValueError:
        return cell
    return int(number) if number.is_integer() else number


def header_of(text: str) -> list[str]:
    """Give a table's header; nothing where there is none."""
    try:
        return [name.strip() for name in next(csv.reader(io.StringIO(text[:100_000], newline="")), [])]
    except csv.Error:
        return []


def refused_table(name: str) -> str:
    """Say why a table of another kind is not read."""
    return f"{quoted(name)} is no table that is read here: save it as CSV"
