"""How long an answer takes: a distribution, drawn from the request's content."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from promptlab.simulator._draw import uniform

__all__ = ["FOUNDING", "Latency", "parse_latency"]

FOUNDING = "lognormal:5,3,8"
"""One call of the founding result: 5 s in the mean, 3 to 8 s."""

FORMS = "none, fixed:S, uniform:LOW,HIGH or lognormal:MEAN,LOW,HIGH[,SIGMA]"


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of latencies."""

    spec: str
    """The distribution in canonical form: what `parse_latency` reads."""
    mean: float
    """The mean of what is drawn, in seconds."""
    shape: Callable[[float, float], float]
    """Turns two numbers in [0, 1) into seconds."""

    def draw(self, seed: int, key: str) -> float:
        """Give the seconds that a request takes; equal keys give equal seconds."""
        return self.shape(uniform("latency", seed, key, 0), uniform("latency", seed, key, 1))


def parse_latency(spec: str) -> Latency:
    """Read a distribution.

    Args:
        spec: `none`, `fixed:S`, `uniform:LOW,HIGH` or `lognormal:MEAN,LOW,HIGH[,SIGMA]`, in seconds.
            SIGMA is the spread of the logarithm: ln(HIGH / LOW) / 4 where it is left out, so that LOW
            and HIGH lie about two spreads from the middle.

    Returns:
        The distribution; a lognormal one is clipped to LOW…HIGH and has MEAN after the clipping.

    Raises:
        ValueError: The text is no such form or its numbers contradict each other.
    """
    name, _, rest = spec.strip().partition(":")
    try:
        numbers = [float(part) for part in rest.split(",")] if rest else []
    except ValueError:
        raise ValueError(f"latency {spec!r} is not one of: {FORMS}") from None
    if any(not math.isfinite(number) or number < 0 for number in numbers):
        raise ValueError(f"latency {spec!r} must hold finite numbers of seconds, not below 0")
    return _build(name, numbers, spec)


def _build(name: str, numbers: list[float], spec: str) -> Latency:
    canonical = f"{name}:{','.join(f'{number:g}' for number in numbers)}" if numbers else name
    match name, numbers:
        case "none", []:
            return Latency(canonical, 0.0, lambda _u, _v: 0.0)
        case "fixed", [seconds]:
            return Latency(canonical, seconds, lambda _u, _v: seconds)
        case "uniform", [low, high] if low <= high:
            return Latency(canonical, (low + high) / 2, lambda u, _v: low + (high - low) * u)
        case "lognormal", [mean, low, high, *sigma] if 0 < low < mean < high and len(sigma) <= 1:
            spread = sigma[0] if sigma else math.log(high / low) / 4
            if spread > 0:
                return Latency(canonical, mean, _lognormal(mean, low, high, spread))
    raise ValueError(f"latency {spec!r} is not one of: {FORMS}, with LOW < MEAN < HIGH")


def _lognormal(mean: float, low: float, high: float, sigma: float) -> Callable[[float, float], float]:
    """Build the shape of a clipped lognormal distribution (Box and Muller's transformation)."""
    mu = _centre(mean, low, high, sigma)

    def shape(u: float, v: float) -> float:
        normal = math.sqrt(-2.0 * math.log(1.0 - u)) * math.cos(2.0 * math.pi * v)
        return min(max(math.exp(mu + sigma * normal), low), high)

    return shape


def _centre(mean: float, low: float, high: float, sigma: float) -> float:
    """Find the mu with which the clipped distribution has the mean: it grows with mu, so bisect."""
    under, over = math.log(low) - 10 * sigma, math.log(high) + 10 * sigma
    for _ in range(100):
        mu = (under + over) / 2
        if _clipped_mean(mu, low, high, sigma) < mean:
            under = mu
        else:
            over = mu
    return (under + over) / 2


def _clipped_mean(mu: float, low: float, high: float, sigma: float) -> float:
    """Give E[min(max(X, low), high)] of a lognormal X, in closed form."""
    a, b = (math.log(low) - mu) / sigma, (math.log(high) - mu) / sigma
    between = math.exp(mu + sigma * sigma / 2) * (_normal_cdf(b - sigma) - _normal_cdf(a - sigma))
    return low * _normal_cdf(a) + between + high * (1.0 - _normal_cdf(b))


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
