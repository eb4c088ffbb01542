"""Calls a second where answers come at once, against the plain loop in the same run.

    python benchmarks/throughput.py [--calls 1500] [--rounds 5]

The server has a process of its own. Plain loop and promptlab take turns, with the same requests. promptlab parses, grades,
shows progress and makes a frame, which the plain loop does not; with the store on every answer is on disk before its row
is told of.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time

from measure import bodies_of, load, plain_loop, spread, table

import promptlab

PROMPT = promptlab.Prompt('{"found": true, "confidence": 0.9, "name": "{{ request }}"}')


def suite_of(count: int) -> promptlab.Suite:
    """Make a suite of so many cases."""
    return promptlab.load_cases(
        [
            {"id": f"c{n}", "input": {"request": f"workflow {n}"}, "expect": {"found": True}}
            for n in range(count)
        ]
    )


def ours(base_url: str, suite: promptlab.Suite, workers: int, store: str) -> float:
    """Run the suite; gives the seconds until the frame is there."""
    limits = promptlab.Limits(max_workers=workers)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        promptlab.Lab(base_url=base_url, store=store, display="text", limits=limits) as lab,
    ):
        lab.has_price("gpt-5-nano")  # the client is made before the clock runs, as for the plain loop
        began = time.perf_counter()
        frame = promptlab.run_parallel(suite, PROMPT, workers=workers, lab=lab)
        seconds = time.perf_counter() - began
    assert frame["error"].isna().all()
    return seconds


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    rows = []
    with promptlab.simulate(latency="none", options={"answer": "echo"}) as simulator:
        url = simulator.base_url
        suite = suite_of(chosen.calls)
        bodies = bodies_of(suite, PROMPT, "gpt-5-nano")
        plain_loop(url, bodies[:20], 2)
        ours(url, suite_of(20), 2, "off")
        for workers in (10, 100):
            plain, off, stored = [], [], []
            for _ in range(chosen.rounds):
                plain.append(chosen.calls / plain_loop(url, bodies, workers))
                off.append(chosen.calls / ours(url, suite, workers, "off"))
                with tempfile.TemporaryDirectory() as folder:
                    stored.append(chosen.calls / ours(url, suite, workers, f"{folder}/lab.sqlite3"))
            rows.append(
                [
                    workers,
                    spread(plain, 0),
                    spread(off, 0),
                    spread(stored, 0),
                    spread([a / b for a, b in zip(off, plain, strict=True)]),
                    spread([a / b for a, b in zip(stored, plain, strict=True)]),
                ]
            )
    print(f"{chosen.calls} calls, {chosen.rounds} rounds: median (range). {load()}\n")
    head = [
        "workers",
        "plain, calls/s",
        "no store, calls/s",
        "store, calls/s",
        "no store/plain",
        "store/plain",
    ]
    print(table(head, rows))


if __name__ == "__main__":
    main()
