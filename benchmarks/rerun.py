"""A run that is served wholly from the store: rows a second.

python benchmarks/rerun.py [--rows 5000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import tempfile
import time

from measure import load, spread, table
from throughput import PROMPT, suite_of

import promptlab


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    suite = suite_of(chosen.rows)
    rates, cpu = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        promptlab.simulate(latency="none", options={"answer": "echo"}) as simulator,
        promptlab.Lab(base_url=simulator.base_url, store=f"{folder}/lab.sqlite3", display="none") as lab,
    ):
        promptlab.run_parallel(suite, PROMPT, workers=10, lab=lab)
        for _ in range(chosen.rounds):
            began, spent = time.perf_counter(), time.process_time()
            frame = promptlab.run_parallel(suite, PROMPT, workers=10, lab=lab)
            rates.append(chosen.rows / (time.perf_counter() - began))
            cpu.append(1e6 * (time.process_time() - spent) / chosen.rows)
            assert frame["cached"].all()
    print(f"{chosen.rows} rows, {chosen.rounds} rounds: median (range). {load()}\n")
    print(table(["rows/s", "CPU µs a row"], [[spread(rates, 0), spread(cpu, 0)]]))


if __name__ == "__main__":
    main()
