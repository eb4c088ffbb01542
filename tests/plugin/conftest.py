"""A project with prompt tests, run by a pytest of its own against a scripted server."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

import promptlab
from tests.servers import ScriptedServer

PROMPT = "{{ request }}"


def case(name: str, *, found: bool = True, says: Any = None, **more: Any) -> dict[str, Any]:
    """Make a case that the server answers with what its input says: `found` true, unless told otherwise."""
    answer = {"found": True, "confidence": 0.9} if says is None else says
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return {"id": name, "input": {"request": text}, "expect": {"found": found}, **more}


class Project:
    """A folder with suites, prompts and tests."""

    def __init__(self, pytester: pytest.Pytester, server: ScriptedServer) -> None:
        self.pytester, self.server, self.path = pytester, server, pytester.path
        self.write("p.md", PROMPT)

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def suite(self, cases: Sequence[Mapping[str, Any]], name: str = "s.yaml", **top: Any) -> Path:
        """Write a suite."""
        return self.write(
            name, yaml.safe_dump({**top, "cases": list(cases)}, sort_keys=False, allow_unicode=True)
        )

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process."""
        return self.pytester.runpytest_inprocess("-p", "no:hypothesispytest", *arguments)

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """Start pytest in a process of its own, which may keep what it compiles: it is not the only one."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *arguments],
            cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, **more,
        )  # fmt: skip

    def run_apart(self, *arguments: str) -> tuple[int, str]:
        """Run pytest in a process of its own; gives its exit code and what it wrote."""
        process = self.start(*arguments, start_new_session=True)
        try:
            said, _ = process.communicate(timeout=120)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # with its workers
        return process.returncode, said

    @property
    def asked(self) -> list[str]:
        """What reached the server, call by call."""
        return [call.text for call in self.server.calls]


@pytest.fixture(scope="session", autouse=True)
def loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Load what the runs in this process need: each of them forgets the modules that it was first to import."""
    for room in ("_collect", "_marked", "_hooks", "_report", "_controller", "_wire"):
        importlib.import_module(f"promptlab._pytest.{room}")
    with ScriptedServer() as server:
        store = tmp_path_factory.mktemp("warm") / "lab.sqlite3"
        lab = promptlab.Lab(base_url=server.base_url, display="none", store=store)
        promptlab.run_parallel([{"id": "a", "input": {}, "expect": "ok"}], "text", lab=lab)
        lab.close()


@pytest.fixture
def project(pytester: pytest.Pytester, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose calls go to the scripted server, which echoes the prompt."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("RUN_LLM_TESTS", "1")
    server.says(lambda call: call.text)
    return Project(pytester, server)
