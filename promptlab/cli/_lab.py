"""`promptlab lab`: JupyterLab on the notebooks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

NOTEBOOKS = Path("notebooks")


EXAMPLES = """\b
Examples:
  promptlab lab
  promptlab lab --no-browser --port 8889
  promptlab lab -- --help
"""


@click.command(context_settings={"ignore_unknown_options": True}, epilog=EXAMPLES)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lab(arguments: tuple[str, ...]) -> None:
    """Open JupyterLab on the notebooks, with the simulator where no key is set.

    Whatever follows is handed on to JupyterLab; what it shares with this command goes behind two dashes.
    """
    if not os.environ.get("OPENAI_API_KEY") and not os.environ.get("OPENAI_BASE_URL"):
        click.echo("no OPENAI_API_KEY is set: a simulator answers, and whatever it answers says so", err=True)
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={Path.cwd()}", *arguments]
    if NOTEBOOKS.is_dir():
        command.append(f"--LabApp.default_url=/lab/tree/{NOTEBOOKS}")
    os.execv(command[0], command)  # noqa: S606 - this process becomes JupyterLab
