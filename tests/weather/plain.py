"""What people write by hand: a pool of threads, the SDK with its defaults, and an `except` around each call."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

KINDS = {
    "RateLimitError": "rate_limited", "AuthenticationError": "auth", "PermissionDeniedError": "permission",
    "NotFoundError": "not_found", "ConflictError": "conflict", "APITimeoutError": "timeout",
    "APIConnectionError": "connection", "InternalServerError": "server", "BadRequestError": "bad_request",
    "UnprocessableEntityError": "bad_request", "JSONDecodeError": "bad_response", "APIResponseValidationError": "bad_response",
}  # fmt: skip
"""What the SDK's exceptions mean in the words of promptlab, in the loop's favour."""


def run(base_url: str, texts: list[str], workers: int, patience_s: float) -> dict[str, Any]:
    """Ask every text; what is not back in time is `lost`."""
    import openai

    client = openai.OpenAI(base_url=base_url, api_key="sk-none-0123456789")
    rows: list[dict[str, Any]] = [
        {"status": "lost", "error": None, "reason": None, "seconds": 0.0} for _ in texts
    ]
    begun = time.perf_counter()

    def ask(place: int) -> None:
        started = time.perf_counter()
        row = rows[place]
        try:
            answer = client.chat.completions.create(
                model="gpt-5-nano", messages=[{"role": "user", "content": texts[place]}]
            )
            text = answer.choices[0].message.content
            row["status"] = "pass" if "good" in text else "fail"
            row["reason"] = text
        except Exception as raised:  # noqa: BLE001 - one broken call shall not cost the others
            name = type(raised).__name__
            row["status"], row["reason"] = "error", str(raised)
            row["error"] = KINDS.get(name, name)
        row["seconds"] = time.perf_counter() - started

    pool = ThreadPoolExecutor(workers)
    wait([pool.submit(ask, place) for place in range(len(texts))], timeout=patience_s)
    pool.shutdown(wait=False, cancel_futures=True)
    found = [dict(row) for row in rows]
    return {
        "wall_s": time.perf_counter() - begun,
        "ids": [f"c{place}" for place in range(len(texts))],
        "statuses": [row["status"] for row in found],
        "errors": [row["error"] for row in found],
        "reasons": [row["reason"] for row in found],
        "attempts": [0 for _ in found],
        "seconds": [row["seconds"] for row in found],
        "limits": [],
        "notices": [],
    }
