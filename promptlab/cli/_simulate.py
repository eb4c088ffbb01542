"""`promptlab simulate`: the stand-in server, until interrupted."""

from __future__ import annotations

import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulate(arguments: tuple[str, ...]) -> None:
    """Serve the simulator on loopback until interrupted; --help lists its options."""
    from promptlab.simulator import main as serve

    sys.exit(serve(list(arguments), prog="promptlab simulate"))
