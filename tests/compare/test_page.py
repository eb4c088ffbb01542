"""The comparison as a page: what it says, in what order, and what must never be in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import promptlab
from promptlab import Prompt
from promptlab._compare import prompt_source
from promptlab._contest._comparison import compared
from promptlab._contest._material import Material
from promptlab._display._escape import visible
from promptlab.report import POLICY
from tests.compare.frames import flipped, make_frame
from tests.display.test_page import HOSTILE, STYLES, TAGS, Page

ANYTHING = st.text(alphabet=st.characters(exclude_categories=[]), max_size=60)


def html_of(found) -> str:
    """Give what a notebook keeps."""
    return found._repr_mimebundle_(include=None, exclude=None)["text/html"]


def hostile(text: str = HOSTILE, letters=("PPFFE", "PFPFP"), variants: int = 2):
    """Make a comparison in which every word that can be another's is hostile."""
    frames, sources = {}, []
    for number in range(variants):
        name = f"{text}{number}"
        frame = make_frame(letters[number % 2], name=name, text=f"{text} {number} {text}", request=text)
        frame["case"] = [f"{text}{place}" for place in range(len(frame))]
        frame["reason"] = frame["reason"].fillna(text).map(lambda reason: f"{reason} {text}")
        frame["model"] = text
        frames[name] = frame
        prompt = Prompt(f"{number} hello", system=f"{{% raw %}}{'x' if '{%' in text else text}{{% endraw %}}")
        settings = {"stop": [text], "temperature": number}
        sources.append(prompt_source(name, prompt.replace(settings=settings), text))
    return compared(Material(frames=frames, sources=tuple(sources), suite=text, stopped=text))


@pytest.mark.parametrize("variants", [2, 4])
def test_hostile_words_stay_words(variants):
    """No word of a model, a case, a prompt or a name becomes an element, an attribute, a style or a link."""
    page = Page(html_of(hostile(variants=variants)))

    assert page.tags <= TAGS
    assert page.attributes <= {"class", "style", "open"}
    assert page.styles <= STYLES
    assert not page.open
    assert visible("<script>alert(1)</script>") in page.text


def test_mathematics_finds_no_delimiter_pair():
    """Every dollar and backslash of others is alone in its run of text, where MathJax looks for pairs."""
    source = html_of(hostile())
    nodes = [node for node in Page(source).nodes if "$" in node or "\\" in node]

    assert len(nodes) > 20
    assert set(nodes) == {"$", "\\"}
    assert 'mathjax_ignore"' in source.split(">")[0]


@settings(max_examples=40, deadline=None)
@given(text=ANYTHING)
def test_any_words_make_a_whole_page(text):
    """Whatever others say, every element is closed and the page can be written."""
    found = hostile(text)

    page = Page(html_of(found))

    assert not page.open
    assert page.tags <= TAGS
    html_of(found).encode()
    str(found).encode("utf-8")


def test_written_page_runs_nothing(tmp_path):
    """The file is one page that allows itself no script, no picture and no network; hostile words in it are words."""
    path = hostile().to_html(tmp_path / "out.html")

    text = path.read_text(encoding="utf-8")
    page = Page(text.split("<body>")[1].split("</body>")[0])
    assert text.startswith("<!doctype html>")
    assert f'content="{POLICY}"' in text
    assert "default-src 'none'" in POLICY
    assert "<script" not in text.lower()
    assert "<script" not in text.split("<title>")[1].split("</title>")[0]
    assert "http://" not in text
    assert "prefers-color-scheme: dark" in text
    assert page.tags <= TAGS | {"main"}
    assert [file.name for file in tmp_path.iterdir() if file.suffix] == ["out.html"]


def test_page_that_cannot_be_written_is_an_error(tmp_path):
    """A path that cannot be written is an error that names it, and leaves nothing behind."""
    with pytest.raises(promptlab.SettingError, match="no-such-folder"):
        promptlab.compare(*flipped(1, 1, 1)).to_html(tmp_path / "no-such-folder" / "out.html")

    assert not list(tmp_path.rglob("*.html*"))


def test_broke_stands_before_fixed():
    """The sentence comes first, then the variants, then what broke, what was fixed, what fails in both, the others."""
    a = make_frame("PFFPE", name="A", text="the old answer")
    b = make_frame("FPFPP", name="B", text="the new answer")

    text = Page(html_of(promptlab.compare(a, b))).text

    places = [
        text.index(words)
        for words in (
            "cannot tell on 4 cases", "passed, 95 % interval", "1 broke in B", "c0", "1 fixed by B", "c1",
            "1 fail in both", "c2", "1 without a verdict on one side", "1 pass in both",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_outputs_stand_side_by_side():
    """A case that changed sides opens to its input and both outputs, the words marked that the other lacks."""
    a = make_frame("P", name="A", text="it is found here", confidence=0.4)
    b = make_frame("F", name="B", text="it is lost here", confidence=0.9)

    source = html_of(promptlab.compare(a, b))

    text = Page(source).text
    assert "request: request c0" in text
    assert "A: ✅ PASS, confidence 0.40" in text
    assert "B: ❌ FAIL, confidence 0.90, confident mistake" in text
    assert ">found</ins> here" in source
    assert ">lost</ins> here" in source


def test_what_differs_is_said():
    """Texts are shown word by word, model and settings in a table."""
    a = Prompt("Say {{ request }} now", model="m-1", settings={"temperature": 0, "seed": 1})
    b = Prompt("Say {{ request }} later", model="m-2", settings={"temperature": 1, "seed": 1})
    frames = dict(zip("AB", flipped(1, 1, 1), strict=True))
    sources = (prompt_source("A", a, None), prompt_source("B", b, None))

    source = html_of(compared(Material(frames=frames, sources=sources)))

    text = Page(source).text
    assert "What differs: 1 word gone, 1 new; model m-1 → m-2; temperature 0 → 1" in text
    assert ">now</del>" in source
    assert ">later</ins>" in source
    assert "seed" not in text


@pytest.mark.parametrize(
    ("second", "said"),
    [("Say {{ request }} now", "Text, model and settings are the same"), (None, "is not known")],
)
def test_no_difference_is_said_too(second, said):
    """Where nothing differs, or one text is not known, the page says so."""
    frames = dict(zip("AB", flipped(1, 1, 1), strict=True))
    a = prompt_source("A", Prompt("Say {{ request }} now"), "m")
    b = prompt_source("B", Prompt(second), "m") if second else None

    found = compared(
        Material(frames=frames, sources=(a, b) if b else (a, a.__class__(name="B", kind="application")))
    )

    assert said in Page(html_of(found)).text


@pytest.mark.parametrize("cases", [1, 5, 40, 400, 2_000])
@pytest.mark.parametrize("text", ["short", "a long answer " * 400])
def test_page_of_any_size_is_bounded(cases, text):
    """A page takes at most 100 kB in a notebook, and every case that changed sides is in it by name or number."""
    a, b = (
        make_frame("FPPF" * cases, name="A", text=text),
        make_frame("PFPF" * cases, name="B", text=f"{text}!"),
    )

    source = html_of(promptlab.compare(a, b))

    assert len(source.encode()) <= 100_000
    assert not Page(source).open
    assert f"{cases:,} broke in B" in Page(source).text
    assert f"{cases:,} fixed by B" in Page(source).text


@pytest.mark.parametrize("letter", ["\\", "$", "<", "é", '"', "\x00", "\u202e"])
def test_page_of_costly_words_is_bounded(letter):
    """Words that grow when they are escaped do not make the page grow."""
    found = hostile(letter * 20_000, letters=("P" * 60, "F" * 60), variants=5)

    source = html_of(found)

    assert len(source.encode()) <= 100_000
    assert not Page(source).open
    assert len(found.sentence) < 2_000


def test_many_variants_are_bounded():
    """Fifty variants make no larger a page, and those left out are counted."""
    frames = {f"variant {place}": make_frame("PF" * 20, name=f"v{place}") for place in range(50)}

    source = html_of(promptlab.compare(frames))

    assert len(source.encode()) <= 100_000
    assert "more variants" in Page(source).text


def test_file_holds_what_the_notebook_has_no_room_for(tmp_path):
    """The file of its own shows every case that changed sides, with its outputs."""
    a, b = (
        make_frame("P" * 120, name="A", text="word " * 600),
        make_frame("F" * 120, name="B", text="other " * 600),
    )
    found = promptlab.compare(a, b)

    text = found.to_html(tmp_path / "out.html").read_text(encoding="utf-8")

    assert html_of(found).count("<details") < 120 < text.count("<details")
    assert "more by name alone" not in text


def test_plain_text_says_it_all():
    """The text for terminals has the sentence, the variants, the notes and the cases that changed sides."""
    found = promptlab.compare(make_frame("PFFPE", name="A"), make_frame("FPFPP", name="B"))

    text = found._repr_mimebundle_()["text/plain"]

    for words in (
        found.sentence, "A: 2 of 4: 50 % [15, 85]; 1 error (40 to 60 % possible)", "note: 1 pair left out",
        "broke: c0 found: expected true, got false", "fixed: c1 was: found: expected true, got false",
    ):  # fmt: skip
        assert words in text
    assert repr(found) == str(found) == text


def test_plain_text_is_harmless():
    """No line of the text steers a terminal or a CI service, and long lists are cut."""
    found = hostile("::error::\x1b[31m##[group]\r\n", letters=("P" * 50, "F" * 50))

    lines = str(found).splitlines()

    assert not [line for line in lines if line.lstrip().startswith(("::", "##["))]
    assert "\x1b" not in str(found)
    assert len(lines) < 60


def test_early_stop_is_said(server):
    """The page says after how many cases it was decided, and how many calls that saved."""
    server.says(lambda call: {"found": call.text[0] == "B"})
    cases = [{"id": f"c{i}", "input": {"r": i}, "expect": {"found": True}} for i in range(40)]
    with promptlab.Lab(base_url=server.base_url, display="none") as lab:
        found = promptlab.compare(
            cases, {"A": "A{{ r }}", "B": "B{{ r }}"}, workers=1, stop_when="decided", lab=lab
        )

    text = Page(html_of(found)).text
    assert f"decided after 7 of 40 cases, taken in a random order: {found.saved_calls} calls saved" in text


def test_bundle_is_json():
    """What a notebook keeps can be written as JSON."""
    bundle = hostile()._repr_mimebundle_(include=None, exclude=None)

    assert set(json.loads(json.dumps(bundle))) == {"text/html", "text/plain"}


def test_simulated_answers_are_labelled():
    """A comparison that a simulator answered says so on the page and in the text."""
    a, b = (make_frame("PF", name=name, model="simulated-gpt-5-nano") for name in "AB")

    found = promptlab.compare(a, b)

    assert "simulated: no model answered" in Page(html_of(found)).text
    assert "simulated: no model answered" in str(found)
    assert "; cost nothing" in str(found)
