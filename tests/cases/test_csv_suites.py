"""Suites in CSV: cells as written, columns that mean one thing, rows named by their first line."""

from __future__ import annotations

import pytest

from tests.cases.files import loaded, refusal


def test_columns_become_cases(tmp_path):
    """Each column goes where its name says, and what an empty cell would expect is not expected."""
    text = (
        "id,request,input.lang,expect.found:json,expect.confidence:json,expect.name,tags,why,metadata.owner\n"
        'a,"send ""it"", now",en,true,"{""below"": 0.4}",mailer,smoke; fast one,because,me\n'
        "b,,de,,,,x y,,\n"
    )

    first, second = loaded(tmp_path, "mail.csv", text)

    assert first.input == {"request": 'send "it", now', "lang": "en"}
    assert first.expect == {"found": True, "confidence": {"below": 0.4}, "name": "mailer"}
    assert (first.tags, first.why, first.metadata) == (("smoke", "fast one"), "because", {"owner": "me"})
    assert second.input == {"request": "", "lang": "de"}
    assert (second.expect, second.tags, second.why, second.metadata) == (None, ("x", "y"), None, {})


@pytest.mark.parametrize(
    "cell", ["no", "007", "12:30:45", "NA", "null", "true", "1.10", "None", "nan", " x ", "2024-01-01"]
)
def test_cells_stay_as_written(tmp_path, cell):
    """A cell is the text that stands there, as an input and as an expectation."""
    case = loaded(tmp_path, "a.csv", f"id,v,expect.w\nx,{cell},{cell}\n")[0]

    assert case.input == {"v": cell}
    assert case.expect == {"w": cell}


@pytest.mark.parametrize("cell", ["007", "no", "1.10", "null"])
def test_ids_are_text(tmp_path, cell):
    """An id is the text that stands there, and may stand in a column `case`."""
    assert loaded(tmp_path, "a.csv", f"id,v\n{cell},x\n")[0].id == cell
    assert loaded(tmp_path, "a.csv", f"case,v\n{cell},x\n")[0].id == cell


def test_whole_answer_is_expected(tmp_path):
    """A column `expect` holds what the whole answer equals; `input` alone is the one input."""
    case = loaded(tmp_path, "a.csv", "id,input,expect\nx,hello,no\n")[0]

    assert (case.input, case.expect) == ({"input": "hello"}, "no")


def test_json_columns_hold_mappings(tmp_path):
    """Columns of JSON can hold all inputs or the whole expectation."""
    case = loaded(tmp_path, "a.csv", 'id,input:json,expect:json\nx,"{""a"": 1}","{""b"": {""above"": 2}}"\n')[
        0
    ]

    assert (case.input, case.expect) == ({"a": 1}, {"b": {"above": 2}})


def test_rows_keep_their_lines(tmp_path):
    """A row is named by the line it begins on, whatever line breaks its cells hold."""
    suite = loaded(tmp_path, "a.csv", '\ufeffid,v\r\na,"1\r\n2\n3"\r\n\r\nb,"x\ry"\r\nc,z')

    assert [case.where.rpartition(":")[2] for case in suite] == ["2", "6", "8"]
    assert [case.input["v"] for case in suite] == ["1\r\n2\n3", "x\ry", "z"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "nothing in it"),
        ("id,v\n", None, "no cases"),
        ("v,w\n1,2\n", 1, "no column `id`"),
        ("id,v\na,1\nb\n", 3, "fewer than the 2 columns"),
        ("id,v\na,1,2\n", 2, "more than the 2 columns"),
        ("id,v\n,1\n", 2, "no `id`"),
        ("id;v\na;1\n", 1, "not separated by commas"),
        ("id\tv\na\t1\n", 1, "not separated by commas"),
        ("id,v,v\na,1,2\n", 1, "mean the same"),
        ("id,v,input.v\na,1,2\n", 1, "mean the same"),
        ("id,v,v:json\na,1,2\n", 1, "mean the same"),
        (",id\n0,a\n", 1, "has no name"),
        ("id,expected\na,1\n", 1, "write `expect`"),
        ("id,expected.found\na,1\n", 1, "write `expect.found`"),
        ("id,Expect.found\na,1\n", 1, "write `expect.found`"),
        ("ID,v\na,1\n", 1, "write `id`"),
        ("id,expect.\na,1\n", 1, "ends with a dot"),
        ("id,expect.n:int\na,1\n", 1, "other than :json"),
        ("id,expect,expect.a\na,1,2\n", 1, "write one kind"),
        ("id,v:json\na,1\nb,yes\n", 3, "'v:json' holds 'yes'"),
        ('id,v\na,"x\n', 2, "not CSV"),
        ('id,v\na,"x"y\n', 2, "not CSV"),
        ("id,v\na,1\nb,\0\n", 3, "NUL"),
        ("id,v\na," + "x" * 200_000 + "\n", 2, "131,072"),
        ('id,v\na,"1\n2"\na,3\n', 4, "by line 2"),
        ('id,expect.n:json\na,"{""belw"": 1}"\n', 2, "`below`"),
    ],
)  # fmt: skip
def test_bad_csv_is_refused(tmp_path, text, line, said):
    """What is no plain CSV suite is refused with the line of the row."""
    told = refusal(tmp_path, "a.csv", text)

    assert told.startswith(f"a.csv:{line}: " if line else "a.csv: ")
    assert said in told
