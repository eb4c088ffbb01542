"""No call that may cost money is made unless the environment says so."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import case

pytest_plugins = ("pytester",)

APP = """
import pytest

def app(case): return {"found": True}

@pytest.mark.prompt_cases("s.yaml", prompt=app)
def test_app(prompt_result): pass

def test_lab(lab): pass
"""


@pytest.mark.parametrize("value", [None, "", "0", "yes"])
def test_gate_is_shut_by_default(project, monkeypatch, value):
    """With a base URL or a key, and without RUN_LLM_TESTS=1, everything is skipped with the reason; no call is made."""
    monkeypatch.delenv("RUN_LLM_TESTS")
    if value is not None:
        monkeypatch.setenv("RUN_LLM_TESTS", value)
    project.suite([case("a"), case("b")])
    project.write("test_x.py", APP)

    done = project.run("s.yaml", "test_x.py", "--prompt", "p.md", "-rs")

    done.assert_outcomes(skipped=5)
    assert done.ret == 0
    done.stdout.fnmatch_lines(
        ["SKIPPED ?2? s.yaml: RUN_LLM_TESTS=1 is not set, and the calls may cost money*"]
    )
    assert not project.server.calls


def test_key_alone_shuts_the_gate(project, monkeypatch):
    """A key alone means calls to the provider."""
    monkeypatch.delenv("RUN_LLM_TESTS")
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1234567890abcdef")
    project.suite([case("a")])

    done = project.run("s.yaml", "--prompt", "p.md", "-rs")

    done.assert_outcomes(skipped=1)
    assert "sk-test" not in done.stdout.str()


def test_replay_needs_no_gate(project, monkeypatch):
    """A replay serves what the store holds and makes no call; what it lacks is an error."""
    project.suite([case("a")])
    project.run("s.yaml", "--prompt", "p.md").assert_outcomes(passed=1)
    monkeypatch.delenv("RUN_LLM_TESTS")
    project.suite([case("a"), case("new", says={"found": True, "new": 1})])

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-replay")

    done.assert_outcomes(passed=1, errors=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    assert len(project.server.calls) == 1


def test_simulator_needs_no_gate(project, monkeypatch):
    """With neither key nor base URL the simulator answers, and nothing has to be allowed."""
    monkeypatch.delenv("RUN_LLM_TESTS")
    monkeypatch.delenv("OPENAI_BASE_URL")
    project.suite([case("a")])
    project.write(
        "test_x.py", APP.replace("def test_lab(lab): pass", "def test_lab(lab): assert lab.simulated")
    )

    project.run("test_x.py").assert_outcomes(passed=2)
