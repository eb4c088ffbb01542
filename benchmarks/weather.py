"""Rough weather at its full size: each criterion for promptlab and for the loop that people write by hand.

    python benchmarks/weather.py [--only WORD] [--rounds 10] [--write]

Both run in a process of their own, against a server in a third one, with the same cases; the plain loop is a
`ThreadPoolExecutor` around the SDK with its defaults and an `except` around each call, and after two minutes it is
no longer waited for. With --write the table goes to docs/weather.md. Takes about ten minutes.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measure import load, table

from tests.weather.faults import FAULTS
from tests.weather.load import Order, Report, in_process
from tests.weather.orders import FULL, IMPATIENT, RETRIED, every_fault, expected, mixture

PAGE = Path(__file__).resolve().parent.parent / "docs" / "weather.md"
Look = Callable[[Report], tuple[str, bool]]
"""Gives what was measured, and whether it is good enough."""


@dataclass(frozen=True)
class Criterion:
    """What must hold of a run."""

    order: str
    what: str
    must: str
    look: Look


def graded(report: Report) -> tuple[str, bool]:
    """Every case has its verdict, in the suite's order."""
    return f"{report.graded} of {len(report.ids)}", report.graded == len(report.ids)


def at_most(most: float, of: Callable[[Report], float], unit: str = "") -> Look:
    """Look whether something is no more than it may be."""

    def look(report: Report) -> tuple[str, bool]:
        value = of(report)
        return f"{value:.3g}{unit}" if unit else f"{value:g}", value <= most

    return look


def calls_a_case(report: Report) -> float:
    """Give the calls a case."""
    return round(report.calls / len(report.ids), 3)


def after_five_seconds(report: Report) -> float:
    """Give the most calls under way from five seconds on."""
    begun = report.log[0].at
    return max((seen.under_way for seen in report.log if seen.at > begun + 5), default=0)


def spread(report: Report) -> tuple[str, bool]:
    """Look how far those refused in the same instant are spread."""
    refused_at = max(seen.at for seen in report.log if seen.status == 429)
    texts = {seen.text for seen in report.log if seen.status == 429}
    first: dict[str, float] = {}
    for seen in report.log:
        if seen.text in texts and seen.at > refused_at:
            first.setdefault(seen.text, seen.at)
    value = max(first.values()) - min(first.values()) if len(first) == len(texts) else 0.0
    return f"{1000 * value:.0f} ms", value >= 0.2


def not_asked(report: Report) -> tuple[str, bool]:
    """Look whether what was never asked is told from what failed."""
    never = len(set(report.ids)) - len({seen.text for seen in report.log})
    marked = report.statuses.count("not_run")
    return f"{marked} of {never}", marked == never


def one_message(report: Report) -> tuple[str, bool]:
    """Look whether the user is told once of the parameter that was dropped."""
    told = sum("temperature" in text for text in report.notices)
    return f"{told} times", told == 1


def of_faults(wanted: Callable[[str], bool], right: Callable[[Report, int, str], bool]) -> Look:
    """Look at the rows of some of the cases of the order `every fault`."""

    def look(report: Report) -> tuple[str, bool]:
        places = [place for place, name in enumerate(every_fault()) if wanted(name)]
        texts = list(every_fault().values())
        good = sum(right(report, place, texts[place]) for place in places)
        return f"{good} of {len(places)}", good == len(places)

    return look


def has_kind(report: Report, place: int, text: str) -> bool:
    """Tell whether a row has the status and the kind of its fault."""
    return (report.statuses[place], report.errors[place]) == expected(text)[:2]


def has_calls(report: Report, _place: int, text: str) -> bool:
    """Tell whether a row cost as many calls as its fault is worth."""
    return sum(seen.text == text for seen in report.log) == expected(text)[2]


def no_false_fail(report: Report, place: int, text: str) -> bool:
    """Tell whether a row without a verdict is not counted as a failure, nor the other way round."""
    return (report.statuses[place] == "fail") == (expected(text)[0] == "fail")


def passes(report: Report, place: int, _text: str) -> bool:
    """Tell whether a row passed."""
    return report.statuses[place] == "pass"


def in_time(report: Report, place: int, _text: str) -> bool:
    """Tell whether a row was back within its deadline of five seconds and half a second."""
    return report.statuses[place] != "lost" and report.seconds[place] <= 5.5


def named(*names: str) -> Callable[[str], bool]:
    """Want the cases of these faults."""
    return lambda case: case in {f"for good: {name}" for name in names}


def stays(case: str) -> bool:
    """Want the faults that stay."""
    return case.startswith("for good") and FAULTS[case.removeprefix("for good: ")].kind is not None


def odd(case: str) -> bool:
    """Want the answers that are odd and good all the same."""
    return case.startswith("for good") and not stays(case)


def limited(order: str, what: str, calls: float, wall_s: float) -> list[Criterion]:
    """Give what must hold where the provider limits the rate."""
    return [
        Criterion(order, what, "200 graded", graded),
        Criterion(order, what, f"≤ {calls} calls a case", at_most(calls, calls_a_case)),
        Criterion(order, what, f"≤ {wall_s:g} s (ideal 9 s)", at_most(wall_s, lambda one: one.wall_s, " s")),
    ]


def early(order: str, what: str) -> Criterion:
    """No call before a Retry-After is over."""
    return Criterion(order, what, "0 sent before Retry-After was over", at_most(0, Report.sent_early))


SECONDS = "20 a second allowed, 32 workers, answers take 0.5 s; Retry-After in whole seconds"
WINDOW = "the same, counted in a sliding window"
HEADERS = "the same, with all that OpenAI's headers say"
SILENT = "the same without any header"
CRITERIA = [
    *limited("limit, seconds", SECONDS, 1.2, 14), early("limit, seconds", SECONDS),
    *limited("limit, window", WINDOW, 1.2, 16), early("limit, window", WINDOW),
    *limited("limit, headers", HEADERS, 1.2, 14), early("limit, headers", HEADERS),
    *limited("limit, silent", SILENT, 2.5, 30),
    Criterion("rpm, headers", "600 a minute, 50 workers, 100 cases, headers", "100 graded", graded),
    Criterion("rpm, headers", "600 a minute, 50 workers, 100 cases, headers", "≤ 10.4 s (ideal 9 s)", at_most(10.35, lambda one: one.wall_s, " s")),
    Criterion("rpm, headers", "600 a minute, 50 workers, 100 cases, headers", "≤ 10 refused", at_most(10, Report.refused)),
    Criterion("rpm, silent", "the same without any header", "100 graded", graded),
    Criterion("rpm, silent", "the same without any header", "≤ 11.7 s", at_most(11.7, lambda one: one.wall_s, " s")),
    Criterion("four at once", "4 at once allowed, 32 workers, 200 cases", "200 graded", graded),
    Criterion("four at once", "4 at once allowed, 32 workers, 200 cases", "≤ 6 under way after 5 s", at_most(6, after_five_seconds)),
    Criterion("four at once", "4 at once allowed, 32 workers, 200 cases", "≤ 1.5 calls a case", at_most(1.5, calls_a_case)),
    Criterion("same instant", "32 calls limited in the same instant", "40 graded", graded),
    Criterion("same instant", "32 calls limited in the same instant", "retries spread over ≥ 200 ms", spread),
    Criterion("three percent", "3 % of calls fail with 503, 1,000 cases", "1,000 graded", graded),
    Criterion("three percent", "3 % of calls fail with 503, 1,000 cases", "≤ 1.05 calls a case", at_most(1.05, calls_a_case)),
    Criterion("outage of 10 s", "outage of 10 s in mid-run, 300 cases", "300 graded", graded),
    Criterion("outage of 10 s", "outage of 10 s in mid-run, 300 cases", "≤ 1.5 calls a case", at_most(1.5, calls_a_case)),
    Criterion("outage, 503", "total outage (503), 200 cases", "≤ 60 calls", at_most(60, lambda one: one.calls)),
    Criterion("outage, 503", "total outage (503), 200 cases", "≤ 30 s", at_most(30, lambda one: one.wall_s, " s")),
    Criterion("outage, reset", "total outage (reset), 200 cases, 32 workers", "≤ 60 calls", at_most(60, lambda one: one.calls)),
    Criterion("outage, reset", "total outage (reset), 200 cases, 32 workers", "≤ 30 s", at_most(30, lambda one: one.wall_s, " s")),
    *(
        Criterion(f"account, {by}", f"{what}, 1,000 cases", must, look)
        for by, what in (("401", "key refused"), ("404", "model unknown"), ("quota", "credit used up"))
        for must, look in (("≤ 16 useless calls", at_most(16, lambda one: one.calls)), ("cases never asked are marked so", not_asked))
    ),
    Criterion("parameter", "a parameter that the model does not take, 40 cases", "40 graded", graded),
    Criterion("parameter", "a parameter that the model does not take, 40 cases", "≤ 41 calls", at_most(41, lambda one: one.calls)),
    Criterion("parameter", "a parameter that the model does not take, 40 cases", "said once", one_message),
    Criterion("slow", "slow calls (no second copy)", "1 call a case", at_most(1, calls_a_case)),
    Criterion("slow", "ever under way at once, 8 workers", "≤ 8", at_most(8, lambda one: one.most_under_way)),
    Criterion("every fault", f"{len(FAULTS)} faults beside healthy cases", "a row each, in order", lambda one: (f"{len(one.ids)} rows", "lost" not in one.statuses)),
    Criterion("every fault", "healthy neighbours", "pass", of_faults(lambda case: case.startswith("healthy"), passes)),
    Criterion("every fault", "faults that stay", "status and kind", of_faults(stays, has_kind)),
    Criterion("every fault", "faults that stay", "exactly the calls they are worth", of_faults(stays, has_calls)),
    Criterion("every fault", f"{len(RETRIED)} faults that go away after two tries", "good rows", of_faults(lambda case: case.startswith("twice"), passes)),
    Criterion("every fault", f"{len(RETRIED)} faults that go away after two tries", "exactly 3 calls", of_faults(lambda case: case.startswith("twice"), has_calls)),
    Criterion("every fault", "odd and whole answers", "good rows", of_faults(odd, passes)),
    Criterion("every fault", "an error is not a failure", "none mixed up", of_faults(stays, no_false_fail)),
    Criterion("every fault", "a wait of an hour is asked for", "1 call", of_faults(named("429 hour"), has_calls)),
    Criterion("every fault", "redirect to another origin, a loop, to nowhere", "`redirect`", of_faults(named("elsewhere", "loop", "nowhere"), has_kind)),
    Criterion("every fault", "11 MB, a gzip bomb, a body without end", "`too_big`", of_faults(named("big", "bomb", "endless"), has_kind)),
    Criterion("deadline", "hangs, drips (body and headers); deadline 5 s", "back within 5.5 s", lambda one: (f"{sum(s != 'lost' and t <= 5.5 for s, t in zip(one.statuses, one.seconds, strict=True))} of {len(one.ids)}, longest {max(one.seconds):.1f} s", "lost" not in one.statuses and max(one.seconds) <= 5.5)),
    Criterion("big", "bodies that are too big, 3 at once", "≤ 200 MB more memory", at_most(330, lambda one: round(one.peak_mb), " MB in all")),
]  # fmt: skip

ORDERS = FULL | {
    "every fault": Order(0, 24, {}, limits=IMPATIENT, texts=list(every_fault().values())),
    "deadline": Order(
        0, 9, {}, limits={"timeout": 60, "deadline": 5},
        texts=[f"{number} @@{name}" for number in range(3) for name in ("hang", "drip", "drip headers")],
    ),
    "big": Order(0, 3, {}, texts=[f"0 @@{name}" for name in ("big", "bomb", "endless")]),
}  # fmt: skip


def run_orders(names: Sequence[str], *, plain: bool) -> dict[str, Report]:
    """Run orders: one at a time, those of the plain loop three at a time since it is waited for to no end."""
    orders = [replace(ORDERS[name], plain=plain) for name in names]
    with ThreadPoolExecutor(3 if plain else 1) as pool:
        return dict(zip(names, pool.map(in_process, orders), strict=True))


def said(found: tuple[str, bool]) -> str:
    """Write what was measured, and whether it holds."""
    return f"{found[0]}: {'held' if found[1] else '**failed**'}"


def criteria(word: str) -> tuple[str, bool]:
    """Measure every criterion whose order has the word in it."""
    wanted = [one for one in CRITERIA if word in one.order]
    names = list(dict.fromkeys(one.order for one in wanted))
    ours, theirs = run_orders(names, plain=False), run_orders(names, plain=True)
    rows, held, by_hand = [], 0, 0
    for one in wanted:
        mine, other = one.look(ours[one.order]), one.look(theirs[one.order])
        held, by_hand = held + mine[1], by_hand + other[1]
        rows.append([one.what, one.must, said(mine), said(other)])
    head = f"{len(wanted)} criteria: promptlab holds {held}, the plain loop {by_hand}. {load()}.\n\n"
    return head + table(["situation", "must", "promptlab", "plain loop"], rows), held == len(wanted)


def same_rows(rounds: int) -> tuple[str, bool]:
    """Run 1,000 cases with every fault mixed in, with other workers each time."""
    texts = mixture(1000, 0.2, seed=1)
    chance = random.Random(2)
    wanted = [expected(text)[:2] for text in texts]
    rows, same = [], 0
    for number in range(rounds):
        workers = chance.randint(4, 32)
        report = in_process(
            Order(0, workers, {"latency": 0.05}, limits=IMPATIENT | {"deadline": 300}, texts=texts)
        )
        found = list(zip(report.statuses, report.errors, strict=True))
        wrong = sum(one != other for one, other in zip(found, wanted, strict=True))
        same += not wrong
        rows.append([number + 1, workers, wrong, report.calls, f"{report.wall_s:.1f}"])
    kinds = Counter(kind for _, kind in wanted if kind)
    head = (
        f"1,000 cases, a fifth of them with a fault of any sort ({len(kinds)} kinds of trouble): {same} of {rounds}"
        f" runs gave exactly the rows that the faults are worth.\n\n"
    )
    return head + table(["run", "workers", "rows that differ", "calls", "seconds"], rows), same == rounds


def replace_part(name: str, text: str) -> None:
    """Put a text between the marks of its name on the page."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}{text.strip()}\n{end}{after}", encoding="utf-8")


def main() -> int:
    """Measure and print; gives 1 where promptlab fails a criterion."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="orders that have this in their name; `none` for none")
    parser.add_argument("--rounds", type=int, default=10, help="runs with every fault mixed in")
    parser.add_argument("--write", action="store_true", help="write docs/weather.md")
    chosen = parser.parse_args()
    parts = {} if chosen.only == "none" else {"criteria": criteria(chosen.only)}
    if chosen.rounds:
        parts["same rows"] = same_rows(chosen.rounds)
    for name, (text, _) in parts.items():
        print(text + "\n", flush=True)
        if chosen.write:
            replace_part(name, text)
    return int(not all(held for _, held in parts.values()))


if __name__ == "__main__":
    sys.exit(main())
