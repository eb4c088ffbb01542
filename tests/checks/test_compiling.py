"""Expectations become checks, and whatever is wrong with one is said before any call."""

import pytest

from promptlab._errors import UsageError
from promptlab._grade import grade
from promptlab._types import Case, Completion, Verdict
from promptlab.checks import CHECKS, compile_expect
from tests.checks.grading import graded, passes, reason


@pytest.mark.parametrize("expect", [None, {}])
def test_nothing_expected_makes_no_checks(expect):
    """Nothing expected makes no checks, and the answer stays ungraded."""
    assert compile_expect(expect) == ()
    assert graded("anything", expect).status == "ungraded"


def test_columns_are_named_by_path_and_check():
    """A field's value has the path as its column, its checks path and check, the answer's checks their names."""
    expect = {
        "found": False,
        "$.name": None,
        "confidence": {"below": 0.4, "above": 0.1},
        "a.b[0].c": 1,
        'x["odd.key"]': {"not_equals": 2, "equals": 3},
        "items[-1]": {"length": 1},
        "$.type": "chat",
        "contains": "found",
        "max_latency_s": 3,
    }

    assert [check.name for check in compile_expect(expect)] == [
        "found", "name", "confidence.below", "confidence.above", "a.b[0].c", 'x["odd.key"].not_equals', 'x["odd.key"]',
        "items[-1].length", "$.type", "contains", "max_latency_s",
    ]  # fmt: skip


def test_every_failing_check_is_named():
    """The reason joins every failing check, not the first alone."""
    assert reason({"a": 1, "b": 2}, {"a": 2, "b": 3}) == "a: expected 2, got 1; b: expected 3, got 2"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("contians", "contains"), ("containsAny", "contains_any"), ("not-contains", "not_contains"), ("startswith", "starts_with"),
        ("lenght", "length"), ("jsonSchema", "json_schema"), ("maxLatencyS", "max_latency_s"), ("Equals", "equals"), ("regexp", "regex"),
        ("not_above", "above"), ("ignoreCase", "ignore_case"), ("tpye", "type"), ("notContainsAll", "not_contains_all"),
    ],
)  # fmt: skip
def test_slips_are_named(written, meant):
    """A key that is almost a check is an error that names the check, and says how to write such a field."""
    with pytest.raises(UsageError, match=f"did you mean `{meant}`.*`\\$.{written}`"):
        compile_expect({written: "x"})
    with pytest.raises(UsageError, match=f"did you mean `{meant}`"):
        compile_expect({"field": {written: "x"}})

    assert passes({written: "x"}, {f"$.{written}": "x"})


FIELDS = [
    "found",
    "name",
    "title",
    "confidence",
    "category",
    "label",
    "status",
    "content",
    "context",
    "reason",
    "score",
    "result",
    "answer",
    "value",
    "items",
    "steps",
    "start",
    "time",
    "date",
    "url",
    "id",
]


@pytest.mark.parametrize("name", FIELDS)
def test_common_fields_are_no_slips(name):
    """A field of a common name is a field."""
    assert passes({name: 1}, {name: 1})


def test_mappings_in_fields_are_checks():
    """A mapping inside a field that is no check says how to compare with a mapping."""
    with pytest.raises(UsageError, match=r"`equals: \{…\}`.*`plan.name`"):
        compile_expect({"plan": {"name": "x"}})
    with pytest.raises(UsageError, match=r"equals: \{\}"):
        compile_expect({"plan": {}})

    assert passes({"plan": {"name": "x"}}, {"plan": {"equals": {"name": "x"}}})


def test_lists_are_values_only_in_fields():
    """A list is what a field equals; as a whole expectation it could mean several things, and is refused."""
    assert passes({"a": [1, 2]}, {"a": [1, 2]})
    with pytest.raises(UsageError, match="one_of"):
        compile_expect(["a", "b"])


@pytest.mark.parametrize("name", CHECKS)
def test_errors_tell_how_to_reach_fields(name):
    """A check at the top whose argument is wrong says how to write a field of that name."""
    with pytest.raises(UsageError, match=f"`\\$.{name}`"):
        compile_expect({name: {"odd": {1, 2}}})


@pytest.mark.parametrize(
    "expect",
    [{"a": 1, "$.a": 2}, {"a": {"equals": 1}, '["a"]': 2}, {"a.b": 1, 'a["b"]': 1}],
)
def test_one_field_written_twice_is_refused(expect):
    """Two checks of one name would share a column, so they are refused."""
    with pytest.raises(UsageError, match="twice"):
        compile_expect(expect)


@pytest.mark.parametrize(
    "expect",
    [
        {1: 2},
        {True: 2},
        {None: 1},
        {"a": {1, 2}},
        {"a": {"b": {1: 2}}},
        float("nan"),
        {"a": float("nan")},
        {"a": object()},
        b"x",
        {"a": {3: 1}},
    ],
)
def test_what_no_answer_holds_is_refused(expect):
    """A key that is no text, a set, NaN or bytes are errors before any call."""
    with pytest.raises(UsageError):
        compile_expect(expect)


def test_endless_expectations_are_refused():
    """A value that holds itself, or is nested without end, is refused, not followed."""
    endless: dict = {}
    endless["a"] = [endless]

    with pytest.raises(UsageError, match="nested"):
        compile_expect({"a": {"equals": endless}})


def test_later_changes_do_not_reach_checks():
    """A check compares with what was written when it was made."""
    wanted = {"a": [1]}
    checks = compile_expect({"x": {"equals": wanted, "one_of": [wanted]}})
    wanted["a"].append(2)

    result = grade(Case(id="a", input={}), Completion(text='{"x": {"a": [1]}}'), checks)

    assert result.status == "pass"


@pytest.mark.parametrize("name", ["judge", "similar"])
def test_model_checks_need_a_lab(name):
    """A check that asks a model is refused without one, and built by what the caller gives."""
    with pytest.raises(UsageError, match="needs a Lab"):
        compile_expect({name: "x"})
    with pytest.raises(UsageError, match="needs a Lab"):
        compile_expect({"field": {name: "x"}})

    class Asked:
        def __init__(self, argument, path):
            self.name = f"{path}.{name}" if path else name
            self.argument = argument

        def __call__(self, case, answer):
            return Verdict(passed=True, name=self.name)

    checks = compile_expect({name: "x", "field.a": {name: "y"}}, extra={name: Asked})
    assert [(check.name, check.argument) for check in checks] == [(name, "x"), (f"field.a.{name}", "y")]
