"""What docs/ci.md shows works as it stands: the workflow step by step, the tests, the tables."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.plugin.conftest import Project, case

pytest_plugins = ("pytester",)

PAGE = (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(
    next(text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if text.startswith("name:"))
)
EXAMPLES = re.findall(r"<!-- tested: (\w+\.py) -->\n```python\n(.*?)```", PAGE, flags=re.DOTALL)
SECRET = "sk-nightly-0123456789abcdef"


def holds(condition: str | None, *, event: str, fork: bool) -> bool:
    """Evaluate a step's condition for an event, where no step before it failed."""
    if condition is None:
        return True
    words = condition.replace("github.event.pull_request.head.repo.fork", repr(fork))
    words = words.replace("github.event_name", repr(event)).replace("always()", "True")
    return bool(
        eval(words.replace("&&", " and ").replace("!=", "<>").replace("!", " not ").replace("<>", "!="))
    )


class Runner:
    """Runs the steps of the workflow, as the service does, in a copy of the project."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder = folder
        shutil.copytree(REPOSITORY / "cases", folder / "cases")
        (folder / "pyproject.toml").write_text("", encoding="utf-8")
        without = ("PROMPTLAB_STORE", "PYTHONDONTWRITEBYTECODE")
        plain = {name: value for name, value in os.environ.items() if name not in without}
        self.environment = {
            **plain,
            **WORKFLOW["jobs"]["prompts"]["env"],
            "CI": "true",
            "OPENAI_BASE_URL": base_url,
            "GITHUB_STEP_SUMMARY": str(folder / "step_summary.md"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, *, event: str, fork: bool = False) -> dict[str, int]:
        """Run the steps for an event; gives the exit code of each."""
        codes = {}
        for step in WORKFLOW["jobs"]["prompts"]["steps"]:
            if (
                "run" not in step
                or step["name"] == "Install"
                or not holds(step.get("if"), event=event, fork=fork)
            ):
                continue
            own = {
                k: v.replace("${{ secrets.OPENAI_API_KEY }}", SECRET) for k, v in step.get("env", {}).items()
            }
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.folder, env={**self.environment, **own}, capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert SECRET not in done.stdout + done.stderr
            sys.stdout.write(
                f"{step['name']}: {done.returncode}\n{done.stdout}{done.stderr}\n"
            )  # shown on failure
            codes[step["name"]] = done.returncode
        return codes


def test_workflow_runs_step_by_step(tmp_path, simulator):
    """A live run pays; a fork's pull request then replays it without a key and without a call; the night pays anew."""
    runner = Runner(tmp_path / "work", simulator.base_url)
    paid = [simulator.stats()["started"]]

    live = runner.run(event="push")
    paid.append(simulator.stats()["started"])
    replay = runner.run(event="pull_request", fork=True)
    paid.append(simulator.stats()["started"])
    night = runner.run(event="schedule")
    paid.append(simulator.stats()["started"])

    assert live == {"Run": 0, "Write the report": 0}
    assert replay == {"Replay": 0, "Write the report": 0}
    assert night == {"Run all anew": 0, "Write the report": 0}
    assert [after - before for before, after in pairwise(paid)] == [25, 0, 25]
    out = tmp_path / "work" / "out"
    assert len(list(ET.parse(out / "junit.xml").getroot().iter("testcase"))) == 25
    assert len(json.loads((out / "rows.json").read_text())["rows"]) == 25
    assert "<html" in (out / "report.html").read_text().lower()
    summary = (tmp_path / "work" / "step_summary.md").read_text(encoding="utf-8")
    assert summary.count("## Prompt tests: `discovery`") == 3
    assert SECRET not in summary


def test_fork_that_changes_the_prompt_is_red(tmp_path, simulator):
    """Without a key a prompt that was never run cannot be judged: the replay fails, and makes no call."""
    runner = Runner(tmp_path / "work", simulator.base_url)
    before = simulator.stats()["started"]

    codes = runner.run(event="pull_request", fork=True)

    assert codes["Replay"] == 1
    assert codes["Write the report"] == 3
    assert simulator.stats()["started"] == before


def test_workflow_is_careful():
    """The workflow has five workers, the least permissions, and gives the key to no step of a fork's pull request."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["prompts"]["env"]["PARALLEL_WORKERS"] == "5"
    for step in WORKFLOW["jobs"]["prompts"]["steps"]:
        if "secrets." in json.dumps(step):
            assert not holds(step["if"], event="pull_request", fork=True)


@pytest.mark.parametrize(("name", "code"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples_run_as_shown(pytester, monkeypatch, simulator, name, code):
    """Each test that the page shows is collected and run, one item a case."""
    monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url)
    monkeypatch.setenv("RUN_LLM_TESTS", "1")
    shutil.copytree(REPOSITORY / "cases", pytester.path / "cases")
    (pytester.path / name).write_text(code, encoding="utf-8")

    done = pytester.runpytest_inprocess("-p", "no:hypothesispytest", name)

    outcomes = done.parseoutcomes()
    assert outcomes.get("errors", 0) == 0
    assert outcomes["passed"] + outcomes.get("failed", 0) in (1, 25)


def test_options_are_those_of_the_page(pytester):
    """The page's table names every option of the plugin, and no other."""
    shown = set(re.findall(r"^\| `(--prompt[\w-]*)", PAGE, flags=re.MULTILINE))

    helped = pytester.runpytest_inprocess("--help").stdout.str()

    known = set(re.findall(r"^ +(--prompt[\w-]*)", helped, flags=re.MULTILINE))
    assert shown == known


def test_bars_of_the_page_are_read(project: Project):
    """The suite head that the page shows is one."""
    head = next(text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "min_pass_rate" in text)
    project.write(
        "s.yaml",
        f"{head}cases:\n- {{id: a, input: {{request: '1'}}, expect: {{equals: '1'}}, tags: [smoke, vague]}}\n",
    )

    done = project.run("s.yaml", "--prompt", "p.md")

    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(
        ["bar 0.9 for discovery: met, 3 of 3 rows*", "bar 1 for discovery, tag smoke: met*"]
    )


def test_settings_of_the_page_are_read(project: Project):
    """The ini settings that the page shows collect the suites beside the tests."""
    project.write("pyproject.toml", next(re.finditer(r"```toml\n(.*?)```", PAGE, re.DOTALL))[1])
    project.write("tests/test_x.py", "def test_it(): pass\n")
    project.write("cases/prompts/discovery.md", "{{ request }}")
    project.suite([case("a"), case("b")], "cases/s.yaml")

    project.run().assert_outcomes(passed=3)
