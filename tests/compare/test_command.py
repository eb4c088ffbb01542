"""`promptlab compare` and the pages that the command line writes, as processes of their own."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from promptlab._cli_compare import compare_exit_code, name_prompts
from promptlab._contest import compare
from tests.compare.frames import make_frame
from tests.servers import Reply
from tests.test_cli import promptlab

SUITE = "cases/discovery.yaml"
A, B = "cases/prompts/travel_a.md", "cases/prompts/travel_better.md"
DISCOVERY = "cases/prompts/discovery.md"


@pytest.fixture
def asked(server, tmp_path):
    """Run `promptlab compare` over ten cases against a server that passes B and every second case of A."""
    server.says(lambda call: {"found": call.text[0] == "B" or int(call.text.split("-")[1]) % 2 == 0})
    rows = [f"- {{id: c{i}, input: {{r: '-{i}-'}}, expect: {{found: true}}}}" for i in range(20)]
    (tmp_path / "suite.yaml").write_text("cases:\n" + "\n".join(f"  {row}" for row in rows), encoding="utf-8")
    for name in "AB":
        (tmp_path / f"{name}.md").write_text(f"{name} {{{{ r }}}}", encoding="utf-8")

    def run(*more: str, prompts: str = "AB"):
        given = [part for name in prompts for part in ("--prompt", f"{name}.md")]
        return promptlab(
            "compare", "suite.yaml", *given, *more, cwd=tmp_path, OPENAI_BASE_URL=server.base_url
        )

    return run


def test_command_says_the_sentence(asked, server, tmp_path):
    """The command prints a line a row, then the sentence and the cases; `--json` and `--html` write files."""
    done = asked("--workers", "4", "--min-pass-rate", "0.9", "--json", "out.json", "--html", "out.html")

    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "B is better: +50 points [+26, +70], 10 fixed, 0 broke" in done.stdout
    assert sum(line.startswith("[") for line in done.stdout.splitlines()) == len(server.calls) == 40
    assert "  fixed: c1 was: found: expected true, got false" in done.stdout
    assert written["sentence"].startswith("B is better")
    assert (len(written["rows"]), len(written["summary"]), written["verdicts"][0]["fixed"]) == (40, 2, 10)
    assert "<title>A and B: B is better: +50 points" in page
    assert "10 fixed by B" in page


def test_worse_variant_exits_one(asked):
    """Where a variant is worse than the first the command exits 1."""
    done = asked(prompts="BA")

    assert done.returncode == 1
    assert "A is worse" in done.stdout


def test_errors_exit_three(asked, server):
    """Where errors keep cases from a verdict the command exits 3."""
    answer = server.answer
    server.answer = lambda call, handler: Reply(b"", 400) if "-3-" in call.text else answer(call, handler)

    assert asked().returncode == 3


def test_early_stop_on_the_command_line(asked, server):
    """`--stop-when decided` stops, says what it saved, and is no lack of verdicts."""
    done = asked("--stop-when", "decided", "--workers", "1", "--seed", "3")

    assert done.returncode == 0
    assert "calls saved" in done.stdout
    assert len(server.calls) < 40


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((SUITE, "--prompt", DISCOVERY), "two variants"),
        ((SUITE,), "--prompt"),
        ((SUITE, "--prompt", DISCOVERY, "--prompt", "none.md"), "none.md"),
        ((SUITE, "--prompt", DISCOVERY, "--prompt", DISCOVERY, "--repeats", "2", "--stop-when", "decided"), "once"),
        ((SUITE, "--prompt", DISCOVERY, "--prompt", DISCOVERY, "--html", "/no/such/folder/x.html", "--replay"), "/no/such"),
    ],
)  # fmt: skip
def test_wrong_use_exits_two(arguments, said):
    """Wrong use is exit code 2 and a plain line."""
    done = promptlab("compare", *arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_run_writes_a_page(simulator, tmp_path):
    """`promptlab run --html` writes the run's record as a page of its own, without a script."""
    done = promptlab(
        "run",
        SUITE,
        "--prompt",
        DISCOVERY,
        "--html",
        str(tmp_path / "run.html"),
        OPENAI_BASE_URL=simulator.base_url,
    )

    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "page: " in done.stdout
    assert "<title>discovery: " in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "no_match" in page


def test_same_file_twice_has_two_names(tmp_path):
    """Prompts are called by their name, else by their file's; a third one of the same name is numbered."""
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "router.md").write_text(f"---\nname: r\n---\n{folder}", encoding="utf-8")
    files = (tmp_path / "old" / "router.md", tmp_path / "new" / "router.md", tmp_path / "new" / "router.md")

    assert list(name_prompts(files)) == ["r", "router", "router (2)"]


@pytest.mark.parametrize(
    ("a", "b", "bar", "code"),
    [
        ("PPFF", "PPFP", None, 0), ("P" * 9, "F" * 9, None, 1), ("PPFF", "PPFE", None, 3), ("PPEF", "PPFF", None, 3),
        ("P" * 9 + "E", "F" * 10, None, 1), ("PPFF", "PPFP", 0.75, 0), ("PPFF", "PPFP", 0.8, 1), ("FFFF", "PPPP", 0.9, 0),
        ("PPPP", "PPPE", 0.8, 3), ("PPPP", "FPPE", 0.8, 1), ("UUUU", "UUUU", None, 0), ("UUUU", "UUUU", 0.5, 1),
        ("PPPN", "PPPN", None, 3),
    ],
)  # fmt: skip
def test_exit_code_follows_the_rows(a, b, bar, code):
    """1 where a variant is worse, or under the bar whatever came of its open rows; 3 where rows stayed open."""
    found = compare({"A": make_frame(a), "B": make_frame(b)})

    assert compare_exit_code(found, bar) == code
    assert isinstance(found.verdicts, pd.DataFrame)
