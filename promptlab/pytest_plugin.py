"""The pytest plugin: suite files and marked tests become one item a case, run in parallel in one process.

What is here is loaded in every pytest session of an environment, so it imports nothing of the library: the
rest waits until a prompt test is collected.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from promptlab._lab import Lab
    from promptlab._pytest._result import PromptResult

SUFFIXES = (".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".csv")
"""How the names of suite files end."""

LISTED, HEAD, MOST_LOOKED = 5, 4096, 200
"""Suites that are named in a line; bytes of a file that are looked at; files that are."""

LOOKED = pytest.StashKey[list[Path]]()
LEFT_OUT = pytest.StashKey[list[Path]]()

_PROMPT, _CASES = re.compile(rb"^prompt[ \t]*:", re.MULTILINE), re.compile(rb"^cases[ \t]*:", re.MULTILINE)

MARKER = (
    "prompt_cases(cases, prompt=None, *, checks=(), repeats=None, shared=None, resource=None, confidence=None, "
    "expect=True): run the test once for each case of a suite; its fixture `prompt_result` is what the prompt "
    "(a file, a template or a callable) made of the case."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each begins with `--prompt`."""
    group = parser.getgroup("promptlab", "prompt tests (promptlab)")
    add = group.addoption
    add("--prompt", metavar="FILE", help="prompt file that the collected suites are run with")
    add(
        "--prompt-workers",
        type=_whole,
        metavar="N",
        help="calls under way at once [PARALLEL_WORKERS, else 10, in CI 5]",
    )
    add("--prompt-repeats", type=_whole, metavar="N", help="how often each case is asked [the suite's `repeats`, else 1]")  # fmt: skip
    add(
        "--prompt-min-pass-rate",
        type=_share,
        metavar="R",
        help="share of graded rows that must pass, from 0 to 1; the exit status then follows it",
    )
    add("--prompt-fresh", action="store_true", help="pay anew for what the store holds")
    add(
        "--prompt-replay",
        action="store_true",
        help="answer from the store alone; make no call and need no key",
    )
    add(
        "--prompt-summary", metavar="FILE", help="write a summary in Markdown (for $GITHUB_STEP_SUMMARY, say)"
    )
    add("--prompt-allow-code", "--allow-code", action="store_true", help="let suites' Python checks run")
    parser.addini(
        "promptlab_suites",
        type="args",
        default=[],
        help="suite files to collect: paths or globs from the root",
    )
    parser.addini("promptlab_prompt", default="", help="prompt file for suites that name none, from the root")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and have the suites named in the ini file collected where no path is given."""
    if config.getoption("prompt_replay") and config.getoption("prompt_fresh"):
        raise pytest.UsageError(
            "--prompt-replay makes no call, and --prompt-fresh asks all anew: give one of them"
        )
    config.addinivalue_line("markers", MARKER)
    if config.getini("promptlab_suites") and config.args_source is config.ArgsSource.TESTPATHS:
        from promptlab._pytest._ini import beside_testpaths

        config.args.extend(beside_testpaths(config))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a suite where it is named: on the command line, by the ini file, or in a folder with a prompt."""
    if file_path.suffix.lower() not in SUFFIXES:
        return None
    named = parent.session.isinitpath(file_path)
    config = parent.config
    if not named and not config.getini("promptlab_suites") and not _prompt_for_folders(config):
        if config.args_source is config.ArgsSource.ARGS:
            _note_left_out(config, file_path)
        return None
    from promptlab._pytest._collect import collect_suite

    return collect_suite(file_path, parent, named=named, folders=_prompt_for_folders(config))


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say which suites in the folders on the command line name a prompt and were not collected."""
    found = config.stash.get(LEFT_OUT, [])
    if not found:
        return []
    names = ", ".join(ascii(path.name)[1:-1] for path in found[:LISTED])
    more = f", … ({len(found)} in all)" if len(found) > LISTED else ""
    return [
        f"promptlab: suites that name a prompt, not collected: {names}{more}; name the files themselves, here or in "
        "promptlab_suites, or give --prompt FILE for all in the folder"
    ]


def _note_left_out(config: pytest.Config, path: Path) -> None:
    """Note a suite in a folder that names its prompt: it may cost money, so it wants to be named itself.

    It is known by the beginning of its text, and only so many files are looked at: most belong to others.
    """
    looked = config.stash.setdefault(LOOKED, [])
    if path.suffix.lower() not in SUFFIXES[:2] or len(looked) >= MOST_LOOKED:
        return
    looked.append(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return  # what cannot be read is not collected either
    if _PROMPT.search(head) and _CASES.search(head):
        config.stash.setdefault(LEFT_OUT, []).append(path)


def _prompt_for_folders(config: pytest.Config) -> bool:
    """Tell whether suites are looked for in folders: with `--prompt`, or in named ones where the ini has one."""
    if config.getoption("prompt"):
        return True
    if not config.getini("promptlab_prompt"):
        return False
    from promptlab._pytest._ini import args_given

    return args_given(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one item a case of a marked test."""
    if next(metafunc.definition.iter_markers("prompt_cases"), None) is not None:
        from promptlab._pytest._marked import generate

        generate(metafunc)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the workers share what came of their calls."""
    from promptlab._pytest._share import share_with

    share_with(node)


@pytest.fixture
def prompt_result(request: pytest.FixtureRequest) -> PromptResult:
    """Give what the prompt, or the application, made of the test's case.

    The test is marked with `@pytest.mark.prompt_cases("cases/suite.yaml", prompt=…)`.
    """
    from promptlab._pytest._marked import result_for

    return result_for(request)


@pytest.fixture(scope="session")
def lab(pytestconfig: pytest.Config) -> Lab:
    """Give the session's lab, from the environment: `run_parallel(cases, prompt, lab=lab)`.

    A test that asks for it is skipped where its calls might cost money and `RUN_LLM_TESTS=1` is not set.
    """
    from promptlab._pytest._crew import crew_of

    return crew_of(pytestconfig).lab_for_tests()


def __getattr__(name: str) -> Any:
    """Give `PromptResult`, for annotations, when it is first asked for."""
    if name != "PromptResult":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from promptlab._pytest._result import PromptResult

    return PromptResult


def _whole(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)


def _share(text: str) -> float:
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", text) or not 0 <= float(text) <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return float(text)
