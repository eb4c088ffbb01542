"""Samples of openai/evals and Inspect are read; broken files are named by line."""

from __future__ import annotations

import json

import pytest

import promptlab
from promptlab import Lab, SettingError, load_cases
from tests.cases.files import loaded, refusal, written

CHAT = [{"role": "system", "content": "Be {{ brief }}."}, {"role": "user", "content": "Capital of France?"}]


def lines(*samples) -> str:
    return "".join(json.dumps(one) + "\n" for one in samples)


def statuses(suite, server, answer: str) -> list[str]:
    server.says(lambda call: answer)
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as lab:
        return promptlab.run_parallel(suite, suite.prompts["as_written"], lab=lab)["status"].tolist()


def test_evals_samples_are_asked_and_graded(tmp_path, server):
    """Chats are asked as they stand, their texts no templates, and graded by `Match` where nothing is said."""
    suite = loaded(
        tmp_path,
        "samples.jsonl",
        lines({"input": CHAT, "ideal": "Paris"}, {"input": CHAT, "ideal": ["Rome", 4]}),
    )

    assert statuses(suite, server, "Paris.") == ["pass", "fail"]
    assert server.calls[0].body["messages"] == CHAT
    assert "Match is used" in str(suite.report)
    assert suite.report.understood == {"Match": 2}


@pytest.mark.parametrize(
    ("scorer", "status"), [("Match", "fail"), ("Includes", "pass"), ("FuzzyMatch", "pass")]
)
def test_evals_grader_can_be_said(tmp_path, server, scorer, status):
    """The grader is what the caller says."""
    path = written(tmp_path, "samples.jsonl", lines({"input": "x", "ideal": "Paris"}))

    assert statuses(load_cases(path, scorer=scorer), server, "It is Paris") == [status]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 10\n", "samples.jsonl:1: this is a pointer of Git LFS"),
        (lines({"input": "a", "ideal": "b"}) + '{"input": "a", "ideal": "b"}{"input": "c", "ideal": "d"}\n', "samples.jsonl:2: two values stand on this line"),
        (lines({"input": "a", "ideal": "b"}) + '{"input": "a", "ide\n', "samples.jsonl:2: this is not JSON"),
        (lines({"input": "a", "ideal": "b"}, {"ideal": "b"}), "samples.jsonl:2: a sample is an object"),
        (lines({"input": "a", "ideal": "b"}) + "[1]\n", "samples.jsonl:2: a sample is an object"),
        (lines({"input": "a", "ideal": "b"}) + '{"input": "a", "ideal": NaN}\n', "samples.jsonl:2: NaN"),
    ],
)  # fmt: skip
def test_broken_samples_are_named_by_line(tmp_path, content, told):
    """A pointer in place of the file, joined lines and broken ones are told apart and named by line."""
    assert told in refusal(tmp_path, "samples.jsonl", content)


def test_sample_without_ideal_is_ungraded(tmp_path, server):
    """A sample whose ideal is missing or empty expects nothing, or is named; it never passes."""
    suite = loaded(
        tmp_path,
        "s.jsonl",
        lines({"input": "a", "ideal": "b"}, {"input": "a", "ideal": None}, {"input": "a", "ideal": ""}),
    )

    assert statuses(suite, server, "b") == ["pass", "ungraded", "ungraded"]
    assert suite.report.withheld == 1


def test_inspect_csv_is_read(tmp_path, server):
    """A table of samples with choices is asked with letters and scored by them."""
    table = 'input,target,choices,id,metadata\nCapital?,B,"[""Rome"", ""Paris""]",one,"{""level"": 2}"\n'
    suite = loaded(tmp_path, "samples.csv", table)

    assert statuses(suite, server, "So: ANSWER: B") == ["pass"]
    assert "A) Rome\nB) Paris" in server.calls[0].text
    assert (suite[0].id, suite[0].metadata) == ("one", {"level": 2})


@pytest.mark.parametrize(
    ("scorer", "status"),
    [("includes", "pass"), ("match", "fail"), ({"match": {"location": "begin"}}, "pass")],
)
def test_inspect_scorer_can_be_said(tmp_path, server, scorer, status):
    """The scorer and its options are what the caller says."""
    path = written(tmp_path, "samples.json", json.dumps([{"input": "x", "target": "Paris"}]))

    assert statuses(load_cases(path, scorer=scorer), server, "Paris it is") == [status]


def test_messages_of_parts_are_texts_or_noted(tmp_path):
    """A message in parts is their text; one with a picture is noted, since it cannot be sent as it was meant."""
    text, picture = {"type": "text", "text": "What is it?"}, {"type": "image", "image": "it.png"}

    def sample(*parts, **more):
        return json.dumps({"input": [{"role": "user", "content": list(parts)}], **more}) + "\n"

    plain = loaded(tmp_path, "a.jsonl", sample(text, ideal="b"))
    odd = loaded(tmp_path, "b.jsonl", sample(text, picture, target="b"))

    assert plain[0].input["message_1"] == "What is it?"
    assert "pictures" not in str(plain.report)
    assert "1 messages hold pictures" in str(odd.report)


def test_misspelt_column_is_named(tmp_path):
    """A column that looks like one of promptfoo's and is none is named; its rows never pass by it."""
    suite = loaded(tmp_path, "a.csv", "q,__expect\nhi,contains: a\n")

    assert suite[0].expect is None
    assert "Did you mean '__expected'?" in str(suite.report)


def test_field_map_renames_columns(tmp_path, server):
    """A field map says which column is what."""
    path = written(tmp_path, "samples.csv", "question,answer,number\nCapital?,Paris,7\n")
    suite = load_cases(path, fields={"input": "question", "target": "answer", "id": "number"})

    assert statuses(suite, server, "It is Paris") == ["pass"]
    assert suite[0].id == "7"


def test_our_own_files_stay_ours(tmp_path):
    """A suite of our own layout is not taken for another tool's, whatever its inputs are called."""
    ours = loaded(
        tmp_path, "a.yaml", "cases:\n- {id: a, input: {target: x, tests: y}, expect: {contains: a}}\n"
    )
    table = loaded(tmp_path, "b.csv", "id,input,target,expect.found:json\na,x,y,true\n")
    rows = loaded(tmp_path, "c.jsonl", '{"id": "a", "input": {"ideal": "x", "vars": 1}}\n')

    assert [suite.report for suite in (ours, table, rows)] == [None] * 3


@pytest.mark.parametrize("more", [{"scorer": "Match"}, {"fields": {"input": "a"}}])
def test_options_for_samples_need_samples(tmp_path, more):
    """Options for samples are refused where there are none."""
    with pytest.raises(SettingError):
        load_cases([{"id": "a"}], **more)
    with pytest.raises(SettingError):
        load_cases(
            written(tmp_path, "a.jsonl", lines({"input": "a", "target": "b"})), fields={"question": "input"}
        )
