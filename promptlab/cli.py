"""The command line: the same verbs, with the words of Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptlab._cases import load_cases
from promptlab._display import one_line
from promptlab._errors import PromptlabError, RunStopped, SettingError, UsageError
from promptlab._lab import Lab
from promptlab._prompt import Prompt
from promptlab._session import Result
from promptlab._summary import Summary
from promptlab._verbs import run_targets
from promptlab._version import __version__

if TYPE_CHECKING:
    import pandas as pd

FAILED, WRONG_USE, NO_VERDICT, INTERRUPTED = 1, 2, 3, 130
"""Exit codes beside 0: cases failed, wrong use, errors kept cases from a verdict, interrupted."""

NOTEBOOKS = Path("notebooks")
NUMBERS = ("confidence", "latency_s", "score", "low", "high", "graded", "errors", "wall_s", "cost_usd")
"""Columns whose cells stand to the right."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="promptlab")
def cli() -> None:
    """Run prompts over suites of cases, in parallel.

    Exit codes: 0 all well; 1 cases failed or the pass rate is under the bar; 2 wrong use; 3 errors kept
    some cases from a verdict; 130 interrupted (what was paid for is in the store).
    """


@cli.command()
@click.argument("suite", type=click.Path(path_type=Path))
@click.option(
    "--prompt", "prompt_file", required=True, type=click.Path(path_type=Path), help="The prompt's file."
)
@click.option("--workers", type=int, help="Calls under way at once. [PARALLEL_WORKERS, else 10, in CI 5]")
@click.option("--repeats", type=int, default=1, show_default=True, help="How often each case is asked.")
@click.option("--fresh", is_flag=True, help="Pay anew for what the store holds.")
@click.option("--replay", is_flag=True, help="Serve from the store alone; make no call.")
@click.option("--model", help="The model where the prompt names none.")
@click.option("--tag", "tags", multiple=True, help="Only cases with this tag; may be repeated.")
@click.option("--allow-code", is_flag=True, help="Let the suite's Python checks run.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write rows and summary as JSON.")
@click.option("--min-pass-rate", type=click.FloatRange(0, 1), help="The share of graded rows that must pass.")
@click.option("--table", is_flag=True, help="Print a table of all rows, failures first.")
def run(suite: Path, prompt_file: Path, **options: Any) -> None:
    """Run one prompt over the cases of SUITE.

    A first look: promptlab run cases/discovery.yaml --prompt cases/prompts/discovery.md --workers 15
    """
    if options["allow_code"]:
        sys.path.insert(0, "")  # `python: "module:function"` names a module of the working folder
    prompt = Prompt.load(prompt_file)
    cases = load_cases(suite, tags=options["tags"] or None, allow_code=options["allow_code"])
    with Lab(model=options["model"], replay=options["replay"], allow_code=options["allow_code"]) as lab:
        result = run_targets(
            lab,
            cases,
            {prompt.name or prompt_file.stem: prompt},
            workers=options["workers"],
            repeats=options["repeats"],
            fresh=options["fresh"],
        )
    if options["table"]:
        print_table(result.frame)
    if options["json_file"]:
        write_json(options["json_file"], result)
    sys.exit(exit_code(result.summary, options["min_pass_rate"]))


@cli.command()
@click.argument("name", required=False)
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="How many of the latest runs."
)
def history(name: str | None, most: int) -> None:
    """Show the runs that the store knows, of the prompt NAME or of all."""
    from promptlab._history import history as read

    with Lab() as lab:
        frame = read(name, lab=lab).tail(most)
    if frame.empty:
        click.echo("no runs yet")
        return
    told = (
        "when",
        "prompt",
        "version",
        "suite",
        "score",
        "low",
        "high",
        "graded",
        "errors",
        "wall_s",
        "cost_usd",
        "model",
    )
    frame = frame.assign(when=frame["when"].dt.strftime("%Y-%m-%d %H:%M"))
    _print(told, [[_short(row[column]) for column in told] for row in frame.to_dict("records")])


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulate(arguments: tuple[str, ...]) -> None:
    """Serve the simulator on loopback until interrupted; --help lists its options."""
    from promptlab.simulator import main as serve

    sys.exit(serve(list(arguments), prog="promptlab simulate"))


@cli.command()
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lab(arguments: tuple[str, ...]) -> None:
    """Open JupyterLab on the notebooks, with the simulator where no key is set."""
    folder = NOTEBOOKS if NOTEBOOKS.is_dir() else Path()
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={Path.cwd()}", *arguments]
    if folder == NOTEBOOKS:
        command.append(f"--LabApp.default_url=/lab/tree/{NOTEBOOKS}")
    os.execv(command[0], command)  # noqa: S606 - this process becomes JupyterLab


def exit_code(summary: Summary, min_pass_rate: float | None) -> int:
    """Decide the exit code of a run.

    It is 1 where the run fails whatever the rows without a verdict would have come to, and 3 where they
    could have decided it.
    """
    bar = 1.0 if min_pass_rate is None else min_pass_rate
    open_rows = summary.errors + summary.not_run
    graded = summary.passed + summary.failed
    best = (summary.passed + open_rows) / (graded + open_rows) if graded + open_rows else None
    if best is None:
        return 0 if min_pass_rate is None else FAILED
    if best < bar:
        return FAILED
    return NO_VERDICT if open_rows else 0


def print_table(frame: pd.DataFrame) -> None:
    """Print every row of a run, failures first."""
    ranks = {"fail": 0, "error": 1, "not_run": 2, "ungraded": 3, "pass": 4}
    rows = sorted(frame.to_dict("records"), key=lambda row: ranks[row["status"]])
    told = ("case", "status", "confidence", "latency_s", "reason")
    _print(told, [[_short(row[column]) for column in told] for row in rows])


def _print(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=120)
    table = Table()
    for column in columns:
        table.add_column(column, justify="right" if column in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _short(value: Any) -> str:
    """Write a cell: nothing for what is missing, two digits for a fraction, one line for a text."""
    import pandas as pd

    if pd.isna(value):
        return ""
    return f"{value:.2f}" if isinstance(value, float) else one_line(str(value))


def write_json(path: Path, result: Result) -> None:
    """Write a run's summary and rows as JSON."""
    import json

    rows = json.loads(result.frame.to_json(orient="records", default_handler=str))
    path.write_text(
        json.dumps({"summary": result.summary.plain(), "rows": rows}, indent=1) + "\n", encoding="utf-8"
    )


def main() -> None:
    """Run the command; errors of use are one plain line and exit code 2."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(WRONG_USE)
    except (UsageError, SettingError) as wrong:
        click.echo(f"promptlab: {wrong}", err=True)
        sys.exit(WRONG_USE)
    except RunStopped as stopped:
        click.echo(f"promptlab: {stopped}", err=True)
        sys.exit(INTERRUPTED)
    except PromptlabError as broken:
        click.echo(f"promptlab: {broken}", err=True)
        sys.exit(NO_VERDICT)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
