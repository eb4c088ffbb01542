"""Grading: a completion becomes a status, verdicts and a reason, and never an exception."""

import pytest

from promptlab._grade import grade
from promptlab._types import Case, Completion
from promptlab.checks import as_checks, compile_expect

CASE = Case(
    id="no_match", input={"request": "send an email"}, expect={"found": False, "confidence": {"below": 0.4}}
)


def test_right_answers_pass():
    """An answer that meets every check passes, without a reason or an error."""
    result = grade(CASE, Completion(text='{"found": false, "confidence": 0.1}'), compile_expect(CASE.expect))

    assert (result.status, result.reason, result.error) == ("pass", None, None)
    assert [verdict.passed for verdict in result.verdicts] == [True, True]
    assert result.answer.confidence == 0.1


def test_wrong_answers_fail_with_every_reason():
    """An answer that misses checks fails, with all of them in one line, in the order written."""
    result = grade(CASE, Completion(text='{"found": true, "confidence": 0.9}'), compile_expect(CASE.expect))

    assert result.status == "fail"
    assert (
        result.reason == "found: expected false, got true; confidence: expected a number below 0.4, got 0.9"
    )


def test_nothing_expected_is_ungraded():
    """Without checks there is no verdict, and the answer is at hand."""
    result = grade(CASE, Completion(text='{"found": true}'), ())

    assert (result.status, result.verdicts, result.answer.value) == ("ungraded", (), {"found": True})


def test_one_broken_check_is_an_error():
    """A check that breaks takes the verdict, also where all others pass or fail; their verdicts are kept."""

    def broken(answer):
        return 1 / 0

    for text in ('{"found": false, "confidence": 0}', '{"found": true, "confidence": 0}'):
        result = grade(CASE, Completion(text=text), (*compile_expect(CASE.expect), *as_checks(broken)))

        assert (result.status, result.error) == ("error", "check")
        assert result.reason == "the check broken broke: ZeroDivisionError: division by zero"
        assert len(result.verdicts) == 2


def test_long_reasons_are_cut():
    """However many checks fail, the reason stays within what is stored."""
    expect = {f"field_{number}": "x" * 300 for number in range(200)}

    result = grade(CASE, Completion(text="{}"), compile_expect(expect))

    assert len(result.reason) == 4000
    assert len(result.verdicts) == 200


@pytest.mark.parametrize("raised", [SystemExit(1), KeyboardInterrupt()])
def test_confidence_functions_cannot_end_a_run(raised):
    """A confidence function that tries to end the process makes its row an error."""

    def broken(answer):
        raise raised

    result = grade(CASE, Completion(text="x"), (), broken)

    assert (result.status, result.error, result.answer) == ("error", "check", None)
    assert "confidence" in result.reason


def test_confidence_functions_that_raise_keep_the_verdict():
    """A confidence function that raises costs the confidence, not the verdict."""
    result = grade(CASE, Completion(text="oos"), compile_expect("oos"), lambda answer: answer.gone)

    assert (result.status, result.answer.confidence) == ("pass", None)


def test_unreadable_answer_is_told_once():
    """Several fields of an answer that is not JSON share one reason; each verdict keeps its own."""
    expect = {"found": True, "confidence": {"below": 0.4}, "path": "a"}
    result = grade(CASE, Completion(text="You said: hello"), compile_expect(expect))

    assert result.reason == 'answer is not JSON: "You said: hello"; so found, confidence, path cannot be read'
    assert [verdict.reason for verdict in result.verdicts] == [
        'found: expected true, got nothing: answer is not JSON: "You said: hello"',
        'confidence: expected a number below 0.4, got nothing: answer is not JSON: "You said: hello"',
        'path: expected "a", got nothing: answer is not JSON: "You said: hello"',
    ]


def test_one_unreadable_field_keeps_its_reason():
    """Where one field alone cannot be read, the reason says what was expected of it."""
    result = grade(CASE, Completion(text="hello"), compile_expect({"found": True, "contains": "x"}))

    assert result.reason is not None
    assert result.reason.startswith('found: expected true, got nothing: answer is not JSON: "hello"')
