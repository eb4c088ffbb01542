"""Checks on the call: its time, its cost, a refusal."""

import pytest

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.checks.grading import graded, passes, reason


def test_ceilings_hold_time_and_cost():
    """A call passes at its ceiling and fails above it, saying both numbers with their unit."""
    assert passes("x", {"max_latency_s": 2}, latency_s=2.0)
    assert passes("x", {"max_cost_usd": 0.01}, cost_usd=0.0)
    assert (
        reason("x", {"max_latency_s": 2}, latency_s=2.5) == "max_latency_s: expected at most 2 s, got 2.5 s"
    )
    assert "USD" in reason("x", {"max_cost_usd": 0.01}, cost_usd=0.02)


@pytest.mark.parametrize("expect", [{"max_latency_s": 2}, {"max_cost_usd": 1}])
def test_unknown_ceilings_give_no_verdict(expect):
    """Where the time or the cost is not known there is no verdict: an error, neither a pass nor a fail."""
    result = graded("x", expect, model="odd")

    assert (result.status, result.error) == ("error", "check")
    assert "not known" in result.reason


def test_ceilings_stand_beside_fields():
    """A check on the call may stand beside fields, each with its column."""
    result = graded({"found": False}, {"found": False, "max_latency_s": 1}, latency_s=3.0)

    assert [(verdict.name, verdict.passed) for verdict in result.verdicts] == [
        ("found", True),
        ("max_latency_s", False),
    ]


def test_refusals_fail_with_their_text():
    """A refusal fails where anything is expected, for its own reason, whatever its text would have passed."""
    result = graded("", {"not_contains": "bomb", "max_latency_s": 5}, refusal="I cannot help\nwith that.")

    assert (result.status, result.error) == ("fail", "refusal")
    assert result.reason == r"refused: I cannot help\nwith that."
    assert [verdict.passed for verdict in result.verdicts] == [False, False]


def test_expected_refusals_pass():
    """`refused: true` expects a refusal; checks beside it look at the refusal's text."""
    assert passes("", {"refused": True}, refusal="I cannot help.")
    assert passes("", {"refused": True, "contains": "cannot"}, refusal="I cannot help.")
    assert not passes("", {"refused": True, "contains": "gladly"}, refusal="I cannot help.")
    assert not passes("", {"refused": True, "found": False}, refusal="I cannot help.")
    assert reason("Gladly.", {"refused": True}) == 'refused: expected a refusal, got "Gladly."'


def test_unwanted_refusals_fail():
    """`refused: false` passes an answer and fails a refusal."""
    assert passes("Gladly.", {"refused": False})
    assert not passes("", {"refused": False}, refusal="I cannot help.")


def test_refusals_without_expectation_are_ungraded():
    """Where nothing is expected, a refusal is no failure."""
    result = graded("", None, refusal="I cannot help.")

    assert (result.status, result.answer.text) == ("ungraded", "I cannot help.")


@pytest.mark.parametrize(
    "expect",
    [
        {"max_latency_s": "2"},
        {"max_latency_s": -1},
        {"max_cost_usd": True},
        {"refused": "yes"},
        {"refused": None},
    ],
)
def test_wrong_call_arguments_are_refused(expect):
    """An argument that cannot be meant is an error before any call."""
    with pytest.raises(UsageError):
        compile_expect(expect)


@pytest.mark.parametrize("name", ["max_latency_s", "max_cost_usd", "refused"])
def test_call_checks_are_no_field_checks(name):
    """A check on the call inside a field is an error that says where it belongs."""
    with pytest.raises(UsageError, match="whole answer"):
        compile_expect({"found": {name: 1}})
