"""`promptlab compare`: variants side by side on the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from promptlab._bars import Bar, Held, hold_counts, read_repeats
from promptlab._cases import load_cases
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
from promptlab._contest import Comparison, compare
from promptlab._display import one_line
from promptlab._display._escape import lines
from promptlab._lab import Lab
from promptlab._prompt import Prompt

WORSE, NO_VERDICT = 1, 3
"""Exit codes beside 0: a variant is worse or under the bar; errors kept some cases from a verdict."""


EXAMPLES = """\b
Examples:
  promptlab compare cases/travel_intents.yaml --prompt cases/prompts/travel_a.md \\
    --prompt cases/prompts/travel_better.md
  promptlab compare suite.yaml --prompt old.md --prompt new.md --repeats 3 --html comparison.html
"""


@click.command(name="compare", epilog=EXAMPLES)
@click.argument("suite", type=click.Path(path_type=Path))
@click.option(
    "--prompt", "prompt_files", required=True, multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help="A prompt's file; the first is the baseline. Twice or more.",
)  # fmt: skip
@click.option(
    "--workers", type=int, metavar="N", help="Calls under way at once. [PARALLEL_WORKERS, else 10, in CI 5]"
)
@click.option(
    "--repeats", type=int, metavar="N", help="How often each case is asked. [the suite's `repeats`, else 1]"
)
@click.option("--fresh", is_flag=True, help="Pay anew for what the store holds.")
@click.option("--replay", is_flag=True, help="Serve from the store alone; make no call.")
@click.option("--model", metavar="M", help="The model where a prompt names none.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Only cases with this tag; may be repeated."
)
@click.option("--allow-code", is_flag=True, help="Let the suite's Python checks run.")
@click.option(
    "--stop-when", type=click.Choice(["decided"]), help="Stop as soon as the verdict is certain enough."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seeds what is drawn.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write verdicts and rows as JSON.",
)
@click.option(
    "--html", "html_file", type=click.Path(path_type=Path), metavar="OUT", help="Write a page of its own."
)
@click.option(
    "--min-pass-rate",
    type=click.FloatRange(0, 1),
    metavar="R",
    help="The share of graded rows that every variant but the first must pass, from 0 to 1.",
)
def compare_command(suite: Path, prompt_files: tuple[Path, ...], **options: Any) -> None:
    """Compare prompts on the cases of SUITE, each with the first.

    Exit codes: 0 no variant is worse than the baseline; 1 one is, or one that is not the baseline is under
    --min-pass-rate; 2 wrong use; 3 errors kept some cases from a verdict; 130 interrupted. A difference that
    could be chance is no reason to fail.
    """
    check_source(options)
    if options["allow_code"]:
        sys.path.insert(0, "")  # `python: "module:function"` names a module of the working folder
    check_places((options["json_file"], options["html_file"]))
    prompts = name_prompts(prompt_files)
    cases = load_cases(suite, tags=options["tags"] or None, allow_code=options["allow_code"])
    own = read_repeats(cases.name, cases.settings)
    repeats = options["repeats"] if options["repeats"] is not None else own or 1
    with (
        Lab(model=options["model"], replay=options["replay"], allow_code=options["allow_code"]) as lab,
        told_if_interrupted(lab, fresh=options["fresh"]),
    ):
        found = compare(
            cases,
            prompts,
            workers=options["workers"],
            repeats=repeats,
            fresh=options["fresh"],
            stop_when=options["stop_when"],
            seed=options["seed"],
            lab=lab,
        )
    write_files(
        (
            (options["json_file"], lambda path: write_json(path, _plain(found))),
            (options["html_file"], found.to_html),
        )
    )
    with the_rest_said(compare_exit_code(found, options["min_pass_rate"])):
        click.echo(str(found))
        warn_ungraded(cases)
        if options["replay"]:
            rows = found.frame
            tell_not_stored(map(str, rows.loc[rows["error"] == "budget", "case"]))
        for held in hold_variants(found, options["min_pass_rate"]):
            click.echo(lines(held.text()))
        if options["html_file"]:
            click.echo(f"page: {options['html_file']}")


def name_prompts(files: tuple[Path, ...]) -> dict[str, Prompt]:
    """Load prompts and name each: by its own name, else by its file's; numbered where both are taken."""
    named: dict[str, Prompt] = {}
    for file in files:
        prompt = Prompt.load(file)
        names = [prompt.name, file.stem, *(f"{file.stem} ({number})" for number in range(2, len(files) + 1))]
        named[next(name for name in names if name not in named)] = prompt
    return named


def compare_exit_code(found: Comparison, min_pass_rate: float | None) -> int:
    """Decide the exit code of a comparison.

    The baseline is what there is already, so it is held against no bar. Rows that an early stop left out are
    no missing verdicts.
    """
    if (found.verdicts["word"] == "worse").any():
        return WORSE
    if any(held.state == "missed" for held in hold_variants(found, min_pass_rate)):
        return WORSE
    return NO_VERDICT if any(_undecided(found, row) for row in found.summary.to_dict("records")) else 0


def hold_variants(found: Comparison, min_pass_rate: float | None) -> tuple[Held, ...]:
    """Hold every variant but the baseline against the bar; nothing where there is none."""
    if min_pass_rate is None:
        return ()
    return tuple(
        hold_counts(
            Bar(name=one_line(str(row["variant"]), 80), least=min_pass_rate, said=f"{min_pass_rate:g}"),
            passed=int(row["passed"]),
            failed=int(row["graded"] - row["passed"]),
            undecided=_undecided(found, row),
        )
        for row in found.summary.to_dict("records")[1:]
    )


def _undecided(found: Comparison, row: Mapping[Any, Any]) -> int:
    """Count the rows of a variant that should have a verdict and have none."""
    return int(row["errors"] + (0 if found.decided_after is not None else row["not_run"]))


def _plain(found: Comparison) -> dict[str, Any]:
    """Give what was found, the variants and the rows as plain values."""
    frames = {"verdicts": found.verdicts, "summary": found.summary, "rows": found.frame}
    parts = {name: records(frame) for name, frame in frames.items()}
    return {"sentence": found.sentence, "notes": list(found.notes), "seed": found.seed, **parts}
