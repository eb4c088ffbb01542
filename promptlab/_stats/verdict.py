"""The one sentence about two variants, and the only place where it is written.

It has three forms:

    B is better: +23 points [+6, +39], 11 fixed, 2 broke, p = 0.013 (40 cases)
    B is worse: -23 points [-39, -6], 2 fixed, 11 broke, p = 0.013 (40 cases)
    cannot tell on 20 cases: +5 points [-19, +29], 3 fixed, 2 broke, p = 0.69; to tell a difference this small needs about 780 cases

Better or worse is said where p lies under 0.05, and p alone decides. The interval never contradicts
that where a difference is claimed: at one answer a case mid-p McNemar under 0.05 implies that Tango's
interval leaves zero out, and with repeats or an early stop an end that would reach across is put at
zero. The other way round it can, ten times in all ways to win and lose up to 400 cases (4 fixed and
none broke: p = 0.063, [+1, +42] on 20 cases); then the sentence stays with "cannot tell" and shows
the interval as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from promptlab._stats.interval import ALPHA
from promptlab._stats.pairs import Paired
from promptlab._stats.power import cases_needed, smallest_difference

Word = Literal["better", "worse", "cannot tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What may be said of one variant against the baseline."""

    word: Word
    """Whether B is better, worse, or it cannot be told."""
    sentence: str
    """The sentence, with its numbers."""
    p: float
    """The p-value that decided, after correction, in [0, 1]."""
    needed: int | None
    """Cases that would show a difference such as the one seen; None where it was told, or is nil."""
    interval_agrees: bool
    """Whether the interval leaves zero out exactly where a difference is claimed."""


def finding(paired: Paired, *, name: str = "B", corrected: float | None = None, pairs: int = 1) -> Finding:
    """Say what may be said.

    Args:
        paired: The comparison.
        name: The variant's name, as it stands in the sentence.
        corrected: The p-value after correction for several pairs (`holm`); None for one pair.
        pairs: How many pairs were looked at together.
    """
    p = paired.p if corrected is None else corrected
    if paired.difference is None or paired.low is None or paired.high is None:
        return Finding(
            word="cannot tell",
            sentence="cannot tell: no case has a verdict on both sides",
            p=1.0,
            needed=None,
            interval_agrees=True,
        )
    told = p < ALPHA and paired.difference != 0
    word: Word = ("better" if paired.difference > 0 else "worse") if told else "cannot tell"
    needed = None if told else cases_needed(paired.win_rate, paired.loss_rate)
    together = f" corrected for {pairs} pairs" if corrected is not None and pairs > 1 else ""
    numbers = (
        f"{_points(paired.difference, paired.low, paired.high)},"
        f" {paired.fixed:,} fixed, {paired.broke:,} broke, {_p_value(p)}{together}"
    )
    if told:
        sentence = f"{name} is {word}: {numbers} ({_cases(paired.cases)})"
    else:
        sentence = f"cannot tell on {_cases(paired.cases)}: {numbers}; {_outlook(paired, needed)}"
    return Finding(
        word=word,
        sentence=sentence,
        p=p,
        needed=needed,
        interval_agrees=told == (paired.low >= 0 or paired.high <= 0),
    )


def _outlook(paired: Paired, needed: int | None) -> str:
    """Say what it would take to tell."""
    if needed is not None:
        return f"to tell a difference this small needs about {_rounded(needed):,} cases"
    shown = smallest_difference(paired.cases, churn=min(paired.loss_rate, 0.499))
    if shown is None:
        return f"{_cases(paired.cases)} can hardly tell any difference"
    return f"{_cases(paired.cases)} can tell differences from about {math.ceil(100 * shown)} points"


def _points(difference: float, low: float, high: float) -> str:
    """Write a difference and its interval in points, with as few decimals as mislead nobody.

    Decimals are added while a number that is not zero would read as zero.
    """
    numbers = [100 * difference, 100 * low, 100 * high]
    decimals = 0
    while decimals < 4 and any(value and not _round(value, decimals) for value in numbers):
        decimals += 1
    first, second, third = (_signed(value, decimals) for value in numbers)
    return f"{first} {'point' if first in ('+1', '-1') else 'points'} [{second}, {third}]"


def _signed(value: float, decimals: int) -> str:
    rounded = _round(value, decimals)
    return f"{rounded:+.{decimals}f}" if rounded else "0"


def _round(value: float, decimals: int) -> float:
    """Round halves away from zero, a half being a half although the float lies just beside it."""
    scale = 10.0**decimals
    return math.copysign(math.floor(abs(value) * scale + 0.5 + 1e-9), value) / scale


def _p_value(p: float) -> str:
    """Write a p-value to two digits, or more where two would put it on the bar."""
    if p < 0.001:
        return "p < 0.001"
    digits = 2
    while float(f"{p:.{digits}g}") == ALPHA != p and digits < 6:
        digits += 1
    return f"p = {p:.{digits}g}"


def _cases(count: int) -> str:
    return f"{count:,} case{'' if count == 1 else 's'}"


def _rounded(count: int) -> int:
    """Round to two digits: the number comes from a difference that is itself uncertain."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return (count + step // 2) // step * step
