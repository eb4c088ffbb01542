"""One layer of retries around a provider, within the row's deadline."""

from __future__ import annotations

import dataclasses
import random
import time

from promptlab._protocols import Provider
from promptlab._scope import Scope
from promptlab._types import Completion, Failure, Request

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0


def retried(provider: Provider, max_attempts: int) -> Provider:
    """Wrap a provider so that what may succeed when tried again is tried again.

    Waits are what the server asks, and up to a quarter more; else exponential backoff with full jitter
    (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015), from half a second to thirty.

    Args:
        provider: Makes one attempt.
        max_attempts: Attempts for a request in all, at least 1.
    """

    def call(request: Request, scope: Scope) -> Completion | Failure:
        calls = 0
        for attempt in range(1, max_attempts + 1):
            result = provider(request, scope)
            calls += result.attempts
            if isinstance(result, Completion) or not result.retryable or attempt == max_attempts:
                break
            wait = _wait(attempt, result)
            if wait > scope.left():
                return _no_time(result, calls, wait)
            if not scope.sleep(wait) and scope.stop.is_set():
                message = (
                    f"stopped while waiting to try again: {scope.stop.reason}; before that {result.message}"
                )
                return Failure(kind="cancelled", message=message[:4000], attempts=calls)
        return dataclasses.replace(result, attempts=calls)

    return call


def _wait(attempt: int, failure: Failure) -> float:
    """Give the seconds to wait after an attempt that failed."""
    if failure.retry_after_s is not None:
        return failure.retry_after_s * (1 + random.uniform(0, 0.25)) + 0.01  # noqa: S311 - jitter is no secret
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**attempt)
    return random.uniform(ceiling / 4, ceiling)  # noqa: S311 - jitter is no secret


def _no_time(failure: Failure, calls: int, wait: float) -> Failure:
    """Say that the row's deadline leaves no time for another attempt."""
    if failure.retry_after_s is not None:
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + failure.retry_after_s))
        why = f"the server asks to wait {failure.retry_after_s:.0f} s (until {until}), longer than the row's deadline"
    else:
        why = f"the row's deadline leaves no time for another attempt after {wait:.1f} s"
    return dataclasses.replace(failure, attempts=calls, message=f"{failure.message}; {why}"[:4000])
