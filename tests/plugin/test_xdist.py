"""Under pytest-xdist each call is made once, by one of the processes, within the limits of the session."""

from __future__ import annotations

import re
from collections import Counter

import pytest

import promptlab
from tests.plugin.conftest import case
from tests.servers import Reply, chat

pytest_plugins = ("pytester",)


MARKED = """
import pytest

@pytest.mark.prompt_cases("s.yaml", prompt="p.md")
def test_marked(prompt_result): assert prompt_result.checks
"""


@pytest.mark.parametrize("dist", ["load", "each"])
def test_each_call_is_made_once(project, monkeypatch, tmp_path, dist):
    """However the tests are dealt out, each call is made once, within the session's limit, and is in one run.

    The block at the end tells the whole, the bar holds for all, and the folder that is shared goes away.
    """
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    cases = [case(f"c{n}", found=n != 1, says={"found": True, "n": n}) for n in range(12)]
    project.suite(cases, suite="demo", min_pass_rate=0.5)
    project.suite([case("d", says={"found": True, "d": 1})], "t.yaml", suite="other")
    project.write("test_x.py", MARKED)
    files = ("s.yaml", "t.yaml", "test_x.py")

    code, said = project.run_apart(
        *files, "--prompt", "p.md", "-n", "2", "--dist", dist, "--prompt-workers", "3"
    )

    times = 2 if dist == "each" else 1
    assert f"{2 * times} failed, {23 * times} passed" in said
    assert "FAILED s.yaml::c1 - found: expected false, got true" in said
    assert code == 0
    assert set(Counter(project.asked).values()) == {1}
    assert len(project.server.calls) == 13
    assert project.server.most_under_way <= 3
    assert "demo: 11 of 12 passed" in said
    assert "bar 0.5 for demo: met, 11 of 12 rows" in said
    assert not list(scratch.glob("promptlab*"))
    with promptlab.Lab(display="none") as lab:
        runs = promptlab.history("p", lab=lab)
        summary = lab.store.summary(runs.iloc[0]["run"])
    assert dict(zip(runs["suite"], runs["graded"], strict=True)) == {"demo": 12, "other": 1}
    assert (summary["passed"], summary["failed"], summary["rows"]) == (11, 1, 12)


def test_deselected_cost_nothing_in_workers(project):
    """Selection holds in every process; more processes than calls are no trouble."""
    project.suite([case(f"c{n}", says={"found": True, "n": n}) for n in range(6)])

    code, said = project.run_apart(
        "s.yaml", "--prompt", "p.md", "-n", "3", "-k", "c1 or c4", "--prompt-workers", "1"
    )

    assert code == 0
    assert "2 passed" in said
    assert len(project.server.calls) == 2
    assert project.server.most_under_way == 1


def test_first_failure_stops_all_processes(project):
    """With -x the calls of all processes are cut, and none is begun."""
    project.suite([case(f"c{n}", says={"n": n}, expect={"n": 99 if n == 0 else n}) for n in range(30)])

    def hang(call, _handler):
        if int(re.sub(r"\D", "", call.text)) > 1:
            project.server.released.wait(60)
        return Reply(chat(call.text))

    project.server.answer = hang

    code, said = project.run_apart("s.yaml", "--prompt", "p.md", "-n", "2", "--prompt-workers", "4", "-x")

    assert code == pytest.ExitCode.INTERRUPTED
    assert "FAILED s.yaml::c0" in said
    assert len(project.server.calls) <= 2 + 4


@pytest.mark.parametrize("dying", ["gw0", "gw1"])
def test_crash_of_a_process_costs_no_case(project, dying):
    """Where a process dies with calls under way, the one in its place makes them; every case is told of."""
    project.suite([case(f"c{n}", says={"found": True, "n": n}) for n in range(8)])
    project.write(
        "test_x.py",
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('n', range(8))\n"
        "def test_die(n):\n"
        "    mark = pathlib.Path('died')\n"
        f"    if os.environ['PYTEST_XDIST_WORKER'] == {dying!r} and not mark.exists():\n"
        "        mark.write_text('x'); os._exit(1)\n",
    )

    def answer(call, _handler):
        while not (project.path / "died").exists() and not project.server.released.wait(0.02):
            continue  # no call comes to anything before the process is dead
        return Reply(chat(call.text))

    project.server.answer = answer

    _, said = project.run_apart("test_x.py", "s.yaml", "--prompt", "p.md", "-n", "2", "--prompt-workers", "4")

    assert "1 failed, 15 passed" in said
    assert len(project.server.calls) <= 8 + 4
