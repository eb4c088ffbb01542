"""`promptlab convert` writes our YAML, which reads as the same cases."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from promptlab import load_cases
from promptlab.cli import cli
from tests.cases.files import written
from tests.foreign.test_promptfoo_import import UNKNOWN

ODD = """\
prompts: ['{{q}}', "two\\nlines {{q}}"]
tests:
  - description: 'no'
    vars: {q: "a: b\\n  # c\\n\\n- d\\u0007", yes: null, n: 1.0e-7, l: {deep: [1, {x: 'y'}]}}
    assert:
      - {type: equals, value: "x\\ty"}
      - {type: similar, value: hello, threshold: 0.9}
      - {type: llm-rubric, value: is polite}
    metadata: {tags: [a b], more: [1, null]}
"""


@pytest.mark.parametrize("text", [UNKNOWN, ODD])
def test_converted_suite_reads_the_same(tmp_path, text):
    """What is written reads as the same cases, with what was not understood still in them."""
    path, output = written(tmp_path, "config.yaml", text), tmp_path / "ours.yaml"
    result = CliRunner().invoke(cli, ["convert", str(path), "-o", str(output)])
    assert result.exit_code == 0, result.output

    before, after = load_cases(path), load_cases(output)

    assert [(c.id, c.input, c.expect, c.tags, c.why, c.metadata) for c in after] == [
        (c.id, c.input, c.expect, c.tags, c.why, c.metadata) for c in before
    ]
    assert after.report is None
    assert len(list(tmp_path.glob("ours.*.md"))) == len(before.prompts)


def test_converting_never_overwrites(tmp_path):
    """A file that is there stays as it is."""
    path, output = written(tmp_path, "config.yaml", ODD), written(tmp_path, "ours.yaml", "mine")
    result = CliRunner().invoke(cli, ["convert", str(path), "-o", str(output)])

    assert result.exit_code != 0
    assert output.read_text() == "mine"


def test_only_prompt_is_named(tmp_path):
    """A suite that brings one prompt names it, so that it can be run as it is; of several it names none and says so."""
    one = written(tmp_path, "one.yaml", ODD.replace(', "two\\nlines {{q}}"', ""))
    two = written(tmp_path, "two.yaml", ODD)

    told = [
        CliRunner().invoke(cli, ["convert", str(path), "-o", str(tmp_path / f"ours-{path.name}")])
        for path in (one, two)
    ]

    names = [load_cases(tmp_path / f"ours-{name}.yaml").settings.get("prompt") for name in ("one", "two")]
    assert names[0] is not None
    assert (tmp_path / names[0]).read_text(encoding="utf-8").strip() == "{{q}}"
    assert names[1] is None
    assert ["names no prompt" in result.output for result in told] == [False, True]


def test_scorer_of_another_tool_is_refused(tmp_path):
    """A scorer is refused where the file says itself how it is graded."""
    path = written(tmp_path, "config.yaml", ODD)

    result = CliRunner().invoke(cli, ["convert", str(path), "--scorer", "nope"])

    assert result.exit_code != 0
    assert "`scorer` is for files of openai/evals and Inspect" in str(result.exception)
