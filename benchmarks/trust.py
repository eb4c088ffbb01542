"""How far the verdicts can be trusted: false alarms, coverage and power, in worlds whose truth is known.

    python benchmarks/trust.py [--draws 2000] [--into docs/trust.md]

Prints Markdown, or puts it below the line "## What was measured" of a page. Where each case is asked
once the figures are exact (all outcomes are enumerated); elsewhere they are drawn, with fixed seeds.
Takes some minutes on one core.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from promptlab._stats import smallest_difference
from tests.stats import trials

FLIPS = ((0.1, 0.1), (0.25, 0.05), (0.02, 0.02), (0.3, 0.3))


MARK = "## What was measured\n"


def percent(share: float, decimals: int = 1) -> str:
    """Write a share."""
    return f"{100 * share:.{decimals}f} %"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a Markdown table."""
    head = list(head)
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def one_answer() -> None:
    """One answer a case: exact."""
    print("### One answer a case (exact)\n")
    print(
        '`said`: how often the sentence is "better" or "worse"; in the rows with equal rates that is the false alarm.'
    )
    print("`wrong`: how often it is so, and wrong. Mid-p and exact: how often each test is under 0.05.\n")
    rows = []
    for cases in trials.SIZES:
        for win, lose in FLIPS:
            cell = trials.one_answer(cases, win, lose)
            rows.append(
                (cases, f"{percent(win, 0)} / {percent(lose, 0)}", percent(cell.said), percent(cell.wrong, 2), percent(cell.covered), percent(cell.midp), percent(cell.exact))
            )  # fmt: skip
    table(["cases", "B wins / loses", "said", "wrong", "Tango covers", "mid-p", "exact"], rows)
    worst = max(
        (trials.one_answer(cases, share, share).said, cases, share)
        for cases in (*range(5, 31), 40, 60, 100)
        for share in (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
    )
    print(
        f"Worst false alarm over 5 to 100 cases and rates up to 40 % on each side: {percent(worst[0], 2)}"
        f" ({worst[1]} cases, {percent(worst[2], 0)} on each side).\n"
    )


def repeats(draws: int) -> None:
    """Several answers a case: drawn."""
    print(f"### Several answers a case ({draws:,} draws a row)\n")
    print("A t interval, which is not used, stands beside for comparison.\n")
    rows = []
    without: list[tuple[float, str, int, int]] = []
    for world in trials.WORLDS:
        for cases in trials.SIZES:
            for times in (2, 5):
                cell = trials.repeated(world, cases, times, draws, seed=cases + times)
                rows.append(
                    (world, cases, times, percent(cell.said), percent(cell.wrong, 2), percent(cell.covered), percent(cell.covered_by_t))
                )  # fmt: skip
                if cell.wrong == cell.said:
                    without.append((cell.said, world, cases, times))
    table(
        ["world", "cases", "repeats", "said", "wrong", "clustered interval covers", "t interval covers"], rows
    )
    many = 20 * draws
    print(
        f"The five rows without a true difference that erred most, drawn {many:,} times (the test alone):\n"
    )
    closer = []
    for _, world, cases, times in sorted(without, reverse=True)[:5]:
        share = trials.alarms(world, cases, times, draws=many, seed=cases)
        closer.append((world, cases, times, percent(share, 2)))
    table(["world", "cases", "repeats", "said"], closer)


def one_prompt(draws: int) -> None:
    """One prompt alone."""
    print("### One prompt, one answer a case: coverage of Wilson's interval (exact)\n")
    rates = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
    grid = np.linspace(0.005, 0.995, 199)
    rows = []
    for cases in trials.SIZES:
        everywhere = [trials.wilson_coverage(cases, float(rate)) for rate in grid]
        shares = [percent(trials.wilson_coverage(cases, rate)) for rate in rates]
        rows.append((cases, *shares, percent(float(np.mean(everywhere))), percent(min(everywhere))))
    table(["cases", *(percent(rate, 0) for rate in rates), "mean of all rates", "worst rate"], rows)

    print(f"### One prompt, several answers a case ({draws:,} draws a row)\n")
    print(
        "`alike`: 0 where all cases have the same pass rate, 1 where a case always or never passes. The last two columns are"
    )
    print(
        "methods that are not used: a t interval, and Wilson's as if all answers were cases of their own.\n"
    )
    rows = []
    for cases in (5, *trials.SIZES):
        for mean in (0.5, 0.8, 0.95, 0.99):
            for alike in (0.0, 0.3, 0.8, 1.0):
                figures = trials.case_coverage(cases, 5, mean, alike, draws=draws, seed=cases)
                rows.append((cases, percent(mean, 0), alike, *map(percent, figures)))
    least = min(float(row[3].split()[0]) for row in rows)
    shown = [row for row in rows if row[2] in (0.3, 1.0)]
    table(["cases", "pass rate", "alike", "clustered interval covers", "t", "answers as cases"], shown)
    print(f"Worst of all {len(rows)} rows, those with alike 0 and 0.8 included: {least} %.\n")


def early_stop(draws: int) -> None:
    """The early stop."""
    print("### The early stop, looked at after every case (exact)\n")
    rows = []
    for cases in (*trials.SIZES, 1000):
        for win, lose in FLIPS:
            for_b, for_a, asked = trials.stopped_by(cases, win, lose)
            wrong = for_b + for_a if win == lose else for_a
            rows.append(
                (
                    cases,
                    f"{percent(win, 0)} / {percent(lose, 0)}",
                    percent(for_b + for_a),
                    percent(wrong, 2),
                    f"{asked:.0f}",
                )
            )
    table(["cases at most", "B wins / loses", "ever stopped", "wrongly", "cases asked on average"], rows)
    print("### The interval beside it: holds the truth at every look at once\n")
    table(
        ["cases", "B wins / loses", f"held throughout ({draws // 4:,} draws)"],
        [
            (
                cases,
                f"{percent(win, 0)} / {percent(lose, 0)}",
                percent(trials.path_coverage(cases, win, lose, draws // 4, seed=1)),
            )
            for cases in (20, 50, 200)
            for win, lose in FLIPS
        ],
    )


def calibration(draws: int) -> None:
    """Confidence."""
    draws //= 4
    print(f"### Calibration ({draws:,} draws a row)\n")
    rows = []
    for source in trials.SOURCES:
        for count in (30, 100, 300):
            cell = trials.calibrated(source, count, draws, seed=count)
            rows.append(
                (source, count, f"{cell.truth:.3f}", f"{cell.error:.3f}", percent(cell.covered), percent(cell.reaches_chance), percent(cell.reaches_zero))
            )  # fmt: skip
    table(
        [
            "source",
            "rows",
            "true error",
            "error found, mean",
            "interval covers",
            "reaches down to chance",
            "reaches zero",
        ],
        rows,
    )


def judges(draws: int) -> None:
    """Several pairs, and kappa."""
    print(f"### Several variants, all copies of the baseline ({draws:,} draws a row)\n")
    table(
        ["variants", "cases", "any found different, with Holm", "without"],
        [
            (count, cases, *map(percent, trials.family_errors(count, cases, draws, seed=1)))
            for count in (2, 4)
            for cases in trials.SIZES
        ],
    )
    print(f"### Cohen's kappa ({draws:,} draws a cell): coverage\n")
    kappas = (0.0, 0.3, 0.6, 0.9)
    table(
        ["rows", "pass rate", *(f"kappa {kappa}" for kappa in kappas)],
        [
            (
                rows,
                percent(rate, 0),
                *(percent(trials.kappa_coverage(rows, rate, kappa, draws, seed=1)) for kappa in kappas),
            )
            for rows in (12, 30, 100)
            for rate in (0.5, 0.9)
        ],
    )


def power() -> None:
    """What a suite can tell."""
    print("### What a suite can tell with 80 % chance (exact)\n")
    print("`churn`: share of cases that break by the way and are made up for by as many others.\n")

    def shown(cases: int, churn: float) -> str:
        smallest = smallest_difference(cases, churn=churn)
        return "nothing" if smallest is None else f"{100 * smallest:.1f} points"

    table(
        ["cases", "no churn", "churn 2 %", "churn 5 %", "churn 10 %"],
        [
            (f"{cases:,}", *(shown(cases, churn) for churn in (0.0, 0.02, 0.05, 0.1)))
            for cases in (5, 12, 20, 50, 100, 200, 500, 1000)
        ],
    )


def everything(draws: int) -> None:
    """Print all tables."""
    print(
        f"By `python benchmarks/trust.py --draws {draws}`. Figures from {draws:,} draws are good to about one point.\n"
    )
    one_answer()
    power()
    repeats(draws)
    one_prompt(draws)
    early_stop(draws)
    calibration(draws)
    judges(draws)


def main() -> None:
    """Print all tables, or put them into a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000, help="draws a row where figures are drawn")
    parser.add_argument("--into", type=Path, help="the page whose tables are replaced")
    options = parser.parse_args()
    if options.into is None:
        everything(options.draws)
        return
    above = options.into.read_text(encoding="utf-8").split(MARK)[0]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        everything(options.draws)
    options.into.write_text(f"{above}{MARK}\n{printed.getvalue().rstrip()}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
