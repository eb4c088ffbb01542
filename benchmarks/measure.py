"""What the benchmarks share: the plain loop to compare with, and how results are written."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import openai

import promptlab


def bodies_of(suite: promptlab.Suite, prompt: promptlab.Prompt, model: str) -> list[dict[str, Any]]:
    """Give the requests that a suite comes to, so that every harness sends the same."""
    return [dict(prompt.request(case, 0, model=model).body) for case in suite]


def plain_loop(base_url: str, bodies: Sequence[Mapping[str, Any]], workers: int) -> float:
    """Run what people write by hand: a pool, the SDK, `as_completed`; gives the seconds."""
    client = openai.OpenAI(base_url=base_url, api_key="none")
    client.chat  # noqa: B018 - what is loaded lazily is loaded before the clock runs

    def ask(place: int) -> tuple[int, Any]:
        answer = client.chat.completions.create(**bodies[place])
        return place, read(answer.choices[0].message.content)

    results: dict[int, Any] = {}
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(ask, place) for place in range(len(bodies))]):
            place, answer = future.result()
            results[place] = answer
    seconds = time.perf_counter() - began
    client.close()
    assert len(results) == len(bodies)
    return seconds


def read(text: str | None) -> Any:
    """Read an answer as JSON where it is JSON."""
    try:
        return json.loads(text or "")
    except ValueError:
        return text


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Write the median with the range."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def load() -> str:
    """Say what else the machine was doing."""
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} CPUs, load {one:.1f} in the last minute, {five:.1f} in the last five"
