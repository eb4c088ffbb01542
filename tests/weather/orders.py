"""What is run under load, at its full size, and the mixtures of faults."""

from __future__ import annotations

import random

from tests.weather.faults import FAULTS
from tests.weather.load import Order

LIMITED = {"rate": 20, "latency": 0.5}
SIX_HUNDRED = {"rate": 10, "latency": 0.05}
FULL = {
    "limit, seconds": Order(200, 32, {**LIMITED, "ask": "whole"}),
    "limit, window": Order(200, 32, {**LIMITED, "ask": "whole", "counts": "window"}),
    "limit, headers": Order(200, 32, {**LIMITED, "ask": "headers"}),
    "limit, silent": Order(200, 32, {**LIMITED, "ask": "none"}),
    "rpm, headers": Order(100, 50, {**SIX_HUNDRED, "ask": "headers"}),
    "rpm, silent": Order(100, 50, SIX_HUNDRED),
    "four at once": Order(200, 32, {"at_once": 4, "latency": 0.2}),
    "same instant": Order(40, 32, {"first_refused": 32, "latency": 0.05}),
    "three percent": Order(1000, 20, {"failing": 0.03, "latency": 0.02}),
    "outage of 10 s": Order(300, 20, {"latency": 0.1, "outage": (1, 11)}),
    "outage, 503": Order(200, 20, {"always": "503"}),
    "outage, reset": Order(200, 32, {"outage": (0, 1e9), "outage_by": "reset"}),
    "account, 401": Order(1000, 10, {"always": "401", "latency": 0.1}),
    "account, 404": Order(1000, 20, {"always": "404"}),
    "account, quota": Order(1000, 15, {"always": "429 quota"}),
    "slow": Order(8, 8, {"latency": 4.0}),
    "parameter": Order(40, 8, {"refuses": ("temperature",), "latency": 0.05}, settings={"temperature": 0.5}),
}
RETRIED = sorted(name for name, fault in FAULTS.items() if fault.retried)
ATTEMPTS = 3
IMPATIENT = {"max_attempts": ATTEMPTS, "timeout": 1.5, "deadline": 60}


def every_fault() -> dict[str, str]:
    """Give cases: each fault for good, each that is tried again twice only, and healthy ones between."""
    cases: dict[str, str] = {}
    for number, name in enumerate(FAULTS):
        cases[f"for good: {name}"] = f"a{number} @@{name}"
        cases[f"healthy {number}"] = f"h{number}"
    for number, name in enumerate(RETRIED):
        cases[f"twice: {name}"] = f"t{number} @@{name}*2"
    return cases


def mixture(cases: int, share: float, seed: int) -> list[str]:
    """Draw a share of cases with a fault: any there is, for good or for a try or two."""
    chance = random.Random(seed)
    texts = []
    for number in range(cases):
        text = f"case {number}"
        if chance.random() < share:
            name = chance.choice(sorted(FAULTS))
            text += f" @@{name}"
            if FAULTS[name].retried and chance.random() < 0.5:
                text += f"*{chance.randint(1, ATTEMPTS - 1)}"
        texts.append(text)
    return texts


def expected(text: str) -> tuple[str, str | None, int]:
    """Give status, kind and calls of the row of a text that is asked `ATTEMPTS` times at most."""
    name, _, times = text.partition("@@")[2].partition("*")
    if not name:
        return "pass", None, 1
    fault = FAULTS[name]
    if times and int(times) < ATTEMPTS:
        return "pass", None, int(times) + 1
    status = fault.status if fault.kind else "pass"
    return status, fault.kind, ATTEMPTS if fault.retried else fault.calls
