"""Two verdicts beside the comparison: can the confidence be believed, and was the prompt fitted to its cases."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import promptlab
from promptlab import Lab, SettingError, UsageError
from promptlab._stats import gap
from tests.compare.frames import make_frame


def answers(count: int, *, sure: float, right: float, seed: int = 1) -> pd.DataFrame:
    """Make a frame whose answers are always so sure, and right so often."""
    generator = random.Random(seed)
    letters = "".join("P" if generator.random() < right else "F" for _ in range(count))
    return make_frame(letters, confidence=sure)


def test_overconfidence_is_measured():
    """A source that is always 0.95 sure and right half the time has an error of 0.45 within 0.05."""
    found = promptlab.calibration(answers(400, sure=0.95, right=0.5))

    assert found.ece == pytest.approx(0.45, abs=0.05)
    assert found.ece_low <= 0.45 <= found.ece_high
    assert found.sentence.startswith("too sure: says 95 %")
    assert found.brier == pytest.approx(0.25 + 0.45**2, abs=0.05)
    assert found.auroc == pytest.approx(0.5)
    assert (found.frame["rows"].sum(), found.rows, found.left_out) == (400, 400, 0)


def test_honest_confidence_has_no_fault():
    """An honest confidence is not called wrong, and the bins lie where they should."""
    generator = random.Random(3)
    frame = answers(300, sure=0.5, right=0.5)
    frame["confidence"] = pd.array([generator.random() for _ in range(300)], dtype="Float64")
    frame["passed"] = pd.array([generator.random() < sure for sure in frame["confidence"]], dtype="boolean")

    found = promptlab.calibration(frame, seed=4)

    assert found.sentence.startswith("no fault found in the confidence")
    assert (found.frame["rate_low"] <= found.frame["rate"]).all()
    assert (found.frame["rate"] <= found.frame["rate_high"]).all()
    assert found.frame["confidence"].is_monotonic_increasing
    assert found.seed == 4


def test_confident_mistakes_are_listed():
    """Wrong answers given with a confidence of 0.8 or more are listed, the most confident first."""
    frame = answers(40, sure=0.5, right=0.9)
    frame.loc[[3, 7, 9], "confidence"] = [0.8, 0.99, 0.79]
    frame.loc[[3, 7, 9], "passed"] = False

    found = promptlab.calibration(frame)

    assert found.mistakes["case"].tolist() == ["c7", "c3"]
    assert "input.request" in found.mistakes.columns


@pytest.mark.parametrize("count", [0, 1, 29])
def test_few_rows_give_a_sentence_alone(count):
    """Below 30 graded rows there is a sentence that says so, and no figure."""
    frame = answers(40, sure=0.9, right=0.5)[:count]

    found = promptlab.calibration(frame)

    assert (
        found.sentence
        == f"too few to judge the confidence: {count} graded answers came with one, 30 are needed"
    )
    assert (found.brier, found.ece, found.ece_low, found.ece_high, found.auroc) == (None,) * 5
    assert found.frame.empty
    assert found.mistakes.empty
    assert list(found.frame.columns) == ["low", "high", "rows", "confidence", "rate", "rate_low", "rate_high"]


def test_rows_without_verdict_are_left_out():
    """Rows without a verdict or a confidence count neither way."""
    frame = pd.concat([answers(60, sure=0.9, right=0.9), make_frame("EUN")], ignore_index=True)
    frame.loc[0, "confidence"] = pd.NA

    found = promptlab.calibration(frame)

    assert (found.rows, found.left_out) == (59, 4)


def test_calibration_shows_itself():
    """In a notebook and on a terminal it is its sentence and its figures, not a heap of fields."""
    text = repr(promptlab.calibration(answers(60, sure=0.95, right=0.5)))

    assert text.splitlines()[0].startswith("too sure")
    assert "Brier" in text
    assert "confident mistakes" in text
    assert "DataFrame" not in text


def test_variants_together_are_told_of():
    """Where the rows of several variants are taken together the sentence says so."""
    both = pd.concat([make_frame("PF" * 20, name="A"), make_frame("PF" * 20, name="B")])

    assert promptlab.calibration(both).sentence.endswith("2 variants taken together")


@pytest.mark.parametrize(
    "wrong", [None, "frame", pd.DataFrame({"a": [1]}), make_frame("PF" * 20).assign(confidence=1.5)]
)
def test_wrong_calibration_input_is_refused(wrong):
    """What holds no confidences in [0, 1] is an error that says so."""
    with pytest.raises(UsageError):
        promptlab.calibration(wrong)


def test_fitted_prompt_is_unmasked(simulator, repository):
    """The prompt that was fitted to its cases shines on them, not on those held out, and the verdict says so."""
    suite = promptlab.load_cases(repository / "cases" / "travel_intents.yaml")
    work, held = suite.split(holdout=0.3, seed=0)
    prompt = repository / "cases" / "prompts" / "travel_fitted.md"
    with Lab(base_url=simulator.base_url, display="none") as lab:
        frames = [promptlab.run_parallel(part, prompt, workers=8, lab=lab) for part in (work, held)]
        whole = promptlab.run_parallel(suite, prompt, workers=8, lab=lab)

    found = promptlab.holdout_gap(*frames)

    assert found.fitted
    assert found.sentence.startswith(
        "fitted to its cases: 91 % on the 140 cases worked on, 73 % on the 60 held out"
    )
    assert found.low > 0
    assert promptlab.holdout_gap(whole, held) == found
    assert str(found) == found.sentence


def test_gap_is_newcombes():
    """With one answer a case the gap and its interval are Newcombe's; errors are in neither part."""
    worked, held = make_frame("P" * 18 + "F" * 2 + "E"), make_frame("P" * 7 + "F" * 3)
    held["case"] = "h" + held["case"]

    found = promptlab.holdout_gap(worked, held)

    expected = gap((18, 20), (7, 10))
    assert (found.worked, found.held, found.difference) == pytest.approx((0.9, 0.7, 0.2))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.sentence.startswith("no sign of fitting: 90 % on the 20 cases")


def test_gap_counts_cases_not_answers():
    """With repeats the interval is wider than if every answer were a case of its own."""
    worked, held = make_frame("PPP " * 9 + "FFF"), make_frame("PPP " * 5 + "FFF " * 4 + "FFF")
    held["case"] = "h" + held["case"]

    found = promptlab.holdout_gap(worked, held)
    answers = gap((27, 30), (15, 30))

    assert found.difference == pytest.approx(0.4)
    assert found.low < answers.low < answers.high < found.high


def test_gap_without_a_graded_part():
    """A part without a graded case is said, not guessed."""
    found = promptlab.holdout_gap(make_frame("PF"), make_frame("EE").assign(case=["x", "y"]))

    assert (found.fitted, found.difference, found.low) == (False, None, None)
    assert "cannot tell" in found.sentence


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ((make_frame("PF"), make_frame("PF")), UsageError), (("a", "b"), SettingError),
        ((make_frame("PF"), pd.DataFrame({"a": [1]})), UsageError),
    ],
)  # fmt: skip
def test_wrong_holdouts_are_refused(given, error):
    """Two parts that share cases are no holdout; what is no frame is refused."""
    with pytest.raises(error):
        promptlab.holdout_gap(*given)
