"""In which order the rows of a comparison are begun.

Rows are laid out by case, then repeat, then variant, so a case's variants are asked side by side and what
the provider does in the meantime hits all of them alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Arrange = Callable[[Sequence[int]], list[int]]
"""Puts the rows' places, the longest expected first, in the order in which they are begun."""


def in_turn(variants: int) -> Arrange:
    """Let the variants take turns at being asked first, so that no one is always half a step ahead.

    Args:
        variants: How many there are; rows `variants * k` to `variants * k + variants - 1` belong together.
    """

    def arrange(places: Sequence[int]) -> list[int]:
        groups = dict.fromkeys(place // variants for place in places)
        return [
            variants * group + (turn + number) % variants
            for number, group in enumerate(groups)
            for turn in range(variants)
        ]

    return arrange


def shuffled(cases: int, seed: int) -> list[int]:
    """Give the places of cases in a random order that depends on the seed alone."""
    order = list(range(cases))
    random.Random(seed).shuffle(order)  # noqa: S311 - a sample, not a secret
    return order


def in_order(cases: Sequence[int], variants: int) -> Arrange:
    """Begin the cases in an order fixed before the run, whatever is known of their length.

    Args:
        cases: The places of the cases, each of which is asked once a variant.
        variants: How many there are.
    """
    turns = in_turn(variants)
    return lambda _: turns([variants * case for case in cases])
