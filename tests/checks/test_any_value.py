"""No value and no expectation makes a check or the compiler raise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.checks.grading import graded

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.just(10**400)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
EVERYTHING = {
    "field": {
        "equals": 1, "not_equals": "x", "one_of": [1, "a"], "not_one_of": [None], "contains": "a", "not_contains": "b", "contains_all": ["a"],
        "not_contains_all": ["a"], "contains_any": ["a"], "not_contains_any": ["a"], "starts_with": "a", "not_starts_with": "a",
        "ends_with": "a", "not_ends_with": "a", "regex": "(a+)+$", "not_regex": "^a", "above": 0.5, "below": 3, "between": [0, 1],
        "close_to": [0.5, 0.1], "length": {"min": 1, "max": 3}, "includes": ["a"], "excludes": [{"a": 1}], "type": "number", "present": True,
        "json_schema": {"type": "object", "properties": {"a": {"multipleOf": 0.3, "pattern": "a"}}},
    },
    "field.a[0]": {"equals": {"a": [True]}, "type": ["null", "array"], "length": 2, "ignore_case": False},
    "confidence": {"above": 0.3, "equals": 0.5},
}  # fmt: skip


@given(VALUES, st.sampled_from(["field", "confidence", "other"]))
@settings(max_examples=150, deadline=None)
def test_no_value_makes_a_check_raise(value, key):
    """Whatever JSON an answer holds, each check says pass or fail, in one printable line."""
    for expect in (EVERYTHING, EVERYTHING["field"] | {"present": None}):
        expect = {name: argument for name, argument in expect.items() if argument is not None}  # noqa: PLW2901
        result = graded({key: value} if expect is EVERYTHING else value, expect)

        assert result.status in ("pass", "fail"), result.reason
        assert result.reason is None or result.reason.isprintable()
        assert len(result.verdicts) == len(compile_expect(expect))


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_no_expectation_breaks_the_compiler(expect):
    """Whatever is expected, there are checks or an error that is said before any call."""
    try:
        checks = compile_expect(expect)
    except UsageError:
        return

    assert len({check.name for check in checks}) == len(checks)
