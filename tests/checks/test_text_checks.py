"""Checks on text, on whole answers and on fields."""

import pytest

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.checks.grading import passes, reason

TABLE = [
    ({"contains": "low"}, "a flow chart", True),
    ({"contains": "Low"}, "a flow chart", False),
    ({"contains": "Low", "ignore_case": True}, "a flow chart", True),
    ({"contains": {"value": "STRASSE", "ignore_case": True}}, "die Straße", True),
    ({"not_contains": "low"}, "a flow chart", False),
    ({"not_contains": "high"}, "a flow chart", True),
    ({"contains_all": ["flow", "chart"]}, "a flow chart", True),
    ({"contains_all": ["flow", "map"]}, "a flow chart", False),
    ({"not_contains_all": ["flow", "map"]}, "a flow chart", True),
    ({"contains_any": ["flow", "map"]}, "a flow chart", True),
    ({"contains_any": ["pie", "map"]}, "a flow chart", False),
    ({"not_contains_any": ["pie", "map"]}, "a flow chart", True),
    ({"not_contains_any": ["pie", "chart"]}, "a flow chart", False),
    ({"starts_with": "a flow"}, "  a flow chart", True),
    ({"starts_with": "flow"}, "a flow chart", False),
    ({"not_starts_with": "flow"}, "a flow chart", True),
    ({"ends_with": "chart"}, "a flow chart\n", True),
    ({"ends_with": "CHART", "ignore_case": True}, "a flow chart", True),
    ({"not_ends_with": "chart"}, "a flow chart", False),
    ({"regex": r"fl\w+ chart$"}, "a flow chart", True),
    ({"regex": r"^flow"}, "a flow chart", False),
    ({"regex": "FLOW", "ignore_case": True}, "a flow chart", True),
    ({"not_regex": r"\d"}, "a flow chart", True),
    ({"not_regex": r"\w"}, "a flow chart", False),
]


@pytest.mark.parametrize(("expect", "text", "passed"), TABLE)
def test_text_checks_follow_the_table(expect, text, passed):
    """Each text check judges a whole answer and a field of the same text alike."""
    assert passes(text, expect) is passed
    assert passes({"field": text.strip()}, {"field": expect}) is passed


@pytest.mark.parametrize("value", [35, True, None, ["flow"], {"flow": 1}])
@pytest.mark.parametrize(
    "check", ["contains", "not_contains", "regex", "not_regex", "starts_with", "not_ends_with"]
)
def test_text_checks_fail_without_text(check, value):
    """A value that is no text fails each text check, the `not_…` forms too."""
    assert not passes({"field": value}, {"field": {check: "flow"}})


def test_whole_json_answers_have_text():
    """A text check on the whole of a JSON answer looks at the text as it came."""
    assert passes('{"a": "flow"}', {"contains": '"a": "flow"'})


@pytest.mark.parametrize(
    "expect",
    [
        {"contains": ""},
        {"contains": 42},
        {"contains": ["a"]},
        {"contains_all": "ab"},
        {"contains_any": []},
        {"contains_any": ["a", 1]},
        {"starts_with": None},
        {"regex": "("},
        {"regex": "a" * 3000},
        {"contains": "a", "ignore_case": "yes"},
        {"contains": {"value": "a", "ignore_case": 1}},
        {"contains": {"value": "a"}},
        {"ignore_case": True},
        {"above": 3, "ignore_case": True},
    ],
)
def test_wrong_text_arguments_are_refused(expect):
    """An argument that cannot be meant is an error before any call."""
    with pytest.raises(UsageError):
        compile_expect(expect)


def test_reasons_say_what_came():
    """A failing text check says what it expected and what came, in one line."""
    assert reason("a\nb", {"contains": "c"}) == r'answer: expected text that contains "c", got "a\nb"'
    assert (
        reason({"x": 3}, {"x": {"not_contains": "c"}}) == 'x: expected text that does not contain "c", got 3'
    )
    assert "(in any case)" in reason("a", {"contains": {"value": "c", "ignore_case": True}})
