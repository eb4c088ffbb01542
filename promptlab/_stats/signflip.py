"""The sign-flip permutation test: could the same prompt twice have differed this much?

Had both been the same prompt, each case's difference could as well have come out the other way
round. All those worlds are counted, and the share of them whose sum is further from zero than the
one seen, with half of those equally far, is the p-value. Where every change is equally large, as with
one answer a case, this is the mid-p McNemar test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlab._stats.paired import mcnemar_midp

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DRAWS = 20_000
"""How many worlds are drawn where there are too many to count."""

_WORK = 100_000_000
"""The most additions (changed cases times distinct sums) spent on counting all worlds."""
_ENUMERATED = 16
"""Up to this many changed cases all worlds are listed, whatever the differences are."""
_CHUNK = 2_000_000
"""Numbers held at once while drawing."""
_GRAIN = 2_520
"""The finest common denominator looked for: every number of repeats up to 10 divides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFlip:
    """What the sign-flip test says."""

    p: float
    """Two-sided mid-p value in (0, 1]."""
    changed: int
    """Cases whose difference is not zero."""
    exact: bool
    """Whether all worlds were counted; else they were drawn."""
    draws: int
    """Worlds drawn; 0 where all were counted."""
    seed: int
    """The seed of the draws."""


def sign_flip(differences: Sequence[float], *, seed: int = 0, draws: int = DRAWS) -> SignFlip:
    """Test whether the differences of the cases lie evenly about zero.

    Counted exactly where the differences share a denominator (they do where cases were asked
    equally often) or few are not zero; drawn with the seed otherwise.

    Args:
        differences: For each case its rate under B less its rate under A.
        seed: Seeds the draws.
        draws: Worlds to draw where they are too many to count, at least 1.
    """
    if not all(math.isfinite(value) for value in differences):
        raise ValueError("a difference is not a finite number")
    sizes = [abs(value) for value in differences if value]
    seen = abs(math.fsum(differences))
    if not sizes:
        return SignFlip(p=1.0, changed=0, exact=True, draws=0, seed=seed)
    grid = _on_a_grid(sizes)
    if min(sizes) == max(sizes):
        p = mcnemar_midp(sum(value > 0 for value in differences), sum(value < 0 for value in differences))
    elif grid is not None:
        steps, unit = grid
        p = _counted(steps, round(seen / unit))
    elif len(sizes) <= _ENUMERATED:
        p = _listed(sizes, seen)
    else:
        p = _drawn(sizes, seen, seed, draws)
        return SignFlip(p=p, changed=len(sizes), exact=False, draws=draws, seed=seed)
    return SignFlip(p=p, changed=len(sizes), exact=True, draws=0, seed=seed)


def _on_a_grid(sizes: list[float]) -> tuple[dict[int, int], float] | None:
    """Read the sizes as whole multiples of one unit: how often each, and the unit."""
    from fractions import Fraction

    distinct: dict[float, int] = {}
    for size in sizes:
        distinct[size] = distinct.get(size, 0) + 1
    common = 1
    for size in distinct:
        near = Fraction(size).limit_denominator(_GRAIN)
        if near == 0 or abs(float(near) - size) > 1e-12 * size:
            return None
        common = math.lcm(common, near.denominator)
        if common > _GRAIN:
            return None
    steps: dict[int, int] = {}
    for size, times in distinct.items():
        step = round(size * common)
        steps[step] = steps.get(step, 0) + times
    divisor = math.gcd(*steps)
    steps = {step // divisor: times for step, times in steps.items()}
    reach = sum(step * times for step, times in steps.items())
    return None if reach * len(sizes) > _WORK else (steps, divisor / common)


def _counted(steps: dict[int, int], seen: int) -> float:
    """Give the mid-p value from the exact distribution of the sum, built step by step."""
    import numpy as np
    from scipy.special import gammaln

    chances = np.ones(1)
    for step, times in sorted(steps.items()):
        heads = np.arange(times + 1)
        logs = gammaln(times + 1) - gammaln(heads + 1) - gammaln(times - heads + 1) - times * math.log(2)
        spaced = np.zeros(step * times + 1)
        spaced[::step] = np.exp(logs)
        chances = _convolved(chances, spaced, step)
    reach = len(chances) - 1
    sums = np.abs(2 * np.arange(reach + 1) - reach)
    further = float(chances[sums > seen].sum())
    level = float(chances[sums == seen].sum())
    return _bounded((further + level / 2) / float(chances.sum()))


def _convolved(
    chances: npt.NDArray[np.float64], spaced: npt.NDArray[np.float64], step: int
) -> npt.NDArray[np.float64]:
    """Add one more independent part to a sum; only every `step`-th entry of `spaced` is not zero."""
    import numpy as np

    total = np.zeros(len(chances) + len(spaced) - 1)
    for start in range(0, len(spaced), step):
        if spaced[start] > 0:
            total[start : start + len(chances)] += spaced[start] * chances
    return total


def _listed(sizes: list[float], seen: float) -> float:
    """Give the mid-p value from the list of all worlds."""
    import numpy as np

    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums - size, sums + size])
    further, level = _compare(np.abs(sums), seen, sum(sizes))
    return _bounded((further + level / 2) / len(sums))


def _drawn(sizes: list[float], seen: float, seed: int, draws: int) -> float:
    """Give the mid-p value from drawn worlds; the world seen counts as one more of them."""
    import numpy as np

    if draws < 1:
        raise ValueError(f"at least one draw is needed, not {draws}")
    generator = np.random.default_rng(seed)
    weights, times = np.unique(np.asarray(sizes), return_counts=True)
    reach = float(weights @ times)
    rows = max(1, _CHUNK // len(weights))
    further = level = 0
    for start in range(0, draws, rows):
        heads = generator.binomial(times, 0.5, (min(rows, draws - start), len(weights)))
        more, same = _compare(np.abs(2.0 * (heads @ weights) - reach), seen, reach)
        further += more
        level += same
    return _bounded((further + (level + 1) / 2) / (draws + 1))


def _compare(sums: npt.NDArray[np.float64], seen: float, reach: float) -> tuple[int, int]:
    """Count the sums further out than the one seen, and those equal to it but for rounding."""
    slack = 1e-12 * reach
    further = int((sums > seen + slack).sum())
    return further, int((sums >= seen - slack).sum()) - further


def _bounded(p: float) -> float:
    return min(1.0, max(p, 5e-324))
