"""Regular expressions from suites cannot hang a run, and match what `re` matches."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._errors import UsageError
from promptlab.checks import CannotTellError
from promptlab.checks._pattern import BUDGET, Pattern
from promptlab.checks._states import States

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        ".",
        "[ab]",
        "[^a]",
        r"\w",
        r"\d",
        r"\b",
        r"\B",
        "^",
        "$",
        r"\A",
        r"\Z",
        r"\s",
        "A",
        "(?i:a)",
        "é",
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "*?", "{0,3}?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)
HOSTILE = [
    (r"(a+)+$", "a" * 5000 + "b", False),
    (r"^(a|a)*$", "a" * 5000 + "b", False),
    (r"(a|b|ab)*c", "ab" * 5000, False),
    (r"(x+x+)+y", "x" * 3000, False),
    (r"(.*a){20}b", "a" * 1000, False),
    ("a?" * 40 + "a" * 40, "a" * 40, True),
    (r"\s+$", " " * 50_000 + "x", False),
    (r"(\w+,\s*)*\w+!", "ab, " * 2000, False),
    (r".*.*.*=x", "a" * 5000, False),
    (r"(?:(?:a{1,9}){1,9}){1,9}b", "a" * 800, False),
]


@pytest.mark.parametrize(("written", "text", "found"), HOSTILE, ids=[one[0][:20] for one in HOSTILE])
def test_hostile_patterns_are_searched(written, text, found):
    """A pattern that would backtrack for hours is searched all the same, and rightly."""
    assert Pattern(written).steps(len(text)) > BUDGET
    assert Pattern(written).search(text) is found


@given(
    PATTERNS, st.sampled_from(["", "(?i)", "(?m)", "(?s)", "(?a)"]), st.text(alphabet="abA \n1é", max_size=7)
)
@settings(max_examples=400, deadline=None)
def test_both_ways_agree(written, flags, text):
    """The states match exactly where `re` matches."""
    pattern = Pattern(flags + written)
    states = States.of(pattern._tree)

    assert states is not None
    assert states.search(text) is (re.search(flags + written, text) is not None)
    assert pattern.search(text) is states.search(text)


@pytest.mark.parametrize(
    "written",
    [
        r"(a+)+\1$",
        r"(?=(a+)+b)",
        r"(a|b|ab)*(?<!x)c",
        "(?:a{0,99}){0,99}{0,99}",
        "(" * 500 + "a" + ")*" * 500,
    ],
)
def test_endless_patterns_are_refused(written):
    """A pattern that could run for ever and cannot be searched in another way is an error before any call."""
    with pytest.raises(UsageError):
        Pattern(written)


@pytest.mark.parametrize(
    "written",
    [
        r"(?=.*foo)(?=.*bar)",
        r"^\d{3}-\d{4}$",
        r"(\w)\1",
        r"(?<!a)b",
        r"(?:ab)++c",
        r"(?>a+)b",
        r"(a)?(?(1)b|c)",
    ],
)
def test_ordinary_patterns_are_left_to_re(written):
    """Look-arounds, back references and atomic groups work on answers of ordinary length."""
    text = "foo 123-4567 bar aab" * 20

    assert Pattern(written).search(text) is (re.search(written, text) is not None)


def test_too_long_texts_give_no_verdict():
    """A text too long for what a pattern may cost gives no verdict instead of a hang."""
    with pytest.raises(CannotTellError, match="too long"):
        Pattern(r"(?=.*foo)(?=.*bar)").search("x" * 100_000)
    with pytest.raises(CannotTellError, match="too long"):
        Pattern(r"(a+)+$").search("a" * 2_000_000)
