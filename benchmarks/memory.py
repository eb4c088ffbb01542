"""The peak of memory for 1,000 cases, against the plain loop.

    python benchmarks/memory.py [--cases 1000] [--rounds 3]

Each in a process of its own, the whole of which is counted: Python, what it imports, cases and answers. The plain loop
is measured as it is, and with its answers put into a pandas frame, as promptlab gives them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import load, spread, table

import promptlab

HERE = Path(__file__).resolve().parent


def peak_mb(script: str, told: dict[str, object]) -> float:
    """Run a harness once; gives its peak in MB."""
    done = subprocess.run(
        [sys.executable, str(HERE / "kits" / f"{script}.py")],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout.strip().splitlines()[-1])["peak_mb"])


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    texts = [f'{{"found": true, "confidence": 0.9, "name": "workflow {n}"}}' for n in range(chosen.cases)]
    plain, framed, ours = [], [], []
    with promptlab.simulate(latency="none", options={"answer": "echo"}) as simulator:
        told = {"base_url": simulator.base_url, "model": "gpt-5-nano", "texts": texts, "workers": 10}
        for _ in range(chosen.rounds):
            plain.append(peak_mb("run_plain", told))
            framed.append(peak_mb("run_plain", {**told, "frame": True}))
            with tempfile.TemporaryDirectory() as folder:
                ours.append(peak_mb("run_promptlab", {**told, "store": f"{folder}/lab.sqlite3"}))
    rows = []
    for name, peaks in (("plain", plain), ("plain, with a frame", framed), ("promptlab", ours)):
        ratios = [[a / b for a, b in zip(peaks, base, strict=True)] for base in (plain, framed)]
        rows.append([name, spread(peaks, 0), *map(spread, ratios)])
    print(f"{chosen.cases} cases, {chosen.rounds} rounds: median (range). {load()}\n")
    print(table(["harness", "peak MB", "/plain", "/plain with a frame"], rows))


if __name__ == "__main__":
    main()
