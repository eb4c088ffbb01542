"""Field paths: what they reach, what is missing, what an answer that is not JSON makes of them."""

import pytest

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.checks.grading import graded, passes, reason


def test_paths_reach_their_fields():
    """A path goes through keys and places, from either end, and quotes reach odd keys."""
    answer = {
        "a": {"b": [{"c": 1}]},
        "odd.key": {"x[0]": 2},
        "items": [1, 2, 3],
        "type": "chat",
        "a b": 4,
        'q"': 5,
    }

    assert passes(
        answer,
        {"a.b[0].c": 1, '["odd.key"]["x[0]"]': 2, "items[-1]": 3, "$.type": "chat", "a b": 4, "['q\"']": 5},
    )
    assert passes([{"a": 1}], {"$[0].a": 1, "[0].a": {"above": 0}})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "$",
        "$.",
        ".a",
        "a.",
        "a..b",
        "a[",
        "a[x]",
        "a]",
        'a["x',
        "a[0]b",
        "a[1.5]",
        " ",
        "a. b",
        "[0][",
        "a.[0]",
    ],
)
def test_broken_paths_are_refused(path):
    """What is no path is an error before any call."""
    with pytest.raises(UsageError, match="field path"):
        compile_expect({path: 1})


MISSING = [
    {"b": 1}, {"b": None}, {"b": {"not_equals": 1}}, {"b": {"not_contains": "x"}}, {"b": {"not_one_of": [1]}}, {"b": {"excludes": ["x"]}},
    {"b": {"below": 4}}, {"b": {"length": {"max": 9}}}, {"b": {"type": "null"}}, {"b": {"present": True}}, {"b": {"json_schema": True}},
    {"a.b": 1}, {"a[0]": 1}, {"list[5]": 1}, {"list[-5]": 1}, {"list.x": 1}, {"b": {"not_regex": "x"}},
]  # fmt: skip


@pytest.mark.parametrize("expect", MISSING)
def test_missing_fields_never_pass(expect):
    """A missing field fails each check, the `not_…` forms too, and the reason says that it is missing."""
    assert "missing" in reason({"a": 3, "list": [1]}, expect)


def test_only_absence_wants_missing_fields():
    """`present: false` passes where the field is missing; a null is there."""
    assert passes({"a": None}, {"b": {"present": False}, "a": {"present": True}})
    assert not passes({"a": None}, {"a": {"present": False}})


@pytest.mark.parametrize("check", [{"present": False}, {"present": True}, {"not_equals": 1}, 1, {"below": 3}])
def test_fields_of_text_never_pass(check):
    """A field of an answer that is not JSON fails whatever is said of it, and the reason shows the answer."""
    assert 'answer is not JSON: "I think so"' in reason("I think so", {"found": check})


def test_reasons_tell_what_there_is():
    """The reason of a missing field names the fields that are there."""
    assert (
        reason({"match": 1, "score": 2}, {"found": False})
        == "found: expected false, got nothing (missing; there is: match, score)"
    )
    assert "why" not in reason('{"a": ', {"found": False})
    assert "cut short" in reason('{"a": ', {"found": False})


def test_line_breaks_do_not_reach_names():
    """A key with a line break or an escape byte makes a printable column and reason."""
    result = graded({"a": 1}, {'["odd\n\x1b[2Jkey"]': 1})

    assert result.verdicts[0].name.isprintable()
    assert result.reason.isprintable()
