"""What the promises of the statistics are tried on: worlds whose truth is known.

Where each case is asked once, all outcomes are enumerated and weighed, so the figures are exact.
Elsewhere worlds are drawn, with a seed. The figures come from the library's own functions; the
tests run them small, `benchmarks/trust.py` in full.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import betaln, gammaln, stdtrit

from promptlab._stats import (
    ALPHA,
    Finding,
    Paired,
    Watch,
    by_case,
    calibration,
    cohen_kappa,
    compare_once,
    compare_repeats,
    finding,
    holm,
    mcnemar_exact,
    mcnemar_midp,
    score,
    sign_flip,
    wilson,
)

SIZES = (12, 20, 50, 200)
RATES = ((0.1, 0.1), (0.25, 0.05), (0.02, 0.02), (0.3, 0.3))
NEGLIGIBLE = 1e-9


def outcomes(cases: int, win: float, lose: float) -> Iterator[tuple[int, int, float]]:
    """Give each count of wins and losses with its chance, but for those hardly ever seen."""
    tie = 1 - win - lose
    for wins in range(cases + 1):
        for losses in range(cases - wins + 1):
            ties = cases - wins - losses
            log = (
                math.lgamma(cases + 1)
                - math.lgamma(wins + 1)
                - math.lgamma(losses + 1)
                - math.lgamma(ties + 1)
            )
            log += wins * math.log(win) + losses * math.log(lose) + (ties * math.log(tie) if ties else 0.0)
            if log > math.log(NEGLIGIBLE):
                yield wins, losses, math.exp(log)


@cache
def once(wins: int, losses: int, cases: int) -> tuple[Paired, Finding]:
    """Give the library's comparison, and what it says of it."""
    paired = compare_once(wins, losses, cases - wins - losses)
    return paired, finding(paired)


@dataclass(frozen=True)
class Once:
    """Exact figures of one cell with one answer a case, all in [0, 1]."""

    said: float
    wrong: float
    covered: float
    midp: float
    exact: float


def one_answer(cases: int, win: float, lose: float) -> Once:
    """Weigh what the library says of every outcome of a cell."""
    said = wrong = covered = midp = exact = 0.0
    truth = win - lose
    for wins, losses, chance in outcomes(cases, win, lose):
        paired, found = once(wins, losses, cases)
        told = found.word != "cannot tell"
        said += chance * told
        wrong += chance * (told and (truth == 0 or (found.word == "better") != (truth > 0)))
        covered += chance * (paired.low <= truth <= paired.high)
        midp += chance * (mcnemar_midp(wins, losses) < ALPHA)
        exact += chance * (mcnemar_exact(wins, losses) < ALPHA)
    return Once(said=said, wrong=wrong, covered=covered + 1e-12, midp=midp, exact=exact)


def wilson_coverage(graded: int, rate: float) -> float:
    """Give the exact coverage of Wilson's interval."""
    passes = np.arange(graded + 1)
    logs = gammaln(graded + 1) - gammaln(passes + 1) - gammaln(graded - passes + 1)
    chances = np.exp(logs + passes * math.log(rate) + (graded - passes) * math.log1p(-rate))
    intervals = [wilson(int(count), graded) for count in passes]
    held = [interval.low <= rate <= interval.high for interval in intervals]
    return float(chances @ np.array(held))


def stopped_by(cases: int, win: float, lose: float) -> tuple[float, float, float]:
    """Follow an early stop over all its paths, looking after every case.

    Returns:
        The chance to have stopped for B, to have stopped for A, and the mean number of cases asked.
    """
    alive = {(0, 0): 1.0}
    for_b = for_a = asked = 0.0
    tie = 1 - win - lose
    for case in range(1, cases + 1):
        after: dict[tuple[int, int], float] = {}
        for (wins, losses), chance in alive.items():
            for step, share in (((wins + 1, losses), win), ((wins, losses + 1), lose), ((wins, losses), tie)):
                mass = chance * share
                if mass < 1e-14:
                    continue
                if step != (wins, losses) and _decided(*step):
                    for_b += mass * (step[0] > step[1])
                    for_a += mass * (step[0] < step[1])
                    asked += mass * case
                else:
                    after[step] = after.get(step, 0.0) + mass
        alive = after
    return for_b, for_a, asked + cases * sum(alive.values())


@cache
def _decided(wins: int, losses: int) -> bool:
    """Tell whether one stops here."""
    return Watch(wins=wins, losses=losses).evidence >= 20


def path_coverage(cases: int, win: float, lose: float, draws: int, seed: int) -> float:
    """Give the share of runs whose anytime interval holds the truth at every single look."""
    generator = np.random.default_rng(seed)
    kept = 0
    for _ in range(draws):
        watch, held = Watch(), True
        for luck in generator.random(cases):
            watch = watch.seen(1.0 if luck < win else -1.0 if luck < win + lose else 0.0)
            low, high = _look(watch.wins, watch.losses, watch.cases)
            held = held and low <= win - lose <= high
        kept += held
    return kept / draws


@cache
def _look(wins: int, losses: int, cases: int) -> tuple[float, float]:
    paired = Watch(wins=wins, losses=losses, ties=cases - wins - losses).paired()
    return paired.low, paired.high


def flaky(generator: np.random.Generator, mean: float, alike: float, shape: tuple[int, ...]) -> np.ndarray:
    """Draw each case's own pass rate.

    Args:
        generator: Where luck comes from.
        mean: Their mean.
        alike: 0 where all cases have it, 1 where a case always passes or always fails.
        shape: How many.
    """
    if alike == 0:
        return np.full(shape, mean)
    if alike == 1:
        return (generator.random(shape) < mean).astype(float)
    weight = (1 - alike) / alike
    return generator.beta(mean * weight, (1 - mean) * weight, shape)


@dataclass(frozen=True)
class Repeated:
    """Figures of one cell with repeats, all in [0, 1]."""

    said: float
    wrong: float
    covered: float
    covered_by_t: float
    width: float


def repeated(world: str, cases: int, repeats: int, draws: int, seed: int) -> Repeated:
    """Draw comparisons of a world with repeats, and see what the library says of them."""
    generator = np.random.default_rng(seed)
    shape = (draws, cases)
    truth, rate_a, rate_b = WORLDS[world](generator, shape)
    gaps = generator.binomial(repeats, rate_b) - generator.binomial(repeats, rate_a)
    said = wrong = covered = naive = 0
    width = 0.0
    for row in gaps / repeats:
        paired = compare_repeats(row.tolist())
        word = finding(paired).word
        said += word != "cannot tell"
        wrong += word != "cannot tell" and (truth == 0 or (word == "better") != (truth > 0))
        covered += paired.low - 1e-9 <= truth <= paired.high + 1e-9
        width += paired.high - paired.low
        reach = stdtrit(cases - 1, 0.975) * row.std(ddof=1) / math.sqrt(cases)
        naive += abs(row.mean() - truth) <= reach + 1e-12
    return Repeated(
        said=said / draws,
        wrong=wrong / draws,
        covered=covered / draws,
        covered_by_t=naive / draws,
        width=width / draws,
    )


def alarms(world: str, cases: int, repeats: int, *, draws: int, seed: int) -> float:
    """Give how often the sign flip alone is under 0.05, from many draws: equal ones are tested once."""
    generator = np.random.default_rng(seed)
    known: dict[tuple[int, ...], float] = {}
    under = 0
    for _ in range(draws // 1000):
        _, rate_a, rate_b = WORLDS[world](generator, (1000, cases))
        for row in generator.binomial(repeats, rate_b) - generator.binomial(repeats, rate_a):
            sizes = np.bincount(np.abs(row), minlength=repeats + 1)
            key = (abs(int(row.sum())), *map(int, sizes))
            if key not in known:
                known[key] = sign_flip((row / repeats).tolist()).p
            under += known[key] < ALPHA
    return under / (draws // 1000 * 1000)


def _same(mean: float, alike: float):
    """Both sides are one prompt."""

    def world(generator, shape):
        rates = flaky(generator, mean, alike, shape)
        return 0.0, rates, rates

    return world


def _kinds(win: float, lose: float, sure: float):
    """Some cases B wins, some it loses, the rest are alike; a case goes its way with chance `sure`."""

    def world(generator, shape):
        kind = generator.random(shape)
        alike = np.where(generator.random(shape) < 0.7, sure, 1 - sure)
        rate_a = np.where(kind < win, 1 - sure, np.where(kind < win + lose, sure, alike))
        rate_b = np.where(kind < win, sure, np.where(kind < win + lose, 1 - sure, alike))
        return (win - lose) * (2 * sure - 1), rate_a, rate_b

    return world


def _all_a_little(mean: float, alike: float, gain: float):
    """Every case passes more often under B, by the same share of what it lacks."""

    def world(generator, shape):
        rates = flaky(generator, mean, alike, shape)
        return gain * (1 - mean), rates, rates + gain * (1 - rates)

    return world


def _rare(win: float):
    """Nearly all cases differ a little by luck; a few flip wholly, and always for B."""

    def world(generator, shape):
        flipped = generator.random(shape) < win
        return win, np.where(flipped, 0.0, 0.9), np.where(flipped, 1.0, 0.9)

    return world


WORLDS = {
    "same prompt, every case 70 %": _same(0.7, 0.0),
    "same prompt, cases differ": _same(0.7, 0.3),
    "same prompt, nearly always passes": _same(0.95, 0.3),
    "wins 10 %, loses 10 %": _kinds(0.1, 0.1, 0.9),
    "wins 25 %, loses 5 %": _kinds(0.25, 0.05, 0.9),
    "wins 25 %, loses 5 %, always alike": _kinds(0.25, 0.05, 1.0),
    "wins 2 %, loses 2 %": _kinds(0.02, 0.02, 0.9),
    "wins 30 %, loses 30 %": _kinds(0.3, 0.3, 0.9),
    "every case a little better": _all_a_little(0.6, 0.3, 0.4),
    "few cases wholly better": _rare(0.1),
}
"""Each gives the true difference, and both sides' pass rates of the cases."""


def case_coverage(
    cases: int, repeats: int, mean: float, alike: float, *, draws: int, seed: int
) -> tuple[float, float, float]:
    """Give the coverage of the clustered interval of one prompt, of a t interval, and of all answers as one."""
    generator = np.random.default_rng(seed)
    passes = generator.binomial(repeats, flaky(generator, mean, alike, (draws, cases)))
    ours = student = pooled = 0
    for row in passes:
        interval = by_case(row.tolist(), [repeats] * cases)
        ours += interval.low <= mean <= interval.high
        rates = row / repeats
        reach = stdtrit(cases - 1, 0.975) * rates.std(ddof=1) / math.sqrt(cases)
        student += abs(rates.mean() - mean) <= reach
        whole = score(int(row.sum()), repeats * cases)
        pooled += whole.low <= mean <= whole.high
    return ours / draws, student / draws, pooled / draws


def family_errors(variants: int, cases: int, draws: int, seed: int) -> tuple[float, float]:
    """Give how often any of several copies of the baseline is found different: with Holm, and without."""
    generator = np.random.default_rng(seed)
    base = generator.random((draws, cases))
    plain = corrected = 0
    for row in base:
        verdicts = generator.random((variants + 1, cases)) < np.where(row < 0.4, 0.5, 0.95)
        values = [
            mcnemar_midp(int((other & ~verdicts[0]).sum()), int((verdicts[0] & ~other).sum()))
            for other in verdicts[1:]
        ]
        plain += min(values) < ALPHA
        corrected += min(holm(values)) < ALPHA
    return corrected / draws, plain / draws


SOURCES = {
    "honest, all over": (lambda g, n: g.random(n), lambda sure: sure),
    "honest, mostly sure": (lambda g, n: g.beta(5, 1.2, n), lambda sure: sure),
    "honest, five values": (lambda g, n: g.choice([0.6, 0.7, 0.8, 0.9, 1.0], n), lambda sure: sure),
    "too sure by half": (lambda g, n: g.uniform(0.5, 1, n), lambda sure: 0.5 + (sure - 0.5) / 2),
    "too sure by 10 points": (lambda g, n: g.beta(5, 1.2, n), lambda sure: np.maximum(sure - 0.1, 0)),
    "0.95 sure, half right": (lambda g, n: np.full(n, 0.95), lambda sure: np.full(len(sure), 0.5)),
}
"""Each draws confidences, and gives the pass rate that belongs to them."""


@dataclass(frozen=True)
class Calibrated:
    """Figures of one source of confidences, all in [0, 1]."""

    truth: float
    error: float
    covered: float
    reaches_chance: float
    reaches_zero: float


def calibrated(source: str, rows: int, draws: int, seed: int) -> Calibrated:
    """Draw graded answers of a source, and see what the library says of its confidence."""
    generator = np.random.default_rng(seed)
    draw, rate = SOURCES[source]
    many = draw(generator, 400_000)
    truth = float(np.abs(rate(many) - many).mean())
    error = 0.0
    covered = chance = zero = 0
    for number in range(draws):
        sure = draw(generator, rows)
        passed = generator.random(rows) < rate(sure)
        found = calibration(sure.tolist(), passed.tolist(), seed=number).error
        error += found.error
        covered += found.low - 1e-9 <= truth <= found.high + 1e-9
        chance += found.low <= found.chance
        zero += found.low == 0
    return Calibrated(
        truth=truth,
        error=error / draws,
        covered=covered / draws,
        reaches_chance=chance / draws,
        reaches_zero=zero / draws,
    )


def kappa_coverage(rows: int, rate: float, kappa: float, draws: int, seed: int) -> float:
    """Give the coverage of kappa's interval for two judges that pass equally often."""
    both = rate * rate + kappa * rate * (1 - rate)
    split = rate * (1 - rate) * (1 - kappa)
    tables = np.random.default_rng(seed).multinomial(rows, [both, split, split, 1 - both - 2 * split], draws)
    return float(np.mean([_kappa_holds(*map(int, table), kappa) for table in tables]))


@cache
def _kappa_holds(both: int, first: int, second: int, none: int, kappa: float) -> bool:
    one = [True] * (both + first) + [False] * (second + none)
    other = [True] * both + [False] * first + [True] * second + [False] * none
    found = cohen_kappa(one, other)
    return found.kappa is None or found.low - 1e-9 <= kappa <= found.high + 1e-9


def mixture(wins: int, losses: int) -> float:
    """Give the evidence by the beta function, the other way than the library does."""
    return float(np.exp(betaln(wins + 0.5, losses + 0.5) - betaln(0.5, 0.5) + (wins + losses) * np.log(2)))
