"""The command line: the same verbs, with the words of Python. Each command has a module of its own."""

from __future__ import annotations

import warnings

import click

from promptlab._cli_compare import compare_command
from promptlab._cli_convert import convert_command
from promptlab._cli_ends import InterruptedRunError, broken_output, the_rest_said, watched_output
from promptlab._errors import PromptlabError, UsageError
from promptlab._version import __version__
from promptlab.cli._exits import INTERRUPTED, NO_VERDICT, WRONG_USE, exit_code
from promptlab.cli._history import history
from promptlab.cli._lab import lab
from promptlab.cli._run import run
from promptlab.cli._simulate import simulate

__all__ = ["cli", "exit_code", "main"]

NAME = "promptlab"


HELP = """Run prompts over suites of cases, in parallel, and know whether they got better.

\b
A first look, without a key (a simulator answers):
  promptlab run cases/discovery.yaml --prompt cases/prompts/discovery.md --workers 15
  promptlab history discovery
  promptlab lab

Exit codes: 0 all well; 1 cases failed or the pass rate is under the bar; 2 wrong use; 3 errors kept
some cases from a verdict; 130 interrupted (what was paid for is in the store).

\b
Completion of commands and options, in bash (zsh and fish likewise):
  eval "$(_PROMPTLAB_COMPLETE=bash_source promptlab)"
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=NAME)
def cli() -> None:
    """Hold the commands."""


# The commands, in the order in which they are used.
cli.add_command(run)
cli.add_command(compare_command)
cli.add_command(history)
cli.add_command(convert_command, "convert")
cli.add_command(simulate)
cli.add_command(lab)


def main() -> None:
    """Run the command; errors of use are one plain line and exit code 2."""
    with watched_output(), the_rest_said(_code()):
        pass  # what the command said may still lie in the buffer


def _code() -> int:
    """Run the command; gives its exit code."""
    code = 0
    # What it warns of stands among the notes of a run.
    warnings.filterwarnings("ignore", message=r"\d+ workers asked for", category=UserWarning)
    try:
        cli.main(prog_name=NAME, standalone_mode=False)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except click.exceptions.Exit as left:
        code = left.exit_code
    except InterruptedRunError as stopped:
        stopped.show()
        code = INTERRUPTED
    except click.ClickException as wrong:
        wrong.show()
        code = WRONG_USE
    except PromptlabError as wrong:
        click.echo(f"{NAME}: {wrong}", err=True)
        code = WRONG_USE if isinstance(wrong, UsageError) else NO_VERDICT
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{NAME}: interrupted", err=True)
        code = INTERRUPTED
    except OSError as broken:
        code = broken_output(broken, code)
    return code
