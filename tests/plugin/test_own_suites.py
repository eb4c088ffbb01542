"""Our own suites, through the plugin, answered by the simulator."""

from __future__ import annotations

import pytest

from tests.conftest import REPOSITORY

pytest_plugins = ("pytester",)


@pytest.mark.parametrize(
    "own",
    [
        ("discovery", "discovery", "0.8", 25),
        ("component_browsing", "component_browsing", "0.8", 12),
        ("parameter_discovery", "parameter_discovery", "0.8", 10),
        ("workflow_generator", "workflow_generator", "0.8", 10),
        ("travel_intents", "travel_better", "0.6", 200),
    ],
    ids=lambda own: own[0],
)
def test_own_suite_clears_its_bar(pytester, monkeypatch, simulator, own):
    """Each suite runs with its prompt, a case an item, says that a simulator answered, and is over its bar."""
    suite, prompt, least, cases = own
    monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url)
    monkeypatch.setenv("RUN_LLM_TESTS", "1")
    files = (REPOSITORY / "cases" / f"{suite}.yaml", REPOSITORY / "cases" / "prompts" / f"{prompt}.md")

    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", "--rootdir", str(pytester.path), "--tb=no", "-q",
        str(files[0]), "--prompt", str(files[1]), "--prompt-min-pass-rate", least,
    )  # fmt: skip

    outcomes = done.parseoutcomes()
    assert done.ret == 0
    assert outcomes["passed"] + outcomes["failed"] == cases
    done.stdout.fnmatch_lines([f"{suite} (simulated): *", f"bar {least} for *: met, *"])
