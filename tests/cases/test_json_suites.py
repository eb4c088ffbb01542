"""Suites in JSON and JSONL: read strictly, with a line for each case."""

from __future__ import annotations

import json

import pytest

from tests.cases.files import loaded, refusal

PRETTY = json.dumps(
    {"suite": "s", "cases": [{"id": "a", "input": {"x": "007"}}, {"id": 7, "expect": {"found": True}}]},
    indent=1,
)


def test_json_suite_is_read(tmp_path):
    """A JSON suite gives its cases with their lines; an id that is a number is its text."""
    suite = loaded(tmp_path, "a.json", PRETTY)

    assert suite.name == "s"
    assert [(case.id, case.where) for case in suite] == [
        ("a", f"{tmp_path}/a.json:4"),
        ("7", f"{tmp_path}/a.json:10"),
    ]
    assert suite[0].input == {"x": "007"}


def test_json_array_is_read(tmp_path):
    """A JSON array of cases is a suite; escapes are characters."""
    assert loaded(tmp_path, "a.json", '[{"id":"a","input":{"e":"\\ud83d\\ude00"}}]')[0].input == {"e": "😀"}


def test_json_lines_are_read(tmp_path):
    """A case a line is a suite; blank lines and Windows line ends do no harm, odd characters split no line."""
    suite = loaded(tmp_path, "a.jsonl", '{"id":"a"}\r\n\n{"id":"b","input":"x\u2028y\x85"}\n')

    assert [(case.id, case.where) for case in suite] == [
        ("a", f"{tmp_path}/a.jsonl:1"),
        ("b", f"{tmp_path}/a.jsonl:3"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{"cases":[\n{"id":"a",\n"id":"b"}]}', 2, "twice"),
        ('{"cases":[{"id":"a"}],\n"cases":[]}', 2, "twice"),
        ('{"cases":[{"id":"a","input":{"x":1,"x":2}}]}', 1, "twice"),
        ("[" * 100_000, 1, "deeper"),
        ('{"cases":' + "[" * 100_000, 1, "deeper"),
        ('[\n{"id":"a","input":{"x":' + "[" * 70 + "]" * 70 + "}}]", 2, "deeper"),
        ('[{"id":"a","input":{"x":NaN}}]', 1, "NaN"),
        ('[{"id":"a","input":{"x":-Infinity}}]', 1, "-Infinity"),
        ('[{"id":"a","input":{"x":1e999}}]', 1, "too large"),
        ('[{"id":"a","input":{"x":' + "9" * 5000 + "}}]", 1, "thousands of digits"),
        ('[{"id":"a","input":"\\ud800"}]', 1, "half a character"),
        ('[{"id":"a\n"}]', 1, "not JSON"),
        ('[{"id":"a"},]', 1, "not JSON"),
        ("[{'id':'a'}]", 1, "not JSON"),
        ('[{"id":"a"} {"id":"b"}]', 1, "`,` was expected"),
        ('[{"id":"a"}]\n]', 2, "after the end"),
        ('{"cases" [1]}', 1, "`:` was expected"),
        ("{1: 2}", 1, "key in quotes"),
        ('[{"id":"a"}', 1, "`,` was expected"),
        ("", 1, "not JSON"),
        ("null", 1, "this is empty"),
        ("{}", 1, "no key `cases`"),
        ('{"cases":{}}', 1, "`cases` is a list"),
        ("[\n1]", 2, "a case is a mapping"),
        ('{"cases":[\n{"id":"a",\n"expect":{"x":1,\n"found":{"belw":1}}}]}', 4, "`below`"),
        ('[{"id":true}]', 1, "`id` is text"),
    ],
)  # fmt: skip
def test_bad_json_is_refused(tmp_path, text, line, said):
    """What is no plain JSON suite is refused with its line."""
    told = refusal(tmp_path, "a.json", text)

    assert told.startswith(f"a.json:{line}: ")
    assert said in told


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{"id":"a"}\n{"id":', 2, "not JSON"),
        ('{"id":"a"}{"id":"b"}\n', 1, "after the end"),
        ('{"id":"a"}\n\n{"id":"b","id":"c"}\n', 3, "twice"),
        ('{"id":"a"}\n["b"]\n', 2, "a case is a mapping"),
        ('{"id":"a"}\n{"id":"b","expect":{"found":{"belw":1}}}\n', 2, "`below`"),
        ('\n{"id":"a"}\n{"id":"a"}\n', 3, "by line 2"),
    ],
)
def test_bad_lines_are_refused(tmp_path, text, line, said):
    """A wrong line of a JSONL suite is refused with its number."""
    told = refusal(tmp_path, "a.jsonl", text)

    assert told.startswith(f"a.jsonl:{line}: ")
    assert said in told
