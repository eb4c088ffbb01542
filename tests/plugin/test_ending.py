"""What a session leaves: the block at the end, a JUnit file, a summary in Markdown, the history."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import promptlab
from promptlab import Answer, Case, Completion, Outcome, Run
from promptlab._ci import Told, job_summary, junit_xml
from promptlab._ci._markdown import code
from promptlab._summary import summarise
from promptlab._types import Variant
from tests.plugin.conftest import case
from tests.servers import Reply, chat

pytest_plugins = ("pytester",)

HOSTILE = (
    "\x1b[31mred\x1b[0m ]]> <b>&amp; \x00\x07\x9b2J ##[error]x ::error::y \u202eevil \ufffe\uffff `a` | $x$ "
    "<script>alert(1)</script> ![](http://x.example/y) @all \ud800"
)


def test_block_tells_the_run(project):
    """The block has the score with its interval, errors, time, speedup, money, and the prompt with its version."""
    project.suite([case(f"c{n}", found=n > 0) for n in range(5)], suite="demo")

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-workers", "2")

    done.stdout.fnmatch_lines(
        [
            "*= prompt tests =*",
            "demo: 4 of 5 passed: 80 % ?38, 96?",
            "* s with 2 workers*",
            "60 tokens in, 15 out, $0.*",
            "prompt p (version ????????), run *",
        ]
    )


def test_changes_since_the_last_run(project):
    """From the second run on the block tells which cases were fixed and which broke, and how the text differs."""
    project.suite([case("a"), case("b", found=False), case("c")])
    first = project.run("s.yaml", "--prompt", "p.md")
    project.write("p.md", "{{ request }} now")
    project.server.says(lambda call: {"found": '"b"' in call.text or "c" in call.text.split("now")[0][-3:]})
    project.suite([case("a", found=False), case("b"), case("c", found=False)])

    second = project.run("s.yaml", "--prompt", "p.md")

    assert "What changed" not in first.stdout.str()
    done = second.stdout.str()
    assert "What changed: " in done
    assert "{+ now+}" in done or "now" in done.split("What changed")[1]


def test_simulated_runs_stand_apart(project):
    """What a model answers is not held against what a simulator answered."""
    project.suite([case("a")])
    project.server.says(lambda call: Reply({**chat(call.text), "model": "simulated-m"}))
    project.run("s.yaml", "--prompt", "p.md")
    project.server.says(lambda call: call.text)

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-fresh")

    assert "What changed" not in done.stdout.str()


def test_junit_is_valid_with_hostile_texts(project):
    """Whatever ids, inputs, answers, reasons and tags hold, pytest's JUnit file is valid XML with a case for each."""
    project.server.says(lambda _call: HOSTILE.encode("utf-8", "replace").decode())
    hostile = HOSTILE.encode("utf-8", "replace").decode()
    cases = [
        {
            "id": '<a> & ]]> "q" ::x::',
            "input": {"request": hostile},
            "expect": {"equals": hostile + "!"},
            "tags": ["<t>"],
        },
        {
            "id": "plain",
            "input": {"request": "x"},
            "expect": {"json_schema": {"type": "object"}},
            "why": hostile,
        },
    ]
    project.write("s.json", json.dumps({"cases": cases}))

    done = project.run("s.json", "--prompt", "p.md", "--junitxml", "out.xml", "-vv")

    done.assert_outcomes(failed=2)
    root = ET.parse(project.path / "out.xml").getroot()
    assert root[0].get("failures") == "2"
    assert [found.get("name") for found in root.iter("testcase")] == ['<a> & ]]> "q" : :x: :', "plain"]
    said = done.stdout.str()
    assert not {"\x1b", "\x00", "\x07", "\x9b", "\u202e"} & set(said)
    assert not [line for line in said.splitlines() if line.startswith(("::", "##["))]


def test_junit_counts_errors_apart(project):
    """In the JUnit file a row without a verdict is an error, a failing one a failure with the check's line."""
    project.server.says(
        lambda call: (_ for _ in ()).throw(BrokenPipeError) if "broken" in call.text else call.text
    )
    project.suite([case("f", found=False), case("e", says="broken")])

    project.run("s.yaml", "--prompt", "p.md", "--junitxml", "out.xml", "--prompt-replay")
    replayed = ET.parse(project.path / "out.xml").getroot()[0]
    project.run("s.yaml::f", "--prompt", "p.md", "--junitxml", "out.xml")
    suite = ET.parse(project.path / "out.xml").getroot()[0]

    assert (replayed.get("errors"), replayed.get("failures")) == ("2", "0")
    assert suite.find("testcase/failure").get("message") == "found: expected false, got true"


def test_markdown_summary_is_written(project, monkeypatch):
    """`--prompt-summary` writes score, bars and failing cases; to the job's own summary it adds."""
    project.suite([case("a"), case("b|c`d", found=False)], min_pass_rate=0.5)
    path = project.path / "summary.md"
    path.write_text("before\n", encoding="utf-8")

    project.run("s.yaml", "--prompt", "p.md", "--prompt-summary", "summary.md")
    alone = path.read_text(encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    project.run("s.yaml", "--prompt", "p.md", "--prompt-summary", str(path))

    assert alone.startswith("## Prompt tests: `s`\n\n**1 of 2 passed: 50 %")
    assert "| ``b\\|c`d`` | ❌ | `found: expected false, got true` |" in alone
    assert "| bar | `bar 0.5 for s: met, 1 of 2 rows (50 %)` |" in alone
    assert path.read_text(encoding="utf-8").startswith(alone)
    assert path.read_text(encoding="utf-8").count("## Prompt tests") == 2


def hostile_run() -> Told:
    """Make a run whose every text is hostile."""
    variant = Variant(name=HOSTILE, version="12345678", model=HOSTILE)
    run = Run(
        id="r",
        suite=HOSTILE,
        cases=("a",),
        repeats=1,
        workers=1,
        variants=(variant,),
        started_at="2026-01-01T00:00:00.000",
    )
    completion = Completion(text=HOSTILE, model=HOSTILE)
    base = {
        "prompt": HOSTILE,
        "version": "12345678",
        "repeat": 0,
        "reason": HOSTILE,
        "completion": completion,
    }
    rows = [
        Outcome(index=n, case=Case(id=HOSTILE, input={"x": HOSTILE}), status=status, attempts=1, started_s=0.0,
                finished_s=1.0, answer=Answer(value=HOSTILE, text=HOSTILE),
                error="server" if status in ("error", "not_run") else None, **base)
        for n, status in enumerate(("pass", "fail", "error", "ungraded", "not_run"))
    ]  # fmt: skip
    return Told(run=run, rows=rows, summary=summarise(run, rows, 1.0))


def test_own_junit_is_valid_with_hostile_texts():
    """The command's JUnit file is valid XML, counts errors apart from failures, and holds no control characters."""
    told = hostile_run()

    written = junit_xml(told.run, told.rows, 1.0)

    suite = ET.fromstring(written)[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["5", "1", "2", "1"]
    assert not {"\x1b", "\x00", "\x9b", "\u202e", "\uffff"} & set(written.decode())


def test_markdown_shows_texts_as_they_are():
    """In the summary what others say stands in code spans: no link, no image, no markup, no table of theirs."""
    text = job_summary([hostile_run()])

    outside = "".join(part for line in text.splitlines() for part in outside_code(line))
    assert not {"<", "!", "@", "$x"} & set(outside)
    assert "http" not in outside
    assert all(line.count("|") - line.count("\\|") in (0, 3, 4) for line in text.splitlines())
    assert "\x1b" not in text


def outside_code(line: str) -> list[str]:
    """Give what of a line stands outside of code spans, as CommonMark finds them."""
    parts, rest = [], line
    while "`" in rest:
        before, rest = rest.split("`", 1)
        fence = 1 + len(rest) - len(rest.lstrip("`"))
        rest = rest[fence - 1 :]
        parts.append(before)
        end = next(
            (
                place
                for place in range(len(rest))
                if rest.startswith("`" * fence, place)
                and not rest.startswith("`" * (fence + 1), place)
                and (place == 0 or rest[place - 1] != "`")
            ),
            None,
        )
        if end is None:
            return [*parts, rest]
        rest = rest[end + fence :]
    return [*parts, rest]


@pytest.mark.parametrize("text", ["", "a", "`", "``", "a`b", "`a``b```c", " x ", "a|b", "\n", "\\"])
def test_code_spans_hold_any_text(text):
    """A code span ends where it should, whatever backticks its text has."""
    assert list(outside_code(f"x{code(text)}y")) in (["x", "y"], ["x–y"])


def test_history_has_the_session(project):
    """A session's run is in the history, with the cases that were selected alone."""
    project.suite([case("a"), case("b")], suite="demo")

    project.run("s.yaml", "--prompt", "p.md", "-k", "a and not b")

    with promptlab.Lab(display="none") as lab:
        runs = promptlab.history("p", lab=lab)
    assert list(runs["graded"]) == [1]
    assert list(runs["suite"]) == ["demo"]


def test_key_is_nowhere(project, monkeypatch):
    """The API key is in no output, also where the provider repeats it."""
    key = "sk-secret-0123456789abcdef"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    project.server.says(lambda call: f"{call.headers['authorization']} {key}")
    project.suite([case("a", found=False)])

    done = project.run(
        "s.yaml", "--prompt", "p.md", "--junitxml", "o.xml", "--prompt-summary", "s.md", "-vv", "-l"
    )

    texts = [
        done.stdout.str(),
        done.stderr.str(),
        *((project.path / n).read_text() for n in ("o.xml", "s.md")),
    ]
    assert project.server.calls[0].headers["authorization"] == f"Bearer {key}"
    assert not [text for text in texts if key in text]


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_summary_place_is_checked_first(project, more):
    """Where the summary cannot be written a plain line says so before any call."""
    project.suite([case("a")])

    code, said = project.run_apart("s.yaml", "--prompt", "p.md", "--prompt-summary", "nowhere/s.md", *more)

    assert code == pytest.ExitCode.USAGE_ERROR
    assert "--prompt-summary: cannot write" in said
    assert "Traceback" not in said
    assert not project.server.calls


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_costs_the_summary_alone(project):
    """A summary that cannot be written after all is said in the block; the session goes on to its end."""
    project.suite([case("a")], suite="demo")

    done = project.run("s.yaml", "--prompt", "p.md", "--prompt-summary", "/dev/full", "--junitxml", "j.xml")

    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["demo: 1 of 1 passed*", "cannot write /dev/full: No space left on device"])
    assert (project.path / "j.xml").exists()
