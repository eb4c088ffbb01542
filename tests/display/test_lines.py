"""The progress line, and words of others on a line."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlab._display._escape import clip, html, lines, one_line, visible
from promptlab._display._lines import duration, label_of, progress_line
from promptlab._display._text import encodable
from tests.display.feed import make_outcome, make_run

FORM = re.compile(
    r"\[\d+/\d+\] (✅|❌|⚠️|➖) (.{20,}) conf=(\d\.\d\d|n/a) \((ETA: \d+\.\ds|ETA: \?|cached)\)( → .+)?"
)
ANYTHING = st.text(alphabet=st.characters(exclude_categories=[]), max_size=80)


def line_of(outcome, eta_s=7.1, run=None):
    """Write the line of an outcome as the third of twenty."""
    label = label_of(run or make_run(), outcome)
    return progress_line(outcome, label=label, done=3, total=20, eta_s=eta_s)


def test_line_of_the_contract():
    """The line is the one that the contract shows, to the character."""
    outcome = make_outcome(2, "fail", id="no_match", confidence=1.0)

    assert line_of(outcome) == (
        "[3/20] ❌ no_match             conf=1.00 (ETA: 7.1s) → found: expected false, got true"
    )


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (make_outcome(0, id="basic"), "[3/20] ✅ basic                conf=0.95 (ETA: 7.1s)"),
        (make_outcome(0, id="basic", cached=True), "[3/20] ✅ basic                conf=0.95 (cached)"),
        (make_outcome(0, id="basic", confidence=None), "[3/20] ✅ basic                conf=n/a (ETA: 7.1s)"),
        (make_outcome(0, "ungraded", id="basic"), "[3/20] ➖ basic                conf=0.95 (ETA: 7.1s)"),
        (
            make_outcome(0, "error", id="basic"),
            "[3/20] ⚠️ basic                conf=n/a (ETA: 7.1s) → timeout: no answer within 60 s",
        ),
        (
            make_outcome(0, "error", id="basic", reason="timeout: 60 s are over"),
            "[3/20] ⚠️ basic                conf=n/a (ETA: 7.1s) → timeout: 60 s are over",
        ),
        (make_outcome(0, "error", id="basic", reason=None), "[3/20] ⚠️ basic                conf=n/a (ETA: 7.1s) → timeout"),
        (make_outcome(0, id="an_id_of_more_than_20"), "[3/20] ✅ an_id_of_more_than_20 conf=0.95 (ETA: 7.1s)"),
    ],
)  # fmt: skip
def test_line_of_each_status(outcome, expected):
    """Every status has its sign; what is missing and what came from the store is said."""
    assert line_of(outcome) == expected
    assert FORM.fullmatch(line_of(outcome))


def test_line_without_an_eta():
    """Where nobody can tell how long it takes the line says so."""
    assert "(ETA: ?)" in line_of(make_outcome(), eta_s=None)


@pytest.mark.parametrize(
    ("changes", "label"),
    [({}, "case_0"), ({"repeats": 3}, "case_0#2"), ({"variants": make_run().variants * 2}, "router/case_0")],
)
def test_label_tells_rows_apart(changes, label):
    """Repeats and variants are in the row's name where there are several."""
    assert label_of(make_run(**changes), make_outcome(0, repeat=2)) == label


@given(text=ANYTHING)
def test_line_stays_one_harmless_line(text):
    """Whatever a case or an error says: one line, nothing that steers a screen or commands a CI service."""
    line = line_of(make_outcome(0, "error", id=text, reason=text))

    assert line.isprintable() or not re.search(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line
    )
    assert line.startswith("[3/20] ")
    assert "##[" not in line
    line.encode()


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\r\nb\nc\rd", "a ⏎ b ⏎ c\\rd"),
        ("\x00\x08", "\\x00\\x08"),
        ("\ud83d", "\\ud83d"),
        ("##[error]x ##vso[task.x]", "## [error]x ## vso[task.x]"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("👩\u200d💻 50\xa0%", "👩\u200d💻 50\xa0%"),
    ],
)
def test_hostile_characters_are_shown(hostile, shown):
    """Characters that would act are shown as what they are; those that words need are left alone."""
    assert one_line(hostile) == shown


def test_reason_has_500_characters():
    """A long reason is cut, and says so."""
    line = line_of(make_outcome(0, "fail", reason="\x1b" * 2_000))

    reason = line.split(" → ")[1]

    assert (len(reason), reason[-1]) == (500, "…")


@pytest.mark.parametrize(
    "text", ["::error::x", "  ::set-output name=a::b", "fine\n::warning::y", "\t::debug::z"]
)
def test_no_line_begins_a_command(text):
    """No line of a summary begins as a command of a CI service does."""
    assert not any(line.lstrip().startswith("::") for line in lines(text).split("\n"))


@given(text=ANYTHING, room=st.integers(-5, 300))
def test_clip_keeps_to_its_room(text, room):
    """What is clipped is the escaped beginning of the text and fits the bytes given."""
    page, taken = clip(text, room)

    assert page == html(text[:taken])
    assert len(page.encode()) <= max(room, 0)
    assert taken == len(text) or len(html(text[: taken + 1]).encode()) > room or taken < len(text)


@pytest.mark.parametrize(
    ("seconds", "words"), [(7.14, "7.1 s"), (99.96, "1 min 40 s"), (125, "2 min 05 s"), (3_780, "1 h 03 min")]
)
def test_duration_in_words(seconds, words):
    """Times are said as people say them."""
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "✅ a → b…"), ("ascii", "PASS a -> b..."), ("cp1252", "PASS a -> b…")]
)
def test_signs_become_words_in_narrow_encodings(encoding, shown):
    """Output that has no room for a sign gets the word, and no row is lost."""
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)

    text = encodable("✅ a → b…", out)

    assert text.replace("...", "…") == shown.replace("...", "…")
    text.encode(encoding)


def test_visible_keeps_ordinary_text():
    """Ordinary text of any script stays as it is."""
    text = "Grüße, 你好, سلام\n\tтекст"

    assert visible(text) == text
