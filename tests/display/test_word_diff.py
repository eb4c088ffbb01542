"""What changed between two texts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlab._diff import PAIRS_LIMIT, word_diff

TEXTS = st.text(alphabet="ab. \n\té\u2028", max_size=40)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("same", "same", [("same", "same")]),
        ("", "all new", [("new", "all new")]),
        ("all gone", "", [("gone", "all gone")]),
        (
            "You are a router.",
            "You are a careful router.",
            [("same", "You are a "), ("new", "careful "), ("same", "router.")],
        ),
        ("a b c", "a x c", [("same", "a "), ("gone", "b"), ("new", "x"), ("same", " c")]),
        ("one two three", "uno dos three", [("gone", "one two"), ("new", "uno dos"), ("same", " three")]),
        ("keep\nold line\nkeep", "keep\nnew line\nkeep",
         [("same", "keep\n"), ("gone", "old"), ("new", "new"), ("same", " line\nkeep")]),
        ("a\n\nb", "x\n\ny",
         [("gone", "a"), ("new", "x"), ("same", "\n\n"), ("gone", "b"), ("new", "y")]),
        ("word end", "word\nend", [("same", "word"), ("gone", " "), ("new", "\n"), ("same", "end")]),
    ],
)  # fmt: skip
def test_diff_of_words(old, new, expected):
    """Words that stayed, went and came are told apart, and blanks belong to the words around them."""
    assert word_diff(old, new) == expected


@given(old=TEXTS, new=TEXTS)
def test_diff_loses_nothing(old, new):
    """The pieces make up both texts again, none is empty, and neighbours differ."""
    pieces = word_diff(old, new)

    assert "".join(text for op, text in pieces if op != "new") == old
    assert "".join(text for op, text in pieces if op != "gone") == new
    assert all(text for _, text in pieces)
    pairs = [(left[0], right[0]) for left, right in pairwise(pieces)]
    assert all(left != right and (left, right) != ("new", "gone") for left, right in pairs)


def test_diff_of_long_texts_finds_the_words():
    """In 100 kB of ordinary lines a changed word is found, not a changed page."""
    lines = [f"line {number} of a long prompt says what it has to say\n" for number in range(2_000)]
    edited = [
        line.replace("says", "tells") if number % 100 == 0 else line for number, line in enumerate(lines)
    ]

    pieces = word_diff("".join(lines), "".join(edited))

    assert [text for op, text in pieces if op == "gone"] == ["says"] * 20


def test_diff_gives_up_where_all_repeats():
    """Where a search would compare too many equal words the middle is told as gone and new altogether."""
    count = int(PAIRS_LIMIT**0.5) + 10
    old, new = "x " + "a b " * count + "y", "z " + "b a " * count + "w"

    assert [op for op, _ in word_diff(old, new)] == ["gone", "new"]
