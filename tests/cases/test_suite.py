"""The suite: an immutable sequence that is filtered, split, sliced and shown."""

from __future__ import annotations

import pickle

import pytest

from promptlab._cases import Suite, as_suite, load_cases
from promptlab._errors import SettingError, SuiteError
from promptlab._types import Case


def numbered(count: int) -> Suite:
    """Make a suite of cases tagged by parity, every seventh `rare` too."""
    return load_cases(
        {
            "id": f"c{n}",
            "input": {"n": n},
            "tags": ["even" if n % 2 == 0 else "odd", *(["rare"] if n % 7 == 0 else [])],
        }
        for n in range(count)
    )


def test_suite_is_a_sequence():
    """A suite has a length, an order and items; a slice of it is a suite of the same name."""
    suite = numbered(5)

    assert len(suite) == 5
    assert [case.id for case in suite] == ["c0", "c1", "c2", "c3", "c4"]
    assert suite[-1].id == "c4"
    assert isinstance(suite[1:3], Suite)
    assert [case.id for case in suite[1:3]] == ["c1", "c2"]
    assert suite[2] in suite
    assert as_suite(suite) is suite


def test_suite_never_changes():
    """Neither the settings of a suite nor its cases can be assigned to."""
    suite = Suite([Case(id="a", input={})], settings={"repeats": 2})

    with pytest.raises(TypeError):
        suite.settings["repeats"] = 3
    with pytest.raises(TypeError):
        suite[0] = suite[0]
    with pytest.raises(AttributeError):
        suite.name = "other"


def test_pickled_suite_is_equal():
    """A suite goes through pickle whole."""
    suite = numbered(3)

    assert pickle.loads(pickle.dumps(suite)) == suite
    assert numbered(3) == suite != numbered(4)


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        ({"tags": "rare"}, ["c0", "c7"]),
        ({"tags": ["rare", "odd"]}, ["c0", "c1", "c3", "c5", "c7", "c9"]),
        ({"tags": "rare odd"}, ["c0", "c1", "c3", "c5", "c7", "c9"]),
        ({"ids": "c3"}, ["c3"]),
        ({"ids": ["c9", "c1"]}, ["c1", "c9"]),
        ({"tags": "odd", "ids": {"c0", "c7"}}, ["c7"]),
        ({}, [f"c{n}" for n in range(10)]),
    ],
)
def test_filter_keeps_order(chosen, ids):
    """A filter keeps cases with any of the tags, and one of the ids, in the suite's order."""
    assert [case.id for case in numbered(10).filter(**chosen)] == ids


@pytest.mark.parametrize(
    ("chosen", "kind", "said"),
    [
        ({"ids": ["c1", "c99"]}, SuiteError, "no case has the id 'c99'"),
        ({"tags": "evn"}, SuiteError, "Did you mean 'even'?"),
        ({"tags": "odd", "ids": "c0"}, SuiteError, "no case has both"),
        ({"tags": ""}, SettingError, "empty"),
        ({"ids": []}, SettingError, "empty"),
        ({"tags": 3}, SettingError, "a number"),
        ({"tags": [None]}, SettingError, "a list"),
    ],
)
def test_filter_of_nothing_fails(chosen, kind, said):
    """A word that no case has is an error, and so is a choice that leaves nothing."""
    with pytest.raises(kind, match=None) as caught:
        numbered(10).filter(**chosen)

    assert said in str(caught.value)


@pytest.mark.parametrize("count", [2, 3, 10, 97])
@pytest.mark.parametrize("holdout", [0.01, 0.3, 0.5, 0.99])
def test_split_parts_fit_together(count, holdout):
    """The parts of a split are disjoint, not empty, together the suite, in its order and of the size asked for."""
    suite = numbered(count)

    work, held = suite.split(holdout, seed=3)

    assert len(held) == min(count - 1, max(1, round(count * holdout)))
    assert {case.id for case in work} | {case.id for case in held} == {case.id for case in suite}
    for part in (work, held):
        ids = [int(case.id[1:]) for case in part]
        assert ids == sorted(ids)
    assert (work.name, held.name) == ("cases", "cases-holdout")


def test_split_keeps_the_mix():
    """Each mix of tags is held out in its share, to within one case."""
    _, held = numbered(140).split(0.25)

    for tags, share in ((("odd",), 15), (("even",), 15), (("even", "rare"), 2.5), (("odd", "rare"), 2.5)):
        assert abs(sum(set(case.tags) == set(tags) for case in held) - share) <= 1


def test_split_is_the_same_again():
    """A split depends on ids, tags, share and seed, not on the order; another seed is another split."""
    suite = numbered(50)
    turned = load_cases(list(suite)[::-1])

    held = {case.id for case in suite.split(0.3)[1]}

    assert held == {case.id for case in turned.split(0.3)[1]}
    assert held != {case.id for case in suite.split(0.3, seed=1)[1]}


@pytest.mark.parametrize("holdout", [0, 1, -0.1, 1.5, True, "0.3", float("nan")])
def test_bad_share_is_refused(holdout):
    """A share to hold out lies between 0 and 1."""
    with pytest.raises(SettingError, match="holdout"):
        numbered(4).split(holdout)


def test_table_of_a_suite():
    """The table has the case, a column for each input, and expect, tags and why; also without rows."""
    suite = load_cases(
        [{"id": "a", "input": {"x": 1, "y": None}, "why": "w"}, {"id": "b", "input": {"z": [1]}}]
    )

    frame = suite.to_frame()

    assert list(frame.columns) == ["case", "input.x", "input.y", "input.z", "expect", "tags", "why"]
    assert frame["input.z"][1] == [1]
    assert list(suite[:0].to_frame().columns) == ["case", "expect", "tags", "why"]
    assert str(suite[:0].to_frame()["case"].dtype) == "string"


def test_suite_shows_itself():
    """A suite shows its name, size and tags in a line, and its first rows as a page that runs nothing."""
    suite = load_cases(
        {
            "suite": "<s>",
            "cases": [{"id": f"<b>{n}", "input": "<script>alert(1)</script>"} for n in range(12)],
        }
    )

    assert repr(suite) == "<Suite '<s>': 12 cases>"
    page = suite._repr_html_()
    assert "<script" not in page
    assert "<b>0" not in page
    assert "… and 2 more" in page
