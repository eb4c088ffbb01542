"""An interval, and the normal quantiles that intervals are made of."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.95
"""The level of every interval that the library shows."""

ALPHA = 0.05
"""The bar under which a p-value lets the library say that there is a difference."""

_KNOWN = {0.975: 1.959963984540054, 0.8: 0.8416212335729143}
"""The quantiles that every rerun needs, so that it need not import `statistics` for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A range that holds the truth in about `level` of all samples like this one."""

    low: float
    """The lower end, a share (or a difference of shares), not points."""
    high: float
    """The upper end; never below `low`."""
    level: float = LEVEL
    """How often such a range holds the truth, in (0, 1)."""


def two_sided(level: float) -> float:
    """Give the normal quantile that leaves half of `1 - level` above it.

    Args:
        level: In (0, 1).
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"a level must lie between 0 and 1, not {level}")
    return normal_quantile(0.5 + level / 2)


def normal_quantile(chance: float) -> float:
    """Give the number below which a standard normal one lies with the given chance, in (0, 1)."""
    if chance in _KNOWN:
        return _KNOWN[chance]
    from statistics import NormalDist

    return NormalDist().inv_cdf(chance)


def check_counts(part: float, whole: float) -> None:
    """Refuse counts that cannot be: negative, not finite, or more passes than rows."""
    if not 0 <= part <= whole < float("inf"):
        raise ValueError(f"{part} of {whole} is not a count")
