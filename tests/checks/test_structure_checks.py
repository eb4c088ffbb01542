"""Checks on shape: lengths, members of lists, JSON schemas."""

import socket

import pytest

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.checks.grading import graded, passes, reason

LENGTHS = [
    (3, "abc", True), (3, [1, 2, 3], True), (1, {"a": 1}, True), (2, "abc", False), (0, "", True), (1, "é", True), (1, 5, False), (0, None, False),
    ({"min": 2}, "abc", True), ({"max": 2}, "abc", False), ({"min": 2, "max": 4}, [1, 2, 3], True), ({"above": 3}, "abc", False),
    ({"below": 4}, "abc", True), ({"between": [3, 5]}, "abc", True), ({"equals": 3}, "abc", True),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "value", "passed"), LENGTHS)
def test_lengths_follow_the_table(expect, value, passed):
    """A length counts characters, items or fields; what has none fails."""
    assert passes({"field": value}, {"field": {"length": expect}}) is passed


def test_whole_answers_have_a_length():
    """The length of a plain answer counts its characters without the white space around; of a list, its items."""
    assert passes(" oos \n", {"length": 3})
    assert passes("[1, 2]", {"length": 2})
    assert reason("abcd", {"length": {"max": 3}}) == 'answer: expected a length of at most 3, got 4 ("abcd")'


ITEMS = [{"name": "slack", "kind": "chat"}, {"name": "jira", "kind": "board"}]
MEMBERS = [
    ({"includes": ["a", "b"]}, ["b", "c", "a"], True), ({"includes": ["a", "d"]}, ["a"], False), ({"includes": "a"}, ["a"], True),
    ({"includes": [1]}, [True], False), ({"excludes": ["d"]}, ["a"], True), ({"excludes": ["d", "a"]}, ["a"], False), ({"excludes": "a"}, [], True),
    ({"includes": ["A"], "ignore_case": True}, ["a"], True), ({"excludes": {"value": ["A"], "ignore_case": True}}, ["a"], False),
    ({"includes": [{"name": "slack"}]}, ITEMS, True), ({"includes": [{"name": "slack", "kind": "board"}]}, ITEMS, False),
    ({"excludes": [{"kind": "board"}]}, ITEMS, False), ({"excludes": [{"kind": "mail"}]}, ITEMS, True),
    ({"excludes": ["a"]}, "b", False), ({"excludes": ["a"]}, {"b": 1}, False), ({"includes": ["a"]}, "a", False), ({"includes": [None]}, [None], True),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "value", "passed"), MEMBERS)
def test_members_follow_the_table(expect, value, passed):
    """A list includes an item that is the same, or has all the fields that are named; no list fails both ways."""
    assert passes({"field": value}, {"field": expect}) is passed


def test_members_name_what_is_wrong():
    """A failing list names the items that are missing, or too many."""
    assert '(without "d")' in reason(["a"], {"includes": ["a", "d"]})
    assert '(with "a")' in reason(["a", "b"], {"excludes": ["a", "d"]})
    assert "(no list)" in reason("a", {"excludes": ["d"]})


SCHEMA = {
    "type": "object",
    "required": ["steps"],
    "properties": {"steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1}},
    "$defs": {"step": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
}


def test_schemas_judge_answers_and_fields():
    """A JSON schema holds a whole answer, or a field, and a failure says where."""
    assert passes({"steps": [{"n": 1}]}, {"json_schema": SCHEMA})
    assert passes({"plan": {"steps": [{"n": 1}]}}, {"plan": {"json_schema": SCHEMA}})
    assert "$.steps[0].n" in reason({"steps": [{"n": "one"}]}, {"json_schema": SCHEMA})
    assert "answer is not JSON" in reason("none", {"json_schema": SCHEMA})
    assert not passes({"steps": [{"n": True}]}, {"json_schema": SCHEMA})


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "texts"}, "no valid schema"),
        ({"minimum": "3"}, "no valid schema"),
        ("schema.json", "needs a schema"),
        ({"$ref": "#/$defs/gone"}, "nothing is fetched"),
        ({"properties": {"a": {"$ref": "http://127.0.0.1:9/x.json"}}}, "nothing is fetched"),
        ({"$ref": "file:///etc/passwd"}, "nothing is fetched"),
        ({"pattern": "("}, "regex"),
        ({"patternProperties": {r"(a+)+\1$": {}}}, "could run for ever"),
    ],
)
def test_unusable_schemas_are_refused(schema, message, monkeypatch):
    """A schema is checked whole before any call, and nothing it names is fetched."""

    def no_network(*_args, **_more):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", no_network)

    with pytest.raises(UsageError, match=message):
        compile_expect({"json_schema": schema})


def test_schema_dialects_are_honoured():
    """An older dialect is read by its own rules, and references to published dialects' own parts resolve."""
    published = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
    old = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "integer",
        "maximum": 3,
        "exclusiveMaximum": True,
    }

    assert passes({"n": 2}, {"n": {"json_schema": old}})
    assert not passes({"n": 3}, {"n": {"json_schema": old}})
    assert passes({"schema": {"type": "object"}}, {"schema": {"json_schema": published}})
    assert not passes({"schema": {"type": "texts"}}, {"schema": {"json_schema": published}})


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "(a*)*c"])
def test_schema_patterns_cannot_hang(pattern):
    """A pattern in a schema that would backtrack for ever is searched in time all the same."""
    schema = {"items": {"pattern": pattern}}

    assert not passes({"x": ["a" * 60 + "b"]}, {"x": {"json_schema": schema}})


def test_schema_key_patterns_cannot_hang():
    """A key too long for a pattern on keys gives no verdict instead of hanging the run."""
    schema = {"patternProperties": {"^(a+)+$": {"type": "integer"}}, "additionalProperties": False}

    result = graded({"a" * 60 + "b": 1}, {"json_schema": schema})

    assert (result.status, result.error) == ("error", "check")
    assert "too long" in result.reason


def test_endless_schemas_are_errors():
    """A schema that refers to itself for ever gives no verdict, and raises nothing."""
    result = graded({"a": 1}, {"json_schema": {"$ref": "#"}})

    assert (result.status, result.error) == ("error", "check")


@pytest.mark.parametrize("text", ['{"n": NaN}', '{"n": 1e999}', '{"n": ' + "9" * 400 + "}"])
def test_odd_numbers_do_not_break_schemas(text):
    """A number that the schema's arithmetic cannot take is a verdict, not an exception."""
    assert graded(text, {"n": {"json_schema": {"multipleOf": 0.5, "maximum": 3}}}).status == "fail"


@pytest.mark.parametrize(
    "check",
    [{"length": -1}, {"length": 1.5}, {"length": "3"}, {"length": {}}, {"length": {"least": 1}}, {"length": {"between": [1]}}, {"includes": []}],
)  # fmt: skip
def test_wrong_shape_arguments_are_refused(check):
    """An argument that cannot be meant is an error before any call."""
    with pytest.raises(UsageError):
        compile_expect({"field": check})
