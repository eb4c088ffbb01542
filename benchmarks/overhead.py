"""What a case costs on its own way: rendering, parsing, grading, rows, events, the frame; all but the call.

Prints CPU microseconds a case and the peak of memory, for suites of growing size. A callable that answers at
once stands for the call, so that nothing but the house is measured.

    python benchmarks/overhead.py [--full]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from measure import load

PROBE = """
import json, resource, sys, time
import promptlab
from promptlab import Case, Lab
import pandas
count, store = int(sys.argv[1]), sys.argv[2]
answer = '{"found": true, "confidence": 0.93}'
cases = [Case(id=f"c{i}", input={"request": f"request {i}"}, expect={"found": True, "confidence": {"above": 0.5}}) for i in range(count)]
with Lab(display="none", store=store) as lab:
    promptlab.run_parallel(cases[:10], lambda case: answer, workers=20, lab=lab)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    frame = promptlab.run_parallel(cases, lambda case: answer, workers=20, lab=lab)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
assert (frame["status"] == "pass").all()
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"cases": count, "cpu_us": 1e6 * cpu / count, "wall_s": wall, "peak_mb": after.ru_maxrss / 1024}))
"""


def main() -> None:
    """Measure and print a Markdown table."""
    sizes = (100, 1_000, 10_000, 100_000) if "--full" in sys.argv else (100, 1_000, 10_000)
    print(f"{load()} before the first\n")
    print("| cases | store | CPU µs a case | wall s | peak MB |\n| ---: | --- | ---: | ---: | ---: |")
    for kind in ("off", "on"):
        for size in sizes:
            with tempfile.TemporaryDirectory() as folder:
                store = "off" if kind == "off" else os.path.join(folder, "lab.sqlite3")  # noqa: PTH118
                done = subprocess.run(
                    [sys.executable, "-c", PROBE, str(size), store],
                    capture_output=True,
                    text=True,
                    check=True,
                )
            told = json.loads(done.stdout)
            print(
                f"| {size:,} | {kind} | {told['cpu_us']:.0f} | {told['wall_s']:.2f} | {told['peak_mb']:.0f} |"
            )


if __name__ == "__main__":
    main()
