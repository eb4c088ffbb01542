"""`promptlab run`: one prompt over a suite."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptlab._bars import hold, read_bars, read_repeats
from promptlab._cases import Suite, load_cases
from promptlab._ci import Told, job_summary, junit_xml, write_summary
from promptlab._history import changes_since
from promptlab._lab import Lab
from promptlab._prompt import Prompt
from promptlab._session import Result
from promptlab._suite_prompt import suite_prompt
from promptlab._summary import score_text
from promptlab._verbs import run_targets
from promptlab.cli._exits import exit_code, exit_code_by_bars
from promptlab.cli._show import print_table, short
from promptlab.report import write as write_page

if TYPE_CHECKING:
    import pandas as pd

FILE = click.Path(path_type=Path)
RANKS = {"fail": 0, "error": 1, "not_run": 2, "ungraded": 3, "pass": 4}
SHOWN = ("case", "status", "confidence", "latency_s", "reason")


@click.command()
@click.argument("suite", type=FILE)
@click.option("--prompt", "prompt_file", type=FILE, help="The prompt's file. [the suite's `prompt`]")
@click.option("--workers", type=int, help="Calls under way at once. [PARALLEL_WORKERS, else 10, in CI 5]")
@click.option("--repeats", type=int, help="How often each case is asked. [the suite's `repeats`, else 1]")
@click.option("--fresh", is_flag=True, help="Pay anew for what the store holds.")
@click.option("--replay", is_flag=True, help="Serve from the store alone; make no call.")
@click.option("--model", help="The model where the prompt names none.")
@click.option("--tag", "tags", multiple=True, help="Only cases with this tag; may be repeated.")
@click.option("--allow-code", is_flag=True, help="Let the suite's Python checks run.")
@click.option("--table", is_flag=True, help="Print a table of all rows, failures first.")
@click.option("--json", "json_file", type=FILE, help="Write rows and summary as JSON.")
@click.option("--html", "html_file", type=FILE, help="Write a page of its own.")
@click.option("--junitxml", "junit_file", type=FILE, help="Write the rows as a JUnit file.")
@click.option(
    "--summary", "summary_file", type=FILE, help="Write a summary in Markdown, for a CI job's page."
)
@click.option(
    "--min-pass-rate",
    type=click.FloatRange(0, 1),
    help="The share of graded rows that must pass. [the suite's `min_pass_rate` and `bars`, else all]",
)
def run(suite: Path, prompt_file: Path | None, **options: Any) -> None:
    """Run one prompt over the cases of SUITE.

    A first look: promptlab run cases/discovery.yaml --prompt cases/prompts/discovery.md --workers 15

    Every answer that was paid for is stored before it is shown: run it again to go on after an interrupt, or
    with --fresh to ask anew. Exit codes: 0 all well; 1 cases failed or the pass rate is under the bar; 2 wrong
    use; 3 errors kept some cases from a verdict; 130 interrupted.
    """
    if options["allow_code"]:
        sys.path.insert(0, "")  # `python: "module:function"` names a module of the working folder
    cases = load_cases(suite, tags=options["tags"] or None, allow_code=options["allow_code"])
    bars = read_bars(cases.name, cases.settings, options["min_pass_rate"])
    repeats = (
        options["repeats"] if options["repeats"] is not None else read_repeats(cases.name, cases.settings)
    )
    prompt = _prompt(cases, prompt_file)
    with Lab(model=options["model"], replay=options["replay"], allow_code=options["allow_code"]) as lab:
        result = run_targets(
            lab,
            cases,
            {prompt.name or "prompt": prompt},
            workers=options["workers"],
            repeats=1 if repeats is None else repeats,
            fresh=options["fresh"],
            changes=changes_since(lab, prompt, cases),
        )
    held = hold(bars, result.outcomes)
    own_bars = any(bar.tag is not None or bar.each for bar in bars)
    least = bars[0].least if bars else None
    for one in held:
        click.echo(one.text())
    _write(result, Told(run=result.run, rows=result.outcomes, summary=result.summary, held=held), options)
    sys.exit(exit_code_by_bars(held, result.outcomes) if own_bars else exit_code(result.summary, least))


def _prompt(cases: Suite, prompt_file: Path | None) -> Prompt:
    prompt = Prompt.load(prompt_file) if prompt_file is not None else suite_prompt(cases)
    if prompt is None:
        raise click.UsageError(f"the suite {cases.name!r} names no prompt: give --prompt FILE")
    return prompt


def _write(result: Result, told: Told, options: dict[str, Any]) -> None:
    """Write what was asked for."""
    if options["table"]:
        _print_rows(result.frame)
    if options["json_file"]:
        _write_json(options["json_file"], result)
    if options["junit_file"]:
        options["junit_file"].write_bytes(junit_xml(result.run, result.outcomes, result.summary.wall_s))
    if options["summary_file"]:
        changes = result.record.changes if result.record is not None else None
        whole = Told(run=told.run, rows=told.rows, summary=told.summary, held=told.held, changes=changes)
        write_summary(options["summary_file"], job_summary([whole]))
    if options["html_file"] and result.record is not None:
        title = f"{result.run.suite}: {score_text(result.summary)}"
        click.echo(f"page: {write_page(options['html_file'], title, [result.record.html()])}")


def _print_rows(frame: pd.DataFrame) -> None:
    """Print every row of a run, failures first."""
    rows = sorted(frame.to_dict("records"), key=lambda row: RANKS[row["status"]])
    print_table(SHOWN, [[short(row[column]) for column in SHOWN] for row in rows])


def _write_json(path: Path, result: Result) -> None:
    """Write a run's summary and rows as JSON."""
    import json

    rows = json.loads(result.frame.to_json(orient="records", default_handler=str))
    path.write_text(
        json.dumps({"summary": result.summary.plain(), "rows": rows}, indent=1) + "\n", encoding="utf-8"
    )
