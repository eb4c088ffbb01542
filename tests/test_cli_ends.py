"""How commands of the command line end: interrupted, without a reader, with files that cannot be written."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import REPOSITORY
from tests.servers import Reply, chat
from tests.test_cli import command, echo, promptlab, write_suite  # noqa: F401 - `command` is a fixture

NEEDS_FULL_DEVICE = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs a device that is always full"
)


def hang_after(server, good: int, workers: int) -> threading.Event:
    """Answer so many calls, hang in the others until the test is over; tells when all workers hang."""
    hanging = threading.Event()

    def answer(call, _handler):
        if call.number >= good:
            if call.number >= good + workers - 1:
                hanging.set()
            server.released.wait(60)
        return Reply(chat(call.text))

    server.answer = answer
    return hanging


def buffered(**more: str) -> dict[str, str]:
    """Give an environment in which output that is no screen is buffered, as it is by default."""
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}, **more}


def start(*arguments: str, cwd, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "promptlab", *arguments], cwd=cwd,
        env=buffered(PROMPTLAB_PROGRESS="text", **environment),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def interrupt(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=50)
    return process.returncode, said, errors


@pytest.mark.parametrize(("verb", "more"), [("run", ()), ("compare", ()), ("run", ("--fresh",))])
def test_interrupt_says_what_is_kept(server, tmp_path, verb, more):
    """Ctrl-C while calls hang: 130, one line on what is kept and how to go on, no later call; a rerun pays the rest."""
    write_suite(tmp_path, [echo(f"c{n}") for n in range(9)])
    prompts = ["--prompt", "p.md"]
    if verb == "compare":
        (tmp_path / "q.md").write_text("again {{ request }}", encoding="utf-8")
        prompts += ["--prompt", "q.md"]
    rows = 9 * (len(prompts) // 2)
    hanging = hang_after(server, 5, 4)
    arguments = [verb, "s.yaml", *prompts, "--workers", "4"]
    process = start(*arguments, *more, cwd=tmp_path, OPENAI_BASE_URL=server.base_url)
    assert hanging.wait(60)

    code, said, errors = interrupt(process)

    again = "run it again without --fresh" if more else "run the same again"
    assert code == 130
    assert errors == (
        f"promptlab: interrupted after 5 of {rows} rows; what was paid for is in the store: {again} to go on\n"
    )
    assert sum(line.startswith("[") for line in said.splitlines()) >= 5
    assert len(server.calls) == 5 + 4
    server.says(lambda call: call.text)
    assert promptlab(*arguments, cwd=tmp_path, OPENAI_BASE_URL=server.base_url).returncode == 0
    assert len(server.calls) == 9 + rows - 5


def test_interrupt_without_store_says_so(server, tmp_path):
    """Where nothing is stored the line does not promise that it is."""
    write_suite(tmp_path, [echo(f"c{n}") for n in range(4)])
    hanging = hang_after(server, 2, 2)
    process = start(
        "run", "s.yaml", "--prompt", "p.md", "--workers", "2",
        cwd=tmp_path, OPENAI_BASE_URL=server.base_url, PROMPTLAB_STORE="off",
    )  # fmt: skip
    assert hanging.wait(60)

    _, _, errors = interrupt(process)

    assert errors == (
        "promptlab: interrupted after 2 of 4 rows; no store is kept, so a rerun asks for all of them anew\n"
    )


def test_interrupt_waits_for_no_check(server, tmp_path):
    """A check of the user's that hangs for an hour does not keep an interrupted command from its end."""
    server.says(lambda call: call.text)
    (tmp_path / "mine.py").write_text(
        "import pathlib, time\n"
        "def slow(answer, case):\n"
        "    pathlib.Path('hangs').touch()\n"
        "    time.sleep(3600)\n",
        encoding="utf-8",
    )
    write_suite(tmp_path, [{"id": "a", "input": {"request": "yes"}, "expect": {"python": "mine:slow"}}])
    process = start(
        "run", "s.yaml", "--prompt", "p.md", "--allow-code", cwd=tmp_path, OPENAI_BASE_URL=server.base_url
    )
    while not (tmp_path / "hangs").exists():
        assert process.poll() is None, process.communicate()

    code, _, errors = interrupt(process)

    assert code == 130
    assert "interrupted after 0 of 1 rows" in errors


@pytest.mark.parametrize("option", ["--json", "--jsonl", "--csv", "--html", "--junitxml", "--summary"])
def test_places_are_checked_first(command, server, tmp_path, option):  # noqa: F811 - the fixture
    """A file that cannot be written is said before any call, in one line, with exit code 2."""
    suite = write_suite(tmp_path, [echo("a")], prompt="p.md")

    code, said = command("run", suite, option, str(tmp_path / "nowhere" / "out"))

    assert code == 2
    assert len(said.splitlines()) == 1
    assert "there is no folder" in said
    assert not server.calls


def test_one_name_for_two_files(command, server, tmp_path):  # noqa: F811 - the fixture
    """Two files under one name would overwrite each other: refused before any call."""
    suite, out = write_suite(tmp_path, [echo("a")], prompt="p.md"), str(tmp_path / "out")

    code, said = command("run", suite, "--json", out, "--html", out)

    assert (code, len(server.calls)) == (2, 0)
    assert "asked for twice" in said


@NEEDS_FULL_DEVICE
def test_full_disk_costs_no_other_file(command, tmp_path):  # noqa: F811 - the fixture
    """A file that cannot be written after all is said in one line; the others are written."""
    suite = write_suite(tmp_path, [echo("a")], prompt="p.md")
    junit = tmp_path / "j.xml"

    code, said = command("run", suite, "--json", "/dev/full", "--junitxml", str(junit))

    assert code == 2
    assert "promptlab: cannot write /dev/full: No space left on device" in said
    assert junit.read_bytes().startswith(b"<?xml")


@NEEDS_FULL_DEVICE
def test_full_output_is_one_line(server, tmp_path):
    """Where the output cannot be written a line says so, no traceback; files were written before."""
    server.says(lambda call: call.text)
    write_suite(tmp_path, [echo("a")], prompt="p.md")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "promptlab", "run", "s.yaml", "--table", "--json", "out.json"], cwd=tmp_path,
            env=buffered(OPENAI_BASE_URL=server.base_url), stdout=full, stderr=subprocess.PIPE,
            text=True, check=False, timeout=60,
        )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr == "promptlab: cannot write the output: No space left on device\n"
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["rows"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "s.yaml", "--table", "--min-pass-rate", "0.5"), 0),
        (("run", "s.yaml", "--table"), 1),
        (("history",), 0),
    ],
)
def test_reader_may_leave(server, tmp_path, arguments, code):
    """Where nobody reads the output any more the command ends quietly; a run keeps its exit code."""
    server.says(lambda call: call.text)
    write_suite(tmp_path, [echo(f"c{n}", "yes" if n else "no") for n in range(3)], prompt="p.md")
    promptlab("run", "s.yaml", cwd=tmp_path, OPENAI_BASE_URL=server.base_url)
    process = start(*arguments, cwd=tmp_path, OPENAI_BASE_URL=server.base_url)

    process.stdout.close()  # before anything can have been written
    errors = process.stderr.read()

    assert process.wait(50) == code
    assert errors == ""
    process.stderr.close()


def test_closed_output_breaks_nothing(server, tmp_path):
    """Without any standard output at all the command does its work."""
    server.says(lambda call: call.text)
    write_suite(tmp_path, [echo("a")], prompt="p.md")
    line = f"exec {sys.executable} -m promptlab run s.yaml --table --json out.json >&-"

    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=buffered(OPENAI_BASE_URL=server.base_url),
        stderr=subprocess.PIPE, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("--workers", "0"), {}, "workers=0 is no whole number from 1 up"),
        (("--repeats", "0"), {}, "repeats=0 is no whole number from 1 up"),
        ((), {"PARALLEL_WORKERS": "abc"}, "PARALLEL_WORKERS='abc' is no whole number from 1 up"),
        ((), {"PARALLEL_WORKERS": "-3"}, "PARALLEL_WORKERS='-3' is no whole number from 1 up"),
        ((), {"PARALLEL_WORKERS_MAX": "0"}, "PARALLEL_WORKERS_MAX='0' is no whole number from 1 up"),
        ((), {"PROMPTLAB_PROGRESS": "loud"}, "names no display"),
        (("--tag", "none"), {}, "no case has the tag 'none'"),
        (("--min-pass-rate", "1.5"), {}, "1.5 is not in the range"),
        (("--prompt", "a.md", "--prompt", "b.md"), {}, "promptlab compare takes several"),
    ],
)
def test_wrong_values_make_no_call(command, server, monkeypatch, tmp_path, arguments, environment, said):  # noqa: F811 - the fixture
    """A wrong value is one plain line and exit code 2, before any call."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    suite = write_suite(tmp_path, [echo("a", tags=["x"])], prompt="p.md")

    code, told = command("run", suite, *arguments)

    lines = told.removeprefix(USAGE).splitlines()
    assert (code, len(server.calls), len(lines)) == (2, 0, 1)
    assert lines[0].startswith(("promptlab: ", "Error: "))
    assert said in lines[0]


def test_history_of_unknown_name(command, tmp_path):  # noqa: F811 - the fixture
    """A name without runs is wrong use, and the names that have some are told; a new store has none yet."""
    assert command("history", "p") == (0, "no runs yet\n")
    command("run", write_suite(tmp_path, [echo("a")], prompt="p.md"))

    code, said = command("history", "q")

    assert code == 2
    assert "no run of 'q' is on record; there are runs of p" in said


def test_examples_of_the_help_are_right(command, monkeypatch, simulator):  # noqa: F811 - the fixture
    """Every command's help ends with examples; those over files of this repository run as they stand."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url)
    for name in ("run", "compare", "history", "convert", "lab", "simulate"):
        lines = command(name, "--help")[1].replace("\\\n", " ").splitlines()
        begin = next(place for place, line in enumerate(lines) if line.strip() == "Examples:")
        examples = [
            line.split() for line in lines[begin + 1 : begin + 4] if line.strip().startswith("promptlab ")
        ]
        assert examples, name
        assert all(words[:2] == ["promptlab", name] for words in examples)
        for words in examples:
            if "cases/discovery.yaml" in words or "cases/travel_intents.yaml" in words:
                assert command(*words[1:])[0] in (0, 1), words


USAGE = "Usage: promptlab run [OPTIONS] SUITE\nTry 'promptlab run --help' for help.\n\n"
"""What stands before an error of the options."""

HOSTILE = '=HYPERLINK("http://x.example") \ud800 \x1b[31m ]]> <script>alert(1)</script> ::error::y \n@x\x00'


def test_files_hold_hostile_answers(command, server, tmp_path):  # noqa: F811 - the fixture
    """Whatever a model says, every file is written, can be read, and holds nothing that acts."""
    server.says(lambda _call: HOSTILE)
    suite = write_suite(tmp_path, [echo("a"), echo("b")], prompt="p.md")
    kinds = ("json", "jsonl", "csv", "html", "junitxml", "summary")
    given = [part for kind in kinds for part in (f"--{kind}", str(tmp_path / f"out.{kind}"))]

    code, _ = command("run", suite, *given)

    texts = {kind: (tmp_path / f"out.{kind}").read_text(encoding="utf-8") for kind in kinds}
    assert code == 1
    assert [row["output"] for row in json.loads(texts["json"])["rows"]] == [HOSTILE] * 2
    assert [json.loads(line)["output"] for line in texts["jsonl"].splitlines()] == [HOSTILE] * 2
    cells = list(csv.DictReader(texts["csv"].splitlines()))
    assert [row["case"] for row in cells] == ["a", "b"]
    assert all(row["output"].startswith("'=") for row in cells)
    assert len(list(ET.fromstring(texts["junitxml"]).iter("testcase"))) == 2
    assert "<script" not in texts["html"]
    assert not {"\x1b", "\x00"} & set("".join(texts.values()))


def test_comparison_files_hold_hostile_answers(command, server, tmp_path):  # noqa: F811 - the fixture
    """The JSON of a comparison holds any answer as it was."""
    server.says(lambda _call: HOSTILE)
    suite = write_suite(tmp_path, [echo("a")])
    (tmp_path / "q.md").write_text("again {{ request }}", encoding="utf-8")
    prompts = [part for name in "pq" for part in ("--prompt", str(tmp_path / f"{name}.md"))]

    command("compare", suite, *prompts, "--json", str(tmp_path / "out.json"))

    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [row["output"] for row in written["rows"]] == [HOSTILE] * 2


@NEEDS_FULL_DEVICE
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("expected", "code"), [("yes", 2), ("no", 1)])
def test_full_output_of_the_display_counts(server, tmp_path, unbuffered, expected, code):
    """Where the display alone wrote, and nothing of it arrived, the command is no success, and says so once."""
    server.says(lambda call: call.text)
    write_suite(tmp_path, [echo("a", expected)], prompt="p.md")
    more = {"PYTHONUNBUFFERED": unbuffered, "PROMPTLAB_PROGRESS": "text"}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "promptlab", "run", "s.yaml"], cwd=tmp_path,
            env=buffered(OPENAI_BASE_URL=server.base_url, **more), stdout=full,
            stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert done.returncode == code
    assert done.stderr == "promptlab: cannot write the output: No space left on device\n"


def test_replay_says_what_is_missing(command, server, monkeypatch, tmp_path):  # noqa: F811 - the fixture that is imported
    """A replay of what is not stored says which cases, in a line; nobody answered, and nobody is said to have."""
    suite = write_suite(tmp_path, [echo("a"), echo("b")], prompt="p.md")

    monkeypatch.delenv("OPENAI_BASE_URL")  # the simulator would answer, were it asked

    code, said = command("run", suite, "--replay")

    assert code == 3
    assert "promptlab: not in the store: a, b; a replay makes no call: run it once without --replay" in said
    assert "answered" not in said
    assert not server.calls


@pytest.mark.parametrize("verb", ["run", "compare"])
def test_replay_and_fresh_exclude_each_other(command, server, tmp_path, verb):  # noqa: F811 - the fixture that is imported
    """To ask all anew and to make no call is wrong use."""
    suite = write_suite(tmp_path, [echo("a")], prompt="p.md")

    code, said = command(verb, suite, "--prompt", str(tmp_path / "p.md"), "--replay", "--fresh")

    assert code == 2
    assert "--replay makes no call, and --fresh asks all anew" in said
    assert not server.calls


def test_run_that_expects_nothing_warns(command, tmp_path):  # noqa: F811 - the fixture that is imported
    """Where nothing is expected of any case a run ends well, and warns that it could not have failed."""
    suite = write_suite(tmp_path, [{"id": "a", "input": {"request": "x"}}], prompt="p.md")

    assert command("run", suite)[0] == 0
    assert "nothing is expected of any case: no row can fail" in command("run", suite)[1]
    assert command("run", suite, "--min-pass-rate", "0.5")[0] == 1


def test_comparison_says_its_bar(command, tmp_path):  # noqa: F811 - the fixture that is imported
    """A comparison says for each variant but the baseline whether it met the bar."""
    suite = write_suite(tmp_path, [echo("a"), echo("b", "no")])
    for name in ("base", "good", "bad"):
        ends = {"good": " no", "bad": "!"}.get(name, "")
        (tmp_path / f"{name}.md").write_text(f"{{{{ request }}}}{ends}", encoding="utf-8")
    files = [part for name in ("base", "good", "bad") for part in ("--prompt", str(tmp_path / f"{name}.md"))]

    code, said = command("compare", suite, *files, "--min-pass-rate", "0.9")

    assert code == 1
    assert "bar 0.9 for bad: MISSED, 1 of 2 rows (50 %)" in said
    assert "bar 0.9 for good: met, 2 of 2 rows (100 %)" in said
    assert "for base" not in said


def test_bar_without_a_case_is_wrong(command, server, tmp_path):  # noqa: F811 - the fixture that is imported
    """A bar for a tag that no case has is refused before any call; one that is not selected is fine."""
    cases = [echo("a", tags=["smoke"]), echo("b", tags=["wide"])]

    wrong = command("run", write_suite(tmp_path, cases, prompt="p.md", bars={"smok": 1.0}))
    made = len(server.calls)
    fine = command("run", write_suite(tmp_path, cases, prompt="p.md", bars={"smoke": 1.0}), "--tag", "wide")

    assert wrong[0] == 2
    assert "s.yaml:3: there is a bar for the tag 'smok', which no case has. Did you mean 'smoke'?" in wrong[1]
    assert made == 0
    assert fine[0] == 0


def test_reports_replace_whole_files(command, tmp_path):  # noqa: F811 - the fixture that is imported
    """JUnit file and summary are put in their place whole: who has one open keeps the old one."""
    suite = write_suite(tmp_path, [echo("a")], prompt="p.md")
    junit, summary = tmp_path / "j.xml", tmp_path / "s.md"
    for path in (junit, summary):
        path.write_text("old", encoding="utf-8")

    with junit.open(encoding="utf-8") as first, summary.open(encoding="utf-8") as second:
        command("run", suite, "--junitxml", str(junit), "--summary", str(summary))

        assert (first.read(), second.read()) == ("old", "old")
    assert junit.read_bytes().startswith(b"<?xml")
    assert summary.read_text(encoding="utf-8").startswith("## ")
