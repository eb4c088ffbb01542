"""The founding workload: 20 and 25 cases on 15 workers, against the plain loop and the best possible schedule.

    python benchmarks/founding.py [--full] [--rounds N]

Calls take 3 to 8 s, 5 s in the mean; a tenth of that without --full. The server has a process of its own. Each round
asks three times with the same requests, in turn: the plain loop, a first run (a new store: nothing is known of the
cases) and a second run (their latencies are known, every call is made anew). Store and display are on. The best
possible schedule is the better of two known ways to arrange the very calls that the run made, no overhead at all.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

import pandas as pd
from measure import bodies_of, load, plain_loop, spread, table

import promptlab
from promptlab._schedule import bound, list_schedule

CASES = Path(__file__).resolve().parent.parent / "cases"
WORKERS = 15


def best_possible(latencies: list[float], workers: int) -> float:
    """Give the shortest schedule that is known of: longest first, improved by moves of single calls where one helps."""
    lanes: list[list[float]] = [[] for _ in range(workers)]
    for seconds in sorted(latencies, reverse=True):
        min(lanes, key=sum).append(seconds)
    improved = True
    while improved:
        improved = False
        lanes.sort(key=sum)
        longest = lanes[-1]
        for lane in lanes[:-1]:
            for mine in longest:
                for theirs in [*lane, 0.0]:
                    if max(sum(longest) - mine + theirs, sum(lane) - theirs + mine) < sum(longest) - 1e-9:
                        longest.remove(mine)
                        lane.append(mine)
                        if theirs:
                            lane.remove(theirs)
                            longest.append(theirs)
                        improved = True
                        break
                if improved:
                    break
            if improved:
                break
    return max(sum(lane) for lane in lanes)


def one_round(base_url: str, suite: promptlab.Suite, prompt: promptlab.Prompt) -> dict[str, float]:
    """Ask three times; gives the seconds and ratios."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(io.StringIO()) as shown,
        promptlab.Lab(base_url=base_url, store=f"{folder}/lab.sqlite3", display="text") as lab,
    ):
        plain_s = plain_loop(base_url, bodies_of(suite, prompt, lab.model), WORKERS)
        first, second = (
            promptlab.run_parallel(suite, prompt, workers=WORKERS, fresh=True, lab=lab) for _ in range(2)
        )
    assert shown.getvalue().count(f"/{len(suite)}] ") == 2 * len(suite), "the display was not on"
    told = {"plain_s": plain_s}
    for name, frame in (("first", first), ("second", second)):
        latencies = [float(seconds) for seconds in frame["latency_s"]]
        assert frame["error"].isna().all()
        wall_s = frame.attrs["promptlab"]["wall_s"]
        told |= {
            f"{name}_s": wall_s,
            f"{name}/plain": wall_s / plain_s,
            f"{name}/best": wall_s / best_possible(latencies, WORKERS),
            f"{name}/bound": wall_s / bound(latencies, WORKERS),
            f"{name} speedup": sum(latencies) / wall_s,
        }
    latencies = [float(seconds) for seconds in first["latency_s"]]
    told["suite order/best"] = list_schedule(latencies, WORKERS) / best_possible(latencies, WORKERS)
    return told


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="the whole latencies, 3 to 8 s")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    everything = promptlab.load_cases(CASES / "discovery.yaml")
    prompt = promptlab.Prompt.load(CASES / "prompts" / "discovery.md")
    suites = [everything.filter(tags=["parallel"]), everything]
    scale = 1.0 if chosen.full else 0.1
    with promptlab.simulate(latency="lognormal:5,3,8", scale=scale) as simulator:
        plain_loop(simulator.base_url, bodies_of(suites[0][:2], prompt, "gpt-5-nano"), 2)  # imports, once
        found = {
            len(suite): pd.DataFrame(
                [one_round(simulator.base_url, suite, prompt) for _ in range(chosen.rounds)]
            )
            for suite in suites
        }
    names = list(found[20].columns)
    rows = [[name, *(spread(list(rounds[name])) for rounds in found.values())] for name in names]
    print(f"Latencies times {scale:g}, {WORKERS} workers, {chosen.rounds} rounds: median (range). {load()}\n")
    print(table(["", *(f"{size} cases" for size in found)], rows))


if __name__ == "__main__":
    main()
