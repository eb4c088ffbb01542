"""`promptlab history`: the runs on record."""

from __future__ import annotations

import click

from promptlab._cli_ends import the_rest_said
from promptlab._lab import Lab
from promptlab._settings import public_environment, store_path, working_folder
from promptlab._wording import listed
from promptlab.cli._show import print_table, short

TOLD = (
    "when", "prompt", "version", "suite", "score", "low", "high", "graded", "errors", "wall_s", "cost_usd", "model",
)  # fmt: skip
MOST_NAMES = 20


EXAMPLES = """\b
Examples:
  promptlab history
  promptlab history discovery --most 5
"""


@click.command(epilog=EXAMPLES)
@click.argument("name", required=False)
@click.option(
    "--most",
    type=click.IntRange(1),
    metavar="N",
    default=20,
    show_default=True,
    help="How many of the latest runs.",
)
def history(name: str | None, most: int) -> None:
    """Show the runs that the store knows, of the prompt NAME (else of the suite NAME) or of all.

    The score stands with its 95 % interval; an error is not a failure and is no part of it.
    """
    from promptlab._history import history as read

    if store_path(public_environment(), working_folder()) is None:
        click.echo("the store is off (PROMPTLAB_STORE=off): no run is on record")
        return
    with Lab() as lab:
        frame = read(name, lab=lab)
        if frame.empty and name is not None:
            every = read(lab=lab)
            frame = every[every["suite"] == name]
        frame = frame.tail(most)
        known = sorted({row["prompt"] for row in lab.store.runs()}) if frame.empty else []
    if known:
        raise click.UsageError(
            f"no run of {name!r} is on record; there are runs of {listed(known, MOST_NAMES)}"
        )
    if frame.empty:
        click.echo("no runs yet")
        return
    frame = frame.assign(when=frame["when"].dt.strftime("%Y-%m-%d %H:%M"))
    with the_rest_said(0):
        print_table(TOLD, [[short(row[column]) for column in TOLD] for row in frame.to_dict("records")])
