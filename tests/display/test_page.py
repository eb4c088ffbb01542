"""The pages: the live panel and the record, and what must never be in them."""

import html as html_module
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._diff import word_diff
from promptlab._display import Changes, Meter, Record
from promptlab._display._escape import html, visible
from promptlab._display._html import STOP_HINT, panel
from promptlab._events import CaseStarted, LimitChanged, Notice
from promptlab._summary import summary_text
from promptlab._types import Completion, Verdict
from tests.display.feed import CYCLE, events_of, make_outcome, make_outcomes, make_run, make_summary

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><style>*{display:none}</style>"
    "<a href='javascript:alert(1)'>x</a><button data-commandlinker-command='x'>y</button>"
    " $x$ $$y$$ \\(z\\) \\[w\\] \\begin{align}v\\end{align} \x1b[31m \u202e {{ 7*7 }} &lt;b&gt; </pre></details>"
)
TAGS = {
    "div", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "ul", "li", "span", "b", "del",
    "ins",
}  # fmt: skip
STYLES = {
    "text-align", "line-height", "font-size", "margin", "max-width", "font-family", "font-weight", "display", "height",
    "background-color", "border", "width", "border-collapse", "table-layout", "padding", "border-bottom", "border-left",
    "vertical-align", "word-break", "word-wrap", "white-space", "opacity", "text-decoration", "overflow", "text-overflow", "min-height",
}  # fmt: skip
ANYTHING = st.text(alphabet=st.characters(exclude_categories=[]), max_size=60)


class Page(HTMLParser):
    """Reads a page: its tags, attributes, text nodes, and whether every element is closed."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.styles, self.nodes, self.open = set(), set(), set(), [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Take down an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        for name, value in attrs:
            if name == "style":
                self.styles |= {part.split(":")[0] for part in value.split(";")}
        self.open.append(tag)
        self.nodes.append("")

    def handle_endtag(self, tag):
        """Check that the innermost element is the one that ends."""
        assert self.open.pop() == tag
        self.nodes.append("")

    def handle_data(self, data):
        """Take down a run of text, which only an element interrupts."""
        self.nodes[-1:] = [(self.nodes[-1] if self.nodes else "") + data]

    @property
    def text(self):
        """The text without the elements."""
        return "".join(self.nodes)


def make_record(outcomes, *, changes=None, run=None, stopped=None, notices=(), describe=None):
    """Make the record of a run with these outcomes."""
    run = run or make_run(len(outcomes))
    summary = make_summary(run, outcomes, stopped)
    return Record(
        run=run, summary=summary, outcomes=outcomes, changes=changes, notices=notices, describe=describe
    )


def hostile_record(text=HOSTILE, size=6):
    """Make a record in which every word that can be another's is hostile."""
    outcomes = [
        make_outcome(
            index,
            status,
            id=f"{text}{index}",
            text=text,
            reason=text,
            prompt=text,
            verdicts=(Verdict(passed=False, name=text, reason=text),),
        )
        for index, status in zip(
            range(size), ("fail", "error", "pass", "ungraded", "not_run") * size, strict=False
        )
    ]
    run = make_run(size, suite=text, id=text)
    changes = Changes(headline=text, segments=tuple(word_diff(text, f"new {text}")), broke=((text, text),))
    return make_record(
        outcomes, run=run, stopped=text, notices=(text,), changes=changes, describe=lambda _: text
    )


def hostile_panel(text=HOSTILE):
    """Draw a panel in which every word that can be another's is hostile."""
    run = make_run(4, suite=text)
    meter = Meter(run)
    for index, status in enumerate(("fail", "error", "pass")):
        meter.fold(
            next(
                e
                for e in events_of(run, [make_outcome(index, status, id=text, reason=text)])
                if hasattr(e, "outcome")
            )
        )
    meter.fold(LimitChanged(limit=1, reason=text, at_s=0.0))
    meter.fold(Notice(text=text))
    return panel(meter.read(), hint=STOP_HINT, clock="12:30:11")


@pytest.mark.parametrize("drawn", ["record", "panel"])
def test_hostile_words_stay_words(drawn):
    """No word of a model, a case or an error becomes an element, an attribute, a style or a link."""
    page = Page(hostile_record().html() if drawn == "record" else hostile_panel())

    assert page.tags <= TAGS
    assert page.attributes <= {"class", "style"}
    assert page.styles <= STYLES
    assert not page.open
    assert visible("<script>alert(1)</script>") in page.text


@pytest.mark.parametrize("drawn", ["record", "panel"])
def test_mathematics_finds_no_delimiter_pair(drawn):
    """Every dollar and backslash of others is alone in its run of text, where MathJax looks for pairs."""
    source = hostile_record().html() if drawn == "record" else hostile_panel()
    nodes = [node for node in Page(source).nodes if "$" in node or "\\" in node]

    assert len(nodes) > 20
    assert set(nodes) == {"$", "\\"}
    assert 'mathjax_ignore"' in source.split(">")[0]


@settings(max_examples=50, deadline=None)
@given(text=ANYTHING)
def test_any_words_make_a_whole_page(text):
    """Whatever others say, every element is closed and nothing of a page's control is in it."""
    for source in (hostile_record(text, 5).html(), hostile_panel(text)):
        page = Page(source)
        assert not page.open
        assert page.tags <= TAGS
        source.encode()


@given(text=ANYTHING)
def test_escaped_words_read_as_written(text):
    """A reader sees the words as they were, with what would steer the screen made visible."""
    assert Page(html(text)).text.replace("\r", "") == html_module.unescape(html_module.escape(visible(text)))


@pytest.mark.parametrize("size", [0, 1, 5, 30, 300, 1_000])
@pytest.mark.parametrize("statuses", [CYCLE, ("pass",), ("fail",), ("error",), ("ungraded",), ("not_run",)])
def test_record_of_any_size_is_bounded(size, statuses):
    """A record takes at most 100 kB, and every row is in it by name or by number."""
    record = make_record(make_outcomes(size, statuses), describe=lambda _: "Does it exist? " * 300)

    page = record.html()

    assert len(page.encode()) <= 100_000
    assert not Page(page).open
    assert size > 300 or all(f"case_{index}" in page for index in range(size))


@pytest.mark.parametrize(
    "text", ["\\" * 40_000, "$" * 40_000, "<" * 40_000, "é" * 40_000, '"' * 40_000, "\x00" * 40_000]
)
def test_record_of_costly_words_is_bounded(text):
    """Words that grow when they are escaped do not make the record grow."""
    outcomes = [
        make_outcome(
            index,
            status="fail",
            id=f"{text[:500]}{index}",
            text=text,
            reason=text,
            verdicts=tuple(Verdict(passed=False, name=text, reason=text) for _ in range(50)),
        )
        for index in range(40)
    ]
    changes = Changes(
        headline=text,
        segments=(("gone", text), ("same", text), ("new", text)),
        broke=((text, text),) * 500,
        fixed=((text, text),) * 500,
        failing=((text, text),) * 500,
    )
    record = make_record(
        outcomes, run=make_run(40, suite=text), changes=changes, notices=(text,) * 99, describe=lambda _: text
    )

    assert len(record.html().encode()) <= 100_000
    assert not Page(record.html()).open


def test_failures_come_first_and_open():
    """Failures stand before errors and passes; each opens to prompt, output, answer, checks and cost."""
    page = make_record(make_outcomes(20), describe=lambda one: f"Is {one.case.id} there?").html()
    text = Page(page).text

    assert text.index("case_3") < text.index("case_5") < text.index("case_0")
    for words in (
        "FAIL found: expected false, got true", "Is case_3 there?", '{"found": true, "confidence": 0.95}',
        "1 attempt", "1.00 s", "100 tokens in", "20 tokens out", "$0.0010", "model gpt-5-nano", "cases.yaml:3",
    ):  # fmt: skip
        assert words in text
    assert page.count("<details>") == 20


@pytest.mark.parametrize(("size", "opens"), [(20, True), (400, False)])
def test_rows_that_stay_shut_are_told(size, opens):
    """Where not all rows open, the page says how many do, and how to see the others whole."""
    page = make_record(make_outcomes(size, ("fail",)), describe=lambda _: "Does it exist? " * 300).html()
    opened = page.count("<details>")

    assert ("can be opened" not in page) is opens
    assert opens or f"The first {opened} can be opened" in page
    assert opens or f"frame.loc[frame.case == 'case_{opened}']" in Page(page).text


@pytest.mark.parametrize(
    ("statuses", "stopped", "claimed"),
    [
        (("pass", "fail"), None, True), (("error",), None, False), (("pass", "error"), None, False),
        (("pass", "pass", "not_run"), "interrupt", True), (("pass", "not_run", "not_run"), "interrupt", False),
    ],
)  # fmt: skip
def test_speed_is_claimed_for_answers(statuses, stopped, claimed):
    """How many times faster it was is said only where most rows got an answer."""
    page = make_record(make_outcomes(18, statuses), stopped=stopped).html()

    assert "2.5 s with 8 workers" in page
    assert ("times faster" in page) is claimed


def test_application_without_model_costs_nothing_known():
    """Where no model is named there is nothing to say of a price."""
    said = Completion(text="x", latency_s=1.0)
    nameless = [make_outcome(index, "pass", completion=said) for index in range(3)]
    unknown = [make_outcome(index, "pass", completion=replace(said, model="m")) for index in range(3)]

    assert "cost" not in summary_text(make_summary(make_run(3), nameless))
    assert "cost unknown" in summary_text(make_summary(make_run(3), unknown))


def test_record_says_all_in_words():
    """Score, interval, errors with their bounds, time, speedup, cost and the simulator are said in words."""
    run = make_run(20, simulated=True)
    outcomes = make_outcomes(20)

    text = Page(make_record(outcomes, run=run, notices=("temperature dropped",)).html()).text

    for words in (
        "14 of 16 passed, 88 % (95 % interval 64 to 97 %)", "simulated", "2 rows without a verdict, not in the score",
        "78 % had all of them failed", "2 confident mistakes", "2.5 s with 8 workers", "times faster",
        "router (version 0a1b2c3d)", "note: temperature dropped", "2 failed, 2 without a verdict", "14 passed",
    ):  # fmt: skip
        assert words in text


def test_record_of_a_stopped_run():
    """A stopped run says so, names what was not run, and how to go on."""
    text = Page(make_record(make_outcomes(4, ("pass", "not_run")), stopped="interrupt").html()).text

    assert "Stopped early (interrupt): 2 rows not run; run again to fill in what is missing" in text
    assert "2 not run: case_1, case_3" in text


@pytest.mark.parametrize("size", [0, 3])
def test_record_without_a_verdict(size):
    """Where nothing was graded the record says that there is no score."""
    assert "no row was graded" in Page(make_record(make_outcomes(size, ("ungraded",))).html()).text


def test_long_text_goes_behind_a_fold():
    """A long output shows its beginning, opens to more, and says how much is only in the frame."""
    page = make_record([make_outcome(0, "fail", text="word " * 4_000)]).html()
    text = Page(page).text

    assert "more characters: see the frame, column output" in text
    assert page.count("<details>") == 2


def test_prompt_that_cannot_be_rendered():
    """A prompt that fails to render again costs a word, not the record."""

    def describe(_):
        raise RuntimeError("no such hole")

    assert (
        "could not be rendered again: RuntimeError" in make_record(make_outcomes(1), describe=describe).html()
    )


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), {"a": {3}}])
def test_answer_of_any_type_is_shown(value):
    """An answer that JSON does not know does not cost the record."""
    from dataclasses import replace

    outcome = make_outcome(0, "fail")
    outcome = replace(outcome, answer=replace(outcome.answer, value=value), completion=None)

    assert "FAIL" in make_record([outcome]).html()


def test_changes_stand_before_the_table():
    """The words of the prompt stand beside the cases that were fixed and broken, before the rows."""
    changes = Changes(
        headline="cannot tell: 1 fixed, 1 broke",
        segments=tuple(word_diff("You are a router.", "You are a careful router.")),
        fixed=(("case_1", ""),),
        broke=(("case_3", "found: expected false, got true"),),
    )
    record = make_record(make_outcomes(4), changes=changes)
    page, text = record.html(), Page(record.html()).text

    assert ">careful </ins>" in page
    assert text.index("cannot tell: 1 fixed, 1 broke") < text.index("1 broke") < text.index("1 failed")
    assert "{+careful +}" in record.text()
    assert "broke: case_3 found: expected false, got true" in record.text()


def test_same_text_is_said_to_be():
    """Where the prompt's text is the same the record says so."""
    assert (
        "The text is the same." in make_record(make_outcomes(2), changes=Changes(headline="nothing")).html()
    )


def test_long_unchanged_text_is_left_out():
    """What stayed is cut to the words around the changes."""
    segments = (("same", "a" * 900), ("new", "b"), ("same", "c" * 900))

    text = make_record(make_outcomes(1), changes=Changes(headline="x", segments=segments)).text()

    assert "780 characters unchanged" in text
    assert "a" * 121 not in text


def test_panel_shows_the_limit_move():
    """The panel says how many calls may be under way, and why they are fewer than the workers."""
    run = make_run(40, workers=15)
    meter = Meter(run)
    for index in range(4):
        meter.fold(CaseStarted(index=index, case=f"case_{index}", at_s=0.0))
    free = Page(panel(meter.read())).text
    meter.fold(LimitChanged(limit=6, reason="rate limited", at_s=0.0))
    held = Page(panel(meter.read())).text

    assert "4 under way with 15 workers" in free
    assert "limit" not in free
    assert "limit 6 of 15 at once (rate limited)" in held


def test_panel_reserves_its_height():
    """The panel is as high before the first row as after the last, so that the page does not jump."""
    run = make_run(40)
    meter = Meter(run)
    before = panel(meter.read())
    for event in events_of(run, make_outcomes(40)):
        meter.fold(event)

    assert before.count("min-height:355px") == panel(meter.read()).count("min-height:355px") == 1


def test_bundle_is_what_a_notebook_keeps():
    """The record gives HTML and plain text, as JSON can hold them."""
    bundle = make_record(make_outcomes(20))._repr_mimebundle_(include=None, exclude=None)

    assert set(bundle) == {"text/html", "text/plain"}
    assert "FAIL case_3: found: expected false, got true" in bundle["text/plain"]
    json.dumps(bundle)


def test_plain_record_is_bounded():
    """The plain text lists the first rows with trouble and counts the rest."""
    text = make_record(make_outcomes(1_000, ("fail",))).text()

    assert text.count("FAIL") == 40
    assert "960 more rows failed or broke" in text
