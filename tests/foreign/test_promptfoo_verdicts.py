"""promptfoo's deterministic assertions mean here what its documentation says."""

from __future__ import annotations

import json

import pytest

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.foreign.grading import graded, passes

LATLONG = {
    "required": ["latitude", "longitude"],
    "type": "object",
    "properties": {
        "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        "longitude": {"type": "number"},
    },
}
DEEP = {"requiredElements": ["root.parent.child.grandchild"]}
SHIRT = {"requiredElements": ["analysis.classification", "analysis.color"]}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "required": ["city"],
                "properties": {"city": {"type": "string"}},
            },
        },
    },
    {"name": "book_flight"},
]


def calls(*names, **arguments):
    """Write calls as an answer has them."""
    return json.dumps({"tool_calls": [{"name": name, "arguments": arguments} for name in names]})


def theirs(name, arguments):
    """Write a call as the provider sends it."""
    return json.dumps([{"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}])


TABLE = [
    ("is-valid-openai-tools-call", {"value": TOOLS}, calls("get_weather", city="NYC"), True),
    ("is-valid-openai-tools-call", {"value": TOOLS}, calls("get_weather", town="NYC"), False),
    ("is-valid-openai-tools-call", {"value": TOOLS}, calls("get_whether", city="NYC"), False),
    ("is-valid-openai-tools-call", {"value": TOOLS}, "It is sunny.", False),
    ("is-valid-openai-tools-call", {"value": TOOLS}, '{"tool_calls": []}', False),
    ("is-valid-openai-tools-call", {"value": TOOLS}, theirs("get_weather", '{"city": "NYC"}'), True),
    ("is-valid-openai-tools-call", {"value": TOOLS}, theirs("get_weather", "{city: NYC}"), False),
    ("is-valid-function-call", {"value": TOOLS}, '{"name": "get_weather", "arguments": "{\\"city\\": \\"NYC\\"}"}', True),
    ("tool-call-f1", {"value": ["get_weather", "book_flight"]}, calls("book_flight", "get_weather"), True),
    ("tool-call-f1", {"value": "get_weather, book_flight"}, calls("book_flight", "get_weather"), True),
    ("tool-call-f1", {"value": ["get_weather", "book_flight"]}, calls("get_weather"), False),
    ("tool-call-f1", {"value": ["get_weather", "book_flight"], "threshold": 0.66}, calls("get_weather"), True),
    ("tool-call-f1", {"value": ["get_weather", "book_flight"], "threshold": 0.67}, calls("get_weather"), False),
    ("tool-call-f1", {"value": ["get_weather", "book_flight"], "threshold": 0.8}, calls("get_weather", "book_flight", "search"), True),
    ("tool-call-f1", {"value": ["get_weather"], "threshold": 0.01}, calls("book_flight"), False),
    ("tool-call-f1", {"value": ["get_weather"], "threshold": 0.01}, "It is sunny.", False),
    ("equals", {"value": "The expected output"}, "The expected output", True),
    ("equals", {"value": "The expected output"}, "The expected output.", False),
    ("equals", {"value": "yes"}, "yes\n", False),
    ("equals", {"value": {"key": "value"}}, '{ "key": "value" }', True),
    ("equals", {"value": {"key": "value"}}, '{"key": "other"}', False),
    ("equals", {"value": {"key": "value"}}, "key: value", False),
    ("equals", {"value": False}, "false", True),
    ("equals", {"value": 30}, "30", True),
    ("equals", {"value": 1.0}, "1", True),
    ("contains", {"value": "expected substring"}, "An expected substring here", True),
    ("contains", {"value": "expected substring"}, "An Expected substring here", False),
    ("contains", {"value": 0}, "10 of 10", True),
    ("icontains", {"value": "EXPECTED"}, "as expected", True),
    ("contains-all", {"value": ["1,000", "in stock"]}, "1,000 in stock", True),
    ("contains-all", {"value": ["1,000", "in stock"]}, "1,000 sold", False),
    ("contains-any", {"value": ["a1", "b2"]}, "has b2", True),
    ("contains-any", {"value": ["a1", "b2"]}, "has neither", False),
    ("icontains-any", {"value": ["PARIS"]}, "paris", True),
    ("icontains-all", {"value": ["PARIS", "ROME"]}, "paris", False),
    ("starts-with", {"value": "Yes"}, "Yes, sir", True),
    ("starts-with", {"value": "Yes"}, " Yes, sir", False),
    ("regex", {"value": r"\d{4}"}, "in 1999", True),
    ("regex", {"value": r"\d{4}"}, "in ١٩٩٩", False),
    ("regex", {"value": "^Hello.*world$"}, "Hello, world", True),
    ("regex", {"value": "^Hello.*world$"}, "Hello, world\n", False),
    ("regex", {"value": r"(?<a>x)\k<a>"}, "xx", True),
    ("regex", {"value": r"[\w-]+@\w+\.\w+"}, "me-too@here.org", True),
    ("is-json", {}, '{"a": 1}', True),
    ("is-json", {}, " [1, 2]\n", True),
    ("is-json", {}, 'Sure: {"a": 1}', False),
    ("is-json", {}, "{'a': 1}", False),
    ("is-json", {}, "NaN", False),
    ("is-json", {"value": LATLONG}, '{"latitude": 10, "longitude": 20}', True),
    ("is-json", {"value": LATLONG}, '{"latitude": 100, "longitude": 20}', False),
    ("is-json", {"value": LATLONG}, '{"latitude": 10}', False),
    ("contains-json", {}, 'Sure: {"a": 1}.', True),
    ("contains-json", {}, "Sure {a}", False),
    ("contains-json", {"value": LATLONG}, 'here {"x": 1} and {"latitude": 1, "longitude": 2}', True),
    ("contains-json", {"value": LATLONG}, 'here {"latitude": 1}', False),
    ("is-xml", {}, "<root><child>Content</child></root>", True),
    ("is-xml", {}, "<root><child>Content</child></root", False),
    ("is-xml", {}, "Here: <root/>", False),
    ("is-xml", {}, '<!DOCTYPE x [<!ENTITY a "b">]><root>&a;</root>', False),
    ("is-xml", {"value": SHIRT}, "<analysis><classification>T</classification><color>Red</color></analysis>", True),
    ("is-xml", {"value": SHIRT}, "<analysis><classification>T-shirt</classification></analysis>", False),
    ("is-xml", {"value": DEEP}, "<root><parent><child><grandchild>C</grandchild></child></parent></root>", True),
    ("is-xml", {"value": DEEP}, "<root><parent><child></child></parent></root>", False),
    ("levenshtein", {"value": "kitten", "threshold": 3}, "sitting", True),
    ("levenshtein", {"value": "kitten", "threshold": 2}, "sitting", False),
    ("levenshtein", {"value": "hello world"}, "hello wor", True),
    ("levenshtein", {"value": "hello world", "threshold": 0}, "hello world", True),
    ("rouge-n", {"value": "the cat sat"}, "The Cat Sat down", True),
    ("rouge-n", {"value": "hello world"}, "hello there", False),
    ("rouge-n", {"value": "hello world", "threshold": 0.5}, "hello there", True),
    ("word-count", {"value": 3}, "one two  three", True),
    ("word-count", {"value": {"min": 2, "max": 3}}, "one", False),
    ("word-count", {"value": {"min": 2}}, "one two three four", True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "more", "text", "holds"), TABLE)
def test_assertion_gives_documented_verdict(kind, more, text, holds):
    """An assertion passes and fails as its documentation says, and `not-` turns it round."""
    assert passes(text, {"promptfoo": kind, **more}) is holds
    assert passes(text, {"promptfoo": f"not-{kind}", **more}) is not holds


@pytest.mark.parametrize(
    ("entry", "completion", "holds"),
    [
        ({"promptfoo": "latency", "threshold": 5000}, {"latency_s": 5.0}, True),
        ({"promptfoo": "latency", "threshold": 5000}, {"latency_s": 5.1}, False),
        ({"promptfoo": "cost", "threshold": 0.001}, {"cost_usd": 0.001}, True),
        ({"promptfoo": "cost", "threshold": 0.001}, {"cost_usd": 0.0011}, False),
        ({"promptfoo": "finish-reason", "value": "STOP"}, {"finish_reason": "stop"}, True),
        ({"promptfoo": "finish-reason", "value": "length"}, {"finish_reason": "stop"}, False),
        ({"promptfoo": "perplexity", "threshold": 1.5}, {"logprobs": (("a", -0.1), ("b", -0.2))}, True),
        ({"promptfoo": "perplexity", "threshold": 1.1}, {"logprobs": (("a", -0.1), ("b", -0.2))}, False),
    ],
)
def test_call_is_held_to_assertion(entry, completion, holds):
    """What is said of the call is measured in the call."""
    assert passes("text", entry, **completion) is holds


@pytest.mark.parametrize("kind", ["latency", "not-latency", "cost", "not-cost", "perplexity"])
def test_unknown_measure_is_an_error(kind):
    """Where the call does not say, the row is an error: neither a pass nor a fail."""
    assert graded("text", {"promptfoo": kind, "threshold": 1}).status == "error"


@pytest.mark.parametrize(
    ("transform", "text", "holds"),
    [
        ("output.trim()", " Paris \n", True),
        ("output.trim().toLowerCase()", " PARIS", False),
        ("JSON.parse(output).city", '{"city": "Paris"}', True),
        ("JSON.parse(output).cities[0].name.trim()", '{"cities": [{"name": " Paris"}]}', True),
        ('JSON.parse(output)["the city"]', '{"the city": "Rome"}', False),
    ],
)
def test_plain_transform_comes_first(transform, text, holds):
    """A plain transform is applied before the assertion."""
    assert passes(text, {"promptfoo": "equals", "value": "Paris", "transform": transform}) is holds


@pytest.mark.parametrize("text", ["no JSON", '{"town": 1}', '{"city": null}'])
def test_transform_without_hold_is_an_error(text):
    """A transform that finds nothing is an error, for the `not-` form too."""
    for kind in ("equals", "not-equals"):
        entry = {"promptfoo": kind, "value": "x", "transform": "JSON.parse(output).city"}
        assert graded(text, entry).status == "error"


@pytest.mark.parametrize(
    ("text", "threshold", "status"),
    [
        ("Goodbye world", 0.5, "fail"),
        ("Goodbye world", 0.2, "pass"),
        ("Hello world", 0.5, "pass"),
        ("x", None, "fail"),
    ],
)
def test_set_adds_up_weights(text, threshold, status):
    """A set's score is the weighted share that passes (1/3 in the documentation's example)."""
    parts = [
        {"promptfoo": "equals", "value": "Hello world", "weight": 2},
        {"promptfoo": "contains", "value": "world", "weight": 1},
    ]
    more = {} if threshold is None else {"threshold": threshold}
    result = graded(text, {"promptfoo": "assert-set", "assert": parts, **more})

    assert result.status == status
    if text == "Goodbye world":
        assert result.verdicts[0].score == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("text", "status"), [("wrong", "fail"), ("right", "ungraded"), ("right and more", "ungraded")]
)
def test_unchecked_part_never_passes(text, status):
    """A row with something that is not checked here fails by a check that is, and never passes."""
    result = graded(text, {"promptfoo": "contains", "value": "right"}, {"by_hand": "javascript"})

    assert result.status == status
    assert status == "fail" or "javascript" in (result.reason or "")


@pytest.mark.parametrize(
    ("threshold", "text", "status"),
    [(0.5, "no", "ungraded"), (0.6, "no", "fail"), (0.5, "yes", "ungraded"), (None, "yes", "ungraded")],
)
def test_unchecked_part_of_set_never_passes(threshold, text, status):
    """In a set, what is not checked here may have passed for a fail to be sure, and keeps it from passing."""
    parts = [{"promptfoo": "contains", "value": "yes"}, {"by_hand": "python"}]
    more = {} if threshold is None else {"threshold": threshold}

    assert graded(text, {"promptfoo": "assert-set", "assert": parts, **more}).status == status


def test_only_unchecked_is_ungraded_when_refused():
    """A refusal is no fail where nothing could be checked anyway."""
    assert graded("", {"by_hand": "javascript"}, refusal="No.").status == "ungraded"


def test_weightless_assertion_decides_nothing():
    """An assertion of weight 0 is measured and passes, as documented."""
    result = graded(
        "x", {"promptfoo": "contains", "value": "y", "weight": 0}, {"promptfoo": "equals", "value": "x"}
    )

    assert result.status == "pass"
    assert result.verdicts[0].score == 0


@pytest.mark.parametrize(
    "entry",
    [
        {"promptfoo": "containsAny", "value": ["a"]},
        {"promptfoo": "contains"},
        {"promptfoo": "contains", "value": ""},
        {"promptfoo": "contains-any", "value": ["a", ""]},
        {"promptfoo": "contains-any", "value": []},
        {"promptfoo": "starts-with", "value": ""},
        {"promptfoo": "regex", "value": "(?i)a"},
        {"promptfoo": "regex", "value": r"\Aa"},
        {"promptfoo": "regex", "value": "a++"},
        {"promptfoo": "regex", "value": "[]"},
        {"promptfoo": "regex", "value": "("},
        {"promptfoo": "regex", "value": r"(a+)+(?=b)(?!c)\1" + "(x*)*" * 3},
        {"promptfoo": "is-json", "value": {"type": "objekt"}},
        {"promptfoo": "latency"},
        {"promptfoo": "is-valid-openai-tools-call"},
        {"promptfoo": "is-valid-openai-tools-call", "value": []},
        {"promptfoo": "is-valid-openai-tools-call", "value": [{"type": "mcp"}]},
        {"promptfoo": "tool-call-f1", "value": []},
        {"promptfoo": "tool-call-f1", "value": [""]},
        {"promptfoo": "tool-call-f1", "value": ["a"], "threshold": 0},
        {"promptfoo": "levenshtein", "value": "a", "threshold": "b"},
        {"promptfoo": "levenshtein", "value": "a", "threshold": -1},
        {"promptfoo": "rouge-n", "value": ""},
        {"promptfoo": "word-count", "value": {"min": 3, "max": 1}},
        {"promptfoo": "equals", "value": "a", "transform": "output.length"},
        {"promptfoo": "equals", "value": "a", "transform": "output.replace(/a/, '')"},
        {"promptfoo": "equals", "value": "a", "ignoreCase": True},
        {"promptfoo": "assert-set", "assert": []},
        {"promptfoo": "assert-set", "assert": [{"promptfoo": "contains", "value": "a"}], "threshold": 0},
        {"promptfoo": "assert-set", "assert": [{"promptfoo": "contains", "value": "a", "weight": 0}]},
        {"evals": "match", "ideal": "a"},
        {"evals": "Match", "ideal": ""},
        {"evals": "JsonMatch", "ideal": "{"},
        {"inspect": "match", "target": "."},
        {"inspect": "choice", "target": "AB"},
        {"inspect": "pattern", "target": "a", "pattern": "a"},
        {"inspect": "match", "target": "a", "location": "middle"},
        {"by_hand": ""},
        {"promptfoo": "contains", "value": "a", "evals": "Match"},
        "contains: a",
    ],
)
def test_unusable_entry_is_refused(entry):
    """An entry that is unknown, or that every answer would meet, is an error before any call."""
    with pytest.raises(UsageError):
        compile_expect({"foreign": [entry]})


def test_twins_get_columns_of_their_own():
    """Several assertions of one kind stand in columns of their own."""
    entries = [{"promptfoo": "contains", "value": value} for value in ("a", "b")]

    assert [verdict.name for verdict in graded("a", *entries).verdicts] == [
        "promptfoo.contains",
        "promptfoo.contains_2",
    ]


def test_long_answer_cannot_hang_edit_distance():
    """A text too long to be compared letter by letter gives no verdict instead of a wait."""
    text = "a" * 500_000

    assert graded(text, {"promptfoo": "levenshtein", "value": text[1:], "threshold": 50}).status == "pass"
    assert (
        graded(text, {"promptfoo": "levenshtein", "value": text[1:], "threshold": 50_000}).status == "error"
    )
