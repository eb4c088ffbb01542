"""What longest-first gains over suite order: lognormal latencies (5 s in the mean, 3 to 8 s), 15 workers. Reckoned, not run.

    python benchmarks/schedule.py [--draws 400]

`known` is the case where each call takes exactly what it took before; `half known` where half of the spread of its
logarithm comes back and the other half is new; the order is made from what it took before in both.
"""

from __future__ import annotations

import argparse
import math
import random

from measure import spread, table

from promptlab._schedule import bound, list_schedule, order

WORKERS = 15
LOW, HIGH = 3.0, 8.0
SIGMA = math.log(HIGH / LOW) / 4
MU = math.log(5.0) - SIGMA**2 / 2


def seconds(normal: float) -> float:
    """Give a latency for a draw of the standard normal distribution."""
    return min(max(math.exp(MU + SIGMA * normal), LOW), HIGH)


def main() -> None:
    """Reckon and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=400)
    draws, rng, rows = parser.parse_args().draws, random.Random(0), []
    for cases in (20, 25, 50, 100, 200):
        found: dict[str, list[float]] = {"suite": [], "known": [], "half": [], "gain": [], "half gain": []}
        for _ in range(draws):
            lasting = [rng.gauss(0, 1) for _ in range(cases)]
            before = [seconds(value) for value in lasting]
            now = [seconds(math.sqrt(0.5) * value + math.sqrt(0.5) * rng.gauss(0, 1)) for value in lasting]
            least = bound(before, WORKERS)
            in_order, known = (
                list_schedule([before[place] for place in places], WORKERS)
                for places in (range(cases), order(before))
            )
            half_order = list_schedule(now, WORKERS)
            half = list_schedule([now[place] for place in order(before)], WORKERS)
            found["suite"].append(in_order / least)
            found["known"].append(known / least)
            found["half"].append(half / bound(now, WORKERS))
            found["gain"].append(100 * (1 - known / in_order))
            found["half gain"].append(100 * (1 - half / half_order))
        rows.append([cases, *(f"{sum(values) / draws:.2f}" for values in list(found.values())[:3])])
        rows[-1] += [f"{sum(found['gain']) / draws:.0f} %", f"{sum(found['half gain']) / draws:.0f} %"]
        rows[-1].append(spread(found["gain"], 0))
    print(
        f"{WORKERS} workers, {draws} draws of the latencies; times are multiples of the bound, in the mean.\n"
    )
    head = ["cases", "suite order", "longest first, known", "longest first, half known"]
    print(table([*head, "gain, known", "gain, half known", "gain, known, %: median (range)"], rows))


if __name__ == "__main__":
    main()
