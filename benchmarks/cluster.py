"""Past one process: calls made by the workers of a Dask cluster against threads, in the same run.

    python benchmarks/cluster.py [--calls 2000] [--rounds 3] [--seconds 0.05]

A LocalCluster of 2 worker processes and the simulator share this machine's CPUs with the caller. Three kinds of
work: answers that come at once (all CPU), answers that take a while (all waiting), and a callable under test that
computes in Python. Then the same suite with one worker killed in mid-run; the figures are the simulator's counters.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distributed import Client, LocalCluster

import promptlab

PROMPT = promptlab.Prompt("Say {{ request }}")
SLOTS = 16
AHEAD = 2
"""Calls handed to the cluster for each of its slots: as many as it has are under way, and the next are there already."""


def cases(count: int) -> list[dict[str, Any]]:
    """Make cases that differ."""
    return [{"id": f"c{n}", "input": {"request": f"text {n}"}} for n in range(count)]


def compute(case: promptlab.Case) -> str:
    """Compute for about a twentieth of a second, in Python."""
    total = 0
    for number in range(1_000_000):
        total += number * number
    return f"{case.id} {total}"


def spread(values: list[float]) -> str:
    """Write the median with the range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def run(lab: promptlab.Lab, count: int, target: Any, workers: int) -> tuple[Any, float, float]:
    """Run a suite; gives the frame, the seconds, and the milliseconds of the caller's CPU for each case."""
    began, busy = time.perf_counter(), time.process_time()
    frame = promptlab.run_parallel(cases(count), target, workers=workers, lab=lab)
    return frame, time.perf_counter() - began, (time.process_time() - busy) / count * 1000


def compared(
    client: Client, simulator: Any, count: int, target: Any, rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Run on threads and on the cluster in turns; gives the seconds of each, and the caller's CPU."""
    times: dict[str, list[float]] = {"threads": [], "cluster": []}
    busy: dict[str, list[float]] = {"threads": [], "cluster": []}
    for _ in range(rounds):
        for where, executor in (("threads", None), ("cluster", client.get_executor(pure=False))):
            with lab_on(simulator, executor) as lab:
                workers = SLOTS if executor is None else AHEAD * SLOTS
                run(lab, 20, target, workers)  # clients and connections are made before the clock runs
                frame, seconds, milliseconds = run(lab, count, target, workers)
            assert frame["error"].isna().all()
            times[where].append(seconds)
            busy[where].append(milliseconds)
    return times, busy


def lab_on(simulator: Any, executor: Any, display: Any = "none", store: Any = "off") -> promptlab.Lab:
    """Make a lab that keeps nothing unless told where."""
    limits = promptlab.Limits(max_workers=AHEAD * SLOTS)
    return promptlab.Lab(
        base_url=simulator.base_url, executor=executor, display=display, limits=limits, store=store
    )


def killing(client: Client, after: int) -> Callable[[Any], None]:
    """Make an observer that kills a worker's process once so many rows have finished."""
    seen: list[str] = []
    victim = next(iter(client.run(os.getpid).values()))

    def observer(event: Any) -> None:
        if isinstance(event, promptlab.CaseFinished):
            seen.append(event.outcome.case.id)
            if len(seen) == after:
                os.kill(victim, signal.SIGKILL)

    return observer


def killed(client: Client, seconds: float, count: int) -> None:
    """Run a suite, kill a worker in the middle of it, and print what came of it; then run it again."""
    with (
        promptlab.simulate(latency=f"fixed:{seconds}") as simulator,
        tempfile.TemporaryDirectory() as folder,
        lab_on(
            simulator,
            client.get_executor(pure=False),
            [killing(client, count // 2)],
            Path(folder) / "lab.sqlite3",
        ) as lab,
    ):
        frame, took, _ = run(lab, count, PROMPT, AHEAD * SLOTS)
        stats = simulator.stats()
        again, rerun, _ = run(lab, count, PROMPT, AHEAD * SLOTS)
        after = simulator.stats()
    print(f"{count} cases, one of 2 workers killed at row {count // 2}: {took:.1f} s")
    print(f"- rows {len(frame)}, cases {frame['case'].nunique()}, errors {int(frame['error'].notna().sum())}")
    print(f"- calls by the frame's `attempts`: {int(frame['attempts'].sum())}")
    print(
        f"- calls by the simulator's counters: started {stats['started']}, done {stats['done']}, "
        f"left before their answer {stats['gone']}, most at once {stats['max_in_flight']}"
    )
    print(
        f"- the same again, from the store: {int(again['cached'].sum())} rows in {rerun:.2f} s, "
        f"{after['started'] - stats['started']} calls"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.05)
    chosen = parser.parse_args()
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=SLOTS // 2, dashboard_address=":0", memory_limit=0
        ) as cluster,
        Client(cluster) as client,
    ):
        print(
            f"2 processes of {SLOTS // 2} slots against {SLOTS} threads, {chosen.rounds} rounds: median (range)\n"
        )
        head = ["work", "cases", "threads, s", "cluster, s", "cluster/threads", "caller's CPU, ms a case"]
        print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
        slow = f"fixed:{chosen.seconds}"
        for name, latency, count, target in (
            ("answers at once", "none", chosen.calls, PROMPT),
            (f"answers in {chosen.seconds:g} s", slow, chosen.calls, PROMPT),
            ("a callable that computes", "none", 100, compute),
        ):
            with promptlab.simulate(latency=latency, options={"answer": "echo"}) as simulator:
                times, busy = compared(client, simulator, count, target, chosen.rounds)
            here, away = times["threads"], times["cluster"]
            ratios = [a / b for a, b in zip(away, here, strict=True)]
            cpu = f"{spread(busy['threads'])}; {spread(busy['cluster'])}"
            print(
                f"| {name} | {count} | {spread(here)} | {spread(away)} | {spread(ratios)} | {cpu} |",
                flush=True,
            )
        print()
        killed(client, chosen.seconds, chosen.calls)
    one, five, _ = os.getloadavg()
    print(f"\n{os.cpu_count()} CPUs, load {one:.1f} in the last minute, {five:.1f} in the last five")


if __name__ == "__main__":
    main()
