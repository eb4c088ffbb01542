"""How the calls are made ahead of pytest's walk, and what pytest says of each case."""

from __future__ import annotations

import gc
import re
import threading

import pytest

from tests.plugin.conftest import case
from tests.servers import Reply, chat

pytest_plugins = ("pytester",)

GOOD, BAD = '{"found": true}', '{"found": false}'


def test_statuses_become_outcomes(project):
    """A pass passes, a fail fails, an error is an error and no failure, and what nothing is expected of is skipped."""
    project.server.says(lambda call: Reply(b"", 400) if "broken" in call.text else call.text)
    project.suite([case("p"), case("f", found=False), case("e", says="broken"), case("u", expect={})])

    done = project.run("s.yaml", "--prompt", "p.md", "-rA")

    done.assert_outcomes(passed=1, failed=1, errors=1, skipped=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(
        [
            "PASSED s.yaml::p",
            "SKIPPED ?1? s.yaml:*: nothing is expected of this case",
            "ERROR s.yaml::e - bad_request: *",
            "FAILED s.yaml::f - found: expected false, got true",
        ]
    )


def test_failure_is_the_checks_line(project):
    """A failing case shows the check's line, the input and the answer; no traceback and no source."""
    project.suite([case("f", found=False, why="no workflow can send mail")])

    said = project.run("s.yaml", "--prompt", "p.md").stdout.str()

    assert re.search(
        r"_ f _+\nfound: expected false, got true\n-+ case -+\ninput: .*\nanswer: .*\nwhy: no ", said
    )
    assert "Traceback" not in said
    assert ".py" not in said.split("FAILURES")[1]


def test_all_failing_checks_are_told(project):
    """Every check that failed has its line."""
    expect = {"found": False, "confidence": {"below": 0.4}}
    project.suite([case("f", expect=expect)])

    done = project.run("s.yaml", "--prompt", "p.md")

    done.stdout.fnmatch_lines(["*found: expected false*", "*confidence*"])


@pytest.mark.parametrize(
    ("arguments", "environment", "workers"),
    [
        (("--prompt-workers", "4"), {}, 4),
        ((), {"PARALLEL_WORKERS": "3"}, 3),
        (("--prompt-workers", "2"), {"PARALLEL_WORKERS": "7"}, 2),
        ((), {"CI": "1"}, 5),
        (("--prompt-workers", "8"), {"PARALLEL_WORKERS_MAX": "6"}, 6),
    ],
)
def test_calls_run_in_parallel(project, monkeypatch, arguments, environment, workers):
    """Exactly as many calls are under way at once as there are workers, over all suites of the session."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    barrier = threading.Barrier(workers)

    def answer(call, _handler):
        barrier.wait(20)
        return Reply(chat(call.text))

    project.server.answer = answer
    half = workers * 2 // 2
    project.suite([case(f"a{n}") for n in range(half)], "a.yaml")
    project.suite([case(f"b{n}", says={"found": True, "n": n}) for n in range(workers * 2 - half)], "b.yaml")

    done = project.run("a.yaml", "b.yaml", "--prompt", "p.md", *arguments)

    done.assert_outcomes(passed=workers * 2)
    assert project.server.most_under_way == workers


def test_small_suites_share_the_workers(project):
    """Suites of one case each do not wait for one another."""
    barrier = threading.Barrier(6)

    def answer(call, _handler):
        barrier.wait(20)
        return Reply(chat(call.text))

    project.server.answer = answer
    for n in range(12):
        project.suite([case("a", says={"found": True, "n": n})], f"s{n:02}.yaml")

    done = project.run(".", "--prompt", "p.md", "--prompt-workers", "6")

    done.assert_outcomes(passed=12)
    assert project.server.most_under_way == 6


@pytest.mark.parametrize("value", ["abc", "0", "-3"])
def test_wrong_workers_make_no_call(project, monkeypatch, value):
    """A wrong PARALLEL_WORKERS is one plain line, before any call."""
    monkeypatch.setenv("PARALLEL_WORKERS", value)
    project.suite([case("a")])

    done = project.run("s.yaml", "--prompt", "p.md")

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert f"PARALLEL_WORKERS={value!r} is no whole number" in done.stderr.str()
    assert not project.server.calls


def hang_from(project, first: int, answer) -> list[str]:
    """Have the calls from the `first` on hang until the test is over; gives those that were waited for to the end."""
    waited_for: list[str] = []

    def hang(call, _handler):
        if int(re.sub(r"\D", "", call.text)) >= first and not project.server.released.wait(10):
            waited_for.append(call.text)
        return answer(call)

    project.server.answer = hang
    return waited_for


@pytest.mark.parametrize("option", ["-x", "--maxfail=1", "--sw"])
def test_first_failure_stops_the_rest(project, option):
    """After the first failure calls under way are cut, none is begun, and no thread stays: 40 cases, 4 workers."""
    project.suite([case(f"c{n}", says={"n": n}, expect={"n": 99 if n == 2 else n}) for n in range(40)])
    waited_for = hang_from(project, 3, lambda call: Reply(chat(call.text)))

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-workers", "4", option)

    outcomes = done.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"]) == (2, 1)
    assert len(project.server.calls) <= 3 + 4
    assert not waited_for
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("promptlab-pytest")]


def test_errors_count_for_maxfail(project):
    """Errors end a session as failures do."""
    project.suite([case(f"c{n}", says={"n": n}) for n in range(30)])
    hang_from(project, 3, lambda _call: Reply(b"", 400))

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-workers", "2", "--maxfail", "3")

    done.assert_outcomes(errors=3)
    assert len(project.server.calls) <= 3 + 2


def test_cases_are_asked_in_order_before_a_stop(project):
    """With -x the cases are asked as pytest comes to them, though others are known to take longer."""
    project.suite([case(f"c{n}", says={"n": n}, expect={"n": n}) for n in range(4)])
    project.server.answer = lambda call, _handler: (
        threading.Event().wait(0.2 * ("3" in call.text)),
        Reply(chat(call.text)),
    )[1]
    project.run("s.yaml", "--prompt", "p.md")
    arguments = ("s.yaml", "--prompt", "p.md", "--prompt-fresh", "--prompt-workers", "1")

    project.run(*arguments)
    project.run(*arguments, "-x")

    asked = [int(re.sub(r"\D", "", text)) for text in project.asked]
    assert asked[4] == 3
    assert asked[8:] == [0, 1, 2, 3]


def test_failures_ahead_of_the_walk_count(project):
    """While pytest still waits for a slow case, a failure behind it keeps further cases from being called."""
    project.suite([case(f"c{n}", says={"n": n}, expect={"n": 99 if n == 1 else n}) for n in range(30)])
    all_called = threading.Event()

    def answer(call, _handler):
        number = int(re.sub(r"\D", "", call.text))
        if number == 0:
            all_called.wait(1)
        elif number == 29:
            all_called.set()
        return Reply(chat(call.text))

    project.server.answer = answer

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-workers", "2", "-x")

    done.assert_outcomes(passed=1, failed=1)
    assert len(project.server.calls) < 20


def test_wrong_guess_goes_on(project):
    """Where a failing case turns out not to end the session, the cases that were put off are asked after all."""
    project.suite([case(f"c{n}", found=n != 0) for n in range(12)])
    project.write(
        "conftest.py",
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items[0].add_marker(pytest.mark.xfail)\n",
    )

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-workers", "2", "-x")

    done.assert_outcomes(passed=11, xfailed=1)
    assert len(project.server.calls) == 12


def test_last_failed_asks_those_alone(project):
    """`--lf` runs what failed, and costs what that costs."""
    project.suite([case(f"c{n}", found=n not in (1, 3)) for n in range(5)])
    project.run("s.yaml", "--prompt", "p.md")
    before = len(project.server.calls)

    done = project.run("s.yaml", "--prompt", "p.md", "--lf", "--prompt-fresh")

    done.assert_outcomes(failed=2)
    assert len(project.server.calls) == before + 2


def test_stepwise_goes_on_where_it_stopped(project):
    """`--sw` begins with the case that failed."""
    suite = [case(f"c{n}", found=n != 2) for n in range(5)]
    project.suite(suite)
    project.run("s.yaml", "--prompt", "p.md", "--sw")
    project.suite([*suite[:2], case("c2"), *suite[3:]])

    done = project.run("s.yaml", "--prompt", "p.md", "--sw")

    done.assert_outcomes(passed=3, deselected=2)


@pytest.mark.parametrize("mark", ["skip(reason='no')", "skipif(True, reason='no')", "xfail(run=False)"])
def test_skipped_cases_cost_nothing(project, mark):
    """What pytest will not run is not called ahead."""
    project.suite([case("a"), case("b", says={"found": True, "b": 1})])
    project.write(
        "conftest.py",
        f"import pytest\ndef pytest_collection_modifyitems(items):\n    items[0].add_marker(pytest.mark.{mark})\n",
    )

    done = project.run("s.yaml", "--prompt", "p.md")

    assert done.parseoutcomes()["passed"] == 1
    assert len(project.server.calls) == 1


def test_skipif_that_does_not_hold_runs(project):
    """A case whose condition for a skip does not hold is asked when pytest comes to it."""
    project.suite([case("a")])
    project.write(
        "conftest.py",
        "import pytest\ndef pytest_collection_modifyitems(items):\n"
        "    items[0].add_marker(pytest.mark.skipif(False, reason='no'))\n",
    )

    project.run("s.yaml", "--prompt", "p.md").assert_outcomes(passed=1)

    assert len(project.server.calls) == 1


def test_durations_are_those_of_the_calls(project):
    """A case's duration is what its row took, not how long pytest waited for it."""
    barrier = threading.Barrier(2)

    def answer(call, _handler):
        barrier.wait(20)
        threading.Event().wait(0.3)
        return Reply(chat(call.text))

    project.server.answer = answer
    project.suite([case("a"), case("b")])

    done = project.run("s.yaml", "--prompt", "p.md", "--durations=2", "--prompt-workers", "2")

    slow = [line for line in done.outlines if re.fullmatch(r"0\.[3-9]\ds setup +s.yaml::.", line)]
    assert len(slow) == 2


def test_quiet_keeps_the_essentials(project):
    """`-q` shows dots, failures, the block and the count."""
    project.suite([case("a"), case("f", found=False)])

    done = project.run("s.yaml", "--prompt", "p.md", "-q")

    assert done.outlines[0].startswith(".F")
    done.stdout.fnmatch_lines(
        ["*prompt tests*", "s: 1 of 2 passed*", "FAILED s.yaml::f*", "1 failed, 1 passed*"]
    )


def test_collection_errors_make_no_calls(project):
    """Where something could not be collected pytest stops, and nothing was paid for."""
    project.suite([case("a")])
    project.write("t.yaml", "cases: 5\n")

    done = project.run("s.yaml", "t.yaml", "--prompt", "p.md")

    assert done.ret == pytest.ExitCode.INTERRUPTED
    assert not project.server.calls


def test_hopeless_runs_stop_early(project):
    """A key that is refused stops the run: few calls, every case an error that says so, none of them a failure."""
    project.server.says(lambda _call: Reply({"error": {"message": "bad key"}}, 401))
    project.suite([case(f"c{n}", says=f"{n}") for n in range(100)])

    done = project.run("s.yaml", "--prompt", "p.md", "-q")

    done.assert_outcomes(errors=100)
    assert len(project.server.calls) <= 16


def test_same_call_is_made_once(project):
    """The second run is served from the store, and --prompt-fresh pays anew."""
    project.suite([case(f"c{n}") for n in range(4)])

    for arguments, calls in (((), 4), ((), 4), (("--prompt-fresh",), 8)):
        project.run("s.yaml", "--prompt", "p.md", *arguments).assert_outcomes(passed=4)
        assert len(project.server.calls) == calls


def test_collector_is_on_while_tests_run(project):
    """Python's garbage collector, put off while the SDK is loaded, is on again when the first test runs."""
    project.suite([case("a")])
    project.write(
        "test_x.py",
        "import gc, pytest\n"
        "@pytest.mark.prompt_cases('s.yaml', prompt='p.md')\n"
        "def test_it(prompt_result): assert gc.isenabled()\n",
    )

    project.run("test_x.py").assert_outcomes(passed=1)

    assert gc.isenabled()
