"""How well do two judges agree, beyond what chance alone would give them?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from promptlab._stats.interval import LEVEL
from promptlab._stats.proportions import exact_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Cohen's kappa of two judges over the same rows."""

    kappa: float | None
    """1 for full agreement, 0 for chance, negative below; None where both gave one same verdict throughout."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval, at most 1."""
    observed: float | None
    """Share of rows on which they agree, in [0, 1]; None for no row."""
    by_chance: float | None
    """Share on which they would agree by chance, given how often each says what; in [0, 1]."""
    rows: int
    """Rows that both judged."""
    left_out: int
    """Rows that one of them, or both, did not judge."""


def cohen_kappa(
    first: Sequence[Hashable | None], second: Sequence[Hashable | None], *, level: float = LEVEL
) -> Agreement:
    """Give Cohen's kappa (1960), Educ. Psychol. Meas. 20, 37-46, with an interval.

    The usual interval, from the asymptotic spread, shrinks to a point where both agree throughout
    and covers as little as 35 % of small samples. This one is the exact binomial interval of the
    share of agreement, carried over to kappa with the share by chance held.

    Args:
        first: The first judge's verdict on each row, None where there is none.
        second: The second judge's, in the same order.
        level: In (0, 1).
    """
    both = [(x, y) for x, y in zip(first, second, strict=True) if x is not None and y is not None]
    rows, left_out = len(both), len(first) - len(both)
    if not rows:
        return Agreement(
            kappa=None, low=None, high=None, observed=None, by_chance=None, rows=0, left_out=left_out
        )
    same = sum(x == y for x, y in both)
    ones, others = Counter(x for x, _ in both), Counter(y for _, y in both)
    met = sum(count * others[label] for label, count in ones.items())
    observed, by_chance = same / rows, met / rows**2
    if met == rows**2:
        return Agreement(
            kappa=None, low=None, high=None, observed=observed, by_chance=1.0, rows=rows, left_out=left_out
        )
    share = exact_interval(observed, rows, level=level)
    return Agreement(
        kappa=(observed - by_chance) / (1 - by_chance),
        low=(share.low - by_chance) / (1 - by_chance),
        high=(share.high - by_chance) / (1 - by_chance),
        observed=observed,
        by_chance=by_chance,
        rows=rows,
        left_out=left_out,
    )
