"""What goes to a log: no line in it is a command to a CI service, no byte steers a terminal."""

import os
import re
import subprocess
import sys

import pytest

from tests.servers import Reply, chat

IDS = [
    "::error file=x::pwned",
    "##[error]x",
    "##vso[task.setvariable]x",
    "##teamcity[x]",
    "=cmd|x",
    "::stop-commands::x",
]
SAID = (
    "\n::error::said\n\r::warning::said ##[error]said\x1b[31m\x1b]0;title\x07\x9b31m\u202e \n  ::add-mask::x"
)
COMMAND = re.compile(r"^\s*::[a-z-]+|##\[|##vso\[|##teamcity\[", re.MULTILINE | re.IGNORECASE)
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def project(tmp_path, server):
    """A folder with a suite and two prompts in which every name is hostile, and a model that is too."""
    server.says(lambda call: SAID if call.number % 2 else chat_with_model())
    cases = "\n".join(
        f"  - {{id: '{name}', input: {{q: '{name}'}}, expect: {{equals: 'no'}}}}" for name in IDS
    )
    (tmp_path / "s.yaml").write_text(f"suite: '::error::suite'\ncases:\n{cases}\n")
    for name in "ab":
        (tmp_path / f"{name}.md").write_text(
            f"---\nname: '::error::{name}'\nmodel: '##[error]m'\n---\n{name} {{{{ q }}}}"
        )
    (tmp_path / "pyproject.toml").write_text("")

    def run(*words):
        given = {
            "CI": "1", "GITHUB_ACTIONS": "true", "PROMPTLAB_PROGRESS": "text", "RUN_LLM_TESTS": "1",
            "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test-0123456789", "PYTHONIOENCODING": "utf-8",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", *words], check=False, cwd=tmp_path, env={**os.environ, **given}, capture_output=True,
            encoding="utf-8", timeout=120,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


def chat_with_model():
    """Give an answer whose model's name is hostile."""
    return Reply(chat(SAID) | {"model": "\n::error::model"})


def commands_in(said):
    """Give what a CI service or a terminal would act on."""
    return [*COMMAND.findall(said), *STEERING.findall(said)]


def test_hostile_lines_are_found():
    """What looks for commands finds those of the hostile words; a test that sees nothing would prove nothing."""
    assert len(commands_in("\n".join([*IDS, SAID]))) > 9


def test_command_lines_are_no_commands(project):
    """Neither a run with its table, nor a comparison, the history or an error's message holds a command."""
    said = [
        project("promptlab", "run", "s.yaml", "--prompt", "a.md", "--table"),
        project("promptlab", "compare", "s.yaml", "--prompt", "a.md", "--prompt", "b.md"),
        project("promptlab", "history"),
        project("promptlab", "run", "::error::missing.yaml", "--prompt", "a.md"),
    ]

    assert "pwned" in said[0]
    assert [commands_in(one) for one in said] == [[], [], [], []]


def test_pytest_lines_are_no_commands(project):
    """Neither the names of items nor their reasons are commands in the log of a pytest run."""
    said = project(
        "pytest", "s.yaml", "--prompt", "a.md", "-v", "-rA", "-p", "no:cacheprovider", "--color=no"
    )

    assert f"{len(IDS)} failed" in said
    assert commands_in(said) == []
