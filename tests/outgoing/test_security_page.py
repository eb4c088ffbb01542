"""SECURITY.md speaks of what is there: its names exist and its figures are those of the code."""

import re

import promptlab
from promptlab import _redact
from promptlab.report import POLICY

NAMES = re.compile(r"`(export_\w+|Lab|Limits|Comparison)\b")


def test_page_names_what_there_is(repository):
    """Public names, options, the policy and the lengths that the page states are those of the library."""
    text = (repository / "SECURITY.md").read_text(encoding="utf-8")

    names = set(NAMES.findall(text))

    assert names == {"export_csv", "export_jsonl", "Limits", "Comparison", "Lab"}
    assert all(hasattr(promptlab, name) for name in names)
    assert POLICY.split(";")[0] in text
    assert f"fewer than {_redact.SHORTEST} characters" in text
    assert f"fewer than {_redact.SHORTEST_WORD} letters" in text
    assert f"{_redact.PIECE} characters is masked too" in " ".join(text.split())
    assert all(f"`{word}`" in text for word in ("no-key", "lm-studio"))
    assert {"no-key", "lm-studio"} <= _redact.PLACEHOLDERS
