"""Values from a model are shown in one short line that does nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._show import one_line, show

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.frozensets(st.integers())
    ),
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1.0, "1.0"),
        ("x", '"x"'),
        ('say "hi"\\', r'"say \"hi\"\\"'),
        ("a\nb\x1b[31m\x07", r'"a\nb\x1b[31m\x07"'),
        ("\u202eevil\u200b\u2028", r'"\u202eevil\u200b\u2028"'),
        ("\ud800", r'"\ud800"'),
        ("ü😀", '"ü😀"'),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        pytest.param(10**5000, "<a whole number of 16610 bits>", id="huge"),
        ({1, 2}, "<set>"),
    ],
)
def test_values_are_shown_as_json(value, shown):
    """A value is shown as JSON writes it, everything unprintable made visible."""
    assert show(value) == shown


def test_long_values_are_cut():
    """A long value is cut, with an ellipsis."""
    assert len(show("x" * 10_000_000)) == 200
    assert show(list(range(10_000))).endswith("…")
    assert one_line("a\n" * 500, 10) == r"a\na\na\na\n"[:9] + "…"


@given(ANY)
@settings(max_examples=60, deadline=None)
def test_any_value_is_one_printable_line(value):
    """Whatever the value, it is one printable line within the limit."""
    shown = show(value, 50)

    assert len(shown) <= 50
    assert shown.isprintable()


def test_a_value_in_itself_is_shown():
    """A list that holds itself does not hang the line."""
    endless: list = []
    endless.append(endless)

    assert len(show(endless)) == 200
