"""Measures the store: a put and a get by threads, a large store's open, hit, rerun and history, and memory.

python benchmarks/store.py            # 50,000 remembered answers
python benchmarks/store.py --full     # 1,000,000, as in the limits it is held to
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from promptlab._store import Store, open_store, request_key
from promptlab._store._responses import _checksum
from promptlab._types import Answer, Case, Completion, Outcome, Request, Run, Variant, Verdict

ENDPOINT = "https://api.example.com/v1"
PROMPT = "You are a router. Does an existing workflow do what is asked for? " * 12
TEXT = (
    '{"found": true, "workflow": "report", "confidence": 0.93, "why": "'
    + "it does what is asked " * 20
    + '"}'
)


def request(name: str) -> Request:
    """Make a request of ordinary size."""
    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": f"do {name}, please"}]
    return Request(body={"model": "gpt-5-nano", "temperature": 0, "messages": messages}, case=name)


def completion(number: int = 0) -> Completion:
    """Make a completion of ordinary size."""
    return Completion(
        text=f"{TEXT[:-2]} {number}{TEXT[-2:]}",
        model="gpt-5-nano-2025",
        finish_reason="stop",
        input_tokens=250,
        output_tokens=90,
        cost_usd=0.0001,
        latency_s=4.2,
    )


def outcome(number: int, *, cached: bool) -> Outcome:
    """Make a row of ordinary size."""
    paid = completion(number)
    served = Completion(
        text=paid.text,
        model=paid.model,
        finish_reason="stop",
        input_tokens=250,
        output_tokens=90,
        cost_usd=0.0001,
        latency_s=4.2,
        cached=cached,
        attempts=0 if cached else 1,
    )
    value = {"found": True, "workflow": "report", "confidence": 0.93, "why": paid.text[60:-2]}
    answer = Answer(value=value, text=paid.text, is_json=True, confidence=0.93, completion=served)
    return Outcome(
        index=number,
        prompt="discovery",
        version="abcdef12",
        case=Case(
            id=f"case {number}",
            input={"request": f"do {number}, please"},
            tags=("smoke",),
            expect={"found": True},
        ),
        repeat=0,
        status="pass" if number % 5 else "fail",
        completion=served,
        answer=answer,
        verdicts=(Verdict(passed=bool(number % 5), name="found"),),
        attempts=0 if cached else 1,
        started_s=number / 100,
        finished_s=number / 100 + 1,
    )


def run(run_id: str, cases: int) -> Run:
    """Make a run over so many cases."""
    return Run(
        id=run_id,
        suite="bench",
        cases=tuple(f"case {number}" for number in range(cases)),
        repeats=1,
        workers=32,
        variants=(Variant(name="discovery", version="abcdef12", model="gpt-5-nano", text=PROMPT),),
        started_at="2026-01-01T00:00:00.000Z",
    )


def by_threads(threads: int, total: int, work: Callable[[int], None]) -> tuple[float, list[float]]:
    """Do `work` on every number below `total` and give the wall seconds and each call's seconds."""
    taken: list[float] = []

    def worker(first: int) -> None:
        for number in range(first, total, threads):
            began = time.perf_counter()
            work(number)
            taken.append(time.perf_counter() - began)

    pool = [threading.Thread(target=worker, args=(first,)) for first in range(threads)]
    began = time.perf_counter()
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    return time.perf_counter() - began, sorted(taken)


def say(what: str, wall: float, taken: list[float]) -> None:
    """Print one measurement."""
    each = wall / len(taken) * 1e6
    middle, late = statistics.median(taken) * 1e6, taken[int(len(taken) * 0.99)] * 1e6
    print(
        f"  {what:<34} {each:8.0f} us each  {1e6 / each:8.0f}/s   waits: median {middle:7.0f} us, p99 {late:7.0f} us"
    )


def measure_threads(store: Store, mark: str) -> None:
    """Measure puts and gets at several thread counts."""
    cache, answer = store.cache(ENDPOINT), completion()
    for threads in (1, 8, 32):
        requests = [request(f"{mark}-{threads}-{number}") for number in range(3200)]

        def put(number: int, requests: list[Request] = requests) -> None:
            cache.put(requests[number], answer)

        def get(number: int, requests: list[Request] = requests) -> None:
            cache.get(requests[number])

        say(f"put, {threads} threads", *by_threads(threads, len(requests), put))
        say(f"get, {threads} threads", *by_threads(threads, len(requests), get))


def measure_disk(folder: Path) -> None:
    """Measure what the disk takes for two pages that must be safe: no durable write can be quicker."""
    taken = []
    with (folder / "raw").open("wb", buffering=0) as file:
        file.write(bytes(4096 * 400))
        os.fsync(file.fileno())
        for number in range(300):
            began = time.perf_counter()
            file.seek(number * 4096)
            file.write(b"x" * 8192)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    say("the disk alone, 8 kB and fsync", sum(taken), sorted(taken))


def fill(path: Path, total: int, runs: int) -> None:
    """Fill a store in bulk: as `put` and `record` would, without their commits."""
    with open_store(path) as store:
        store.put(request("bulk-0"), ENDPOINT, completion())
        for number in range(runs):
            made = run(f"old-{number:04}", 50)
            store.begin(made)
            store.record(made, [outcome(index, cached=number > 0) for index in range(50)])
            store.finish(made.id, {"wall_s": 9.5})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        body = connection.execute("SELECT body FROM responses").fetchone()[0]
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for number in range(1, total):
            key = bytes.fromhex(request_key(request(f"bulk-{number}"), ENDPOINT))
            row = (key, f"bulk-{number}", "2026-01-01T00:00:00.000+00:00", _checksum(key, body), body)
            connection.execute(
                "INSERT INTO responses (key, generation, case_id, saved_at, checksum, body) VALUES (?, 0, ?, ?, ?, ?)",
                row,
            )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()  # or the first measured commits would wait for what was filled in


def timed(what: str, work: Callable[[], object], limit_s: float | None = None, repeats: int = 3) -> None:
    """Print the median time of some work."""
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    middle = statistics.median(spent)
    limit = "" if limit_s is None else f"   limit {limit_s:g} s: {'kept' if middle <= limit_s else 'MISSED'}"
    print(f"  {what:<34} {middle * 1000:10.2f} ms{limit}")


def measure_large(path: Path, total: int, cases: int) -> None:
    """Measure a large store: open, hit, a rerun, a run's rows, history."""
    timed("open and close", lambda: open_store(path).close(), 0.5)
    step = max(1, total // 5000)
    requests = [request(f"bulk-{number * 7919 % total}") for number in range(0, total, step)][:5000]
    with open_store(path) as store:
        cache = store.cache(ENDPOINT)
        timed("first hit after opening", lambda: cache.get(requests[0]), 0.001, repeats=1)
        wall, taken = by_threads(1, len(requests), lambda n: cache.get(requests[n]))
        say("hits all over the store", wall, taken)
        assert all(cache.get(one) for one in requests[:100])
        measure_threads(store, "large")
        for cached in (False, True):
            made = run(f"new-{cached}", cases)
            began = time.perf_counter()
            store.begin(made)
            spent = time.perf_counter() - began
            for first in range(0, cases, 50):
                rows = [outcome(number, cached=cached) for number in range(first, first + 50)]
                began = time.perf_counter()
                store.record(made, rows)
                spent += time.perf_counter() - began
            store.finish(made.id, {"wall_s": 1.0})
            what = f"record {cases:,} rows{' again' if cached else ''}, 50 a commit"
            print(f"  {what:<34} {spent:8.2f} s   {spent / cases * 1e6:.0f} us each")
        timed("history", store.runs, 0.5)
        memory("peak memory so far")
        timed(f"rows of {cases:,} cases", lambda: store.outcomes("new-True"), repeats=1)
        timed("expected latencies", lambda: store.latencies(made.cases, suite="bench", prompt="discovery"))


def memory(what: str) -> None:
    """Print the most memory this process ever had."""
    print(f"  {what:<34} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="1,000,000 answers and 100,000 cases")
    parser.add_argument(
        "--dir", type=Path, default=None, help="where to put the stores; the working folder by default"
    )
    given = parser.parse_args()
    total, cases = (1_000_000, 100_000) if given.full else (50_000, 5_000)
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(dir=given.dir or Path.cwd()) as folder:
        print("an empty store:")
        timed("make a store", lambda: open_store(Path(folder) / f"{time.time_ns()}.sqlite3").close())
        with open_store(Path(folder) / "small.sqlite3") as store:
            measure_disk(Path(folder))
            measure_threads(store, "small")
        path = Path(folder) / "large.sqlite3"
        fill(path, total, 300)
        print(f"a store of {total:,} answers and 300 runs ({path.stat().st_size / 1e6:,.0f} MB):")
        memory("peak memory after filling it")
        measure_large(path, total, cases)
        memory("peak memory with a run's rows")


if __name__ == "__main__":
    main()
