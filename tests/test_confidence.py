"""The table by which a confidence is read, and the sources it may come from."""

import math

import numpy as np
import pytest

from promptlab._answer import parse
from promptlab._types import Completion


def confidence_of(written, **more):
    """Parse an answer whose confidence is written so."""
    return parse(Completion(text=f'{{"confidence": {written}}}', **more))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0.95", 0.95), ('"0.95"', 0.95), ('"95%"', 0.95), ("95", 0.95), ('"high"', 0.95), ('"95"', 0.95),
        ("0", 0.0), ("1", 1.0), ('"1"', 1.0), ("1.0", 1.0), ("-0.0", 0.0), ("1e-3", 0.001), ('"1e-3"', 0.001),
        ("100", 1.0), ('"100 %"', 1.0), ('"1%"', 0.01), ('"0%"', 0.0), ("99.5", 0.995), ('" 0.9 "', 0.9), ('".5"', 0.5),
        ('"HIGH"', 0.95), ('"very  high"', 0.99), ('"medium"', 0.6), ('"Moderate"', 0.6), ('"low"', 0.2), ('"very low"', 0.05),
    ],
)  # fmt: skip
def test_stated_confidence_follows_the_table(written, number):
    """A confidence that the table knows is read as its number, from the answer, without a note."""
    answer = confidence_of(written)

    assert answer.confidence == pytest.approx(number, abs=1e-12)
    assert (answer.confidence_source, answer.notes) == ("answer", ())


@pytest.mark.parametrize(
    "written",
    [
        "NaN", "1e999", "-1", "null", '"９５"', '"9_5"', '{"value": 0.9}', "[0.9]", "true", "false", "101", "1.5", "5", "10",
        '"1.5"', '"0,95"', '"0x1"', '"sure"', '""', '"NaN"', '"inf"', '"-1"', '"101%"', '"0.95%"', '"1e999"', '"95 %%"', '"½"',
    ],
)  # fmt: skip
def test_unreadable_confidence_is_missing(written):
    """What the table does not know is missing with a note, and no other source takes its place."""
    answer = confidence_of(written, logprobs=(("a", -0.1),))

    assert (answer.confidence, answer.confidence_source) == (None, None)
    assert "confidence" in answer.notes[-1]


def test_nested_confidence_is_missing():
    """A confidence below the top of the answer is not read, and a note says so."""
    answer = parse(Completion(text='{"result": {"confidence": 0.9}}'))

    assert answer.confidence is None
    assert "not at the top" in answer.notes[0]


def test_token_probabilities_stand_in():
    """Without a stated confidence it is the geometric mean of the token probabilities."""
    logprobs = (("o", math.log(0.5)), ("os", math.log(0.125)))

    answer = parse(Completion(text="oos", logprobs=logprobs))

    assert answer.confidence == pytest.approx(0.25)
    assert answer.confidence_source == "logprobs"


@pytest.mark.parametrize("log", [-math.inf, -9999.0, -1e300])
def test_impossible_tokens_give_zero(log):
    """A token without any probability makes the confidence 0, not an error."""
    assert parse(Completion(text="oos", logprobs=(("oos", log),))).confidence == pytest.approx(0.0)


@pytest.mark.parametrize("log", [math.nan, 0.5, math.inf, None])
def test_broken_token_probabilities_are_missing(log):
    """What is no log probability leaves the confidence missing, with a note."""
    answer = parse(Completion(text="oos", logprobs=(("oos", log),)))

    assert answer.confidence is None
    assert answer.notes


def test_own_function_has_the_last_word():
    """The user's function gets the answer as read, and what it returns counts."""
    completion = Completion(text='{"confidence": 0.4}')

    answer = parse(completion, lambda seen: seen.confidence * 2)

    assert (answer.confidence, answer.confidence_source) == (0.8, "function")
    assert parse(completion, lambda seen: None).confidence is None
    assert parse(completion, lambda seen: np.float32(0.5)).confidence == 0.5


@pytest.mark.parametrize("given", [1.5, -0.1, math.nan, True, "0.9", [0.9]])
def test_own_function_is_held_to_the_range(given):
    """A return value that is no number from 0 to 1 leaves the confidence missing, with a note."""
    answer = parse(Completion(text="oos"), lambda seen: given)

    assert answer.confidence is None
    assert "confidence function" in answer.notes[0]


def test_own_function_may_raise():
    """A confidence function that raises costs the confidence alone, and a note names what it raised."""

    class SilentError(Exception):
        def __str__(self):
            raise RuntimeError

    def broken(_):
        raise SilentError

    assert "KeyError" in parse(Completion(text="x"), lambda seen: {}["gone"]).notes[0]
    assert "SilentError" in parse(Completion(text="x"), broken).notes[0]
