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


LISTING = """
import sys
def pytest_unconfigure(config):
    loaded = sorted(name.removeprefix("promptlab") for name in sys.modules if name.split(".")[0] == "promptlab")
    sys.stderr.write(" ".join(loaded) + "\\n")
"""


def run(folder, *arguments: str, others: tuple[str, ...] = ("hypothesispytest", "xdist", "anyio")) -> str:
    """Run pytest in a process of its own, without the plugins of others."""
    command = [sys.executable, "-m", "pytest", *(f"-pno:{name}" for name in others), *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
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


def test_little_is_loaded_under_xdist(tmp_path):
    """The controller of pytest-xdist loads what it needs to watch the workers, and none of the rest."""
    (tmp_path / "conftest.py").write_text(LISTING, encoding="utf-8")
    (tmp_path / "test_x.py").write_text("def test_it(): pass\n", encoding="utf-8")

    said = run(tmp_path, "-q", "-n", "1", others=("hypothesispytest",))

    rooms = {word for word in said.split() if word.startswith((".", "_"))} - {"."}
    watching = {f"._pytest{room}" for room in ("", "._share", "._ini", "._controller")}
    assert ".pytest_plugin" in rooms
    assert rooms <= {"._version", ".pytest_plugin"} | watching
