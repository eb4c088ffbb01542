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
