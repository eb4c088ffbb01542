"""A JupyterLab server on loopback with folders of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from tests.browser.model import REPOSITORY

PRIVATE = (
    "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)  # fmt: skip
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Else cells that are off the screen are not in the page.
    "notebook-extension/tracker": {"windowingMode": "none"},
}
OPTIONS = (
    "--no-browser", "--allow-root", "--ip=127.0.0.1", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
    "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True", "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
)  # fmt: skip
STARTS_WITHIN_S = 60


@dataclass(frozen=True)
class LabServer:
    """A running JupyterLab."""

    url: str
    """Where it listens."""
    root: Path
    """The folder that it shows."""
    private: Path
    """Its settings and state."""

    def set(self, plugin: str, values: Mapping[str, Any]) -> None:
        """Write a plugin's settings; pages opened from now on follow them."""
        path = self.private / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def write(self, name: str, *cells: str) -> Path:
        """Write a notebook of code cells."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(notebook, self.root / name)
        return self.root / name


@contextmanager
def running_lab(folder: Path) -> Iterator[LabServer]:
    """Start JupyterLab, and end it with all of its kernels afterwards."""
    root, private = folder / "notebooks", folder / "private"
    root.mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if not _touches_a_run(name)}
    environment |= {name: str(private / name) for name in PRIVATE}
    # The last entry of the path lets kernels import what the tests share.
    environment |= {"PROMPTLAB_STORE": "off", "PYTHONPATH": str(REPOSITORY), "JUPYTER_PLATFORM_DIRS": "0"}
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS, "--port=0", f"--ServerApp.root_dir={root}"]
    private.mkdir()
    with (private / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=log)
    try:
        lab = LabServer(_address(server, private), root, private)
        for plugin, values in SETTINGS.items():
            lab.set(plugin, values)
        yield lab
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _touches_a_run(name: str) -> bool:
    return (
        name.startswith(("OPENAI_", "PROMPTLAB_", "PARALLEL_WORKERS", "JUPYTER", "JPY_", "VSCODE"))
        or name == "CI"
    )


def _address(server: subprocess.Popen[bytes], private: Path) -> str:
    """Wait until the server has said where it listens, and answers there."""
    end = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < end and server.poll() is None:
        for info in (private / "JUPYTER_RUNTIME_DIR").glob("jpserver-*.json"):
            url = json.loads(info.read_text() or "{}").get("url", "").rstrip("/")
            try:
                with urllib.request.urlopen(f"{url}/api/status", timeout=5):
                    return url
            except (OSError, ValueError):
                continue
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start: {(private / 'log').read_text()[-3000:]}")
