"""Whatever a model says, and however sure it claims to be: a row, a frame, a record and files come of it."""

import json
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptlab import export_csv, export_jsonl
from promptlab._answer import parse
from promptlab._display import Record
from promptlab._frame import COLUMNS, to_frame
from promptlab._grade import grade
from promptlab._summary import summarise
from promptlab._types import Case, Completion, Outcome, Run, Variant
from promptlab.checks import compile_expect

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
SPELLED = st.from_regex(r"[ +-]?[0-9]{0,3}[.,]?[0-9]{0,4}([eE][+-]?[0-9]{1,4})? ?%{0,2}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | SPELLED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
ANSWERS = ANY_TEXT | st.fixed_dictionaries({"confidence": VALUES, "found": VALUES}).map(json.dumps)
EXPECT = {"found": False, "confidence": {"below": 0.5}, "contains": "x"}


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_confidence_is_in_range_or_missing(written):
    """Whatever stands where the confidence should, it is a number from 0 to 1 or missing, with a word on why."""
    answer = parse(Completion(text=json.dumps({"confidence": written})))

    if answer.confidence is None:
        assert answer.confidence_source is None
        assert answer.notes
    else:
        assert type(answer.confidence) is float
        assert math.isfinite(answer.confidence)
        assert 0.0 <= answer.confidence <= 1.0


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1) | st.integers(11, 100).map(float))
def test_written_ways_agree(number):
    """A confidence is the same number whether it is written as a number or as a text."""
    as_number, as_text = (
        parse(Completion(text=f'{{"confidence": {w}}}')) for w in (repr(number), f'"{number!r}"')
    )

    assert as_number.confidence == as_text.confidence == (number if number <= 1 else number / 100)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANSWERS, max_size=4))
def test_any_answers_become_frame_and_files(tmp_path, texts):
    """Rows of any answers make a frame of the promised columns, a record that can be sent, and whole files."""
    rows = [_row(place, text) for place, text in enumerate(texts)]
    run = Run(
        id="r", suite="s", cases=tuple(row.case.id for row in rows), repeats=1, workers=1,
        variants=(Variant(name="p", version="v"),), started_at="2026-01-01T00:00:00.000+00:00",
    )  # fmt: skip
    summary = summarise(run, rows, 1.0)

    frame = to_frame("r", rows, summary.plain())
    bundle = Record(run=run, summary=summary, outcomes=rows).bundle()

    assert list(frame.columns)[: len(COLUMNS)] == list(COLUMNS)
    assert len(frame) == len(texts)
    assert frame["output"].tolist() == texts
    assert frame["confidence"].dropna().between(0, 1).all()
    assert json.dumps(bundle).isascii()
    "".join(bundle.values()).encode("utf-8")
    assert export_csv(frame, tmp_path / "a.csv").read_bytes().count(b"\n") == len(texts) + 1
    lines = export_jsonl(frame, tmp_path / "a.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["output"] for line in lines] == texts


def _row(place, text):
    case = Case(id=f"c{place}", input={"q": text}, expect=EXPECT, tags=("t",))
    completion = Completion(text=text, model=text, latency_s=1.0)
    graded = grade(case, completion, compile_expect(EXPECT))
    return Outcome(
        index=place, prompt="p", version="v", case=case, repeat=0, status=graded.status, reason=graded.reason,
        error=graded.error, completion=completion, answer=graded.answer, verdicts=graded.verdicts, attempts=1,
    )  # fmt: skip
