"""A server in a process of its own, with limits and outages, that meets each case with the fault that its text names.

`python -m tests.weather.fault_server PLAN` prints its address; `/log` tells what came. It ends with its standard
input. A message such as `case 7 @@503*2` is met with the fault `503` twice and then answered.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.servers import Call, Handler, Reply, ScriptedServer, chat
from tests.weather.faults import FAULTS, error, hang, reset

ROOT = Path(__file__).resolve().parents[2]

PASSING = ("429", "408", "409", "500", "502", "503", "504", "529", "reset", "hang up", "cut body")
"""Faults that are over at once and are tried again."""


@dataclass
class Plan:
    """How a server behaves; times are seconds."""

    latency: float = 0.0
    rate: float | None = None
    """Calls a second, in a bucket that holds one second's worth."""
    counts: str = "bucket"
    """`bucket`, or `window` for a window that slides over the last second."""
    at_once: int | None = None
    ask: str = "none"
    """What a 429 says: `none`, `whole` for Retry-After in whole seconds, `headers` for all that OpenAI says."""
    refusal_s: float = 0.0
    """How long a 429 takes."""
    outage: tuple[float, float] | None = None
    """From when until when, since the first call, nothing is answered."""
    outage_by: str = "503"
    failing: float = 0.0
    """The share of calls that fail with 503."""
    mixed: float = 0.0
    """The share of calls that meet one of the faults that go away."""
    first_refused: int = 0
    """So many calls are refused in the same instant: when the last of them has come."""
    always: str | None = None
    """The fault of every call."""
    refuses: tuple[str, ...] = ()
    """Parameters that are refused, as OpenAI refuses them."""
    seed: int = 0


@dataclass
class Seen:
    """One call, as the server saw it."""

    at: float
    text: str
    status: int
    under_way: int
    asked: float | None = None
    body: dict[str, Any] = field(default_factory=dict)


class FaultServer:
    """Answers by a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.log, self.lock = plan, [], threading.Lock()
        self.tries: Counter[str] = Counter()
        self.level, self.stamp = plan.rate or 0.0, 0.0
        self.times: list[float] = []
        self.carried = 0
        self.first: float | None = None
        self.random = random.Random(plan.seed)
        self.refused_together = threading.Barrier(plan.first_refused) if plan.first_refused else None

    def answer(self, call: Call, handler: Handler) -> Reply | None:
        plan = self.plan
        now = time.monotonic()
        with self.lock:
            self.first = self.first or now
            self.tries[call.text] += 1
            tries = self.tries[call.text]
            seen = Seen(now, call.text, 200, handler.server.owner.under_way, None, call.body)
            self.log.append(seen)
            together = self.refused_together is not None and len(self.log) <= plan.first_refused
            refused = together or self.over(now)
            if not refused:
                self.carried += 1
        if together:
            self.refused_together.wait(30)
        if refused:
            if not together:
                time.sleep(plan.refusal_s)
            seen.status, seen.at = 429, time.monotonic() if together else now
            return self.refusal(seen, now)
        try:
            return self.carry(call, handler, seen, now - self.first, tries)
        finally:
            with self.lock:
                self.carried -= 1

    def carry(self, call: Call, handler: Handler, seen: Seen, since: float, tries: int) -> Reply | None:
        plan = self.plan
        if plan.outage and plan.outage[0] <= since < plan.outage[1]:
            seen.status = 503
            acts = {"reset": reset, "hang": hang}
            return (
                acts[plan.outage_by](call, handler) if plan.outage_by in acts else Reply(error("down"), 503)
            )
        for name in plan.refuses:
            if name in call.body:
                seen.status = 400
                return Reply(error("unsupported_parameter", f"Unsupported parameter: '{name}' is not supported with this model.", param=name), 400)  # fmt: skip
        fault, _, times = (plan.always or call.text.partition("@@")[2]).partition("*")
        if fault and tries <= (int(times) if times else math.inf):
            seen.status = 0
            return FAULTS[fault].act(call, handler)
        with self.lock:
            failing, mixed = self.random.random() < plan.failing, self.random.random() < plan.mixed
            passing = self.random.choice(PASSING)
        if failing:
            seen.status = 503
            return Reply(error("overloaded"), 503)
        if mixed:
            seen.status = 0
            return FAULTS[passing].act(call, handler)
        time.sleep(plan.latency)
        return Reply(chat("good"), 200, self.limit_headers())

    def over(self, now: float) -> bool:
        """Tell whether a call is over a limit, and count it where it is not."""
        plan = self.plan
        if plan.at_once is not None and self.carried >= plan.at_once:
            return True
        if plan.rate is None:
            return False
        if plan.counts == "window":
            self.times = [at for at in self.times if at > now - 1.0]
            if len(self.times) >= plan.rate:
                return True
            self.times.append(now)
            return False
        self.level = min(plan.rate, self.level + (now - self.stamp) * plan.rate)
        self.stamp = now
        if self.level < 1:
            return True
        self.level -= 1
        return False

    def refusal(self, seen: Seen, now: float) -> Reply:
        rate = self.plan.rate or 1.0
        wait = max(
            0.001, (self.times[0] + 1.0 - now) if self.plan.counts == "window" else (1 - self.level) / rate
        )
        headers = {}
        if self.plan.ask in ("whole", "headers"):
            seen.asked = float(math.ceil(wait))
            headers = {"retry-after": str(math.ceil(wait))}
        if self.plan.ask == "headers":
            seen.asked = math.ceil(wait * 1000) / 1000
            headers["retry-after-ms"] = str(math.ceil(wait * 1000))
        return Reply(error("rate_limit_exceeded", "Rate limit reached"), 429, headers | self.limit_headers())

    def limit_headers(self) -> dict[str, str]:
        rate = self.plan.rate
        if self.plan.ask != "headers" or rate is None:
            return {}
        with self.lock:
            left, full = math.floor(self.level), (rate - self.level) / rate
        return {
            "x-ratelimit-limit-requests": f"{rate * 60:.0f}",
            "x-ratelimit-remaining-requests": str(max(0, left)),
            "x-ratelimit-reset-requests": f"{math.ceil(full * 1000)}ms",
        }


class LoggingHandler(Handler):
    """Gives the log as well."""

    def do_GET(self) -> None:
        """Tell what came."""
        faults: FaultServer = self.server.owner.faults
        with faults.lock:
            counted = self.path.endswith("/count")
            self.send(Reply(len(faults.log) if counted else [asdict(seen) for seen in faults.log]))


def main() -> None:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=json.loads)
    plan = Plan(**parser.parse_args().plan)
    with ScriptedServer() as server:
        server.faults = FaultServer(plan)
        server.answer = server.faults.answer
        server._server.RequestHandlerClass = LoggingHandler
        server._server.handle_error = lambda *_: None
        print(server.base_url, flush=True)
        sys.stdin.read()


@dataclass
class Running:
    """A server in another process."""

    base_url: str

    def log(self) -> list[Seen]:
        """Ask what came."""
        return [Seen(**seen) for seen in self._ask("log")]

    def count(self) -> int:
        """Ask how many calls came."""
        return int(self._ask("count"))

    def _ask(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.base_url.removesuffix('/v1')}/{what}", timeout=30) as response:
            return json.load(response)


@contextmanager
def fault_server(**plan: Any) -> Iterator[Running]:
    """Run a server by a plan, in a process of its own."""
    given = {name: value for name, value in asdict(Plan(**plan)).items() if value != getattr(Plan(), name)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.weather.fault_server", json.dumps(given)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield Running(process.stdout.readline().strip())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    main()
