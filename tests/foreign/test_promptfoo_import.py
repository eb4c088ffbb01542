"""promptfoo's suites are read whole; what has no meaning here is named and never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

import promptlab
from promptlab import Lab, SuiteError, load_cases
from tests.cases.files import loaded, refusal, written

CONFIG = """\
# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json
description: Capitals
env: {OPENAI_API_KEY: sk-this-is-in-the-suite}
prompts:
  - file://prompts/*.txt
  - id: file://chat.json
    label: chat
  - label: raw one
    raw: 'Tell me: {{ q | upper }}'
providers:
  - openai:chat:gpt-4o-mini
  - id: anthropic:messages:claude
    config: {apiKey: sk-this-is-in-a-provider}
assertionTemplates:
  polite: {type: icontains, value: please}
defaultTest:
  vars: {language: en}
  assert: [{type: latency, threshold: 5000}]
  options: {transform: output.trim()}
  metadata: {part: geography}
tests:
  - description: Paris
    vars: {q: capital of France, expected: Paris}
    assert:
      - {type: starts-with, value: 'It is {{ expected }}'}
      - {type: contains, value: the}
      - $ref: '#/assertionTemplates/polite'
  - vars: {q: [a, b], language: [de, fr]}
    assert: [{type: not-contains, value: no}]
    options: {disableDefaultAsserts: true}
  - file://more/*.csv
  - file://more/tests.jsonl
  - file://more/tests.json
"""


@pytest.fixture
def suite(tmp_path: Path):
    """A configuration with files beside it."""
    for folder in ("prompts", "more"):
        (tmp_path / folder).mkdir()
    written(tmp_path, "prompts/two.txt", "First {{q}}\n---\nSecond {{q}} in {{language}}\n")
    written(
        tmp_path,
        "chat.json",
        '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}]',
    )
    table = 'q,__expected,__expected2,__metadata:tags[],__description\nhi,"contains-any: a,b",is-json,"x,y\\,z",Row\n'
    written(tmp_path, "more/rows.csv", table)
    written(
        tmp_path, "more/tests.jsonl", '{"vars": {"q": 5}, "assert": [{"type": "equals", "value": "8"}]}\n'
    )
    written(
        tmp_path,
        "more/tests.json",
        '[{"vars": {"q": "last"}, "threshold": 0.5, "assert": [{"type": "is-json"}]}]',
    )
    return loaded(tmp_path, "promptfooconfig.yaml", CONFIG)


def test_configuration_is_read_whole(suite):
    """Inline tests, files of every kind, defaults, templates and lists of values become cases."""
    assert [case.id for case in suite] == [
        "Paris",
        "test_2.1",
        "test_2.2",
        "test_2.3",
        "test_2.4",
        "Row",
        "test_4",
        "test_5",
    ]
    assert [dict(case.input) for case in suite[1:5]] == [
        {"language": language, "q": q} for language, q in (("de", "a"), ("de", "b"), ("fr", "a"), ("fr", "b"))
    ]
    assert suite[0].why == "Paris"
    assert suite[0].metadata == {"part": "geography"}
    assert suite[5].tags == ("x", "y,z")
    assert suite[6].input["q"] == 5
    assert suite.settings["description"] == "Capitals"


def test_prompts_come_along(suite):
    """Prompts are read from texts, globs, files with several in them, and chats."""
    assert set(suite.prompts) == {"two_1", "two_2", "chat", "raw one"}
    assert [one["role"] for one in suite.prompts["chat"].messages] == ["system", "user"]
    assert (
        suite.prompts["raw one"].request(suite[0], model="m").body["messages"][0]["content"]
        == "Tell me: CAPITAL OF FRANCE"
    )


def test_secrets_are_ignored(suite):
    """What `env` and a provider's configuration hold is nowhere in what was read."""
    everything = repr(
        [suite, list(suite), suite.report, dict(suite.settings), [p.source() for p in suite.prompts.values()]]
    )

    assert "sk-this" not in everything + str(suite.report)
    assert "`env` is ignored" in str(suite.report)


def test_report_counts_what_was_understood(suite):
    """The report counts cases and checks by kind, and has nothing to complain of here."""
    report = suite.report

    assert (report.format, report.cases, report.withheld) == ("promptfoo", 8, 0)
    assert report.understood["latency"] == 4
    assert report.understood["not-contains"] == 4
    assert report.not_understood == ()
    assert report.models == ("gpt-4o-mini",)


def test_everything_understood_is_graded(suite, server, tmp_path):
    """Imported checks grade real answers, with the default's transform, and the run's notes tell of the import."""
    server.says(lambda call: "  It is Paris, the one, PLEASE ")
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as lab:
        frame = promptlab.run_parallel(suite, suite.prompts["two_1"], lab=lab)
        notes = lab.last.run.notes

    assert frame["status"].tolist()[:5] == ["pass"] * 5
    # Row 6 equals "8"; row 7 passes one of two assertions, which is the share that its threshold asks for.
    assert frame["status"].tolist()[5:] == ["fail", "fail", "pass"]
    assert any(note.startswith("imported from promptfoo: 8 cases, ") for note in notes)


UNKNOWN = """\
prompts: ['{{q}}']
tests:
  - description: code
    vars: {q: 1}
    assert:
      - {type: contains, value: yes}
      - {type: javascript, value: output.length < 10}
  - description: slip
    vars: {q: 2}
    assert: [{type: containsAny, value: [a]}]
  - description: bleu
    vars: {q: 3}
    assert: [{type: bleu, value: x}]
  - description: none
    vars: {q: 4}
"""


@pytest.mark.parametrize(
    ("answer", "statuses"), [("yes", ["ungraded"] * 4), ("no", ["fail", *["ungraded"] * 3])]
)
def test_check_not_understood_never_passes(tmp_path, server, answer, statuses):
    """A case with a check that is not understood fails by the others or is ungraded; it never passes."""
    server.says(lambda call: answer)
    suite = loaded(tmp_path, "suite.yaml", UNKNOWN)
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as lab:
        frame = promptlab.run_parallel(suite, suite.prompts["prompt_1"], lab=lab)

    assert frame["status"].tolist() == statuses
    assert suite.report.withheld == 3
    assert {one.kind: one.where for one in suite.report.not_understood} == {
        "javascript": ("code",), "containsAny": ("slip",), "bleu": ("bleu",),
    }  # fmt: skip
    assert "Did you mean 'contains-any'?" in str(suite.report)


def test_strict_refuses_what_is_not_understood(tmp_path):
    """With `strict=True` such a suite is an error that names kinds and cases."""
    path = written(tmp_path, "suite.yaml", UNKNOWN)

    with pytest.raises(SuiteError, match=r"(?s)javascript.*code.*containsAny"):
        load_cases(path, strict=True)


@pytest.mark.parametrize(
    ("written_assert", "kind"),
    [
        ("{type: python, value: 'len(output) > 3'}", "python"),
        ("{type: webhook, value: 'https://example.org/?key=abc'}", "webhook"),
        ("{type: null, value: a}", "an assertion"),
        ("{value: a}", "an assertion"),
        ("contains", "an assertion"),
        ("{type: contains, value: '{{ missing }}'}", "contains"),
        ("{type: contains, value: '{{ env.SECRET }}'}", "contains"),
        ("{type: contains, value: '{{ q | upper }}'}", "contains"),
        ("{type: contains, value: '{% if q %}a{% endif %}'}", "contains"),
        ("{type: contains, value: ''}", "contains"),
        ("{type: contains}", "contains"),
        ("{type: contains, value: a, ignoreCase: true}", "contains"),
        ("{type: equals, value: a, transform: 'output.slice(1)'}", "equals"),
        ("{type: contains, value: file://code.js}", "contains"),
        ("{type: llm-rubric, value: x, rubricPrompt: 'mine'}", "llm-rubric"),
        ("{type: regex, value: '(?i)x'}", "regex"),
        ("{$ref: '#/assertionTemplates/gone'}", "an assertion"),
        ("{type: assert-set, assert: []}", "assert-set"),
    ],
)
def test_odd_assertion_is_named(tmp_path, written_assert, kind):
    """Whatever cannot be read of an assertion is named, and keeps its case from passing."""
    text = f"prompts: ['{{{{q}}}}']\ntests:\n  - vars: {{q: a}}\n    assert:\n      - {written_assert}\n"
    suite = loaded(tmp_path, "suite.yaml", text)

    assert [one.kind for one in suite.report.not_understood] == [kind]
    assert suite.report.withheld == 1
    assert "by_hand" in str(suite[0].expect)
    assert "abc" not in str(suite.report)


@pytest.mark.parametrize(
    ("addition", "told"),
    [
        ("asserts: [{type: contains, value: a}]", "the key asserts"),
        ("options: {postprocess: 'output.trim()'}", "the option postprocess"),
        ("threshold: 0", "threshold"),
        ("assertScoringFunction: file://x.js", "the key assertScoringFunction"),
    ],
)
def test_unknown_key_of_test_withholds(tmp_path, addition, told):
    """A key that may change what a test means keeps it from passing."""
    text = f"tests:\n  - vars: {{q: a}}\n    {addition}\n    assert: [{{type: contains, value: a}}]\n"
    suite = loaded(tmp_path, "suite.yaml", text)

    assert told in str(suite.report)
    assert suite.report.withheld == 1


TWICE = """\
tests:
  - {description: d, vars: {q: 1}, assert: [{type: contains, value: a}]}
  - {description: d, vars: {q: 2}, assert: [{type: contains, value: a}]}
"""
SCENARIO = """\
scenarios:
  - config: [{vars: {w: a}}, {vars: {w: b}}]
    tests: [{vars: {q: 1}, assert: [{type: contains, value: '{{w}}'}]}]
"""
ODD_SHAPES = {
    "words": ("tests: [{vars: {q: no}, assert: [{type: equals, value: off}]}]", "off"),
    "false": ("tests: [{vars: {q: 1}, assert: [{type: equals, value: false}]}]", "false"),
    "zero": ("tests: [{vars: {q: 1}, assert: [{type: contains, value: 0}]}]", "10"),
    "float": ("tests: [{vars: {q: 1}, assert: [{type: equals, value: 1.50}]}]", "1.5"),
    "time": ("tests: [{vars: {q: 1}, assert: [{type: equals, value: 12:30:45}]}]", "12:30:45"),
    "one test": ("tests: {vars: {q: 1}, assert: {type: contains, value: a}}", "a"),
    "list of tests": ("- {vars: {q: 1}, assert: [{type: contains, value: a}]}", "a"),
    "prompt map": ("prompts: {p.txt: first}\ntests: [{vars: {q: 1}, assert: [{type: contains, value: a}]}]", "a"),
    "commas": ("tests: [{vars: {q: 1}, assert: [{type: contains-all, value: 'a, b'}]}]", "b a"),
    "unicode": ("tests: [{vars: {q: 1}, assert: [{type: icontains, value: 'É'}]}]", "é"),
    "description twice": (TWICE, "a"),
    "scenario": (SCENARIO, "a b"),
}  # fmt: skip


@pytest.mark.parametrize("shape", ODD_SHAPES)
def test_odd_shape_is_read(tmp_path, server, shape):
    """Shapes that users write all the same are read as promptfoo reads them."""
    text, answer = ODD_SHAPES[shape]
    written(tmp_path, "p.txt", "{{q}}")
    server.says(lambda call: answer)
    suite = loaded(tmp_path, "suite.yaml", text)
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as lab:
        frame = promptlab.run_parallel(suite, "{{ q }}", lab=lab)

    assert set(frame["status"]) == {"pass"}
    assert suite.report.not_understood == ()


@pytest.mark.parametrize(
    "reference",
    [
        "/etc/passwd",
        "../outside.yaml",
        "sub/../../outside.yaml",
        "~/x.yaml",
        "C:\\x.yaml",
        "link.yaml",
        "gone.yaml",
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        "tests: file://{}",
        "tests: [{{vars: {{q: 'file://{}'}}}}]",
        "prompts: ['file://{}']\ntests: [{{vars: {{q: 1}}}}]",
    ],
)
def test_reference_stays_in_folder(tmp_path, reference, place):
    """A file outside the suite's folder is refused, by name, by path or by link."""
    written(tmp_path, "outside.yaml", "- vars: {q: 1}\n")
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")

    said = refusal(folder, "config.yaml", place.format(reference) + "\n")

    assert any(word in said for word in ("absolute", "leads out", "not there"))


def test_tests_from_code_are_named(tmp_path):
    """Tests that code or an address makes are left out, and the report says so."""
    text = "tests:\n  - vars: {q: 1}\n  - file://make.py:tests\n  - huggingface://datasets/x\n  - path: file://make.js\n"
    suite = loaded(tmp_path, "suite.yaml", text)

    assert len(suite) == 1
    assert sum(one.count for one in suite.report.not_understood) == 3


def test_provider_transform_withholds(tmp_path):
    """A provider that changes its answers keeps them from being judged by the unchanged text."""
    text = "providers: [{id: openai:gpt-5, transform: 'x'}]\ntests: [{vars: {q: 1}, assert: [{type: contains, value: a}]}]\n"

    assert loaded(tmp_path, "suite.yaml", text).report.withheld == 1


def test_prefix_and_suffix_wrap_prompts(tmp_path):
    """A test's prefix and suffix stand around the prompt of its case alone."""
    text = "prompts: ['ask {{q}}']\ntests:\n- {vars: {q: 1}, options: {prefix: 'A ', suffix: ' Z'}}\n- {vars: {q: 2}}\n"
    suite = loaded(tmp_path, "suite.yaml", text)
    asked = [
        suite.prompts["prompt_1"].request(case, model="m").body["messages"][0]["content"] for case in suite
    ]

    assert asked == ["A ask 1 Z", "ask 2"]


def test_nunjucks_differences_are_said(tmp_path):
    """A prompt that uses more than both template languages share is said, or refused where it cannot be filled."""
    text = (
        "prompts: ['{% set a = 1 %}{{ q }}', '{{ q | dump }}', '{{ q | upper }}']\ntests: [{vars: {q: a}}]\n"
    )
    suite = loaded(tmp_path, "suite.yaml", text)

    said = str(suite.report)
    assert "nunjucks" in said or "prompt_1" not in suite.prompts
    assert "dump" in said
    assert "upper" not in said.replace("prompt_3", "")


@pytest.mark.parametrize(
    ("cell", "kind", "value", "threshold"),
    [
        ("Paris", "equals", "Paris", None),
        ("Note: it is", "equals", "Note: it is", None),
        ("http://x.org", "equals", "http://x.org", None),
        ("contains:Paris", "contains", "Paris", None),
        ("not-contains: error", "not-contains", "error", None),
        ("similar(0.8):Hello there", "similar", "Hello there", 0.8),
        ("levenshtein(5):expected text", "levenshtein", "expected text", 5),
        ("grade: is polite", "llm-rubric", "is polite", None),
        ("fn: output.x", "javascript", "output.x", None),
        ("is-json", "is-json", None, None),
        ("latency(500)", "latency", None, 500),
        ("containsAny: a", "containsAny", "a", None),
        ("contain: a", "contain", "a", None),
        ("regex:^a:b$", "regex", "^a:b$", None),
    ],
)
def test_compact_assertion_is_read(cell, kind, value, threshold):
    """An assertion in a cell is read as documented; a slip of a kind is kept, to be named."""
    from promptlab._cases._promptfoo_csv import from_text

    made = from_text(cell)

    assert (made["type"], made.get("value"), made.get("threshold")) == (kind, value, threshold)
