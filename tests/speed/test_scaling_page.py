"""The page on speed says what is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from promptlab._speedup import COLUMNS
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_example_runs_as_shown(simulator, tmp_path):
    """The example runs by itself in an empty folder, and leaves its chart behind."""
    (code,) = re.findall(r"<!-- tested -->\n```python\n(.*?)```", PAGE, flags=re.DOTALL)
    environment = {**os.environ, "OPENAI_BASE_URL": simulator.base_url, "PROMPTLAB_PROGRESS": "none"}

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "each count measured once" in done.stdout
    assert (tmp_path / "speedup.png").stat().st_size > 10_000


def test_table_has_every_column():
    """The table of the page names the columns of the frame, in their order."""
    assert re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE) == list(COLUMNS)


def test_links_lead_somewhere():
    """Every relative link of the page is a file of the repository."""
    for link in re.findall(r"\]\((?!http)([^)#]+)", PAGE):
        assert (REPOSITORY / "docs" / link).exists(), link
