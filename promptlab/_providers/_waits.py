"""What headers say of limits and waits. Pure."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Iterable, Mapping

LimitTold = tuple[str, float | None, float, float]
"""`requests` or `tokens`, the limit where it is named, what remains, seconds until all is there again."""

_PREFIX = b"x-ratelimit-"


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds the server asks to wait; None where it says nothing sensible.

    Read are `retry-after-ms`, `retry-after` (seconds or an HTTP date), then `x-ratelimit-reset-requests`
    and `-tokens` (such as `1s`, `6m0s`, `250ms`) of a limit that has nothing remaining.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        seconds = _number(value, scale)
        if seconds is None and scale == 1.0 and value:
            seconds = _until(value)
        if seconds is not None and seconds > 0:
            return seconds
    resets = [
        read_duration(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() in ("", "0")
    ]
    return max((seconds for seconds in resets if seconds), default=None)


def _number(text: str, scale: float) -> float | None:
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", text, re.ASCII):
        return None
    return float(text) * scale


def _until(date: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return moment - time.time()


def read_duration(text: str) -> float | None:
    """Read a duration such as `1h2m3.5s` or `250ms` as seconds; None where it is none."""
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)", text.strip()[:40], re.ASCII)
    if not parts or "".join(n + unit for n, unit in parts) != text.strip():
        return _number(text.strip(), 1.0)
    return math.fsum(float(n) * {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}[unit] for n, unit in parts)


def read_limits(headers: Iterable[tuple[bytes, bytes]]) -> list[LimitTold]:
    """Read the `x-ratelimit-…` headers of a response; an empty list where there are none that make sense.

    Args:
        headers: Names and values, as they came.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if name[:12].lower() == _PREFIX:
            found[name[12:].decode("ascii", "replace").lower()] = value.decode("ascii", "replace").strip()
    told: list[LimitTold] = []
    if not found:
        return told
    for what, ending in (("requests", "-requests"), ("tokens", "-tokens"), ("requests", "")):
        remaining = _number(found.get(f"remaining{ending}", ""), 1.0)
        reset_s = read_duration(found.get(f"reset{ending}", ""))
        if remaining is not None and reset_s is not None and reset_s < _A_YEAR_S:
            told.append((what, _number(found.get(f"limit{ending}", ""), 1.0), remaining, reset_s))
    return told


_A_YEAR_S = 3.2e7
"""More than this is a date, not a wait."""
