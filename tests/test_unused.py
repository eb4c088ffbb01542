"""A prompt that uses none of the cases' inputs is run, and a note says so before the calls."""

from __future__ import annotations

import pytest

import promptlab
from promptlab._prompt import Prompt
from promptlab._unused import unused_inputs

CASES = [promptlab.Case(id="a", input={"message": "lost bag", "language": "en"})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Which desk? {message}", "did you mean {{ message }}?"),
        ("Which desk? <mesage>", "did you mean {{ message }}?"),
        ("Which desk? $language", "did you mean {{ language }}?"),
        ("Which desk? {{ mesage | default('') }}", "did you mean {{ message }}?"),
        ("Which desk?", "write {{ message }} for one; the cases have message, language"),
        ("prompts/b", "'prompts/b' was taken as the prompt's text, not as a path: there is no such file"),
    ],
)
def test_unused_input_is_named(text, said):
    """The note names the input that was perhaps meant, or those that there are."""
    note = unused_inputs(Prompt(text), CASES)

    assert note is not None
    assert note.startswith("prompt 'prompt': no case's input is used; ")
    assert note.endswith(said)


@pytest.mark.parametrize("text", ["{{ message }}", "{% if language == 'en' %}yes{% endif %}"])
def test_used_input_needs_no_note(text):
    """A prompt that uses one of the inputs is nothing to speak of."""
    assert unused_inputs(Prompt(text), CASES) is None


def test_cases_without_inputs_need_none():
    """Where the cases have no inputs, a constant prompt is what is meant."""
    assert unused_inputs(Prompt("Which desk?"), [promptlab.Case(id="a", input={})]) is None


@pytest.mark.parametrize("written", ["prompts/b", "prompts/bb.md x", "prompts/my_prompt"])
def test_path_like_text_names_file(written, tmp_path, monkeypatch):
    """What looks like a path is said to be taken as text, with the file that was perhaps meant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompts").mkdir()
    for name in ("b.md", "bb.md x.txt", "my_prompts.md"):
        (tmp_path / "prompts" / name).write_text("{{ message }}")

    note = unused_inputs(Prompt(written), CASES)

    assert note is not None
    assert "was taken as the prompt's text, not as a path: did you mean the file 'prompts/" in note


@pytest.mark.parametrize(
    "text", ["Say and/or", "Hello.", "e.g. this", "Name it", "a\nb/c", "x" * 5000, "b\0/c"]
)
def test_plain_text_is_no_path(text):
    """A sentence is not taken for a path."""
    note = unused_inputs(Prompt(text), CASES)

    assert note is not None
    assert "path" not in note


def test_note_comes_before_calls(server, capsys):
    """The run says it first, makes its calls, and keeps the note with the run."""
    server.says(lambda _: "desk 1")
    with promptlab.Lab(base_url=server.base_url, display="text") as lab:
        promptlab.run_parallel(CASES, "Which desk? {message}", lab=lab)

    said = capsys.readouterr().out.splitlines()

    assert said[0] == "note: prompt 'prompt': no case's input is used; did you mean {{ message }}?"
    assert len(server.calls) == 1
