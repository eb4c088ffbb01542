"""What the tests share: a scripted server on loopback, and a clean environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import promptlab
from tests.servers import ScriptedServer

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every test starts without keys, in a folder of its own, with a store of its own."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "PROMPTLAB_", "PARALLEL_WORKERS")) or name in ("CI", "RUN_LLM_TESTS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PROMPTLAB_STORE", str(tmp_path / "store" / "lab.sqlite3"))
    monkeypatch.setenv("PROMPTLAB_PROGRESS", "none")


@pytest.fixture
def server():
    """A real HTTP server that answers as the test scripts it."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def repository() -> Path:
    """The folder of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def simulator():
    """The simulator, answering without delay."""
    with promptlab.simulate(latency="none") as running:
        yield running
