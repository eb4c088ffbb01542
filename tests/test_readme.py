"""What the README shows works as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"<!-- tested -->\n```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=["prompt", "application"])
def test_example_runs_as_shown(code, simulator, tmp_path):
    """Each Python example of the README runs by itself in an empty folder."""
    environment = {**os.environ, "OPENAI_BASE_URL": simulator.base_url, "PROMPTLAB_PROGRESS": "text"}

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout


def test_commands_exist():
    """Every `make` target and `promptlab` command that the README names exists."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", README):
        if target not in ("test", "demo", "lab"):
            continue
        assert f"\n{target}:" in makefile
    commands = set(re.findall(r"^promptlab (\w+)", README, flags=re.MULTILINE))
    known = subprocess.run(
        [sys.executable, "-m", "promptlab", "--help"], capture_output=True, text=True, check=True
    )

    assert commands
    assert all(re.search(rf"^  {command} ", known.stdout, flags=re.MULTILINE) for command in commands)


def test_links_lead_somewhere():
    """Every relative link and picture of the README is a file of the repository."""
    for link in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (REPOSITORY / link).exists(), link
