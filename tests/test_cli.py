"""The command line, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from xml.etree import ElementTree as ET

import pytest
import yaml

from promptlab._lab import Lab
from promptlab._summary import Summary
from promptlab.cli import exit_code, main
from tests.conftest import REPOSITORY
from tests.servers import Reply

SUITE, PROMPT = "cases/discovery.yaml", "cases/prompts/discovery.md"
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


@pytest.fixture
def command(monkeypatch, capsys, server):
    """Runs the command in this process: gives its exit code and what it wrote."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("PROMPTLAB_PROGRESS", "text")
    server.says(lambda call: call.text)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["promptlab", *arguments])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def discovery(command, monkeypatch, simulator):
    """Runs the discovery suite against the simulator, in this process."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url)
    return lambda *more: command("run", SUITE, "--prompt", PROMPT, *more)


def test_run_prints_a_line_a_case(simulator):
    """Each finished case has one line of the promised form, counted up, and a summary follows."""
    done = promptlab(
        "run",
        SUITE,
        "--prompt",
        PROMPT,
        "--tag",
        "parallel",
        "--workers",
        "15",
        OPENAI_BASE_URL=simulator.base_url,
    )

    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    matches = [LINE.fullmatch(line) for line in lines]
    assert len(lines) == 20
    assert all(matches), lines
    assert [match[1] for match in matches] == [str(n) for n in range(1, 21)]
    assert "(simulated)" in done.stdout
    assert " s with 15 workers" in done.stdout


def test_failing_cases_exit_one(discovery):
    """A run with failing cases exits 1; with a bar that it clears, 0; with one it does not, 1."""
    assert discovery()[0] == 1
    assert discovery("--min-pass-rate", "0.5")[0] == 0
    assert discovery("--min-pass-rate", "0.99")[0] == 1


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


def test_json_holds_rows_and_summary(discovery, tmp_path):
    """`--json` writes the summary and a row a case."""
    discovery("--json", str(tmp_path / "out.json"))

    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert len(written["rows"]) == written["summary"]["cases"] == 25
    assert {row["model"] for row in written["rows"]} == {"simulated-gpt-5-nano"}


def test_history_lists_the_runs(discovery, command):
    """`promptlab history` shows what was run."""
    assert "no runs yet" in command("history")[1]

    discovery("--tag", "smoke")

    assert "discovery" in command("history", "discovery")[1]


def test_history_names_what_there_is(command, tmp_path, monkeypatch):
    """The runs of a suite are found by its name; a name that has no runs is told which there are."""
    command("run", write_suite(tmp_path, [echo("a")], prompt="p.md"))
    of_suite, unknown = command("history", "s"), command("history", "nope")
    monkeypatch.setenv("PROMPTLAB_STORE", "off")
    off = command("history")

    assert of_suite[0] == 0
    assert [line.split()[2] for line in of_suite[1].splitlines()[1:]] == ["p"]
    assert unknown[0] == 2
    assert "no run of 'nope' is on record; there are runs of p" in unknown[1]
    assert off == (0, "the store is off (PROMPTLAB_STORE=off): no run is on record\n")


def test_cut_workers_are_a_note(command, tmp_path, recwarn):
    """More workers than the ceiling allows are one plain note, and no warning of Python's."""
    _, said = command("run", write_suite(tmp_path, [echo("a")], prompt="p.md"), "--workers", "30")

    assert said.startswith("note: 30 workers asked for, 20 used")
    assert said.count("workers asked for") == 1
    assert not recwarn.list


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


def test_simulate_serves_until_told():
    """`promptlab simulate` prints its address and a line to paste, answers there, and ends with 130 at an interrupt."""
    command = [sys.executable, "-m", "promptlab", "simulate", "--port", "0", "--latency", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        url = process.stdout.readline().strip()
        name, _, base_url = process.stdout.readline().strip().partition("=")
        body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
        request = urllib.request.Request(
            f"{base_url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            answered = json.load(response)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

    assert name == "export OPENAI_BASE_URL"
    assert base_url.startswith(f"{url}/simulated/")
    assert Lab(base_url=base_url).simulated
    assert answered["model"] == "simulated-m"
    assert process.returncode == 130


def write_suite(folder, cases, **top):
    (folder / "p.md").write_text("{{ request }}", encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(yaml.safe_dump({**top, "cases": cases}, sort_keys=False), encoding="utf-8")
    return str(path)


def echo(name: str, expected: str = "yes", **more):
    return {"id": name, "input": {"request": f"{name} yes"}, "expect": {"contains": expected}, **more}


def test_suite_may_name_its_prompt(command, server, tmp_path):
    """Without --prompt the suite's own is taken, and its repeats and bars hold; options win over them."""
    cases = [echo("a"), echo("b", "no", tags=["weak"])]
    suite = write_suite(tmp_path, cases, prompt="p.md", repeats=2, min_pass_rate=0.5, bars={"weak": 0})

    code, said = command("run", suite)

    assert code == 0
    assert len(server.calls) == 4
    assert "bar 0.5 for s: met, 2 of 4 rows (50 %)" in said
    assert command("run", suite, "--min-pass-rate", "0.6")[0] == 1
    command("run", suite, "--repeats", "3")
    assert len(server.calls) == 6


@pytest.mark.parametrize(
    ("bars", "code"),
    [
        ({"weak": 0}, 0), ({"weak": 1.0}, 1), ({"all": 0.5}, 0), ({"strong": 1.0}, 1), ({"all": "1 of 2"}, 1),
        ({"weak": "1 of 2", "strong": 1}, 1),
    ],
)  # fmt: skip
def test_bars_of_the_suite_decide(command, tmp_path, bars, code):
    """The exit code follows the suite's bars; a failing case that none of them covers is a failure."""
    cases = [echo("a", tags=["strong"]), echo("b", "no", tags=["weak"])]

    assert command("run", write_suite(tmp_path, cases, prompt="p.md", bars=bars))[0] == code


def test_reports_are_written(command, server, tmp_path):
    """`--junitxml`, `--summary` and `--json` tell the same rows: a pass, a failure and an error apart."""
    server.says(lambda call: Reply(b"", 400) if "broken" in call.text else call.text)
    suite = write_suite(tmp_path, [echo("a"), echo("b", "no"), echo("broken")], prompt="p.md")
    junit, markdown, rows = (tmp_path / name for name in ("j.xml", "s.md", "r.json"))

    code, _ = command("run", suite, "--junitxml", str(junit), "--summary", str(markdown), "--json", str(rows))

    found = ET.parse(junit).getroot()[0]
    assert code == 1
    assert [found.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert [case.get("name") for case in found.iter("testcase")] == ["a", "b", "broken"]
    assert "**1 of 2 passed: 50 %" in markdown.read_text(encoding="utf-8")
    assert [row["status"] for row in json.loads(rows.read_text())["rows"]] == ["pass", "fail", "error"]


def test_tables_are_plain_off_a_terminal(command, tmp_path):
    """Off a terminal a table is lines of columns, without lines drawn around them."""
    suite = write_suite(tmp_path, [echo("a"), echo("b", "no")], prompt="p.md")

    _, said = command("run", suite, "--table")
    _, history = command("history", "p")

    assert re.search(r"^case +status +confidence +latency_s +reason\nb +fail .*\na +pass", said, re.MULTILINE)
    assert history.splitlines()[0].split()[:3] == ["when", "prompt", "version"]
    assert not {"│", "┃", "━", "\x1b"} & set(said + history)


def test_tables_are_drawn_on_a_terminal(discovery):
    """On a terminal the history is a drawn table."""
    discovery("--tag", "smoke")
    leader, follower = os.openpty()
    command = [sys.executable, "-m", "promptlab", "history"]
    with subprocess.Popen(command, stdout=follower, cwd=REPOSITORY) as process:
        os.close(follower)
        said = b""
        while True:
            try:
                piece = os.read(leader, 65_536)
            except OSError:
                break
            said += piece
            if not piece:
                break
        process.wait(30)
    os.close(leader)

    assert "━" in said.decode()
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["run", "history", "compare", "convert", "simulate", "lab"])
def test_help_teaches(command, name):
    """Every command of the contract is listed, and its help says what it is for and how it is called."""
    assert f"  {name} " in command("--help")[1]

    _, said = command(name, "--help")

    assert said.lower().startswith("usage: promptlab")
    assert len(said.splitlines()) > 5


def test_shell_completion_is_given():
    """The script that completes commands in a shell names the command."""
    done = subprocess.run(
        [sys.executable, "-m", "promptlab"],
        env={**os.environ, "_PROMPTLAB_COMPLETE": "bash_source"}, cwd=REPOSITORY,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert "complete -o nosort -F _promptlab_completion promptlab" in done.stdout


@pytest.mark.parametrize("arguments", [("--version",), ("--", "--version")])
def test_lab_opens_jupyterlab(arguments):
    """`promptlab lab` becomes JupyterLab with what follows handed on, and says that a simulator answers."""
    done = promptlab("lab", *arguments)

    assert done.returncode == 0
    assert re.match(r"\d+\.\d+", done.stdout)
    assert "a simulator answers" in done.stderr
