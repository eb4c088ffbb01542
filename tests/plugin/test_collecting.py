"""Which suites are collected, with which prompt, and what their items are called."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import PROMPT, case

pytest_plugins = ("pytester",)

SUITE = [
    case("match", tags=["smoke"]),
    case("no_match", tags=["smoke", "reject"]),
    case("naïve-é", tags=["wide"]),
]


def test_items_are_named_as_cases(project):
    """A suite named on the command line has one item a case, with the suite's ids, in its order; no call is made."""
    project.suite(SUITE)

    listed = project.run("s.yaml", "--prompt", "p.md", "--collect-only", "-q")

    assert listed.outlines[:3] == ["s.yaml::match", "s.yaml::no_match", "s.yaml::naïve-é"]
    assert listed.ret == 0
    assert not project.server.calls


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        (("-k", "no_match"), 1),
        (("-m", "smoke"), 2),
        (("-m", "smoke and not reject"), 1),
        (("-k", "é"), 1),
        (("s.yaml::match",), 1),
        (("--deselect", "s.yaml::match"), 2),
    ],
)
def test_deselected_cases_cost_nothing(project, chosen, asked):
    """Tags are registered markers and ids are names; what is not selected is not called."""
    project.suite(SUITE)
    files = () if chosen[0].startswith("s.yaml") else ("s.yaml",)

    done = project.run(*files, "--prompt", "p.md", "--strict-markers", *chosen)

    done.assert_outcomes(passed=asked, deselected=0 if not files else 3 - asked)
    assert len(project.server.calls) == asked


def test_folder_gives_its_suites(project):
    """In a folder, with a prompt, the YAML files that are suites are collected; the others are named as skipped."""
    project.suite(SUITE[:1], "cases/a.yaml")
    project.suite(SUITE[1:], "cases/deep/b.yml")
    project.write(
        "cases/list.yaml", "- id: one\n  input: {request: '{\"found\": true}'}\n  expect: {found: true}\n"
    )
    project.write("cases/compose.yaml", "services: {web: {image: x}}\n")
    project.write("cases/rows.csv", "id,request\na,b\n")

    done = project.run("cases", "--prompt", "p.md")

    done.assert_outcomes(passed=4)
    done.stdout.fnmatch_lines(["*no suites, skipped: cases/compose.yaml"])


def test_folder_without_prompt_is_left_alone(project):
    """Without a prompt no file of a folder is looked at."""
    project.suite(SUITE, "cases/a.yaml")
    project.write("test_it.py", "def test_it(): pass")

    done = project.run()

    done.assert_outcomes(passed=1)
    assert done.outlines[-1].startswith("=")
    assert "prompt tests" not in done.stdout.str()
    assert not project.server.calls


@pytest.mark.parametrize("arguments", [(), (".",), ("cases",), ("cases/a.yaml",)])
def test_ini_names_suites(project, arguments):
    """Suites that the ini file names are collected with its prompt, with and without paths, whatever their format."""
    project.suite(SUITE[:1], "cases/a.yaml")
    project.write("cases/rows.csv", 'id,request,expect.found\nx,"{""found"": ""yes""}",yes\n')
    project.write("tests/test_it.py", "def test_it(): pass")
    project.write(
        "pytest.ini",
        "[pytest]\ntestpaths = tests\npromptlab_suites = cases/*.yaml cases/rows.csv\npromptlab_prompt = p.md\n",
    )

    done = project.run(*arguments)

    cases, tests = (1 if arguments == ("cases/a.yaml",) else 2), ("cases" not in "".join(arguments))
    done.assert_outcomes(passed=cases + tests)
    assert len(project.server.calls) == cases


def test_ini_suites_stay_out_of_other_paths(project):
    """Where other paths are named on the command line, the ini file's suites are not run."""
    project.suite(SUITE, "cases/a.yaml")
    project.write("tests/test_it.py", "def test_it(): pass")
    project.write("pytest.ini", "[pytest]\npromptlab_suites = cases/*.yaml\npromptlab_prompt = p.md\n")

    project.run("tests").assert_outcomes(passed=1)

    assert not project.server.calls


@pytest.mark.parametrize(
    ("option", "own", "ini", "used"),
    [
        (True, True, True, "option"),
        (False, True, True, "own"),
        (False, False, True, "ini"),
        (True, False, False, "option"),
        (False, True, False, "own"),
    ],
)
def test_prompt_comes_from(project, option, own, ini, used):
    """The command line's prompt wins over the suite's own, which wins over the ini file's."""
    for name in ("option", "own", "ini"):
        project.write(f"prompts/{name}.md", f"{name} {PROMPT}")
        project.write(f"cases/prompts/{name}.md", f"{name} {PROMPT}")
    project.suite([case("a")], "cases/s.yaml", **({"prompt": "prompts/own.md"} if own else {}))
    if ini:
        project.write("pytest.ini", "[pytest]\npromptlab_prompt = prompts/ini.md\n")

    project.run("cases/s.yaml", *(("--prompt", "prompts/option.md") if option else ()))

    assert [text.split()[0] for text in project.asked] == [used]


def test_own_prompt_may_be_a_template(project):
    """A suite's prompt may be the template itself; it is called as the suite."""
    project.suite([case("a")], prompt="Template: {{ request }}", suite="own")

    done = project.run("s.yaml")

    done.stdout.fnmatch_lines(["prompt own (version *"])
    assert project.asked[0].startswith("Template: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases:\n- id: a\n  input: {request: x}\n  expct: {found: true}\n", "s.yaml:4*expct*"),
        ("cases:\n- {id: a, input: {request: x}}\n- {id: a, input: {request: x}}\n", "s.yaml:3*taken*"),
        ("cases:\n- {id: a, input: {other: x}}\n", "*hole*request*not filled*"),
        ("cases:\n- {id: a, input: {request: x}}\nbars: {all: banana}\n", "*bar for 'all'*banana*"),
        (
            "cases:\n- {id: a, input: {request: x}, tags: [smoke]}\nbars:\n  smok: 1.0\n",
            "s.yaml:4: *bar for the tag 'smok', which no case has. Did you mean 'smoke'?",
        ),
        ("case:\n- {id: a}\n", "*there is no key `cases`*"),
        ("cases: [{id: a, input: {request: x}, expect: {python: 'os:system'}}]\n", "*python*"),
    ],
)
def test_wrong_suites_are_collection_errors(project, text, said):
    """What is wrong in a suite is said with file and line before any call, without a traceback."""
    project.write("s.yaml", text)

    done = project.run("s.yaml", "--prompt", "p.md")

    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines([f"*{said}"])
    assert "Traceback" not in done.stdout.str()
    assert ".py:" not in done.stdout.str()
    assert not project.server.calls


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("s.yaml",), "*has no prompt: give --prompt FILE*"),
        (("s.yaml", "--prompt", "none.md"), "*none.md*"),
    ],
)
def test_missing_prompt_is_said(project, arguments, said):
    """A suite without a prompt, or with one that is not there, is a collection error that says what to do."""
    project.suite(SUITE)

    done = project.run(*arguments)

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([said])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prompt-workers", "0"),
        ("--prompt-workers", "two"),
        ("--prompt-repeats", "-1"),
        ("--prompt-min-pass-rate", "1.5"),
        ("--prompt-min-pass-rate", "nan"),
    ],
)
def test_wrong_options_are_usage_errors(project, arguments):
    """A wrong number is refused with a plain line before anything is collected."""
    project.suite(SUITE)

    done = project.run("s.yaml", "--prompt", "p.md", *arguments)

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert f"argument {arguments[0]}" in done.stderr.str()
    assert not project.server.calls


def test_repeats_are_items_of_their_own(project):
    """Each repeat is an item; all of a case are chosen by its id, and one by its number."""
    project.suite(SUITE[:2], repeats=2)

    listed = project.run("s.yaml", "--prompt", "p.md", "--collect-only", "-q")
    one = project.run("s.yaml::no_match[1]", "--prompt", "p.md")
    more = project.run("s.yaml::match", "--prompt", "p.md", "--prompt-repeats", "3")

    assert listed.outlines[:4] == [f"s.yaml::{name}[{n}]" for name in ("match", "no_match") for n in (0, 1)]
    one.assert_outcomes(passed=1)
    more.assert_outcomes(passed=3)
    assert len(project.server.calls) == 4


def test_odd_tags_select_without_acting(project):
    """A tag that pytest gives a meaning of its own, or that is no name, does nothing but select."""
    odd = ["skip", "xfail", "parametrize", "usefixtures", "_hidden", "a b", "x:y", "f(x)", "wrong-format"]
    project.suite([case("a", tags=odd), case("b")])

    everything = project.run("s.yaml", "--prompt", "p.md", "--strict-markers", "-W", "error")
    by_mark = project.run("s.yaml", "--prompt", "p.md", "-m", "wrong-format")
    by_word = project.run("s.yaml", "--prompt", "p.md", "-k", "parametrize")

    everything.assert_outcomes(passed=2)
    by_mark.assert_outcomes(passed=1, deselected=1)
    by_word.assert_outcomes(passed=1, deselected=1)


def test_foreign_files_are_left_to_others(project):
    """A named data file that is no suite is none of ours where no prompt is given."""
    project.write("data.json", '{"a": 1}')
    project.write("test_x.tavern.yaml", "test_name: x\nstages: []\n")

    for name in ("data.json", "test_x.tavern.yaml"):
        done = project.run(name)
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        assert "promptlab" not in done.stderr.str()


def test_ini_names_a_missing_suite(project):
    """A suite in the ini file that is not there is said, for it would be missed silently."""
    project.write("tests/test_it.py", "def test_it(): pass")
    project.write("pytest.ini", "[pytest]\ntestpaths = tests\npromptlab_suites = cases/*.yml /none/x.yaml\n")

    done = project.run()

    done.stdout.fnmatch_lines(["*there is no file 'cases/?.yml'*", "*there is no file '/none/x.yaml'*"])


def test_looking_at_files_takes_no_time(project):
    """A file made to mislead whoever looks for suites is looked at in no time."""
    project.suite([case("a")], "cases/s.yaml")
    project.write("cases/long.yaml", "- " + "".join(f"{' ' * 200}x\n" for _ in range(800)))

    done = project.run("cases", "--prompt", "p.md")

    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*skipped: cases/long.yaml"])
