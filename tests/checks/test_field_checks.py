"""Checks on values: equality by JSON's types, numbers, types."""

import pytest

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.checks.grading import graded, passes, reason

FIELDS = [
    (True, True, True), (True, 1, False), (1, True, False), (0, False, False), (1, 1.0, True), (1.0, 1, True),
    ("1", 1, False), (1, "1", False), (None, None, True), (None, False, False), ("", None, False), ("a", "a", True), ("a", " a", False),
    ([1, 2], [1, 2], True), ([1, 2], [2, 1], False), ([1], [True], False), ([], {}, False), (0.1 + 0.2, 0.3, False),
    (10**400, 1e308, False), ("Oos", "oos", False),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected", "passed"), FIELDS)
def test_fields_equal_by_json_types(value, expected, passed):
    """A field equals by JSON's types: true is not 1, a text is no number, and 1 is 1.0."""
    assert passes({"field": value}, {"field": {"equals": expected}}) is passed
    assert passes({"field": value}, {"field": {"not_equals": expected}}) is not passed
    assert passes({"field": value}, {"field": {"one_of": ["never", expected]}}) is passed
    assert passes({"field": value}, {"field": {"not_one_of": [expected]}}) is not passed


WHOLE = [
    ("oos", "oos", True), (" oos\n", "oos", True), ("\ufeffoos", "oos", True), ("oos.", "oos", False), ('"oos"', "oos", True),
    ('"oos"', '"oos"', True), ("42", 42, True), ("42", "42", True), ("42.0", 42, True), ("042", 42, False), ("4 2", 42, False),
    ("true", True, True), ("True", True, True), ("true", "true", True), ("true", 1, False), ("1", True, False), ("null", None, True),
    ("None", None, True), ("yes", True, False), ("NaN", 1, False), ('"42"', 42, False), ("٤٢", 42, False), ("1e9999", 1, False),
    ('{"a": 1}', {"a": 1}, True), ('{"a": 1}', {"a": True}, False), ('{"a": 1}', '{"a": 1}', True), ("[1]", [1], True), ("x", [1], False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "passed"), WHOLE)
def test_whole_answers_equal_as_text_or_scalar(text, expected, passed):
    """A plain text answer equals without the white space around it, as text or as the scalar it spells."""
    assert passes(text, {"equals": expected}) is passed
    assert passes(text, {"one_of": [expected]}) is passed
    assert passes(text, {"not_equals": expected}) is not passed


def test_scalar_expectation_equals_the_answer():
    """`expect: oos` is met by the answer oos alone."""
    assert passes("oos", "oos")
    assert passes("42", 42)
    assert passes("true", True)
    assert not passes("book_flight", "oos")
    assert graded("oos", "oos").verdicts[0].name == "equals"


def test_ignored_case_is_for_text():
    """`ignore_case` lets texts equal in any case, and is refused where nothing is text."""
    assert passes("OOS", {"equals": "oos", "ignore_case": True})
    assert passes({"a": "OOS"}, {"a": {"one_of": ["oos"], "ignore_case": True}})
    assert not passes("OOS", {"not_equals": {"value": "oos", "ignore_case": True}})
    with pytest.raises(UsageError, match="for text"):
        compile_expect({"a": {"equals": 3, "ignore_case": True}})


NUMBERS = [
    ({"above": 3}, 4, True), ({"above": 3}, 3, False), ({"above": 3}, "4", False), ({"above": 0}, True, False),
    ({"below": 3}, 2.5, True), ({"below": 3}, None, False), ({"below": 3}, [1], False), ({"above": 3}, 10**400, True),
    ({"between": [1, 2]}, 1, True), ({"between": [1, 2]}, 2, True), ({"between": [1, 2]}, 2.01, False),
    ({"close_to": {"value": 0.7, "tolerance": 0.1}}, 0.8, True), ({"close_to": [0.7, 0.1]}, 0.6, True),
    ({"close_to": [0.7, 0.1]}, 0.81, False), ({"close_to": 3.14}, 3.14, True), ({"close_to": 3.14}, 3.15, False),
    ({"close_to": 0.3}, 0.1 + 0.2, True), ({"close_to": [5, 1]}, 10**400, False), ({"close_to": 0}, 0, True),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "value", "passed"), NUMBERS)
def test_numbers_follow_the_table(expect, value, passed):
    """A number is compared as written; what is no number fails."""
    assert passes({"field": value}, {"field": expect}) is passed


@pytest.mark.parametrize("text", ['{"n": Infinity}', '{"n": NaN}', '{"n": 1e999}'])
def test_endless_numbers_never_pass(text):
    """What is no finite number is above, below and close to nothing."""
    for expect in ({"above": 3}, {"below": 3}, {"between": [-5, 5]}, {"close_to": [3, 1]}):
        assert not passes(text, {"n": expect})


def test_plain_numbers_are_measured():
    """A whole answer that is exactly a number is compared as one; a number in a sentence is not."""
    assert passes("42", {"above": 40})
    assert not passes("about 42", {"above": 40})


@pytest.mark.parametrize(
    ("written", "expect", "passed"),
    [
        ('"95%"', {"above": 0.9}, True), ("95", {"below": 0.99}, True), ("95", {"above": 0.97}, False), ('"high"', {"between": [0.9, 1]}, True),
        ("0.2", {"below": 0.4}, True), ("35", {"below": 0.4}, True), ("-1", {"below": 0.4}, False), ("NaN", {"below": 0.4}, False),
        ("null", {"below": 0.4}, False), ('"95%"', {"equals": 0.95}, True), ('"high"', {"equals": "high"}, True), ("95", {"above": 90}, True),
        ("1", {"equals": 1}, True), ("5", {"equals": 5}, True), ("5", {"above": 0.9}, False), ("0.95", 0.95, True),
    ],
)  # fmt: skip
def test_confidence_is_compared_by_its_table(written, expect, passed):
    """At `confidence`, bounds from 0 to 1 meet the confidence as the frame shows it; others what stands there."""
    assert passes(f'{{"confidence": {written}}}', {"confidence": expect}) is passed


def test_confidence_of_text_is_compared():
    """Where the confidence comes from another source, it is that one which is compared."""
    assert passes("oos", {"confidence": {"above": 0.9}}, logprobs=(("oos", -0.01),))
    assert not passes("oos", {"confidence": {"above": 0.9}})


TYPES = [
    ("string", "a", True), ("string", 1, False), ("number", 1.5, True), ("number", 1, True), ("integer", 1.0, True), ("integer", 1.5, False),
    ("integer", True, False), ("boolean", False, True), ("boolean", 0, False), ("null", None, True), (None, None, True), ("null", 0, False),
    ("array", [], True), ("list", [], True), ("object", {}, True), ("object", [], False), (["string", "null"], None, True), ("number", "1", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "passed"), TYPES)
def test_types_are_those_of_json(name, value, passed):
    """A type is JSON's: a whole number is an integer, a truth value is no number."""
    assert passes({"field": value}, {"field": {"type": name}}) is passed


def test_plain_text_has_the_type_it_spells():
    """A plain text answer is a string, and also the number or truth value that it spells."""
    assert passes("42", {"type": "integer"})
    assert passes("42", {"type": "string"})
    assert passes("true", {"type": "boolean"})
    assert not passes("forty", {"type": "number"})
    assert not passes("forty", {"type": "object"})


@pytest.mark.parametrize(
    "check",
    [
        {"between": [1]}, {"between": [2, 1]}, {"between": 3}, {"above": "x"}, {"above": True}, {"above": None}, {"below": float("nan")},
        {"one_of": []}, {"one_of": "abc"}, {"one_of": {"a": 1}}, {"equals": {1, 2}}, {"equals": float("nan")}, {"equals": {1: 2}},
        {"close_to": [1, -1]}, {"close_to": {"value": 1}}, {"close_to": "x"}, {"type": "texts"}, {"type": []}, {"type": True},
    ],
)  # fmt: skip
def test_wrong_value_arguments_are_refused(check):
    """An argument that cannot be meant is an error before any call, for fields and whole answers."""
    with pytest.raises(UsageError):
        compile_expect({"field": check})
    with pytest.raises(UsageError):
        compile_expect(check)


def test_reasons_show_both_sides():
    """A failing field says expected and got, as JSON writes them, long values cut."""
    assert reason({"found": True}, {"found": False}) == "found: expected false, got true"
    assert reason({"c": 1.0}, {"c": {"below": 0.4}}) == "c: expected a number below 0.4, got 1.0"
    assert reason({"c": "\x1b[2J\n"}, {"c": "x"}) == r'c: expected "x", got "\x1b[2J\n"'
    assert len(reason({"c": "y" * 10_000}, {"c": "x" * 10_000})) < 450
