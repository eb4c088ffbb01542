"""What every case and every suite must be, wherever it is written; and what is said where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptlab._cases import load_cases
from promptlab._errors import SettingError, SuiteError
from promptlab._types import Case
from tests.cases.files import loaded, refusal


@pytest.mark.parametrize(
    ("case", "line", "said"),
    [
        ("id: a\n  inputs: {x: 1}", 3, "Did you mean 'input'?"),
        ("id: a\n  expected: 1", 3, "Did you mean 'expect'?"),
        ("id: a\n  wyh: x", 3, "Did you mean 'why'?"),
        ("id: a\n  completely: x", 3, "is none of id, input, expect"),
        ("input: {x: 1}", 2, "no `id`"),
        ("id:", 2, "no `id`"),
        ("id: ''", 2, "is no id"),
        ("id: ' a'", 2, "is no id"),
        ('id: "a\\nb"', 2, "is no id"),
        ('id: "\\e[31mred"', 2, "is no id"),
        ("id: [a]", 2, "`id` is text; this is a list"),
        ("id: a\n  input: [1]", 3, "`input` is a mapping"),
        ("id: a\n  input:", 3, "`input` is a mapping"),
        ('id: a\n  input: {"a\\tb": 1}', 3, "names are one line"),
        ("id: a\n  tags: {x: 1}", 3, "`tags` is a list"),
        ("id: a\n  tags: [x, 1.5]", 3, "tags are words"),
        ("id: a\n  tags: [x, true]", 3, "tags are words"),
        ("id: a\n  tags: [x, '']", 3, "is no tag"),
        ("id: a\n  why: [x]", 3, "`why` is text"),
        ("id: a\n  metadata: x", 3, "`metadata` is a mapping"),
        ("id: a\n  expect:\n    found: true\n    n: {belw: 1}", 5, "did you mean `below`?"),
        ("id: a\n  expect: {contains_al: [x]}", 3, "contains_all"),
        ("id: a\n  expect:\n    found: true\n    python: 'os:system'", 5, "allow_code=True"),
    ],
)
def test_bad_case_is_named(tmp_path, case, line, said):
    """What is wrong with a case is told with the line of the wrong key and the case's id."""
    told = refusal(tmp_path, "a.yaml", f"cases:\n- {case}\n")

    assert told.startswith(f"a.yaml:{line}: ")
    assert said in told
    assert (" case 'a': " in told) == case.startswith("id: a\n")


def test_expectation_from_defaults(tmp_path):
    """An expectation that is wrong in the defaults is told to come from there."""
    told = refusal(tmp_path, "a.yaml", "defaults: {expect: {n: {belw: 1}}}\ncases:\n- id: a\n")

    assert "(from `defaults`)" in told


def test_several_wrong_cases_together(tmp_path):
    """Up to five wrong cases are told of at once, each with its line; the rest is said to be unread."""
    text = "".join(f"- id: c{n}\n  wrong: 1\n" for n in range(9))

    told = refusal(tmp_path, "a.yaml", text).splitlines()

    assert [line.split(":")[1] for line in told[:5]] == ["2", "4", "6", "8", "10"]
    assert len(told) == 6


def test_duplicate_ids_are_refused(tmp_path):
    """An id that is taken is refused with the line of its first owner, also where one is written as a number."""
    told = refusal(tmp_path, "a.yaml", "- id: 7\n- id: x\n- id: '7'\n")

    assert told == "a.yaml:3: case '7': the id '7' is taken already, by line 1; ids are unique"


@pytest.mark.parametrize(
    ("top", "line", "said"),
    [
        ("prompts: x", 3, "Did you mean 'prompt'?"),
        ("suite: [x]", 3, "`suite` is a name"),
        ("suite: ' '", 3, "`suite` is a name"),
        ("min_pass_rate: 80", 3, "from 0 to 1"),
        ("min_pass_rate: true", 3, "from 0 to 1"),
        ("repeats: 0", 3, "from 1 to 1000"),
        ("repeats: 2.5", 3, "from 1 to 1000"),
        ("bars: [1]", 3, "a mapping"),
        ("description: 3", 3, "text"),
        ("defaults: [x]", 3, "`defaults` is a mapping"),
        ("defaults: {id: x}", 3, "cannot hold an id"),
        ("defaults:\n  tag: x", 4, "Did you mean 'tags'?"),
        ("prompt: ../secret.md", 3, "leads out"),
        ("prompt: sub/../../secret.md", 3, "leads out"),
        ("prompt: ..\\secret.md", 3, "leads out"),
        ("prompt: /etc/motd.md", 3, "absolute"),
        ("prompt: C:\\x.md", 3, "absolute"),
        ("prompt: link.md", 3, "a link that leads out"),
        ("prompt: dir/inside.md", 3, "a link that leads out"),
        ("prompt: promt.md", 3, "Did you mean 'prompt.md'?"),
    ],
)
def test_bad_top_is_named(tmp_path, top, line, said):
    """What is wrong at a suite's top is told with its line, and no reference leaves the suite's folder."""
    folder = tmp_path / "suites"
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "inside.md").write_text("x")
    (folder / "prompt.md").write_text("x")
    (folder / "link.md").symlink_to(tmp_path / "outside" / "inside.md")
    (folder / "dir").symlink_to(tmp_path / "outside")

    told = refusal(folder, "a.yaml", f"cases:\n- id: a\n{top}\n")

    assert told.startswith(f"a.yaml:{line}: ")
    assert said in told


@pytest.mark.parametrize("prompt", ["prompt.md", "'Sum up {{ x }}.md'", "Sum up"])
def test_good_prompts_are_kept(tmp_path, prompt):
    """A prompt beside the suite, or written out in it, stands in the settings as written."""
    (tmp_path / "prompt.md").write_text("x")

    suite = loaded(tmp_path, "a.yaml", f"prompt: {prompt}\nrepeats: 3\ncases:\n- id: a\n")

    named = prompt.strip("'")
    assert suite.settings == {"prompt": named, "repeats": 3}
    assert suite.prompt == (tmp_path / "prompt.md" if named == "prompt.md" else named)


def test_mixed_expectations_are_refused(tmp_path):
    """A default mapping is never dropped because a case expects a plain text."""
    told = refusal(tmp_path, "a.yaml", "defaults: {expect: {a: 1}}\ncases:\n- id: a\n  expect: yes\n")

    assert "only mappings can be merged" in told


@pytest.mark.parametrize(
    ("tags", "expected"),
    [("smoke", ("smoke",)), ("a b", ("a", "b")), ("a b; c", ("a b", "c")), ("[a b, 3, a b]", ("a b", "3"))],
)
def test_tags_are_words(tmp_path, tags, expected):
    """Tags are a list, or a text split at semicolons or else at blanks; each stands once."""
    assert loaded(tmp_path, "a.yaml", f"- id: a\n  tags: {tags}\n")[0].tags == expected


def test_judges_are_taken_as_written(tmp_path):
    """Checks that a run supplies later are accepted while loading, and misspelt ones are not."""
    expect = {"judge": "is polite", "field": {"similar": {"value": "x"}}}

    assert load_cases([{"id": "a", "expect": expect}])[0].expect == expect
    with pytest.raises(SuiteError, match="judge"):
        load_cases([{"id": "a", "expect": {"jugde": "is polite"}}])


def test_code_needs_consent():
    """An expectation that runs code is accepted only where the caller says so."""
    cases = [{"id": "a", "expect": {"python": "tests.checks.suite_code:always"}}]

    with pytest.raises(SuiteError, match="allow_code"):
        load_cases(cases)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("suit.yaml", "Did you mean 'suite.yaml'?"),
        ("missing/a.yaml", "There is no folder"),
        ("a.toml", ".yaml, .yml, .json, .jsonl, .ndjson, .csv"),
        ("suite", "suites end in"),
        ("folder.yaml", "this is a folder"),
        (".", "this is a folder"),
        ("a\0b.yaml", "no such file"),
        ("a\x1b[31m.yaml", "no such file"),
        ("~nobody/a.yaml", "no such file"),
        ("x" * 5000 + ".yaml", ""),
    ],
)
def test_unreadable_paths_are_told(tmp_path, monkeypatch, name, said):
    """A path that is no suite file is told as such, with what may have been meant."""
    monkeypatch.chdir(tmp_path)
    Path("suite.yaml").write_text("- id: a")
    Path("folder.yaml").mkdir()

    with pytest.raises(SuiteError) as caught:
        load_cases(name)

    assert said in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("source", [None, 3, b"a.yaml", Case(id="a", input={}), {"id": "a"}, {"cases": "x"}])
def test_other_sources_are_refused(source):
    """What holds no cases is refused with its kind."""
    with pytest.raises(SuiteError):
        load_cases(source)


def test_lists_are_suites():
    """Mappings and cases, from a list or a generator, make a suite; ids are made where they have none."""
    suite = load_cases(item for item in ({"input": "x"}, Case(id="mine", input={"y": 1}), {"id": 7}))

    assert [case.id for case in suite] == ["case_1", "mine", "7"]
    assert suite[0].where is None


def test_mapping_is_a_suite():
    """A mapping laid out like a suite file is one."""
    suite = load_cases({"suite": "s", "defaults": {"tags": "t"}, "cases": [{"id": "a"}]})

    assert (suite.name, suite[0].tags) == ("s", ("t",))


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (3, "item 2: a case is a mapping"),
        ({"id": "one"}, "item 2: case 'one': the id 'one' is taken already, by item 1"),
        ({"id": True}, "`id` is text"),
        ({3: 1}, "a key is a number"),
        (Case(id=3.5, input={}), "`id` is text"),
        (Case(id="a", input=None), "`input` is a mapping"),
        (Case(id="a", input={}, tags=(1.5,)), "tags are words"),
        (Case(id="a", input={}, expect={"a": {"belw": 1}}), "`below`"),
    ],
)
def test_bad_items_are_named(item, said):
    """What is wrong with an item of a list is told with its number."""
    with pytest.raises(SuiteError) as caught:
        load_cases([{"id": "one"}, item])

    assert said in str(caught.value)


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "3"])
def test_bad_limit_is_refused(limit):
    """A limit is a whole number from 1."""
    with pytest.raises(SettingError, match="limit"):
        load_cases([{"id": "a"}], limit=limit)


def test_limit_after_tags():
    """The limit counts the cases that the tags keep."""
    cases = [{"id": f"c{n}", "tags": "even" if n % 2 == 0 else "odd"} for n in range(9)]

    assert [case.id for case in load_cases(cases, tags="odd", limit=2)] == ["c1", "c3"]


def test_empty_sources_are_refused():
    """No cases at all is an error: a run of nothing would look green."""
    with pytest.raises(SuiteError, match="no cases"):
        load_cases([])
