"""What the tests share: a scripted server on loopback, and a clean environment."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

import promptlab
from tests.servers import ScriptedServer

REPOSITORY = Path(__file__).resolve().parent.parent

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores interrupts for what it runs in the background, and whatever is started here would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every test starts without keys, in a folder of its own, with a store of its own."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "PROMPTLAB_", "PARALLEL_WORKERS")) or name in ("CI", "RUN_LLM_TESTS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PROMPTLAB_STORE", str(tmp_path / "store" / "lab.sqlite3"))
    monkeypatch.setenv("PROMPTLAB_PROGRESS", "none")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what drives a browser last: its driver keeps an event loop in this thread from then on."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, one for all the tests."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed")
    flags = (
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    )  # fmt: skip
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(flags))
        yield browser
        browser.close()


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
