"""Prompt files: text with optional front matter, read strictly and written back exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._errors import PromptError
from promptlab._prompt import Prompt, as_prompt

FULL = """---
name: discovery
model: gpt-5-nano
settings:
  temperature: 0.0
  stop: [no, 007]
system: |
  You are a router.
---
Route this: {{ request }}
"""


def load_error(path: Path, content: str | bytes) -> str:
    """Write a prompt file that cannot be loaded and give what the error says."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PromptError) as caught:
        Prompt.load(path)
    return str(caught.value)


def test_file_with_front_matter(tmp_path):
    """Front matter gives name, model, settings and system; everything below it is the text."""
    path = tmp_path / "other.md"
    path.write_text(FULL)

    prompt = Prompt.load(path)

    assert prompt.name == "discovery"
    assert prompt.model == "gpt-5-nano"
    assert prompt.settings == {"temperature": 0.0, "stop": ["no", "007"]}
    assert prompt.system == "You are a router.\n"
    assert prompt.text == "Route this: {{ request }}\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"Hi {{ x }}\r\n\n", "Hi {{ x }}\r\n\n"),
        (b"\xef\xbb\xbfHi", "Hi"),
        ("é 😀".encode(), "é 😀"),
        (b"---\n---\n---\nHi", "---\nHi"),
        (b"---\r\nmodel: m\r\n---\r\nHi\r\n", "Hi\r\n"),
        (b"--- no front matter\n---\n", "--- no front matter\n---\n"),
        (b"text\n---\nmodel: m\n---\n", "text\n---\nmodel: m\n---\n"),
    ],
)
def test_text_of_a_file(tmp_path, content, text):
    """The text is taken byte for byte, but for a byte order mark; the name is the file's stem."""
    path = tmp_path / "reject.md"
    path.write_bytes(content)

    prompt = Prompt.load(path)

    assert (prompt.text, prompt.name) == (text, "reject")


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("---\nmodle: m\n---\nx", 2, "Did you mean 'model'?"),
        ("---\nname: a\ntemperature: 0\n---\nx", 3, "under `settings:`"),
        ("---\nmodel: a\nmodel: b\n---\nx", 3, "twice"),
        ("---\nmodel: !!python/name:os.system x\n---\nx", 2, "tag"),
        ("---\nsettings: {a: 1\n---\nx", None, "not YAML"),
        ("---\nmodel: a", 1, "no `---` line closes"),
        ("---\njust words\n---\nx", 2, "`key: value`"),
        ("---\nmodel: 4\n---\nx", None, "`model` is text, not a number"),
        ("---\nsettings: 4\n---\nx", None, "`settings` is a mapping"),
        (b"a\nb\xff", 2, "not UTF-8"),
        ("x".encode("utf-16"), 1, "UTF-16"),
        ("", None, "empty"),
        ("---\nmodel: m\n---\n", None, "it needs a text"),
        ("---\nmodel: m\n---\n\nHi {{ x\n", None, None),
    ],
)
def test_wrong_file_is_told(tmp_path, content, line, said):
    """What is wrong in a prompt file is named with the file, the line where there is one, and what to do."""
    path = tmp_path / "a.md"
    if said is None:
        path.write_text(content)
        with pytest.raises(PromptError, match=r"a\.md:5: prompt 'a'"):
            assert Prompt.load(path).holes
        return

    told = load_error(path, content)

    assert told.startswith(f"{path}:{line}: " if line else str(path))
    assert said in told


def test_messages_in_front_matter(tmp_path):
    """A file may hold messages in its front matter, with nothing below."""
    path = tmp_path / "chat.md"
    path.write_text("---\nmessages:\n  - {role: user, content: 'Hi {{ x }}'}\n---\n\n")

    assert Prompt.load(path).messages == [{"role": "user", "content": "Hi {{ x }}"}]


def test_paths_are_recognised(tmp_path, monkeypatch):
    """A text that names a prompt file is that file, also with blanks in its path."""
    (tmp_path / "my prompts").mkdir()
    (tmp_path / "my prompts" / "a.md").write_text("Hi")
    monkeypatch.chdir(tmp_path)

    assert as_prompt("my prompts/a.md").text == "Hi"
    assert as_prompt(Path("my prompts/a.md")).name == "a"


@pytest.mark.parametrize("name", ["prompts/a.md", "a.txt", "x.prompt", "b.J2"])
def test_missing_file_is_told(tmp_path, monkeypatch, name):
    """A text that looks like a prompt file's path is never sent as a prompt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "aa.txt").write_text("x")

    with pytest.raises(PromptError, match="no such file") as caught:
        as_prompt(name)

    assert ("Did you mean 'aa.txt'?" in str(caught.value)) == (name == "a.txt")


def test_folders_are_refused(tmp_path):
    """A folder is no prompt, and the error says so."""
    with pytest.raises(PromptError, match="folder"):
        as_prompt(tmp_path)


def test_source_leaves_the_name_out():
    """The written prompt is plain text where it is text alone, and the same under every name."""
    assert Prompt("Hi\r\n", name="a").source() == "Hi\r\n"
    assert Prompt("Hi", model="m", name="a").source() == Prompt("Hi", model="m", name="b").source()


@pytest.mark.parametrize("text", ["---\nx", "---\n---\nx", "--- \r\nmodel: m\n---\nx", "---"])
def test_dashes_are_no_front_matter(text):
    """A text that begins like front matter is written so that it reads back as text."""
    assert Prompt.parse(Prompt(text).source()) == Prompt(text)


def test_source_shows_changes_by_line():
    """A changed setting or a changed line of the system message changes one line of the source."""
    one = Prompt("x", system="a\nb\nc", settings={"seed": 1, "temperature": 0}).source().splitlines()
    other = Prompt("x", system="a\nB\nc", settings={"seed": 2, "temperature": 0}).source().splitlines()

    assert [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]] == [
        ("  seed: 1", "  seed: 2"),
        ("  b", "  B"),
    ]


WORDS = st.sampled_from(["no", "007", "1e5", "0x1f", "---", "~", "null", " a", "a: b", "\n", "\r\n", "\ttab", "#", "é😀", "- x", "'", '"', "{{ x }}", "\x85", "\u2028", "\x00", "\ufeff", ""])  # fmt: skip
TEXTS = (
    st.lists(WORDS, max_size=6).map("".join)
    | st.lists(WORDS, max_size=6).map("\n".join)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(bool), inner, max_size=3),
)
KEYS = TEXTS.filter(lambda key: key not in ("", "model", "messages"))


@given(TEXTS.filter(str.strip), TEXTS.filter(str.strip) | st.none(), st.dictionaries(KEYS, JSON, max_size=3))
@settings(max_examples=400, deadline=None)
def test_source_is_read_back(text, system, options):
    """Whatever a prompt holds, its source reads back to an equal prompt with the same hash."""
    prompt = Prompt(text, system=system, model="m" if system else None, settings=options, name="n")

    again = Prompt.parse(prompt.source(), name="n")

    assert again == prompt
    assert again.text == prompt.text
    assert again.settings == prompt.settings


@given(TEXTS.filter(str.strip), JSON)
@settings(max_examples=100, deadline=None)
def test_messages_are_read_back(text, extra):
    """Messages read back from a source as they were."""
    prompt = Prompt(
        messages=[
            {"role": "user", "content": [{"type": "text", "text": text}]},
            {"role": "x", "content": text, "e": extra},
        ]
    )

    assert Prompt.parse(prompt.source()) == prompt


@given(
    st.text(max_size=60) | st.text("-\n :aé{}[]&*!|>'\"\t\r", max_size=40).map(lambda body: f"---\n{body}")
)
@settings(max_examples=400, deadline=None)
def test_parsing_raises_nothing_else(text):
    """Whatever a file holds, it is a prompt or a PromptError."""
    try:
        prompt = Prompt.parse(text)
    except PromptError:
        return
    assert prompt.text or prompt.messages
