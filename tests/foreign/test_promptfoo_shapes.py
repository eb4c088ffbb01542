"""Shapes of promptfoo's suites that real ones have: references, chats that are filled first, measures, gaps."""

from __future__ import annotations

import json

import pytest

import promptlab
from promptlab import Lab
from tests.cases.files import loaded, written
from tests.servers import Reply, chat

MERGED = """\
x-common: &common
  vars: &vars {lang: en, n: 1.0}
  metadata: {owner: me}
prompts: ['{{q}} {{lang}} {{n}}']
tests:
  - <<: *common
    description: merged
    vars:
      <<: *vars
      q: no
    assert:
      - &yes {type: icontains, value: YES}
      - <<: *yes
        value: off
"""


def test_merge_keys_are_read(tmp_path):
    """Keys that are merged in (`<<`) stand in a test as if they were written there."""
    suite = loaded(tmp_path, "promptfooconfig.yaml", MERGED)

    assert dict(suite[0].input) == {"lang": "en", "n": 1, "q": "no"}
    assert suite[0].metadata == {"owner": "me"}
    assert [one["value"] for one in suite[0].expect["foreign"]] == ["YES", "off"]
    assert suite.report.not_understood == ()
    sent = suite.prompts["prompt_1"].request(suite[0], model="m").body["messages"][0]["content"]
    assert sent == "no en 1"


def test_merged_bomb_is_refused(tmp_path):
    """Merge keys that unfold without end are an error, at once."""
    bomb = "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}\n" for n in range(1, 9))
    with pytest.raises(promptlab.SuiteError, match="aliases unfold"):
        loaded(tmp_path, "promptfooconfig.yaml", f"a0: &a0 {{x: 1}}\n{bomb}tests: [*a8]\n")


def test_measure_without_bar_decides_nothing(tmp_path, server):
    """`cost` without a threshold and with weight 0 only measures: it keeps no case from passing."""
    text = (
        "defaultTest:\n  assert: [{type: cost, metric: spent, weight: 0}]\n"
        "tests:\n- {vars: {q: 1}, assert: [{type: contains, value: a}]}\n- {vars: {q: 2}}\n"
        "- {vars: {q: 3}, threshold: 0.5, assert: [{type: contains, value: a}, {type: contains, value: b}]}\n"
    )
    server.says(lambda call: "a")
    suite = loaded(tmp_path, "suite.yaml", text)
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as lab:
        frame = promptlab.run_parallel(suite, "{{ q }}", lab=lab)

    assert frame["status"].tolist() == ["pass", "ungraded", "pass"]
    assert suite.report.withheld == 0


@pytest.mark.parametrize(
    ("provider", "similar", "judge"),
    [
        ("openai:gpt-5", None, "gpt-5"),
        ("openai:embedding:text-embedding-3-large", "text-embedding-3-large", None),
        ("{text: {id: 'openai:gpt-5'}, embedding: 'openai:embedding:small'}", "small", "gpt-5"),
        ("anthropic:claude", None, None),
    ],
)
def test_grader_fits_its_assertion(tmp_path, provider, similar, judge):
    """A model that writes does not embed, and the other way round: each grader goes where it can work."""
    text = (
        f"defaultTest: {{options: {{provider: {provider}}}}}\ntests:\n- vars: {{q: 1}}\n"
        "  assert: [{type: similar, value: a}, {type: llm-rubric, value: b}]\n"
    )
    expect = loaded(tmp_path, "suite.yaml", text)[0].expect

    assert expect["similar"].get("model") == similar
    assert expect["judge"].get("model") == judge


CHATS = """\
prompts:
  - "- role: system\\n  content: Be brief\\n- role: user\\n  content: '{{q}}'\\n"
  - file://chat.yaml
  - file://filled.yaml
  - '[{"role": "user", "content": "a"}{% for m in ms %}, {"role": "user", "content": "{{ m }}"}{% endfor %}]'
  - '[{"role": "user", "content": {{ q | dump }}}]'
  - '{"not": "a chat {{q}}"}'
  - folder/
tests: [{vars: {q: a}, assert: [{type: contains, value: a}]}]
"""


def test_chats_are_told_from_texts(tmp_path):
    """Chats in YAML and JSON are chats; one that becomes a chat only when it is filled is named, never sent as text."""
    written(tmp_path, "chat.yaml", '- role: user\n  content: "{{q}}"\n')
    written(tmp_path, "filled.yaml", "- role: user\n  content: {{q}}\n")
    (tmp_path / "folder").mkdir()
    written(tmp_path, "folder/one.txt", "One {{q}}")
    suite = loaded(tmp_path, "suite.yaml", CHATS)

    assert set(suite.prompts) == {"prompt_1", "chat", "prompt_6", "one"}
    assert [one["role"] for one in suite.prompts["prompt_1"].messages] == ["system", "user"]
    assert suite.prompts["chat"].request(suite[0], model="m").body["messages"] == [
        {"role": "user", "content": "a"}
    ]
    missed = {one.why.partition(":")[0]: one.where for one in suite.report.not_understood}
    assert missed == {
        "it is no YAML before it is filled": ("filled",),
        "it is a chat in JSON only once it is filled; write its messages out": ("prompt_4", "prompt_5"),
    }


def test_gaps_of_prompts_are_noted(tmp_path):
    """A prompt that asks for what not every case gives is noted before a run refuses it."""
    text = "prompts: ['{{q}} {{lang}}', '{{q}}']\ntests: [{vars: {q: a, lang: b}}, {vars: {q: a}}]\n"
    said = str(loaded(tmp_path, "suite.yaml", text).report)

    assert "prompt 'prompt_1' asks for what 1 of 2 cases do not give" in said
    assert "prompt_2' asks" not in said


def test_cases_say_which_file_they_stand_in(tmp_path):
    """A case of a file beside the suite names that file and its line there."""
    written(tmp_path, "t.csv", "q,__expected\nhi,a\nho,b\n")
    written(tmp_path, "t.jsonl", '{"vars": {"q": 1}}\n\n{"vars": {"q": 2}}\n')
    suite = loaded(tmp_path, "suite.yaml", "tests:\n- vars: {q: 1}\n- file://t.csv\n- file://t.jsonl\n")

    assert [case.where.removeprefix(f"{tmp_path}/") for case in suite] == [
        "suite.yaml:2", "t.csv:2", "t.csv:3", "t.jsonl:1", "t.jsonl:3",
    ]  # fmt: skip


def test_reasons_speak_of_the_assertion(tmp_path):
    """Why an assertion is not understood is said in its own words, not in those of our suites."""
    text = "tests: [{vars: {q: a}, assert: [{type: similar, value: a, threshold: '0.8'}]}]\n"
    said = str(loaded(tmp_path, "suite.yaml", text).report)

    assert "threshold" in said
    assert "$.foreign" not in said


def test_field_map_may_list_metadata(tmp_path):
    """Inspect's map may list the columns that are metadata; they are, with all that is nothing else."""
    path = written(tmp_path, "s.jsonl", '{"question": "q", "answer": "a", "level": 3}\n')
    fields = {"input": "question", "target": "answer", "metadata": ["level"]}

    assert promptlab.load_cases(path, fields=fields)[0].metadata == {"level": 3}


OFFERED = """\
prompts: ['{{q}}']
providers:
  - id: openai:gpt-5-nano
    config: {apiKey: sk-not-to-be-kept, tools: file://tools.json}
  - anthropic:claude
tests:
  - vars: {q: weather}
    assert: [{type: is-valid-openai-tools-call}, {type: tool-call-f1, value: [get_weather]}]
"""
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"required": ["city"]}, "apiKey": "sk-x"},
}


def test_tools_of_providers_are_offered(tmp_path, server):
    """The tools that providers offer go with the prompts, and calls of them are held to their schemas."""
    written(tmp_path, "tools.json", json.dumps([TOOL]))
    suite = loaded(tmp_path, "suite.yaml", OFFERED)

    def call(request):
        arguments = {"city": "Rome"} if len(server.calls) == 1 else {}
        function = {"name": "get_weather", "arguments": json.dumps(arguments)}
        return Reply(chat(None, tool_calls=[{"id": "c", "type": "function", "function": function}]))

    server.says(call)
    with Lab(base_url=server.base_url, api_key="k" * 12, display="none", store="off") as lab:
        frames = [promptlab.run_parallel(suite, suite.prompts["prompt_1"], lab=lab) for _ in range(2)]

    sent = server.calls[0].body["tools"]
    assert [one["function"]["name"] for one in sent] == ["get_weather"]
    assert [frame["status"][0] for frame in frames] == ["pass", "fail"]
    assert "city" in frames[1]["reason"][0]
    assert "sk-" not in repr([sent, suite[0], suite.prompts["prompt_1"].source(), str(suite.report)])


@pytest.mark.parametrize(
    "providers",
    ["openai:gpt-5", "[{id: a, config: {tools: [{name: x}]}}, {id: b, config: {tools: [{name: y}]}}]"],
)
def test_calls_without_tools_are_named(tmp_path, providers):
    """Where the suite does not say which tools there are, a check of calls is named and never passes."""
    text = (
        f"providers: {providers}\nprompts: ['{{{{q}}}}']\n"
        "tests: [{vars: {q: a}, assert: [{type: is-valid-openai-tools-call}]}]\n"
    )
    suite = loaded(tmp_path, "suite.yaml", text)

    assert "is-valid-openai-tools-call" in {one.kind for one in suite.report.not_understood}
    assert "by_hand" in str(suite[0].expect)
    assert "tools" not in suite.prompts["prompt_1"].source()


@pytest.mark.parametrize("file", ["make.js", "make.py:values", "paper.pdf"])
def test_variable_from_code_leaves_its_test_out(tmp_path, file):
    """A test whose variable code would make is left out and named; the others are read."""
    text = (
        f"tests:\n- vars: {{q: file://{file}}}\n- vars: {{q: a}}\n  assert: [{{type: contains, value: a}}]\n"
    )
    suite = loaded(tmp_path, "suite.yaml", text)

    assert [case.id for case in suite] == ["test_2"]
    assert [(one.kind, one.where) for one in suite.report.not_understood] == [
        ("vars", (f"{tmp_path}/suite.yaml:2",))
    ]
