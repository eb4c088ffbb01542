"""Suites in YAML: words as written, lines in every message, and no trick gets through."""

from __future__ import annotations

import pytest

from tests.cases.files import loaded, refusal

FULL = """suite: discovery
description: does a workflow do it?
defaults:
  tags: [discovery]
  input: {language: en, nested: {deep: [1]}}
  expect: {found: true}
cases:
  - id: no_match
    input: {request: "send an email"}
    expect:
      found: false
      confidence: {below: 0.4}
    tags: [smoke, reject, discovery]
    why: no workflow can send mail
    metadata: {owner: me}
  - id: 007
    input: just text
"""


def test_suite_file_is_read(tmp_path):
    """A suite file gives its cases in order, with the defaults merged in key by key."""
    suite = loaded(tmp_path, "file.yaml", FULL)

    first, second = suite
    assert suite.name == "discovery"
    assert suite.settings == {"description": "does a workflow do it?"}
    assert first.input == {"language": "en", "nested": {"deep": [1]}, "request": "send an email"}
    assert first.expect == {"found": False, "confidence": {"below": 0.4}}
    assert first.tags == ("discovery", "smoke", "reject")
    assert (first.why, first.metadata) == ("no workflow can send mail", {"owner": "me"})
    assert (second.id, second.input["input"], second.expect) == ("007", "just text", {"found": True})
    assert (first.where, second.where) == (f"{tmp_path}/file.yaml:8", f"{tmp_path}/file.yaml:16")


def test_defaults_are_not_shared(tmp_path):
    """A value that comes from the defaults is each case's own: changing one case changes no other."""
    first, second = loaded(tmp_path, "a.yaml", FULL)

    first.input["nested"]["deep"].append(2)

    assert second.input["nested"] == {"deep": [1]}


def test_list_is_a_suite(tmp_path):
    """A file that is a list of cases is a suite with the file's name."""
    suite = loaded(tmp_path, "plain.yml", "- {id: a, input: {id: 7, n: 5}}\n- {id: b}\n")

    assert suite.name == "plain"
    assert [case.id for case in suite] == ["a", "b"]
    assert suite[0].input == {"id": 7, "n": 5}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("NA", "NA"), ("nan", "nan"),
        ("12:30:45", "12:30:45"), ("1:20", "1:20"), ("190:20:30.15", "190:20:30.15"),
        ("2024-01-01", "2024-01-01"), ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
        ("007", "007"), ("010", "010"), ("-007", "-007"), ("00.5", "00.5"), ("1_000", "1_000"), ("0b11", "0b11"),
        ("1e999", "1e999"), ("9" * 5000, "9" * 5000), ("1.2.3", "1.2.3"), ("=", "="), ("0x", "0x"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("'null'", "null"), ('"7"', "7"),
        ("7", 7), ("-7", -7), ("0", 0), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5),
        (".inf", float("inf")), ("{a: [no, 1]}", {"a": ["no", 1]}), ("|\n      a\n      b\n", "a\nb\n"),
    ],
)  # fmt: skip
def test_words_mean_one_thing(tmp_path, word, value):
    """A plain word means what YAML 1.2 says, and what would lose characters stays text."""
    case = loaded(tmp_path, "a.yaml", f"- id: x\n  input:\n    v: {word}\n")[0]

    assert case.input["v"] == value
    assert type(case.input["v"]) is type(value)


@pytest.mark.parametrize("word", ["007", "1.10", "0x1f", "1e3", "12", "no", "2024-01-01", "true", "12:30:45"])
@pytest.mark.parametrize("layout", ["- id: {}\n", "suite: s\ncases:\n  - input: x\n    id: {}\n"])
def test_ids_stay_as_written(tmp_path, word, layout):
    """An id is the text that stands in the file, also where that looks like a number."""
    assert loaded(tmp_path, "a.yaml", layout.format(word))[0].id == word


def test_keys_stay_as_written(tmp_path):
    """A key is the text that stands in the file: `no`, `1` and `true` name fields like any other."""
    case = loaded(tmp_path, "a.yaml", "- id: x\n  input: {no: 1, 007: 2, true: 3, ~: 4}\n")[0]

    assert case.input == {"no": 1, "007": 2, "true": 3, "~": 4}


def test_aliases_are_copies(tmp_path):
    """An alias gives a value of its own, so that no case can change another."""
    first, second = loaded(tmp_path, "a.yaml", "- {id: a, input: &x {l: [1]}}\n- {id: b, input: *x}\n")

    first.input["l"].append(2)

    assert second.input == {"l": [1]}


def test_aliased_cases_have_lines(tmp_path):
    """Trouble in cases that stand elsewhere and are referred to is told with a line all the same."""
    said = refusal(tmp_path, "a.yaml", "bars: {a: &c [{id: a}, {ix: b}]}\ncases: *c\n")

    assert said.startswith("a.yaml:2: the key 'ix'")


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)

MERGES = "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}\n" for n in range(1, 9))
LADDER = "".join(f"a{n}: &a{n} {'[' * 60}*a{n - 1}{']' * 60}\n" for n in range(1, 60))


def test_merge_keys_are_read(tmp_path):
    """Keys of a merged mapping stand in for those not written out; of several, the first that has one counts."""
    text = (
        "cases:\n- &base {id: zero, tags: [a], why: as always}\n- &other {id: other, why: not this, expect: {contains: x}}\n"
        "- id: one\n  <<: [*base, *other]\n- <<: *base\n  id: two\n  why: written\n- {id: three, input: {'<<': 1}}\n"
        "- {id: four, <<: *other, <<: *base}\n"
    )

    suite = loaded(tmp_path, "a.yaml", text)

    assert [(case.id, case.tags, case.why, case.expect) for case in suite[2:]] == [
        ("one", ("a",), "as always", {"contains": "x"}),
        ("two", ("a",), "written", None),
        ("three", (), None, None),
        ("four", ("a",), "not this", {"contains": "x"}),
    ]
    assert suite[4].input == {"<<": 1}
    assert [case.where for case in suite[2:4]] == [f"{tmp_path}/a.yaml:4", f"{tmp_path}/a.yaml:6"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("cases:\n- id: a\n- id: b\n  id: c\n", 4, "twice"),
        ("suite: a\nsuite: b\ncases: []\n", 2, "twice"),
        ("cases:\n- id: a\n  input: {x: 1, x: 2}\n", 3, "twice"),
        ("cases:\n- id: !!python/object/apply:os.system [x]\n", 2, "tag"),
        ("cases:\n- id: !!str a\n", 2, "tag"),
        ("cases: !mine\n- id: a\n", 1, "tag"),
        (LAUGHS, 6, "aliases"),
        ("[" * 100_000, 1, "deeper"),
        ("{a: " * 100_000, 1, "deeper"),
        ("- " * 100_000, 1, "deeper"),
        ("? " * 100_000, 1, "a key is a list or a mapping"),
        ("a: &a [*a]\n", 1, "alias"),
        ("a: *b\n", 1, "alias"),
        ("cases:\n- &i id: a\n- *i : b\n", 3, "alias stands as a key"),
        ("? [a]\n: b\n", 1, "a key is a list"),
        ("cases:\n- <<: 1\n", 3, "beside `<<` stands a mapping"),
        ("cases:\n- <<: [{id: a}, b]\n", 3, "beside `<<` stands a mapping"),
        ("a0: &a0 {x: 1}\n" + MERGES, 6, "aliases"),
        ("a0: &a0 x\n" + LADDER, 3, "deeper"),
        ("cases:\n- id: a\n---\ncases: []\n", 3, "second document"),
        ("cases:\n- id: a: b\n", 2, "put quotes around"),
        ("cases:\n\t- id: a\n", 2, "tabs"),
        ("cases: [\n", 2, "not YAML"),
        ('cases:\n- id: "a\n', 3, "not YAML"),
        ("cases:\n- id: a\n  why: \x07\n", 3, "U+0007"),
        ("cases:\n- id: a\x00\n", 2, "U+0000"),
        ("", 1, "nothing in it"),
        ("# only\n", 1, "nothing in it"),
        ("hello", 1, "this is text"),
        ("case:\n- id: a\n", 1, "Did you mean 'case'?"),
        ("cases: 3\n", 1, "`cases` is a list"),
        ("cases: []\n", None, "no cases"),
        ("cases:\n", 1, "`cases` is a list; this is empty"),
    ],
)  # fmt: skip
def test_bad_yaml_is_refused(tmp_path, text, line, said):
    """What is no plain YAML suite is refused with its line, quickly and in plain words."""
    told = refusal(tmp_path, "a.yaml", text)

    assert told.startswith(f"a.yaml:{line}: " if line else "a.yaml: ")
    assert said in told


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("cases: []".encode("utf-16"), 1, "UTF-16, not UTF-8"),
        ("cases: []".encode("utf-16-be"), 1, "U+0000"),
        (b"\xff\xfe\x00\x00c", 1, "UTF-32, not UTF-8"),
        (b"cases:\n- id: a\n  why: caf\xe9\n", 3, "byte 25 is 0xe9"),
        (b"\xef\xbb\xbf\xef\xbb\xbf- id: \xff", 1, "not UTF-8"),
    ],
)
def test_other_encodings_are_named(tmp_path, content, line, said):
    """A file that is not UTF-8 is refused with the encoding, or the byte and its line."""
    told = refusal(tmp_path, "a.yaml", content)

    assert told.startswith(f"a.yaml:{line}: ")
    assert said in told


def test_byte_order_mark_is_dropped(tmp_path):
    """A file that begins with UTF-8's byte order mark is read like any other."""
    assert loaded(tmp_path, "a.yaml", b"\xef\xbb\xbf- id: a\n")[0].id == "a"
