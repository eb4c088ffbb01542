"""DataFrames as suites: values as Python knows them, what is missing left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from promptlab._cases import load_cases
from promptlab._errors import SuiteError


def test_rows_become_cases():
    """A row gives a case with Python's own values; NaN, None, NaT and NA are left out."""
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "text": ["a", None],
            "count": np.array([3, 4], dtype="int64"),
            "share": [0.5, np.nan],
            "flag": pd.array([True, pd.NA], dtype="boolean"),
            "when": pd.to_datetime(["2024-01-01", None]),
            "expect.found": [True, np.nan],
            "tags": [["x"], "y z"],
        }
    )

    first, second = load_cases(frame)

    assert (first.id, first.tags, first.expect) == ("1", ("x",), {"found": True})
    assert first.input == {
        "text": "a",
        "count": 3,
        "share": 0.5,
        "flag": True,
        "when": pd.Timestamp("2024-01-01"),
    }
    assert [type(first.input[name]) for name in ("count", "share", "flag")] == [int, float, bool]
    assert (second.input, second.expect, second.tags) == ({"count": 4}, None, ("y", "z"))


def test_words_in_frames_stay():
    """Text in a frame is text: `no`, `007`, `NA` and `null` are kept."""
    frame = pd.DataFrame({"id": ["007"], "a": ["no"], "b": ["NA"], "expect.c": ["null"], "d:json": ["null"]})

    case = load_cases(frame)[0]

    assert (case.id, case.input, case.expect) == ("007", {"a": "no", "b": "NA", "d": None}, {"c": "null"})


def test_frames_without_ids():
    """A frame without a column `id` gets made ones; one with the column must fill it."""
    assert [case.id for case in load_cases(pd.DataFrame({"v": ["a", "b"]}))] == ["case_1", "case_2"]
    with pytest.raises(SuiteError, match="item 2: it has no `id`"):
        load_cases(pd.DataFrame({"id": ["a", None], "v": [1, 2]}))


def test_frame_is_read_back():
    """The table of a suite is that suite again."""
    suite = load_cases(
        [
            {
                "id": "a",
                "input": {"x": "t", "n": 1},
                "expect": {"found": True},
                "tags": ["p", "q"],
                "why": "w",
            },
            {"id": "b", "input": {"x": "u"}},
        ]
    )

    assert load_cases(suite.to_frame()) == suite


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(), "no columns"),
        (pd.DataFrame({"v": []}), "no cases"),
        (pd.DataFrame({0: [1]}), "column 1 has a number as its name"),
        (pd.DataFrame([[1, 2]], columns=["v", "v"]), "mean the same"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "a list as its name"),
        (pd.DataFrame({"id": [1.5]}), "`id` is text"),
        (pd.DataFrame({"id": ["a", "a"]}), "taken already, by item 1"),
        (pd.DataFrame({"v:json": ["{"]}), "in row 1"),
        (pd.DataFrame({"expected": [1]}), "write `expect`"),
    ],
)
def test_bad_frames_are_refused(frame, said):
    """What is wrong with a frame is told with its column or row."""
    with pytest.raises(SuiteError) as caught:
        load_cases(frame)

    assert said in str(caught.value)
