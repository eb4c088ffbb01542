"""The page's examples past one machine run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "scaling.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "said"), [("cluster", "40 {'found': False}"), ("batch", "case 19")], ids=["cluster", "batch"]
)
def test_example_runs_as_shown(simulator, tmp_path, name, said):
    """The example runs by itself in an empty folder."""
    if name == "cluster":
        pytest.importorskip("distributed")
    (code,) = re.findall(rf"<!-- tested: {name} -->\n```python\n(.*?)```", PAGE, flags=re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(code, encoding="utf-8")
    environment = {**os.environ, "OPENAI_BASE_URL": simulator.base_url}

    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert said in done.stdout
