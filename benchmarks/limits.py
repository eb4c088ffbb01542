"""Under a rate limit: 600 requests a minute, 100 cases of 50 ms, 20 and 50 workers, beside the SDK that retries by itself.

    python benchmarks/limits.py [--rounds 1]

The server lets ten requests through at once and then ten a second, so that no client is done sooner than 9.05 s after its
first request. With headers it says so in `x-ratelimit-…` and `retry-after`; else it answers 429 and nothing more. Each
run has a server of its own; lost cases and 429s are told by its counters. Tokens are not limited.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import openai
from measure import bodies_of, load, table
from throughput import PROMPT, suite_of

import promptlab

CASES, RPM, LATENCY_S = 100, 600, 0.05
BURST = RPM / 60
IDEAL_S = (CASES - BURST) / (RPM / 60) + LATENCY_S


def plain(base_url: str, suite: promptlab.Suite, workers: int) -> tuple[float, int]:
    """Ask with a pool and the SDK's own retries, ten of them; gives the seconds and the cases that got no answer."""
    client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=10)
    lost = 0
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for future in [
            pool.submit(client.chat.completions.create, **body)
            for body in bodies_of(suite, PROMPT, "gpt-5-nano")
        ]:
            try:
                future.result()
            except openai.APIError:
                lost += 1
    seconds = time.perf_counter() - began
    client.close()
    return seconds, lost


def ours(base_url: str, suite: promptlab.Suite, workers: int) -> tuple[float, int]:
    """Ask with promptlab; gives the seconds and the cases that got no answer."""
    limits = promptlab.Limits(max_workers=workers)
    with promptlab.Lab(base_url=base_url, store="off", display="none", limits=limits) as lab:
        frame = promptlab.run_parallel(suite, PROMPT, workers=workers, lab=lab)
    return frame.attrs["promptlab"]["wall_s"], int(frame["error"].notna().sum())


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    suite = suite_of(CASES)
    rows = []
    for headers in (True, False):
        for workers in (20, 50):
            for name, ask in (("promptlab", ours), ("SDK, 10 retries", plain)):
                found = []
                for _ in range(chosen.rounds):
                    options: dict[str, str | bool] = {"answer": "echo"}
                    if not headers:
                        options["no-limit-headers"] = True
                    with promptlab.simulate(
                        latency=f"fixed:{LATENCY_S}", rpm=RPM, options=options
                    ) as simulator:
                        seconds, lost = ask(simulator.base_url, suite, workers)
                        refused = simulator.stats()["limited"]
                    found.append((seconds, lost, refused))
                middle = [statistics.median(values) for values in zip(*found, strict=True)]
                told = (
                    f"{middle[0]:.1f}",
                    f"{middle[0] / IDEAL_S:.2f}",
                    f"{middle[1]:.0f}",
                    f"{middle[2]:.0f}",
                )
                rows.append(["yes" if headers else "no", workers, name, *told])
    print(f"Ideal {IDEAL_S:.2f} s, {chosen.rounds} rounds: median. {load()}\n")
    print(table(["headers", "workers", "harness", "s", "/ideal", "lost", "429s"], rows))


if __name__ == "__main__":
    main()
