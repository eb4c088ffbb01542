"""A run under load, in a process of its own and against a server in another: `python -m tests.weather.load ORDER`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.weather import plain
from tests.weather.fault_server import ROOT, Seen, fault_server

KEY = "sk-none-0123456789"


@dataclass
class Order:
    """What is to be run."""

    cases: int
    workers: int
    plan: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    texts: list[str] | None = None
    """The cases' texts; `case 0` and so on where none are given."""
    plain: bool = False
    """Whether the plain loop runs it instead of promptlab."""
    patience_s: float = 120.0
    """Seconds after which the plain loop is no longer waited for."""

    def cases_texts(self) -> list[str]:
        """Give the cases' texts."""
        return self.texts or [f"case {number}" for number in range(self.cases)]


@dataclass
class Report:
    """What it came to."""

    wall_s: float
    ids: list[str]
    statuses: list[str]
    errors: list[str | None]
    reasons: list[str | None]
    attempts: list[int]
    seconds: list[float]
    log: list[Seen]
    limits: list[tuple[int, str, float]]
    notices: list[str]
    peak_mb: float
    """The most memory that the process held."""

    @property
    def graded(self) -> int:
        """Rows with the verdict that they should have: a healthy case passes."""
        return self.statuses.count("pass")

    @property
    def calls(self) -> int:
        """Calls that reached the server."""
        return len(self.log)

    @property
    def most_under_way(self) -> int:
        """Calls that the server had to deal with at once, at most."""
        return max((seen.under_way for seen in self.log), default=0)

    def refused(self) -> int:
        """Count the calls that were refused for the rate."""
        return sum(seen.status == 429 for seen in self.log)

    def sent_early(self, tolerance: float = 0.1) -> int:
        """Count the calls sent before a Retry-After was over; those under way with the refused one do not count."""
        asked = [(seen.at + tolerance, seen.at + seen.asked) for seen in self.log if seen.asked]
        return sum(1 for seen in self.log if any(begin < seen.at < end for begin, end in asked))


def run(order: Order) -> dict[str, Any]:
    """Run the order against a server of its own."""
    with fault_server(**order.plan) as server:
        begun = time.perf_counter()
        if order.plain:
            found = plain.run(server.base_url, order.cases_texts(), order.workers, order.patience_s)
        else:
            found = run_promptlab(server.base_url, order)
        found["wall_s"] = found.get("wall_s", time.perf_counter() - begun)
        log = server.log()
    # In KiB on Linux, bytes on macOS.
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return found | {
        "log": [asdict(seen) | {"body": {}} for seen in log],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale,
    }


def run_promptlab(base_url: str, order: Order) -> dict[str, Any]:
    """Run the order with promptlab."""
    from promptlab import CaseFinished, Lab, LimitChanged, Limits, Notice, Prompt, run_parallel

    events: list[Any] = []
    cases = [
        {"id": f"c{n}", "input": {"q": text}, "expect": {"contains": "good"}}
        for n, text in enumerate(order.cases_texts())
    ]
    lab = Lab(
        base_url=base_url, api_key=KEY, store="off", display=[events.append],
        limits=Limits(max_workers=100, **order.limits),
    )  # fmt: skip
    with lab:
        begun = time.perf_counter()
        frame = run_parallel(
            cases, Prompt("{{ q }}", settings=order.settings), workers=order.workers, lab=lab
        )
        wall_s = time.perf_counter() - begun
    rows = [event.outcome for event in events if isinstance(event, CaseFinished)]
    rows.sort(key=lambda row: row.index)
    return {
        "wall_s": wall_s,
        "ids": list(frame["case"]),
        "statuses": list(frame["status"]),
        "errors": [row.error for row in rows],
        "reasons": [row.reason for row in rows],
        "attempts": [row.attempts for row in rows],
        "seconds": [(row.finished_s or 0.0) - (row.started_s or 0.0) for row in rows],
        "limits": [(e.limit, e.reason, e.at_s) for e in events if isinstance(e, LimitChanged)],
        "notices": [e.text for e in events if isinstance(e, Notice)],
    }


def in_process(order: Order) -> Report:
    """Run an order in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.weather.load", "-"], input=json.dumps(asdict(order)),
        capture_output=True, text=True, cwd=ROOT, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    found["log"] = [Seen(**seen) for seen in found["log"]]
    return Report(**found)


if __name__ == "__main__":
    given = sys.stdin.read() if sys.argv[1:] == ["-"] else sys.argv[1]
    json.dump(run(Order(**json.loads(given))), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # the plain loop cannot take back calls that hang
