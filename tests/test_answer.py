"""What is read as JSON, what is not, and that nothing makes the parser raise."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._answer import parse
from promptlab._types import Completion

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=3) | st.lists(
    VALUES, min_size=1, max_size=3
)
SOUP = st.text() | st.text(alphabet="{}[]\",:'`~abT1 \n\\/<>#*“”‘’")


def read(text):
    """Parse a text as a completion's."""
    return parse(Completion(text=text))


WHOLE = {"found": False, "name": None, "n": 2}
RECOVERED = [
    ("fence", '```json\n{"found": false, "name": null, "n": 2}\n```'),
    ("fence without a label", '```\n{"found": false, "name": null, "n": 2}\n```'),
    ("fence in one line", '```json {"found": false, "name": null, "n": 2} ```'),
    ("fence of tildes", '~~~json\n{"found": false, "name": null, "n": 2}\n~~~'),
    ("fence in prose", 'Sure!\n\n```json\n{"found": false, "name": null, "n": 2}\n```\nHope it helps.'),
    ("fence that never closes", '```json\n{"found": false, "name": null, "n": 2}'),
    (
        "fence beside code of another language",
        '```json\n{"found": false, "name": null, "n": 2}\n```\n```python\nprint({"a": 1})\n```',
    ),
    ("prose before", 'Here is the answer: {"found": false, "name": null, "n": 2}'),
    ("prose after", '{"found": false, "name": null, "n": 2} I hope this helps!'),
    ("prose around", 'No workflow fits.\n\n{"found": false, "name": null, "n": 2}\n\nLet me know.'),
    ("prose that denies", 'I could not find it: {"found": false, "name": null, "n": 2}'),
    ("prose with citations", 'By [1] and [2]: {"found": false, "name": null, "n": 2}.'),
    ("prose with a placeholder", 'For {request}: {"found": false, "name": null, "n": 2}'),
    ("the same twice", '{"found": false, "name": null, "n": 2}\n{"found": false, "name": null, "n": 2}'),
    ("trailing commas", '{"found": false, "name": null, "n": 2,}'),
    ("single quotes", "{'found': false, 'name': null, 'n': 2}"),
    ("Python literals", "{'found': False, 'name': None, 'n': 2}"),
    ("curly quotes", "{“found”: false, “name”: null, ‘n’: 2}"),
    ("bare keys", "{found: false, name: null, n: 2}"),
    ("line comments", '{"found": false, // no\n"name": null, # nobody\n"n": 2}'),
    ("block comments", '{"found": false, /* no */ "name": null, "n": 2}'),
    ("byte order mark", '\ufeff{"found": false, "name": null, "n": 2}'),
    ("no-break spaces", '{\u00a0"found": false, "name": null, "n": 2}'),
    ("thinking before", '<think>{"found": true}? No.</think>\n{"found": false, "name": null, "n": 2}'),
    ("the end of thinking before", 'maybe {"found": true}\n</think>\n{"found": false, "name": null, "n": 2}'),
    ("semicolon after", '{"found": false, "name": null, "n": 2};'),
    ("a mark of the chat after", '{"found": false, "name": null, "n": 2}<|im_end|>'),
    ("key given twice alike", '{"found": false, "found": false, "name": null, "n": 2}'),
    ("inline code", 'It is `{"found": false, "name": null, "n": 2}`.'),
]


@pytest.mark.parametrize(("shape", "text"), RECOVERED, ids=[shape for shape, _ in RECOVERED])
def test_wrapped_json_is_recovered(shape, text):
    """JSON with the slips that models make is read, and a note says what was put up with."""
    answer = read(text)

    assert answer.is_json, shape
    assert answer.value == WHOLE
    assert answer.notes
    assert answer.text == text


NOT_READ = [
    ("two answers", '{"found": true} or {"found": false}'),
    ("two fences", '```json\n{"found": true}\n```\n```json\n{"found": false}\n```'),
    ("two lines of JSON", '{"found": true}\n{"found": false}'),
    ("a fence and another value in prose", 'Not {"found": true}.\n```json\n{"found": false}\n```'),
    ("an empty value beside", 'From {"found": true} I get {}'),
    ("cut short", '{"found": true, "items": [{"a": 1}, {"b":'),
    ("cut short in a fence", '```json\n{"found": true, "items": [{"a": 1}'),
    ("cut short in prose", 'Here: {"items": [{"a": 1}, {"b": 2}'),
    ("cut short in a list", '[{"a": 1}, {"b": 2}'),
    ("cut short in a text", '{"found": "ye'),
    ("the beginning is gone", '"items": {"a": 1}, "found": true}'),
    ("a bracket too many", '{"a": 1}, "b": 2}'),
    ("a stray bracket after", '{"a": 1} and ] more'),
    ("a stray bracket before", 'so ] then {"a": 1}'),
    ("a broken value beside a whole one", '["x" "y"] gives {"a": 1}'),
    ("a broken fence beside a whole value", '```json\n[1 2]\n```\n{"a": 1}'),
    ("bare keys in a sentence", "The rule {color: 1} applies."),
    ("the value of a key", '"result": {"a": 1}'),
    ("a part of a list", '1, {"a": 1}, 2'),
    ("an example", 'For example, {"found": true} would be an answer.'),
    ("a wrong answer", 'The wrong answer would be {"found": true}.'),
    ("an answer denied", '{"found": true} is not what I say.'),
    ("never meant", 'You should not return {"found": true}.'),
    ("a template in JSON", '{"found": <true or false>, "name": "…"}'),
    ("choices in JSON", '{"found": true|false}'),
    ("an ellipsis", '{"items": [1, 2, ...]}'),
    ("a missing comma", '{"a": 1 "b": 2}'),
    ("an apostrophe in single quotes", "{'a': 'it's'}"),
    ("doubled braces", '{{"a": 1}}'),
    ("thinking without an end", '<think>perhaps {"found": true}'),
    ("code that holds a mapping", '```python\nprint({"found": true})\n```'),
    ("code that begins with a list", "```js\n[1, 2].map(x => x)\n```"),
    ("a call in prose", 'run f{"a": 1} now'),
    ("more digits than fit", '{"n": ' + "9" * 5000 + "}"),
]
PROSE = [
    "Use {name} as a placeholder.",
    "See [1] and [2, 3].",
    "The set {1, 2, 3} has three members.",
    r"It is \frac{1}{2} of {x}.",
    "An empty {} and an empty [].",
    "function f() { return 1; }",
    "a smile :] and a frown :{",
    "{",
    "]",
    "",
    "   ",
    "[INFO] all is well",
    "- [x] done\n- [ ] open",
    "[a link](https://example.org/{id})",
]


@pytest.mark.parametrize(("shape", "text"), NOT_READ, ids=[shape for shape, _ in NOT_READ])
def test_doubtful_json_stays_text(shape, text):
    """Where it is not plain which JSON is meant, or whether it is whole, the answer is text, and a note says why."""
    answer = read(text)

    assert not answer.is_json, shape
    assert answer.value == text
    assert answer.notes or "python" in text


@pytest.mark.parametrize("text", PROSE)
def test_prose_with_brackets_is_text(text):
    """Brackets in prose are no JSON."""
    answer = read(text)

    assert (answer.value, answer.is_json) == (text, False)


@pytest.mark.parametrize("text", ["42", "true", "null", "NaN", '"oos"', "oos", " oos\n", "0.95"])
def test_scalars_stay_text(text):
    """A number, a truth value or a quoted text is no JSON answer: it stays what it is, character for character."""
    answer = read(text)

    assert (answer.value, answer.is_json, answer.notes) == (text, False, ())


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[" * 150 + "]" * 150, '{"a":' * 50_000, '{"a":' * 120 + "1" + "}" * 120]
)
def test_deep_nesting_stays_text(text):
    """Nesting that would exhaust the interpreter is not read, and raises nothing."""
    answer = read(text)

    assert not answer.is_json
    assert answer.notes


def test_wide_json_is_read():
    """Many brackets side by side are no nesting."""
    text = json.dumps([{"n": [number]} for number in range(500)])

    assert read(text).value == json.loads(text)


def test_huge_prose_is_not_searched():
    """A text beyond the limit is not searched, and a note says so; JSON as it stands is read at any size."""
    items = json.dumps(["x" * 1_100_000])

    assert read(items).is_json
    assert not read("Here: " + items).is_json
    assert "not searched" in read("Here: " + items).notes[0]


def test_unclosed_brackets_cost_no_square():
    """A million brackets are given up on at once."""
    answer = read("{ x " * 240_000)

    assert not answer.is_json


def test_numbers_json_lacks_are_noted():
    """NaN and Infinity are read as numbers, and noted."""
    answer = read('{"a": NaN, "b": -Infinity}')

    assert answer.value["a"] != answer.value["a"]
    assert answer.value["b"] == float("-inf")
    assert "NaN" in answer.notes[0]


def test_contradictory_key_is_refused():
    """An answer that gives a key two values is not read: which of them was meant is a guess."""
    answer = read('{"found": true, "found": false}')

    assert not answer.is_json


def test_lone_surrogates_are_replaced():
    """What no encoding can write does not get into a value; a pair is joined."""
    answer = read(r'{"a": "\ud83d\ude00", "b": "\ud800", "c": ["\udc00"]}')

    assert answer.value == {"a": "😀", "b": "\ufffd", "c": ["\ufffd"]}


def test_refusal_without_text_is_the_text():
    """The answer of a refusal that brought no text is the refusal's text."""
    answer = parse(Completion(text="", refusal="I cannot help."))

    assert (answer.value, answer.is_json) == ("I cannot help.", False)


@given(SOUP)
@settings(max_examples=300, deadline=None)
def test_no_text_makes_parse_raise(text):
    """Whatever the text, there is an answer."""
    assert read(text).text == text


@given(
    OBJECTS,
    st.floats(0, 1),
    st.sampled_from(["{}", "Sure! {}", "Here:\n{}", "```json\n{}\n```", "```\n{}", "{}\n\nDone."]),
)
@settings(max_examples=200, deadline=None)
def test_cut_json_is_never_read(value, share, around):
    """No part of an answer is ever read as the whole."""
    whole = json.dumps(value)
    part = whole[: int(share * (len(whole) - 1))]

    assert not read(around.replace("{}", part)).is_json


@given(
    OBJECTS,
    st.sampled_from(["{}", "Sure! {}", "Here:\n{}\nBye.", "```json\n{}\n```", "a {} b", "{};", "By [1]: {}"]),
)
@settings(max_examples=200, deadline=None)
def test_recovered_json_is_the_right_one(value, around):
    """What is read is exactly what was written."""
    answer = read(around.replace("{}", json.dumps(value)))

    assert answer.value == value if answer.is_json else around not in ("{}", "```json\n{}\n```")
