"""Run the benchmarks one after another and write what they measured to RESULTS.md.

    python benchmarks/run_all.py [--full]

With --full the founding workload has its whole latencies and suites go up to 100,000 cases: about six minutes instead of two.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from measure import load

HERE = Path(__file__).resolve().parent
BENCHMARKS = {
    "founding": ("The founding workload", ["--rounds", "3"], ["--full", "--rounds", "2"]),
    "schedule": ("What the order gains", [], []),
    "throughput": ("Calls a second where answers come at once", ["--rounds", "5"], ["--rounds", "5"]),
    "start": ("From a fresh interpreter to the first row", [], []),
    "rerun": ("A run wholly from the store", [], []),
    "overhead": ("What a case costs, all but the call", [], ["--full"]),
}
HEAD = """# Results

Written by `make bench`. Times depend on the machine, ratios are taken within one run, each round by round; a number is the
median, with the range of all rounds in brackets. The server is the simulator in a process of its own, on the same machine
and so on the same CPUs.
"""


def main() -> int:
    """Run, print and write; gives 1 where a benchmark broke."""
    full = "--full" in sys.argv
    versions = ", ".join(f"{name} {version(name)}" for name in ("openai", "pandas"))
    about = f"Python {platform.python_version()}, {versions}; {load()} before the first."
    parts = [HEAD, f"{time.strftime('%Y-%m-%d')}, {about}\n"]
    broken = 0
    for name, (title, quick, whole) in BENCHMARKS.items():
        command = [sys.executable, str(HERE / f"{name}.py"), *(whole if full else quick)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        broken += done.returncode != 0
        text = done.stdout if done.returncode == 0 else f"It broke:\n\n```\n{done.stderr[-2000:]}\n```\n"
        parts.append(f"## {title}\n\n`python benchmarks/{' '.join([f'{name}.py', *command[2:]])}`\n\n{text}")
        print(parts[-1], flush=True)
    (HERE / "RESULTS.md").write_text("\n".join(parts), encoding="utf-8")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
