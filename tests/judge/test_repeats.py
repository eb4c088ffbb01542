"""Answers to the same case, over repeats: how far they agree."""

from __future__ import annotations

import pandas as pd
import pytest

import promptlab
from promptlab import Lab, Prompt, SettingError

PROMPT = Prompt("Reply to: {{ request }}", name="ask")


def frame(*answers, status="ungraded") -> pd.DataFrame:
    rows = [{"prompt": "p", "case": "c", "status": status, "answer": answer} for answer in answers]
    return pd.DataFrame(rows)


def test_agreement_is_the_share_of_the_commonest(server, tmp_path):
    """Four of five repeats say the same: 0.8 for that case, 1 for the one that always says the same."""
    said = iter(["Rome", "Rome ", "Rome", "Milan", "Rome"])
    server.says(
        lambda call: (
            next(said) if "capital" in call.text else {"found": True, "confidence": call.number / 100}
        )
    )
    cases = [
        {"id": "capital", "input": {"request": "the capital"}, "expect": {"equals": "Rome"}},
        {"id": "other", "input": {"request": "the other"}},
    ]
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as lab:
        made = promptlab.run_parallel(cases, PROMPT, repeats=5, workers=1, lab=lab)

    found = promptlab.repeat_agreement(made)

    assert found["case"].tolist() == ["capital", "other"]
    assert found["agreement"].tolist() == [0.8, 1.0]
    assert found["answers"].tolist() == [2, 1]
    assert found["pass_rate"][0] == pytest.approx(0.8)
    assert found["pass_rate"].isna().tolist() == [False, True]
    assert found["commonest"].tolist() == ["Rome", {"found": True}]


@pytest.mark.parametrize(
    ("answers", "field", "agreement"),
    [
        (({"a": 1, "b": [1.0]}, {"b": [1], "a": 1.0}), None, 1.0),
        (({"a": 1}, {"a": True}), None, 0.5),
        (({"a": {"b": "x"}, "why": "one"}, {"a": {"b": "x"}, "why": "two"}), "a.b", 1.0),
        (({"a": 1}, {"b": 1}, "text"), "a", 2 / 3),
    ],
)
def test_equal_answers_are_the_same(answers, field, agreement):
    """The order of keys, white space and 1.0 for 1 make no other answer; true for 1 does."""
    assert promptlab.repeat_agreement(frame(*answers), field=field)["agreement"][0] == pytest.approx(
        agreement
    )


def test_repeat_without_answer_is_left_out():
    """A repeat that broke is left out; one that answered null is not."""
    rows = frame("x", None, "x", None).assign(status=["pass", "error", "fail", "ungraded"])

    found = promptlab.repeat_agreement(rows)

    assert (found["answered"][0], found["answers"][0], found["pass_rate"][0]) == (3, 2, 0.5)


def test_single_answer_agrees_with_nothing():
    """One answer says nothing of agreement, and none at all gives a row all the same."""
    assert promptlab.repeat_agreement(frame("x"))["agreement"].isna().tolist() == [True]
    none = promptlab.repeat_agreement(frame(None, status="error"))
    assert (none["answered"][0], none["answers"][0], none["commonest"][0]) == (0, 0, None)


def test_empty_frame_keeps_its_types():
    """A frame without rows gives one without rows, with the same columns and dtypes."""
    empty = promptlab.repeat_agreement(frame("x").iloc[:0])

    assert (
        empty.dtypes.astype(str).to_dict()
        == promptlab.repeat_agreement(frame("x", "y")).dtypes.astype(str).to_dict()
    )


def test_wrong_frame_is_refused():
    """A frame without answers, and a field that is no path, are errors."""
    with pytest.raises(SettingError, match="answer"):
        promptlab.repeat_agreement(frame("x").drop(columns="answer"))
    with pytest.raises(SettingError, match="field"):
        promptlab.repeat_agreement(frame("x"), field="a[")
