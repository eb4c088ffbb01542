"""Tests in Python that run once for each case of a suite."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import case

pytest_plugins = ("pytester",)

TEST = """
import pytest

@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md")
def test_it(prompt_result):
    assert prompt_result.answer["confidence"] > 0.5
"""


def test_one_item_a_case(project):
    """A marked test has an item for each case, with its id and its tags; what is selected is called, in parallel."""
    project.suite(
        [case("a", tags=["smoke"]), case("b", says={"found": True, "confidence": 0.1})], "cases/s.yaml"
    )
    project.write("test_x.py", TEST)

    everything = project.run("test_x.py", "-rA")
    chosen = project.run("test_x.py", "-m", "smoke", "--prompt-fresh", "--strict-markers")

    everything.assert_outcomes(passed=1, failed=1)
    everything.stdout.fnmatch_lines(
        ["PASSED test_x.py::test_it?a?", "FAILED test_x.py::test_it?b? - assert 0.1 > 0.5*"]
    )
    chosen.assert_outcomes(passed=1, deselected=1)
    assert len(project.server.calls) == 3


def test_result_has_what_a_row_has(project):
    """The result is read-only and has the row's columns by name."""
    project.suite(
        [case("a", tags=["smoke"], expect={"found": True, "confidence": {"above": 0.5}})],
        "cases/s.yaml",
        suite="s",
    )
    project.write(
        "test_x.py",
        """
import dataclasses
import pytest
from promptlab.pytest_plugin import PromptResult

@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md")
def test_it(prompt_result: PromptResult):
    r = prompt_result
    assert isinstance(r, PromptResult)
    assert (r.case, r.repeat, r.tags, r.prompt, r.status, r.passed, r.reason) == ("a", 0, ("smoke",), "p", "pass", True, None)
    assert r.answer == {"found": True, "confidence": 0.9} and r.confidence == 0.9
    assert r.output == '{"found": true, "confidence": 0.9}' == r.input["request"]
    assert all(verdict.passed for verdict in r.checks.values()) and len(r.checks) == 2
    assert (r.cached, r.attempts, r.model, r.input_tokens, r.output_tokens) == (False, 1, "gpt-5-nano", 12, 3)
    assert r.latency_s > 0 and len(r.version) == 8 and r.cost_usd > 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        r.status = "fail"
    with pytest.raises(TypeError):
        r.input["request"] = "x"
""",
    )

    project.run("test_x.py").assert_outcomes(passed=1)


def test_expectations_count_unless_told_otherwise(project):
    """A wrong answer fails the test though its own asserts pass; with expect=False they alone decide."""
    project.suite([case("a"), case("b", found=False)], "cases/s.yaml")
    project.write(
        "test_x.py",
        """
import pytest

@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md")
def test_strict(prompt_result): pass

@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md", expect=False)
def test_own(prompt_result): assert prompt_result.passed is (prompt_result.case == "a")

@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md")
def test_without_fixture(): pass
""",
    )

    done = project.run("test_x.py", "-rf")

    done.assert_outcomes(passed=4, failed=2)
    done.stdout.fnmatch_lines(["FAILED test_x.py::test_strict?b? - found: expected false, got true"])
    assert "Traceback" not in done.stdout.str()
    assert len(project.server.calls) == 2


def test_calls_are_shared_by_tests(project):
    """Several tests, a class of them and the suite itself ask for the same rows: each call is made once."""
    project.suite([case(f"c{n}") for n in range(3)], "cases/s.yaml")
    project.write(
        "test_x.py",
        TEST
        + """
@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md")
class TestAll:
    def test_one(self, prompt_result): pass
    def test_two(self, prompt_result): pass
    def test_neither(self): pass
""",
    )

    done = project.run("cases/s.yaml", "test_x.py", "--prompt", "p.md")

    done.assert_outcomes(passed=3 + 3 + 6 + 1)
    assert len(project.server.calls) == 3


def test_errors_are_errors(project):
    """A row without a verdict is an error of its test, whose body does not run."""
    project.suite([case("a", says="not json", expect={"found": True})], "cases/s.yaml")
    project.server.says(lambda _call: (_ for _ in ()).throw(ConnectionResetError))
    project.write("test_x.py", TEST)

    done = project.run("test_x.py", "--prompt-replay")

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["ERROR test_x.py::test_it?a? - not in the store: case 'a'*"])
    assert not project.server.calls


def test_applications_are_tested(project):
    """An application is called in parallel, once a case, with a resource of its own made from what is shared once."""
    project.suite(
        [{"id": f"c{n}", "input": {"n": n}, "expect": {"twice": 2 * n}} for n in range(8)], "cases/s.yaml"
    )
    project.write(
        "test_x.py",
        """
import threading
import pytest

BARRIER = threading.Barrier(4)
LOG = []

class Manager:
    def __init__(self, shared): LOG.append(("made", shared))
    def close(self): LOG.append("closed")

def share():
    LOG.append("shared")
    return "folder"

async def double(case, manager):
    return {"twice": 2 * case.input["n"]}

def wait(case, manager):
    BARRIER.wait(20)
    return {"twice": 2 * case.input["n"]}

@pytest.mark.prompt_cases("cases/s.yaml", prompt=wait, shared=share, resource=Manager)
def test_plain(prompt_result):
    assert prompt_result.prompt == "wait"

@pytest.mark.prompt_cases("cases/s.yaml", prompt=double, shared=share, resource=Manager)
def test_async(prompt_result): pass

def test_last():
    assert LOG.count("shared") == 2
    assert LOG.count(("made", "folder")) == LOG.count("closed") == 16
""",
    )

    done = project.run("test_x.py", "--prompt-workers", "4")

    done.assert_outcomes(passed=17)
    assert not project.server.calls


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ('"none.yaml", prompt="p.md"', "none.yaml"),
        ('"cases/s.yaml"', "has no prompt"),
        ('"cases/s.yaml", prompt="none.md"', "none.md"),
        ('"cases/s.yaml", prompt="p.md", workes=3', "does not take 'workes'"),
        ('prompt="p.md"', "needs cases"),
        ('"cases/s.yaml", prompt="{{ hole }}"', "hole"),
        ('"cases/s.yaml", prompt="p.md", repeats=0', "repeats=0"),
        ('"cases/s.yaml", prompt="p.md", checks=[5]', "check"),
    ],
)
def test_wrong_marks_are_collection_errors(project, mark, said):
    """What is wrong in a mark is said when the test is collected, before any call."""
    project.suite([case("a")], "cases/s.yaml")
    project.write(
        "test_x.py", f"import pytest\n@pytest.mark.prompt_cases({mark})\ndef test_it(prompt_result): pass\n"
    )

    done = project.run("test_x.py")

    done.assert_outcomes(errors=1)
    assert said in done.stdout.str()
    assert not project.server.calls


def test_fixture_needs_the_mark(project):
    """The fixture without a mark says what is missing."""
    project.write("test_x.py", "def test_it(prompt_result): pass\n")

    done = project.run("test_x.py")

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*mark the test with @pytest.mark.prompt_cases(*"])


def test_own_checks_and_lists(project):
    """A mark takes lists of cases and checks of one's own, beside the fixtures of the test."""
    project.write(
        "test_x.py",
        """
import pytest

CASES = [{"id": "a", "input": {"request": "hello"}}, {"id": "b", "input": {"request": "bye"}}]

def greets(case, answer): return "hello" in answer

@pytest.mark.prompt_cases(CASES, prompt="{{ request }}", checks=[greets], repeats=2)
def test_it(prompt_result, tmp_path):
    assert tmp_path.is_dir()
""",
    )

    done = project.run("test_x.py", "-rf")

    done.assert_outcomes(passed=2, failed=2)
    done.stdout.fnmatch_lines(["FAILED test_x.py::test_it?b-0? - greets*"])


def test_lab_fixture_runs(project):
    """The fixture `lab` is the session's lab: `run_parallel` uses it, and it is let go of in the end."""
    project.write(
        "test_x.py",
        """
import promptlab

def test_it(lab):
    frame = promptlab.run_parallel([{"id": "a", "input": {}, "expect": "hi"}], "hi", lab=lab)
    assert list(frame["status"]) == ["pass"]
""",
    )

    project.run("test_x.py").assert_outcomes(passed=1)

    assert len(project.server.calls) == 1


def test_suites_beside_the_test_come_first(project):
    """A path in a mark is taken from the test's folder, else from the root."""
    project.suite([case("near")], "tests/cases/s.yaml")
    project.suite([case("far")], "cases/s.yaml")
    project.write("tests/test_x.py", TEST)

    done = project.run("tests", "-v")

    done.stdout.fnmatch_lines(["*test_it?near? PASSED*"])


def test_applications_share_the_workers(project):
    """Two applications together have no more rows under way than there are workers."""
    project.suite([{"id": name, "input": {}} for name in "ab"], "one.yaml")
    project.suite([{"id": name, "input": {}} for name in "cde"], "two.yaml")
    project.write(
        "test_x.py",
        """
import threading
import pytest

LOCK, DONE, TOGETHER = threading.Lock(), threading.Event(), threading.Event()
active, most = [], []

def enter(name):
    with LOCK:
        active.append(name)
        most.append(len(active))
        if len(active) > 2: TOGETHER.set()

def leave(name):
    with LOCK: active.remove(name)

def one(case):
    enter(case.id)
    if case.id == "b": DONE.wait(20)
    leave(case.id)
    return "x"

def two(case):
    enter(case.id)
    TOGETHER.wait(0.3)
    DONE.set()
    leave(case.id)
    return "x"

@pytest.mark.prompt_cases("one.yaml", prompt=one)
def test_one(prompt_result): pass

@pytest.mark.prompt_cases("two.yaml", prompt=two)
def test_two(prompt_result): assert max(most) == 2
""",
    )

    project.run("test_x.py", "--prompt-workers", "2").assert_outcomes(passed=5)


def test_what_an_application_says_is_data(project):
    """What an application raises is shown harmlessly: no escape byte, and no line that a CI service would obey."""
    project.suite([{"id": "a", "input": {}, "expect": {"equals": "x"}}], "s.yaml")
    project.write(
        "test_x.py",
        r"""
import pytest

def app(case): raise ValueError("\x1b[31mred\n::error::x\n##[error]y\n##vso[task.complete]z")

@pytest.mark.prompt_cases("s.yaml", prompt=app)
def test_it(prompt_result): pass
""",
    )

    done = project.run("test_x.py")

    done.assert_outcomes(errors=1)
    assert "\x1b" not in done.stdout.str()
    assert not [line for line in done.outlines if line.lstrip().startswith(("::", "##["))]
    assert "##vso[" not in done.stdout.str()


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_case_counts_without_the_fixture(project, more):
    """A marked test that does not take `prompt_result` is graded all the same; what is deselected is not called."""
    project.suite([case("a"), case("b", found=False), case("c", found=False, tags=["slow"])], "cases/s.yaml")
    project.write(
        "test_x.py",
        """
import pytest

@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md")
def test_it(tmp_path):
    assert tmp_path.is_dir()

@pytest.mark.prompt_cases("cases/s.yaml", prompt="p.md", expect=False)
def test_own(): pass
""",
    )

    code, said = project.run_apart("test_x.py", "-m", "not slow", *more)

    assert code == 1
    assert "1 failed, 3 passed" in said
    assert "FAILED test_x.py::test_it[b] - found: expected false, got true" in said
    assert len(project.server.calls) == 2


def test_case_without_verdict_stops_the_body(project):
    """A marked test that does not take `prompt_result` waits for its case before its body is run."""
    project.write(
        "test_x.py",
        """
import pytest

CASES = [{"id": "one", "input": {}, "expect": {"found": True}}]

def broken(case, manager):
    raise RuntimeError("no service")

@pytest.mark.prompt_cases(CASES, prompt=broken, shared=dict, resource=dict)
def test_it():
    raise AssertionError("it was run")
""",
    )

    done = project.run("test_x.py")

    done.assert_outcomes(errors=1)
    assert "it was run" not in done.stdout.str()
