"""`promptlab run`: one prompt over a suite."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptlab._bars import Held, hold, read_bars, read_repeats
from promptlab._cases import Suite, load_cases
from promptlab._ci import Told, job_summary, junit_xml, write_summary
from promptlab._cli_ends import (
    check_places,
    check_source,
    records,
    tell_not_stored,
    the_rest_said,
    told_if_interrupted,
    warn_ungraded,
    write_files,
    write_json,
)
from promptlab._export import export_csv, export_jsonl
from promptlab._history import changes_since
from promptlab._lab import Lab
from promptlab._prompt import Prompt
from promptlab._session import Result
from promptlab._suite_prompt import suite_prompt
from promptlab._summary import score_text
from promptlab._verbs import run_targets
from promptlab._wholefile import write_whole
from promptlab.cli._exits import exit_code, exit_code_by_bars
from promptlab.cli._show import print_table, short
from promptlab.report import write as write_page

if TYPE_CHECKING:
    import pandas as pd

FILE = click.Path(path_type=Path)
RANKS = {"fail": 0, "error": 1, "not_run": 2, "ungraded": 3, "pass": 4}
FILES = ("json_file", "jsonl_file", "csv_file", "html_file", "junit_file", "summary_file")
"""The options that name a file to be written."""
SHOWN = ("case", "status", "confidence", "latency_s", "reason")


EXAMPLES = """\b
Examples:
  promptlab run cases/discovery.yaml --prompt cases/prompts/discovery.md --workers 15
  promptlab run suite.yaml --prompt prompt.md --tag smoke --min-pass-rate 0.9 --html report.html
"""


@click.command(epilog=EXAMPLES)
@click.argument("suite", type=FILE)
@click.option(
    "--prompt",
    "prompt_files",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="The prompt's file. [the suite's `prompt`]",
)
@click.option(
    "--workers", type=int, metavar="N", help="Calls under way at once. [PARALLEL_WORKERS, else 10, in CI 5]"
)
@click.option(
    "--repeats", type=int, metavar="N", help="How often each case is asked. [the suite's `repeats`, else 1]"
)
@click.option("--fresh", is_flag=True, help="Pay anew for what the store holds.")
@click.option("--replay", is_flag=True, help="Serve from the store alone; make no call.")
@click.option("--model", metavar="M", help="The model where the prompt names none.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Only cases with this tag; may be repeated."
)
@click.option("--allow-code", is_flag=True, help="Let the suite's Python checks run.")
@click.option("--table", is_flag=True, help="Print a table of all rows, failures first.")
@click.option("--json", "json_file", type=FILE, metavar="OUT", help="Write rows and summary as JSON.")
@click.option("--jsonl", "jsonl_file", type=FILE, metavar="OUT", help="Write the rows as JSON Lines.")
@click.option(
    "--csv",
    "csv_file",
    type=FILE,
    metavar="OUT",
    help="Write the rows as a CSV that is safe in a spreadsheet.",
)
@click.option("--html", "html_file", type=FILE, metavar="OUT", help="Write a page of its own.")
@click.option("--junitxml", "junit_file", type=FILE, metavar="OUT", help="Write the rows as a JUnit file.")
@click.option(
    "--summary",
    "summary_file",
    type=FILE,
    metavar="OUT",
    help="Write a summary in Markdown, for a CI job's page.",
)
@click.option(
    "--min-pass-rate",
    type=click.FloatRange(0, 1),
    metavar="R",
    help="The share of graded rows that must pass, from 0 to 1. [the suite's `min_pass_rate` and `bars`, else all]",
)
def run(suite: Path, prompt_files: tuple[Path, ...], **options: Any) -> None:
    """Run one prompt over the cases of SUITE.

    Every answer that was paid for is stored before it is shown: run it again to go on after an interrupt, or
    with --fresh to ask anew. Exit codes: 0 all well; 1 cases failed or the pass rate is under the bar; 2 wrong
    use; 3 errors kept some cases from a verdict; 130 interrupted.
    """
    check_source(options)
    check_places(options[name] for name in FILES)
    if options["allow_code"]:
        sys.path.insert(0, "")  # `python: "module:function"` names a module of the working folder
    cases = load_cases(suite, tags=options["tags"] or None, allow_code=options["allow_code"])
    bars = read_bars(cases.name, cases.settings, options["min_pass_rate"])
    prompt = _prompt(cases, prompt_files)
    result = _conduct(cases, prompt, options)
    held = hold(bars, result.outcomes)
    own_bars = any(bar.tag is not None or bar.each for bar in bars)
    least = bars[0].least if bars else None
    code = exit_code_by_bars(held, result.outcomes) if own_bars else exit_code(result.summary, least)
    # Files first: nothing that becomes of the output on the screen may cost them.
    _write(result, held, options)
    with the_rest_said(code):
        warn_ungraded(cases)
        if options["replay"]:
            tell_not_stored(row.case.id for row in result.outcomes if row.error == "budget")
        for one in held:
            click.echo(one.text())
        if options["table"]:
            _print_rows(result.frame)
        if options["html_file"]:
            click.echo(f"page: {options['html_file']}")


def _conduct(cases: Suite, prompt: Prompt, options: dict[str, Any]) -> Result:
    """Run a prompt over the cases."""
    own = read_repeats(cases.name, cases.settings)
    repeats = options["repeats"] if options["repeats"] is not None else own
    with (
        Lab(model=options["model"], replay=options["replay"], allow_code=options["allow_code"]) as lab,
        told_if_interrupted(lab, fresh=options["fresh"]),
    ):
        return run_targets(
            lab,
            cases,
            {prompt.name or "prompt": prompt},
            workers=options["workers"],
            repeats=1 if repeats is None else repeats,
            fresh=options["fresh"],
            changes=changes_since(lab, prompt, cases),
        )


def _prompt(cases: Suite, prompt_files: tuple[Path, ...]) -> Prompt:
    if len(prompt_files) > 1:
        raise click.UsageError("one prompt at a time; promptlab compare takes several")
    prompt = Prompt.load(prompt_files[0]) if prompt_files else suite_prompt(cases)
    if prompt is None:
        raise click.UsageError(f"the suite {cases.name!r} names no prompt: give --prompt FILE")
    return prompt


def _write(result: Result, held: tuple[Held, ...], options: dict[str, Any]) -> None:
    """Write the files that were asked for."""
    changes = result.record.changes if result.record is not None else None
    told = Told(run=result.run, rows=result.outcomes, summary=result.summary, held=held, changes=changes)
    title = f"{result.run.suite}: {score_text(result.summary)}"
    parts = [result.record.html()] if result.record is not None else []
    writers: dict[str, Callable[[Path], Any]] = {
        "json_file": lambda path: write_json(
            path, {"summary": result.summary.plain(), "rows": records(result.frame)}
        ),
        "jsonl_file": lambda path: export_jsonl(result.frame, path),
        "csv_file": lambda path: export_csv(result.frame, path),
        "junit_file": lambda path: write_whole(
            path, [junit_xml(result.run, result.outcomes, result.summary.wall_s)]
        ),
        "summary_file": lambda path: write_summary(path, job_summary([told])),
        "html_file": lambda path: write_page(path, title, parts),
    }
    write_files((options[name], write) for name, write in writers.items())


def _print_rows(frame: pd.DataFrame) -> None:
    """Print every row of a run, failures first."""
    rows = sorted(frame.to_dict("records"), key=lambda row: RANKS[row["status"]])
    print_table(SHOWN, [[short(row[column]) for column in SHOWN] for row in rows])
