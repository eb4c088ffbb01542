"""A long run in rough weather: memory, threads and open files stay as they are.

    python benchmarks/soak.py [--seconds 600] [--workers 20] [--faults 0.03] [--write]

Suites of 400 cases are run one after another by one lab, with a store, against a server in a process of its own that
answers after a second and meets a share of the calls with a fault that goes away. What the process holds is looked at once
a second, from a tenth of the time on. With --write the figures go to docs/weather.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measure import load, table
from weather import replace_part

from promptlab import Lab, Limits, run_parallel
from tests.weather.fault_server import fault_server

SUITE = 400


@dataclass
class Held:
    """What the process held at one moment."""

    at_s: float
    mb: float
    threads: int
    files: int


def look(began: float) -> Held:
    """Look at the process (Linux)."""
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    )
    files = sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1
    return Held(
        time.perf_counter() - began,
        int(status["VmRSS"].split()[0]) / 1024,
        int(status["Threads"]),
        files,
    )


def watch(seen: list[Held], over: threading.Event) -> None:
    """Look once a second until it is over."""
    began = time.perf_counter()
    while not over.wait(1.0):
        seen.append(look(began))


def soak(seconds: float, workers: int, faults: float) -> tuple[list[Held], Held, Counter[str], int, float]:
    """Run suites for so long; gives what was held, what was left, the rows' statuses, calls and processor seconds."""
    seen: list[Held] = []
    over = threading.Event()
    statuses: Counter[str] = Counter()
    with fault_server(latency=1.0, mixed=faults) as server, tempfile.TemporaryDirectory() as folder:
        watcher = threading.Thread(target=watch, args=(seen, over))
        watcher.start()
        began, cpu, number = time.perf_counter(), time.process_time(), 0
        try:
            limits = Limits(max_workers=workers)
            with Lab(
                base_url=server.base_url, api_key="sk-soak-0123456789", store=f"{folder}/lab.sqlite3", display="none", limits=limits
            ) as lab:  # fmt: skip
                while time.perf_counter() - began < seconds:
                    number += 1
                    cases = [
                        {"id": f"c{n}", "input": {"q": f"run {number}, case {n}"}, "expect": {"contains": "good"}}
                        for n in range(SUITE)
                    ]  # fmt: skip
                    frame = run_parallel(cases, "{{ q }}", workers=workers, lab=lab)
                    statuses.update(frame["status"])
        finally:
            over.set()
            watcher.join()
        calls = server.count()
        cpu = time.process_time() - cpu
    time.sleep(1.0)
    return seen, look(began), statuses, calls, cpu


def main() -> int:
    """Measure and print; gives 1 where something grew."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--faults", type=float, default=0.03)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    seen, left, statuses, calls, cpu = soak(chosen.seconds, chosen.workers, chosen.faults)
    warm = [held for held in seen if held.at_s > 0.1 * chosen.seconds]
    third = max(1, len(warm) // 3)
    rows = []
    for name, unit in (("mb", "memory, MB"), ("threads", "threads"), ("files", "open files")):
        values = [getattr(held, name) for held in warm]
        first, last = statistics.median(values[:third]), statistics.median(values[-third:])
        rows.append([unit, f"{first:.0f}", f"{last:.0f}", f"{max(values):.0f}", f"{getattr(left, name):.0f}"])
    grew = [
        row[0] for row, most in zip(rows, (0.1 * float(rows[0][1]), 2, 2), strict=True)
        if float(row[2]) > float(row[1]) + most
    ]  # fmt: skip
    wrong = {status: count for status, count in statuses.items() if status != "pass"}
    text = (
        f"{chosen.seconds:.0f} s, {chosen.workers} workers, {chosen.faults:.0%} of calls with a fault: {statuses.total()} rows,"
        f" {calls} calls, {'every row graded' if not wrong else f'rows without a verdict: {wrong}'};"
        f" {cpu / max(seen[-1].at_s, 1):.0%} of one processor. {load()}.\n\n"
        + table(["", "first third, median", "last third, median", "most", "after it"], rows)
    )
    print(text)
    if chosen.write:
        replace_part("soak", text)
    return int(bool(grew or wrong))


if __name__ == "__main__":
    sys.exit(main())
