"""Several variants against one baseline: p-values that stay honest together."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for having been looked at together, after Holm (1979), Scand. J. Stat. 6, 65-70.

    Args:
        p_values: One a pair, in [0, 1]; None where a pair could not be compared, which stays None
            and does not count.

    Returns:
        The corrected values, each at least as large as it was, in the same order.
    """
    known = [(p, place) for place, p in enumerate(p_values) if p is not None]
    if not all(0 <= p <= 1 for p, _ in known):
        raise ValueError("a p-value lies in [0, 1]")
    corrected: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, place) in enumerate(sorted(known)):
        running = max(running, min(1.0, p * (len(known) - rank)))
        corrected[place] = running
    return corrected
