"""What a session says of what it did, and of what it left alone."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import case

pytest_plugins = ("pytester",)


def test_same_again_is_one_line(project):
    """The same version, all from the store, is said in one line; asked anew it is compared."""
    project.suite([case("a"), case("b", found=False)])
    project.run("s.yaml", "--prompt", "p.md")

    again = project.run("s.yaml", "--prompt", "p.md", "--prompt-summary", "sum.md").stdout.str()
    anew = project.run("s.yaml", "--prompt", "p.md", "--prompt-fresh").stdout.str()

    summary = (project.path / "sum.md").read_text(encoding="utf-8")
    for said in (again, summary):
        assert "same version as run " in said
        assert ", 2 of 2 rows from the store" in said
        assert "cannot tell" not in said
    assert "cannot tell on 2 cases" in anew
    assert "same version as run " not in anew


def test_changed_expectation_is_compared(project):
    """Where the suite expects something else of the same answers, what it broke is told."""
    project.suite([case("a"), case("b")])
    project.run("s.yaml", "--prompt", "p.md")
    project.suite([case("a"), case("b", found=False)])

    said = project.run("s.yaml", "--prompt", "p.md").stdout.str()

    assert "same version as run " not in said
    assert "1 broke" in said


def test_part_is_held_against_its_part(project):
    """Of a part of the suite no more is compared than ran in both, and that is said."""
    project.suite([case("a", tags=["smoke"]), case("b", tags=["smoke"]), case("c"), case("d")])
    project.run("s.yaml", "--prompt", "p.md")
    project.write("p.md", "{{ request }} ")

    said = project.run("s.yaml", "--prompt", "p.md", "-m", "smoke").stdout.str()

    assert "compared: the 2 of 4 cases that ran in both runs" in said
    assert "cannot tell on 2 cases" in said


def test_folder_tells_of_suites_left_out(project):
    """A folder without --prompt has no suite collected: those that name a prompt are said, other YAML is left alone."""
    project.suite([case("a")], "cases/good.yaml", prompt="q.md")
    project.write("cases/q.md", "{{ request }}")
    project.write("cases/other.yaml", "prompt: [\ncases: {broken\n  yaml")
    project.write("cases/compose.yaml", "services: {web: {image: x}}\n")
    project.write("test_x.py", "def test_it(): pass\n")

    folder, bare = project.run("."), project.run()
    named = project.run("cases/good.yaml")

    folder.assert_outcomes(passed=1)
    folder.stdout.fnmatch_lines(
        ["promptlab: suites that name a prompt, not collected: *good.yaml*--prompt FILE*"]
    )
    assert "compose.yaml" not in folder.stdout.str()
    assert "not collected" not in bare.stdout.str()
    named.assert_outcomes(passed=1)
    assert len(project.server.calls) == 1


def test_replay_and_fresh_exclude_each_other(project):
    """To ask all anew and to make no call is wrong use."""
    project.suite([case("a")])

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-replay", "--prompt-fresh")

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*--prompt-replay makes no call, and --prompt-fresh*"])


def test_case_that_expects_nothing_is_skipped(project):
    """Where nothing is expected an item is skipped, with the reason, and none passes."""
    project.suite([{"id": "a", "input": {"request": "x"}}])

    done = project.run("s.yaml", "--prompt", "p.md", "-rs")

    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*nothing is expected of this case"])


def test_summary_is_written_whole(project):
    """The summary is put in its place whole: who has the file open keeps the old one."""
    project.suite([case("a")])
    path = project.write("sum.md", "old")

    with path.open(encoding="utf-8") as opened:
        project.run("s.yaml", "--prompt", "p.md", "--prompt-summary", "sum.md").assert_outcomes(passed=1)

        assert opened.read() == "old"
    assert path.read_text(encoding="utf-8").startswith("## Prompt tests")
