"""Running simulators for the tests of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from promptlab.simulator import Simulator, parse_options

Serve = Callable[..., Simulator]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start simulators with the options given; an echo without latency where nothing else is said."""
    before = set(threading.enumerate())
    with ExitStack() as stack:

        def start(*options: str) -> Simulator:
            return stack.enter_context(
                Simulator(parse_options(["--answer=echo", "--latency=none", *options]))
            )

        yield start
    assert not [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
