"""A project without prompt tests does not notice the plugin."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
def test_nothing_is_loaded(pytestconfig):
    import sys
    loaded = {name for name in sys.modules if name.split(".")[0] == "promptlab"}
    assert loaded <= {"promptlab", "promptlab._version", "promptlab.pytest_plugin"}, loaded
    heavy = {"openai", "pandas", "yaml", "jinja2", "sqlite3", "numpy", "rich", "click", "IPython"}
    assert not heavy & set(sys.modules)
    assert not pytestconfig.pluginmanager.hasplugin("promptlab-session")
"""


def run(folder, *arguments: str) -> str:
    """Run pytest in a process of its own, without the plugins of others."""
    others = ("hypothesispytest", "xdist", "anyio")
    command = [sys.executable, "-m", "pytest", *(f"-pno:{name}" for name in others), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_nothing_is_loaded_nor_said(tmp_path):
    """Nothing of the library but the plugin's own module is imported, also beside data files; nothing is printed."""
    (tmp_path / "test_x.py").write_text(PROBE, encoding="utf-8")
    for name in ("data.yaml", "suite.yaml", "rows.csv", "x.json"):
        (tmp_path / name).write_text("cases: [{id: a, input: {x: 1}}]\n", encoding="utf-8")

    said = run(tmp_path, "-q")
    without = run(tmp_path, "-q", "-p", "no:promptlab", "-k", "nothing")

    assert said.split(" in ")[0] == without.split(" in ")[0]
