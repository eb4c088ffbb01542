"""From a fresh interpreter to the first row of one case, against the plain loop with its imports.

    python benchmarks/start.py [--rounds N]

Answers come at once, from a server in a process of its own. Both print when they have the answer; ours with display, store
and frame. Interpreters are started in turn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time

from measure import load, spread, table

import promptlab

PLAIN = """
import json, os
from concurrent.futures import ThreadPoolExecutor, as_completed
import openai
client = openai.OpenAI(api_key="none")
def ask(text):
    return client.chat.completions.create(model="gpt-5-nano", messages=[{"role": "user", "content": text}])
with ThreadPoolExecutor(10) as pool:
    for future in as_completed([pool.submit(ask, "say yes")]):
        print(future.result().choices[0].message.content, flush=True)
"""
OURS = """
import promptlab
frame = promptlab.run_parallel([{"id": "one", "input": {"x": 1}}], "say yes")
"""


def first_line(code: str, environment: dict[str, str]) -> tuple[float, float]:
    """Run a script; gives the seconds to its first line and to its end."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    first = time.perf_counter() - began
    process.stdout.read()
    assert process.wait() == 0
    assert line
    return first, time.perf_counter() - began


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    plain, ours = [], []
    with promptlab.simulate(latency="none", options={"answer": "echo"}) as simulator:
        for _ in range(chosen.rounds):
            with tempfile.TemporaryDirectory() as folder:
                environment = {
                    **os.environ,
                    "OPENAI_BASE_URL": simulator.base_url,
                    "PROMPTLAB_STORE": f"{folder}/lab.sqlite3",
                    "PROMPTLAB_PROGRESS": "text",
                }
                plain.append(first_line(PLAIN, environment))
                ours.append(first_line(OURS, environment))
    rows = []
    for what, place in (("first row", 0), ("end of the process", 1)):
        one, other = [times[place] for times in plain], [times[place] for times in ours]
        ratios = [b / a for a, b in zip(one, other, strict=True)]
        rows.append([what, spread(one), spread(other), spread(ratios)])
    print(f"{chosen.rounds} rounds: median (range). {load()}\n")
    print(table(["from a fresh interpreter to", "plain, s", "promptlab, s", "promptlab/plain"], rows))


if __name__ == "__main__":
    main()
