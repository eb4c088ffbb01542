"""`promptlab history`: the runs on record."""

from __future__ import annotations

import click

from promptlab._lab import Lab
from promptlab.cli._show import print_table, short

TOLD = (
    "when", "prompt", "version", "suite", "score", "low", "high", "graded", "errors", "wall_s", "cost_usd", "model",
)  # fmt: skip


@click.command()
@click.argument("name", required=False)
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="How many of the latest runs."
)
def history(name: str | None, most: int) -> None:
    """Show the runs that the store knows, of the prompt NAME or of all.

    The score stands with its 95 % interval; an error is not a failure and is no part of it.
    """
    from promptlab._history import history as read

    with Lab() as lab:
        frame = read(name, lab=lab).tail(most)
    if frame.empty:
        click.echo("no runs yet")
        return
    frame = frame.assign(when=frame["when"].dt.strftime("%Y-%m-%d %H:%M"))
    print_table(TOLD, [[short(row[column]) for column in TOLD] for row in frame.to_dict("records")])
