"""`promptlab convert`: a suite of promptfoo, openai/evals or Inspect written as one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from promptlab._cases import load_cases, write_suite
from promptlab._cli_ends import check_places
from promptlab._errors import SettingError
from promptlab._wholefile import write_whole

EXAMPLES = """\b
Examples:
  promptlab convert promptfooconfig.yaml -o cases/mine.yaml
  promptlab convert samples.jsonl --scorer Match --field input=question
"""


@click.command(epilog=EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write here instead of to the screen.")
@click.option(
    "--scorer", help="How samples are graded, where the file does not say: Match, Includes, match, …"
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=COLUMN",
    help="What a file of samples calls input, target, …",
)
@click.option("--strict", is_flag=True, help="Refuse a suite of which something is not understood.")
def convert_command(file: Path, output: Path | None, **options: Any) -> None:
    """Write the suite FILE, of promptfoo, openai/evals or Inspect, as a suite of ours.

    What was not understood is said, and stands in the cases as `by_hand`, so that none of them passes without it.
    """
    suite = load_cases(
        file, strict=options["strict"], scorer=options["scorer"], fields=_fields(options["fields"])
    )
    if suite.report is not None:
        click.echo(str(suite.report), err=True)
    if output is None:
        click.echo(write_suite(suite), nl=False)
        return
    check_places([output])
    prompts = {
        output.with_name(f"{output.stem}.{_file_name(name)}.md"): prompt.source()
        for name, prompt in suite.prompts.items()
    }
    # A suite names one prompt: of several it is for the user to say which.
    own = next(iter(prompts)).name if len(prompts) == 1 and "prompt" not in suite.settings else None
    texts = {**prompts, output: write_suite(suite, prompt=own)}
    for path in texts:
        if path.exists():
            raise SettingError(f"{path} is there already; name another file, or remove it")
    for path, text in texts.items():
        write_whole(path, [text.encode("utf-8")])
        click.echo(f"wrote {path}", err=True)
    if len(prompts) > 1:
        click.echo(
            f"{output} names no prompt, since there are {len(prompts)}: run it with --prompt FILE", err=True
        )


def _fields(written: tuple[str, ...]) -> dict[str, str] | None:
    pairs = [one.partition("=") for one in written]
    if any(not sign or not column for _, sign, column in pairs):
        raise SettingError("--field takes NAME=COLUMN, such as --field input=question")
    return {name: column for name, _, column in pairs} or None


def _file_name(name: str) -> str:
    kept = "".join(char if char.isalnum() or char in "-_" else "_" for char in name)[:80]
    return kept or "prompt"
