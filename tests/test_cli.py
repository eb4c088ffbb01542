"""The command line, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from promptlab._summary import Summary
from promptlab.cli import exit_code
from tests.conftest import REPOSITORY

LINE = re.compile(r"\[(\d+)/(\d+)\] (✅|❌|⚠️|➖) (\S+) +conf=(\S+) \((ETA: \d+\.\ds|cached)\)( → .+)?")


def promptlab(*arguments: str, cwd=None, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "promptlab", *arguments],
        cwd=cwd or REPOSITORY,
        env={**os.environ, "PROMPTLAB_PROGRESS": "text", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def run_discovery(simulator, *more: str) -> subprocess.CompletedProcess:
    suite, prompt = "cases/discovery.yaml", "cases/prompts/discovery.md"
    return promptlab("run", suite, "--prompt", prompt, *more, OPENAI_BASE_URL=simulator.base_url)


def test_run_prints_a_line_a_case(simulator):
    """Each finished case has one line of the promised form, counted up, and a summary follows."""
    done = run_discovery(simulator, "--tag", "parallel", "--workers", "15")

    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    matches = [LINE.fullmatch(line) for line in lines]
    assert len(lines) == 20
    assert all(matches), lines
    assert [match[1] for match in matches] == [str(n) for n in range(1, 21)]
    assert "(simulated)" in done.stdout
    assert "times faster" in done.stdout


def test_failing_cases_exit_one(simulator):
    """A run with failing cases exits 1; with a bar that it clears, 0; with one it does not, 1."""
    assert run_discovery(simulator).returncode == 1
    assert run_discovery(simulator, "--min-pass-rate", "0.5").returncode == 0
    assert run_discovery(simulator, "--min-pass-rate", "0.99").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "none.yaml", "--prompt", "cases/prompts/discovery.md"), "none.yaml"),
        (("run", "cases/discovery.yaml", "--prompt", "none.md"), "none.md"),
        (("run", "cases/discovery.yaml"), "--prompt"),
        (
            ("run", "cases/discovery.yaml", "--prompt", "cases/prompts/discovery.md", "--workers", "0"),
            "workers",
        ),
        (("fly",), "fly"),
    ],
)
def test_wrong_use_exits_two(arguments, said):
    """Wrong use is exit code 2 and a plain line that names what is wrong, without a traceback."""
    done = promptlab(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_exit_three(server, tmp_path):
    """A run in which errors keep cases from a verdict exits 3."""
    from tests.servers import Reply

    server.says(lambda _call: Reply(b"", 400))
    done = promptlab(
        "run",
        "cases/discovery.yaml",
        "--prompt",
        "cases/prompts/discovery.md",
        OPENAI_BASE_URL=server.base_url,
    )

    assert done.returncode == 3
    assert "without a verdict" in done.stdout


@pytest.mark.parametrize(
    ("passed", "failed", "errors", "bar", "code"),
    [
        (3, 0, 0, None, 0), (2, 1, 0, None, 1), (2, 0, 1, None, 3), (2, 1, 1, None, 1), (0, 0, 0, None, 0),
        (3, 1, 0, 0.75, 0), (3, 1, 0, 0.8, 1), (3, 0, 1, 0.7, 3), (1, 3, 1, 0.9, 1), (0, 0, 0, 0.5, 1),
    ],
)  # fmt: skip
def test_exit_code_follows_the_rows(passed, failed, errors, bar, code):
    """1 where the run fails whatever the open rows would have come to; 3 where they could have decided it."""
    names = Summary.__dataclass_fields__
    values = {**dict.fromkeys(names), "not_run": 0, "passed": passed, "failed": failed, "errors": errors}
    if passed + failed:
        values["score"] = passed / (passed + failed)

    assert exit_code(Summary(**values), bar) == code


def test_json_holds_rows_and_summary(simulator, tmp_path):
    """`--json` writes the summary and a row a case."""
    run_discovery(simulator, "--json", str(tmp_path / "out.json"))

    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert len(written["rows"]) == written["summary"]["cases"] == 25
    assert {row["model"] for row in written["rows"]} == {"simulated-gpt-5-nano"}


def test_history_lists_the_runs(simulator):
    """`promptlab history` shows what was run."""
    assert "no runs yet" in promptlab("history").stdout

    run_discovery(simulator)

    assert "discovery" in promptlab("history", "discovery").stdout


def test_replay_makes_no_call(simulator, server):
    """`--replay` answers from the store, and a case that is not there is an error, not a call."""
    first = promptlab(
        "run",
        "cases/discovery.yaml",
        "--prompt",
        "cases/prompts/discovery.md",
        "--replay",
        OPENAI_BASE_URL=server.base_url,
    )

    assert first.returncode == 3
    assert not server.calls


def test_simulate_serves_until_told(simulator):
    """`promptlab simulate --help` lists the simulator's options."""
    assert "--latency" in promptlab("simulate", "--help").stdout
