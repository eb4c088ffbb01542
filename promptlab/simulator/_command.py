"""The command: serve until told to stop."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
from collections.abc import Sequence

from promptlab.simulator._options import Options, parse_options
from promptlab.simulator._server import Simulator

__all__ = ["main"]


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Serve, and print the address as the first line of the standard output once connections are accepted.

    Without `--die-with-parent` a line follows that a person may paste into a shell.

    Args:
        argv: The options; the process's own where it is None.
        prog: The command's name in the help.

    Returns:
        The exit code: 0 after SIGTERM or the parent's end, 2 where the port is taken, 130 after Ctrl-C.
    """
    options = parse_options(argv, prog)
    try:
        simulator = Simulator(options)
    except OSError as error:
        sys.stderr.write(f"promptlab simulator: port {options.port}: {error.strerror}\n")
        return 2
    signal.signal(signal.SIGTERM, _leave)
    if options.die_with_parent:
        # A Ctrl-C in a terminal reaches every process of its group; here the parent decides.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_watch_parent, name="parent", daemon=True).start()
    try:
        sys.stdout.write(f"{simulator.url}\n")
        if not options.die_with_parent:
            sys.stdout.write(f"export OPENAI_BASE_URL={_base_url(simulator, options)}\n")
        sys.stdout.flush()
        _explain(simulator, options)
        simulator.serve_forever()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Nobody reads the address: whoever started this is gone.
        os._exit(0)
    return 0


def _leave(_number: int, _frame: object) -> None:
    # The threads that hang in calls are daemons and hold nothing that must be saved.
    os._exit(0)


def _watch_parent() -> None:
    """End the process when the standard input does: the parent holds its other end."""
    try:
        while os.read(0, 65_536):
            continue
    except OSError as error:
        sys.stderr.write(f"promptlab simulator: no standard input to watch: {error.strerror}\n")
    os._exit(0)


def _base_url(simulator: Simulator, options: Options) -> str:
    """Give the address to set as base URL; it says that no model answers, and names what shapes the answers."""
    name = hashlib.sha256(options.settings.encode()).hexdigest()[:12]
    return f"{simulator.url}/simulated/{name}/v1"


def _explain(simulator: Simulator, options: Options) -> None:
    """Tell a person at a terminal how to use it."""
    if not sys.stderr.isatty():
        return
    sys.stderr.write(
        f"A simulator answers here, not a model ({options.settings}).\n"
        "Paste the second line into the shell where you use it. Programs that insist on a key take any: "
        "export OPENAI_API_KEY=any\n"
        f"Counters: {simulator.url}/stats and {simulator.url}/calls. Ctrl-C stops it.\n"
    )
