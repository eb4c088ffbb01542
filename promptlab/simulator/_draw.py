"""Numbers drawn from content: the same parts give the same number, on every machine and day."""

from __future__ import annotations

from hashlib import blake2b

__all__ = ["number", "uniform"]


def number(*parts: str | float | bytes | None) -> int:
    """Give a whole number below 2**64 that depends on the parts alone."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def uniform(*parts: str | float | bytes | None) -> float:
    """Give a number in [0, 1) that depends on the parts alone."""
    return (number(*parts) >> 11) * 2.0**-53
