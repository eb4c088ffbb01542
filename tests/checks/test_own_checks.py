"""Checks that users write in Python."""

import functools
import threading
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from promptlab._errors import UsageError
from promptlab._grade import grade
from promptlab._types import Answer, Case, Completion, Verdict
from promptlab.checks import as_checks, compile_expect

CASE = Case(id="a", input={"request": "x", "list": [1]}, metadata={"k": [1]})


def judged(check, text='{"a": [1, 2]}', case=CASE):
    """Grade an answer by one own check."""
    return grade(case, Completion(text=text), as_checks(check))


@pytest.mark.parametrize(
    ("returned", "status", "score"),
    [
        (True, "pass", None), (False, "fail", None), (np.True_, "pass", None), (np.bool_(False), "fail", None),
        (1.0, "pass", 1.0), (0.5, "pass", 0.5), (0.49, "fail", 0.49), (0, "fail", 0.0), (1, "pass", 1.0), (np.float32(0.25), "fail", 0.25),
        (np.array(0.75), "pass", 0.75), (np.int64(1), "pass", 1.0), (Verdict(passed=True, score=0.2), "pass", 0.2),
    ],
)  # fmt: skip
def test_returns_become_verdicts(returned, status, score):
    """A truth value passes or fails, a number from 0 to 1 is a score that passes from 0.5 on."""
    result = judged(lambda answer: returned)

    assert (result.status, result.verdicts[0].score) == (status, score)


@pytest.mark.parametrize(
    "returned", [None, float("nan"), "yes", 2.0, -0.1, 3, float("inf"), [True], {}, pd.NA, np.array([True]), np.nan, Verdict(passed=1), Verdict(passed=True, score="x")]
)  # fmt: skip
def test_other_returns_are_errors(returned):
    """What is no truth value, number from 0 to 1 or verdict makes the row an error of kind `check`."""
    result = judged(lambda answer: returned)

    assert (result.status, result.error) == ("error", "check")
    assert "lambda" in result.reason


@pytest.mark.parametrize("returned", [None, float("nan"), "yes", [True]])
def test_wrong_types_raise_type_errors(returned):
    """What is no kind of verdict is a `TypeError` that says what a check returns."""
    (check,) = as_checks(lambda answer: returned)

    with pytest.raises(TypeError, match="a check returns"):
        check(CASE, Answer(value="x", text="x"))


class OddError(Exception):
    """An exception whose text breaks."""

    def __str__(self):
        raise RuntimeError


def deep(answer):
    """Call itself for ever."""
    return deep(answer)


@pytest.mark.parametrize(
    "raised",
    [
        ValueError("x\ny"),
        SystemExit(3),
        KeyboardInterrupt(),
        MemoryError(),
        GeneratorExit(),
        OddError(),
        ValueError("z" * 9000),
    ],
)
def test_what_checks_raise_is_an_error(raised):
    """Whatever a check raises makes its row an error with one short line that names the check and the exception."""

    def broken(answer):
        raise raised

    result = judged([broken, lambda answer: False])

    assert (result.status, result.error) == ("error", "check")
    assert type(raised).__name__ in result.reason
    assert "check broken" in result.reason
    assert len(result.reason) <= 500
    assert result.reason.isprintable()
    assert [verdict.name for verdict in result.verdicts] == ["lambda"]


def test_endless_recursion_is_an_error():
    """A check that calls itself for ever costs its row alone."""
    assert "RecursionError" in judged(deep).reason


def test_signatures_decide_what_is_given():
    """A check takes the answer, or the case and the answer, decided once by its signature."""
    seen = []

    class Callable:
        def __call__(self, case, answer):
            return case is not answer

    def one_with_default(answer, threshold=0.5):
        return threshold == 0.5 and answer == {"a": [1, 2]}

    def second_named_answer(case, answer=None):
        return case.id == "a" and answer is not None

    checks = as_checks(
        [
            lambda answer: seen.append(answer) is None,
            lambda case, answer: seen.append((case.id, answer)) is None,
            lambda *both: len(both) == 2,
            one_with_default,
            second_named_answer,
            Callable(),
            functools.partial(lambda limit, answer: limit == 3, 3),
            bool,
            len and (lambda answer, /: True),
        ]
    )

    assert grade(CASE, Completion(text='{"a": [1, 2]}'), checks).status == "pass"
    assert seen == [{"a": [1, 2]}, ("a", {"a": [1, 2]})]


async def later(answer):
    """A check that would have to be awaited."""
    return True


def steps(answer):
    """A check that yields."""
    yield True


@pytest.mark.parametrize(
    "check",
    [
        lambda: True,
        lambda a, b, c: True,
        lambda answer, *, key: True,
        later,
        steps,
        3,
        "name",
        {"a": 3},
        [None],
        {"": len},
        {1: len},
    ],
)
def test_what_is_no_check_is_refused(check):
    """What cannot be called with an answer is an error before any call."""
    with pytest.raises(UsageError):
        as_checks(check)


def test_names_are_unique():
    """Checks are named by their function, or as the caller says, and numbered where names would repeat."""

    def short(answer):
        return True

    assert [check.name for check in as_checks([short, short, lambda a: True, lambda a: True, functools.partial(short)])] == [
        "short", "short_2", "lambda", "lambda_2", "short_3",
    ]  # fmt: skip
    assert [check.name for check in as_checks({"brief": short, "odd\nname": short})] == [
        "brief",
        r"odd\nname",
    ]
    assert as_checks(short, taken={"short"})[0].name == "short_2"
    assert as_checks(()) == ()


def test_same_columns_are_told_apart():
    """An own check of the same name as a field has a column of its own."""

    def found(answer):
        return True

    checks = (*compile_expect({"found": False}), *as_checks(found))
    result = grade(CASE, Completion(text='{"found": false}'), checks)

    assert [verdict.name for verdict in result.verdicts] == ["found", "found_2"]


def test_ready_checks_get_the_answer():
    """An object with a name is a check already: it gets the answer with all that is known of it."""

    class Sure:
        name = "sure"

        def __call__(self, case, answer):
            return Verdict(passed=answer.confidence > 0.5, name="ignored")

    result = judged([Sure()], text='{"confidence": 0.9}')

    assert (result.status, result.verdicts[0].name) == ("pass", "sure")
    with pytest.raises(UsageError):
        as_checks([Sure(), Sure()])


def test_wrong_verdicts_are_errors():
    """A ready check that gives no verdict makes the row an error, never a pass."""

    class Wrong:
        name = "wrong"

        def __call__(self, case, answer):
            return True

    assert judged([Wrong()]).error == "check"


def test_checks_cannot_change_their_neighbours():
    """What a check does to its case or answer is seen by no other check, and not in the result."""

    def vandal(case, answer):
        answer["a"].append(9)
        case.input["list"].append(9)
        case.metadata["k"].clear()
        return True

    def witness(case, answer):
        return (answer, case.input["list"], case.metadata) == ({"a": [1, 2]}, [1], {"k": [1]})

    result = judged([vandal, witness])

    assert result.status == "pass"
    assert result.answer.value == {"a": [1, 2]}
    assert CASE.input["list"] == [1]


def test_what_cannot_be_copied_is_shared():
    """A case may hold a lock or a read-only mapping; a check gets it all the same."""
    lock = threading.Lock()
    case = Case(
        id="a", input=MappingProxyType({"lock": lock, "inner": MappingProxyType({"x": [1]}), "t": (1, [2])})
    )

    result = judged(
        lambda case, answer: case.input["lock"] is lock and case.input["inner"] == {"x": [1]}, case=case
    )

    assert result.status == "pass"


def test_text_answers_are_given_as_they_came():
    """A check of a plain text answer gets the text, character for character."""
    assert judged(lambda answer: answer == " oos\n", text=" oos\n").status == "pass"


def test_reasons_of_own_checks_are_one_line():
    """A failing check says its name and what it returned; a verdict's own reason is cut to one line."""
    assert judged({"fits": lambda answer: False}).reason == "fits: returned false"
    assert judged({"fits": lambda answer: 0.25}).reason == "fits: expected a score from 0.5, got 0.25"
    assert judged(lambda answer: Verdict(passed=False, reason="a\nb\x1b[2J")).reason == r"a\nb\x1b[2J"
    assert judged({"fits": lambda answer: Verdict(passed=False)}).reason == "fits: returned false"
