"""With a bar the exit status follows it; what failed is shown all the same."""

from __future__ import annotations

import pytest

import promptlab
from promptlab import Case, Outcome, SuiteError
from promptlab._bars import excused, hold, read_bars, read_repeats
from tests.plugin.conftest import case
from tests.servers import Reply

pytest_plugins = ("pytester",)

OK, FAILED = pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED


def suite(fails: int, of: int = 10, **more):
    """Make cases of which the first so many fail; the first and the last have the tag smoke."""
    tags = {0: ["smoke"], of - 1: ["smoke"]}
    return [case(f"c{n}", found=n >= fails, tags=tags.get(n, [])) for n in range(of)]


@pytest.mark.parametrize(
    ("fails", "top", "options", "status"),
    [
        (0, {}, (), OK),
        (1, {}, (), FAILED),
        (2, {}, ("--prompt-min-pass-rate", "0.8"), OK),
        (2, {}, ("--prompt-min-pass-rate", "0.9"), FAILED),
        (0, {}, ("--prompt-min-pass-rate", "1"), OK),
        (2, {"min_pass_rate": 0.8}, (), OK),
        (3, {"min_pass_rate": 0.8}, (), FAILED),
        (3, {"min_pass_rate": 0.8}, ("--prompt-min-pass-rate", "0.7"), OK),
        (2, {"min_pass_rate": 0.5}, ("--prompt-min-pass-rate", "0.9"), FAILED),
        (1, {"min_pass_rate": 0.5, "bars": {"smoke": 1.0}}, (), FAILED),
        (1, {"min_pass_rate": 0.5, "bars": {"smoke": 0.5}}, (), OK),
        (1, {"bars": {"smoke": 0.5}}, (), OK),
        (2, {"bars": {"smoke": 0.5}}, (), FAILED),
        (1, {"bars": {"smoke": 1.0}}, ("--prompt-min-pass-rate", "0.1"), FAILED),
        (10, {"min_pass_rate": 0}, (), OK),
    ],
)
def test_exit_status_follows_the_bars(project, fails, top, options, status):
    """A failing case passes where it is under a bar and every bar over it is met; one that no bar covers does not."""
    project.suite(suite(fails), **top)

    done = project.run("s.yaml", "--prompt", "p.md", *options)

    outcomes = done.parseoutcomes()
    assert done.ret == status
    assert (outcomes.get("failed", 0), outcomes.get("passed", 0)) == (fails, 10 - fails)
    if fails:
        done.stdout.fnmatch_lines(["FAILED s.yaml::c0 - found: expected false, got true*"])


def test_bars_are_told(project):
    """The block says of each bar whether it was met, with its numbers, and names the cases that it let pass."""
    project.suite(suite(1), min_pass_rate=0.8, bars={"smoke": 0.5})

    done = project.run("s.yaml", "--prompt", "p.md")

    done.stdout.fnmatch_lines(
        ["bar 0.8 for s: met, 9 of 10 rows (90 %)", "bar 0.5 for s, tag smoke: met, 1 of 2 rows (50 %)",
         "failed, and let pass by the bar: c0"], consecutive=False,
    )  # fmt: skip


def test_record_comes_before_the_verdict(project):
    """A run under its bar is on record, whole."""
    project.suite(suite(5))

    assert project.run("s.yaml", "--prompt", "p.md", "--prompt-min-pass-rate", "0.9").ret == FAILED

    with promptlab.Lab(display="none") as lab:
        last = promptlab.history("p", lab=lab).iloc[-1]
    assert (last["graded"], last["score"], last["finished"]) == (10, 0.5, True)


def test_errors_are_never_green(project):
    """A bar does not let rows without a verdict pass, however good the others are."""
    project.server.says(lambda call: Reply(b"", 400) if "broken" in call.text else call.text)
    project.suite([*suite(0), case("e", says="broken")], min_pass_rate=0.5)

    done = project.run("s.yaml", "--prompt", "p.md")

    done.assert_outcomes(passed=10, errors=1)
    assert done.ret == FAILED
    done.stdout.fnmatch_lines(["bar 0.5 for s: OPEN*"])


def test_other_failures_stay_failures(project):
    """A bar is for prompt cases: a test of another kind that fails, or an assert of one's own, fails the session."""
    project.suite(suite(1), min_pass_rate=0.5)
    project.write("test_x.py", "def test_it(): assert False\n")

    assert project.run("s.yaml", "test_x.py", "--prompt", "p.md").ret == FAILED

    mark = "@pytest.mark.prompt_cases('s.yaml', prompt='p.md')"
    project.write(
        "test_x.py", f"import pytest\n{mark}\ndef test_it(prompt_result): assert prompt_result.case != 'c5'\n"
    )
    assert project.run("test_x.py").ret == FAILED


def test_bars_hold_for_marked_tests(project):
    """A marked test that fails for its row alone is let pass under the suite's bar."""
    project.suite(suite(1), min_pass_rate=0.5)
    mark = "@pytest.mark.prompt_cases('s.yaml', prompt='p.md')"
    project.write("test_x.py", f"import pytest\n{mark}\ndef test_it(prompt_result): pass\n")

    done = project.run("test_x.py")

    done.assert_outcomes(passed=9, failed=1)
    assert done.ret == OK


@pytest.mark.parametrize(
    ("passes", "bar", "status"),
    [(2, "2 of 3", OK), (1, "2 of 3", FAILED), (3, "3 of 3", OK), (2, "3 of 3", FAILED)],
)
def test_k_of_n_repeats_decide(project, passes, bar, status):
    """`2 of 3` asks each case three times and lets it pass where two of them do."""
    seen: list[str] = []

    def answer(call):
        seen.append(call.text)
        return {"found": len(seen) <= passes}

    project.server.says(answer)
    project.suite([case("a")], bars={"all": bar})

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-workers", "1")

    outcomes = done.parseoutcomes()
    assert (outcomes.get("passed", 0), outcomes.get("failed", 0)) == (passes, 3 - passes)
    assert done.ret == status


@pytest.mark.parametrize(
    "settings",
    [
        {"bars": {"smoke": "many"}}, {"bars": {"smoke": True}}, {"bars": {"smoke": 2}}, {"bars": {"smoke": -0.1}},
        {"bars": {"smoke": "3 of 2"}}, {"bars": {"smoke": "0 of 2"}}, {"bars": {"smoke": None}},
        {"bars": {"smoke": [0.5]}}, {"bars": {"smoke": "2 of 3", "all": "2 of 4"}},
        {"repeats": 2, "bars": {"smoke": "2 of 3"}}, {"bars": {"smoke": float("nan")}},
    ],
)  # fmt: skip
def test_wrong_bars_are_refused(settings):
    """A bar that is neither a share nor `k of n`, or that asks for other repeats than the suite, is refused."""
    with pytest.raises(SuiteError, match="'s'"):
        read_bars("s", settings), read_repeats("s", settings)


def test_repeats_follow_the_bar():
    """The n of `k of n` is the number of repeats where the suite gives none."""
    assert read_repeats("s", {"bars": {"all": "2 of 3"}}) == 3
    assert read_repeats("s", {"repeats": 3, "bars": {"all": "2 of 3"}}) == 3
    assert read_repeats("s", {"bars": {"all": 0.5}}) is None


def rows(statuses: str, case_id: str = "a", tags: tuple[str, ...] = ()):
    """Make rows of a case: p(ass), f(ail), e(rror), u(ngraded), n(ot run)."""
    words = {"p": "pass", "f": "fail", "e": "error", "u": "ungraded", "n": "not_run"}
    made = Case(id=case_id, input={}, tags=tags)
    return [
        Outcome(index=n, prompt="p", version="v", case=made, repeat=n, status=words[letter])
        for n, letter in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("statuses", "least", "state"),
    [
        ("pppf", 0.75, "met"), ("ppff", 0.75, "missed"), ("pppe", 0.75, "open"), ("ffpe", 0.75, "missed"),
        ("uu", 0.5, "missed"), ("pu", 1.0, "met"), ("n", 0.0, "open"), ("f", 0.0, "met"),
    ],
)  # fmt: skip
def test_bar_is_held_against_rows(statuses, least, state):
    """A bar is missed where no verdict of the open rows could meet it, and open where they could decide."""
    (held,) = hold(read_bars("s", {"min_pass_rate": least}), rows(statuses))

    assert held.state == state


def test_bar_of_an_absent_tag_is_left_out():
    """A bar for a tag that no selected case has says nothing."""
    assert hold(read_bars("s", {"bars": {"smoke": 1.0}}), rows("pf")) == ()


def test_row_is_excused_by_all_bars_over_it():
    """A failing row is let pass where a bar covers it and every one that does is met."""
    failing, other = rows("f", tags=("smoke",)), rows("ppp", "b")
    bars = read_bars("s", {"min_pass_rate": 0.5, "bars": {"smoke": 1.0}})

    assert not excused(hold(bars, [*failing, *other]), failing[0])
    assert excused(hold(bars[:1], [*failing, *other]), failing[0])
    assert not excused((), failing[0])
