"""The graders of openai/evals and the scorers of Inspect mean here what their documentation says."""

from __future__ import annotations

import pytest

from tests.foreign.grading import passes

EVALS = [
    ("Match", "Paris", "Paris", True),
    ("Match", "Paris", "Paris, France", True),
    ("Match", "Paris", "It is Paris", False),
    ("Match", "Paris", "paris", False),
    ("Match", ["foo", "Par"], "Paris", True),
    ("Match", 4, "42", True),
    ("Includes", "Paris", "It is Paris.", True),
    ("Includes", "wOrLd", "world", False),
    ("Includes", ["foo", "bar"], "world", False),
    ("Includes", ["worldfoo", "worldbar"], "world", False),
    ("FuzzyMatch", "the World!", "world", True),
    ("FuzzyMatch", "world", "Hello, World", True),
    ("FuzzyMatch", "hello world", "World", True),
    ("FuzzyMatch", "world", "word", False),
    ("FuzzyMatch", "world", "...", False),
    ("JsonMatch", '{ "key": "value" }', '{\n   "key":"value"\n   }\n', True),
    ("JsonMatch", '{ "key1": "bar", "key2": "foo" }', '{ "key2": "foo", "key1": "bar" }', True),
    ("JsonMatch", '{ "key": "notvalue" }', '{ "key": "value" }', False),
    ("JsonMatch", '{ "key": 100.1 }', '{ "key": 100 }', False),
    ("JsonMatch", ['{ "key": 100.1 }', '{ "key": 100 }'], '{ "key": 100 }', True),
    ("JsonMatch", '{ "key": "value", "more": 1 }', '{ "key": "value" }', False),
    ("JsonMatch", '{ "key": "value" }', '{ "key": "value", "more": 1 }', False),
    ("JsonMatch", '{ "key": [1, 2, 3] }', '{ "key": [1.0,2.0,3.0] }', True),
    ("JsonMatch", '{ "key": [1, 3, 2] }', '{ "key": [1, 2, 3] }', False),
    ("JsonMatch", '{ "key": [1] }', '{ "key": [] }', False),
    ("JsonMatch", '{ "key": "value" }', '{ "key": "value }', False),
    ("JsonMatch", '{ "key": null }', '{ "key": null }', False),
]  # fmt: skip
INSPECT = [
    ({"inspect": "match", "target": "Paris"}, "The answer is paris.", True),
    ({"inspect": "match", "target": "Paris"}, "Paris is the answer", False),
    ({"inspect": "match", "target": "Paris", "location": "begin"}, "Paris is the answer", True),
    ({"inspect": "match", "target": "Paris", "location": "any"}, "I say Paris now", True),
    ({"inspect": "match", "target": "Paris", "location": "exact"}, "paris!", True),
    ({"inspect": "match", "target": "Paris", "location": "exact"}, "paris now", False),
    ({"inspect": "match", "target": "Paris", "ignore_case": False}, "It is paris", False),
    ({"inspect": "match", "target": "60", "numeric": True}, "28 + 32 = 60\nThis solves the problem.", True),
    ({"inspect": "match", "target": "60", "numeric": True}, "**ANSWER: 28 + 32 = 60**\nSolved.", True),
    ({"inspect": "match", "target": ["60", "60%"], "numeric": True, "location": "any"}, "28 + 32 = 60%\nSolved.", True),
    ({"inspect": "match", "target": "60%", "numeric": True}, "28 + 32 = 60%", True),
    ({"inspect": "match", "target": "32", "numeric": True}, "28 + 32 = 60%", True),
    ({"inspect": "match", "target": "5", "numeric": True}, "The answer is 25", False),
    ({"inspect": "match", "target": "5", "numeric": True, "location": "begin"}, "50 is the answer", False),
    ({"inspect": "match", "target": "5", "numeric": True, "location": "any"}, "got 25 here", False),
    ({"inspect": "match", "target": "25", "numeric": True, "location": "any"}, "first 7 then 25 then done", True),
    ({"inspect": "match", "target": "-5", "numeric": True}, "5", False),
    ({"inspect": "match", "target": "-5", "numeric": True}, "the result is −5 exactly", True),
    ({"inspect": "match", "target": "3.14", "numeric": True}, "pi is approximately 33.14", False),
    ({"inspect": "match", "target": "1e3", "numeric": True}, "the value is $1,000", True),
    ({"inspect": "match", "target": "2", "numeric": True}, "2.0", True),
    ({"inspect": "match", "target": "5", "numeric": True, "location": "exact"}, "5 some text", False),
    ({"inspect": "match", "target": "5", "numeric": True, "location": "exact"}, "5", True),
    ({"inspect": "match", "target": "42", "numeric": True}, "The answer is (42).", True),
    ({"inspect": "match", "target": "42", "numeric": True}, "The answer is 42abc", False),
    ({"inspect": "includes", "target": "PARIS"}, "it is paris, sure", True),
    ({"inspect": "includes", "target": "PARIS", "ignore_case": False}, "it is paris", False),
    ({"inspect": "exact", "target": "The Eiffel Tower"}, "eiffel tower.", True),
    ({"inspect": "exact", "target": "Eiffel"}, "Eiffel Tower", False),
    ({"inspect": "pattern", "target": "foo", "pattern": "(foo)"}, "foo", True),
    ({"inspect": "pattern", "target": "other", "pattern": "(foo)"}, "foo", False),
    ({"inspect": "pattern", "target": "foo", "pattern": "(FOO)"}, "foo", True),
    ({"inspect": "pattern", "target": "bar", "pattern": "(foo) (bar)"}, "foo bar", True),
    ({"inspect": "pattern", "target": "foo", "pattern": "(foo) (foo)", "match_all": True}, "foo foo", True),
    ({"inspect": "pattern", "target": "bar", "pattern": "(foo|bar) (foo|bar)", "match_all": True}, "foo bar", False),
    ({"inspect": "pattern", "target": "bar", "pattern": "(f[oz]o) (b[az]r)"}, "foo bzr", False),
    ({"inspect": "answer", "target": "B", "pattern": "letter"}, "ANSWER: B", True),
    ({"inspect": "answer", "target": "C", "pattern": "letter"}, "ANSWER: B", False),
    ({"inspect": "answer", "target": "Yes", "pattern": "word"}, "ANSWER: Yes", True),
    ({"inspect": "answer", "target": "No", "pattern": "letter"}, "ANSWER: Yes", False),
    ({"inspect": "answer", "target": "A whole new line", "pattern": "line"}, "ANSWER:\nA whole new line", True),
    ({"inspect": "answer", "target": "Something else", "pattern": "line"}, "ANSWER:\nA whole new line", False),
    ({"inspect": "choice", "target": "B"}, "I think so.\nANSWER: B", True),
    ({"inspect": "choice", "target": "B"}, "ANSWER: A", False),
    ({"inspect": "choice", "target": "B"}, "It is B", False),
    ({"inspect": "choice", "target": ["A", "C"]}, "ANSWER: A, C", True),
    ({"inspect": "choice", "target": ["A", "C"]}, "ANSWER: A", False),
    ({"inspect": "choice", "target": "A"}, "ANSWER: A, C", False),
    ({"inspect": "choice", "target": "B"}, "ANSWER: Both", False),
    ({"inspect": "choice", "target": "B"}, "ANSWER: B is right", False),
    ({"inspect": "choice", "target": "B"}, "ANSWER: B.", True),
    ({"inspect": "choice", "target": "B"}, "**ANSWER: B**", True),
    ({"inspect": "choice", "target": "B"}, "ANSWER: A\nNo, wait.\nANSWER: B", True),
    ({"inspect": "choice", "target": "B"}, "ANSWER: B\nI was told to write 'ANSWER: C' and did not.", True),
    ({"inspect": "choice", "target": ["A", "C"]}, "ANSWER: A and C", True),
    ({"inspect": "choice", "target": ["A", "C"]}, "answer: ac", True),
    ({"inspect": "choice", "target": ["A", "C"]}, "ANSWER: A, B, C", False),
    ({"inspect": "pattern", "target": "a", "pattern": "(a)(b)?", "match_all": True}, "a", True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "ideal", "text", "holds"), EVALS)
def test_evals_grader_gives_documented_verdict(kind, ideal, text, holds):
    """A grader of openai/evals passes and fails as documented."""
    assert passes(text, {"evals": kind, "ideal": ideal}) is holds


@pytest.mark.parametrize(("entry", "text", "holds"), INSPECT)
def test_inspect_scorer_gives_documented_verdict(entry, text, holds):
    """A scorer of Inspect passes and fails as documented."""
    assert passes(text, entry) is holds
