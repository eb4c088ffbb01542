"""Run the benchmarks one after another and write what they measured to RESULTS.md.

    python benchmarks/run_all.py [--full] [--only NAME ...]

With --full the founding workload has its whole latencies and suites go up to 100,000 cases: about fifteen minutes instead of
ten. With --only the sections of those benchmarks are measured anew and all others stay as they are in RESULTS.md.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
BENCHMARKS = {
    "founding": ("The founding workload", ["--rounds", "3"], ["--full", "--rounds", "2"]),
    "schedule": ("What the order gains", [], []),
    "throughput": ("Calls a second where answers come at once", ["--rounds", "5"], ["--rounds", "5"]),
    "kits": ("Beside other kits, where answers come at once", ["--calls", "400"], ["--calls", "400"]),
    "limits": ("Under a rate limit", [], []),
    "start": ("From a fresh interpreter to the first row", [], []),
    "rerun": ("A run wholly from the store", [], []),
    "overhead": ("What a case costs, all but the call", [], ["--full"]),
    "memory": ("Memory", [], []),
    "cluster": ("Past one process", ["--rounds", "2"], ["--rounds", "3"]),
}
HEAD = """# Results

Written by `make bench`, or by `python benchmarks/run_all.py` with its options. Times depend on the machine, ratios are taken
within one run, each round by round; a number is the median, with the range of all rounds in brackets. The server is the
simulator in a process of its own, on the same machine and so on the same CPUs. Each section says what else the machine had
to do: with two CPUs, a load above two slows everything that is measured, and rounds are not disturbed alike.
"""


def section(name: str, *, full: bool) -> tuple[str, bool]:
    """Run a benchmark; gives its section, and whether it ran to its end."""
    title, quick, whole = BENCHMARKS[name]
    command = [sys.executable, str(HERE / f"{name}.py"), *(whole if full else quick)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    good = done.returncode == 0
    text = done.stdout if good else f"It broke:\n\n```\n{done.stderr[-2000:]}\n```\n"
    said = f"`python benchmarks/{' '.join([f'{name}.py', *command[2:]])}`, {time.strftime('%Y-%m-%d')}"
    return f"## {title}\n\n{said}\n\n{text}", good


def kept() -> dict[str, str]:
    """Give the sections that RESULTS.md has, by their titles."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0].removeprefix("## "): part.rstrip("\n") + "\n" for part in parts}


def main() -> int:
    """Run, print and write; gives 1 where a benchmark broke."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", nargs="+", choices=list(BENCHMARKS), default=list(BENCHMARKS))
    chosen = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in ("openai", "pandas"))
    broken = 0
    for name in chosen.only:
        text, good = section(name, full=chosen.full)
        broken += not good
        print(text, flush=True)
        # Written each time, so that what was measured is kept whatever becomes of the rest.
        sections = kept() | {BENCHMARKS[name][0]: text}
        ordered = [sections[title] for title, *_ in BENCHMARKS.values() if title in sections]
        about = f"Python {platform.python_version()}, {versions}.\n"
        RESULTS.write_text("\n".join([HEAD, about, *ordered]), encoding="utf-8")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
