"""Kernels of the versions of ipykernel that people have: each behaves in its own way."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.kernels.kernel import Kernel

VERSIONS = ("6.31", "7.3", "7.4")
OUT_OF_REACH = ("Failed to fetch", "error sending request", "dns error", "Could not connect", "offline")
INSTALLED_WITH_IPYKERNEL = ("ipykernel", "nest-asyncio2")


@pytest.fixture(scope="session", params=VERSIONS)
def interpreter(request: pytest.FixtureRequest) -> str:
    """A Python with promptlab's dependencies and one version of ipykernel."""
    wanted: str = request.param
    if version("ipykernel").startswith(f"{wanted}."):
        return sys.executable
    return str(_environment(wanted, request.config))


def _environment(wanted: str, config: pytest.Config) -> Path:
    """Make an environment in pytest's cache, or take the one that is there; gives its interpreter."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip(f"ipykernel {wanted} is not installed, and there is no uv to make an environment with it")
    pins = [
        line
        for line in (REPOSITORY / "constraints.txt").read_text().splitlines()
        if line.split("==")[0].lower() not in INSTALLED_WITH_IPYKERNEL
    ]
    project = (REPOSITORY / "pyproject.toml").read_text()
    state = hashlib.sha256("\n".join([sys.version, project, *pins]).encode()).hexdigest()
    folder = config.cache.mkdir(f"ipykernel-{wanted}")
    python, made = folder / "venv" / "bin" / "python", folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of pytest may want it at once
        if made.exists() and made.read_text() == state:
            return python
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(pins))
        _run([uv, "venv", "--clear", "--python", sys.executable, str(folder / "venv")], wanted)
        install = [uv, "pip", "install", "--python", str(python), "-r", str(REPOSITORY / "pyproject.toml")]
        _run([*install, f"ipykernel=={wanted}.*", "-c", str(constraints)], wanted)
        made.write_text(state)
    return python


def _run(command: list[str], wanted: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and any(sign in done.stderr for sign in OUT_OF_REACH):
        pytest.skip(f"ipykernel {wanted} cannot be had: the package index is out of reach")
    assert not done.returncode, done.stderr


@pytest.fixture(scope="session")
def kernel(interpreter: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel as a Jupyter server starts one for a notebook; the tests of a version share it."""
    folder = tmp_path_factory.mktemp("kernel")
    running = Kernel(
        folder,
        interpreter,
        JPY_SESSION_NAME=str(folder / "notebook.ipynb"),
        PROMPTLAB_STORE="off",
        PYTHONPATH=str(REPOSITORY),
    )
    yield running
    running.close()
