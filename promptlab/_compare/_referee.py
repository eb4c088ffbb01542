"""May the run stop? Looks after every case, however the cases come in.

Why the order matters. The evidence is a fair game only where a case is looked at without regard to how it came
out. Calls end in an order of their own: an answer that rambles on comes late, and is wrong more often. So
the cases are looked at in the order in which they were begun, and a case waits until all before it are in.

That order is a seeded shuffle, not the longest first. Under "both are the same prompt" any order fixed
beforehand would do. But a variant may be better on long cases and worse on short ones; stopped early,
longest first would have seen the long ones alone, and its difference would be theirs. In a shuffle the
cases seen are at every look a random sample of the suite.

What was under way when the evidence sufficed comes to its end and counts: it had been begun in that same
order. The p-value is one over the most evidence that there ever was, which holds however the run goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from promptlab._stats import ALPHA, Paired, Watch, holm
from promptlab._types import Outcome

_PASSED = {"pass": True, "fail": False}


class Referee:
    """Watches a comparison in which each case is asked once.

    With several variants the run may stop when every one of them is told apart from the baseline, after
    Holm's correction of the p-values, which hold at any time.

    Args:
        cases: The cases, in the order in which they are begun.
        variants: The variants; the first is the baseline.
    """

    def __init__(self, cases: Sequence[str], variants: Sequence[str]) -> None:
        self._cases = tuple(cases)
        self._baseline, *self._others = variants
        self._in: dict[str, dict[str, bool | None]] = {}
        self._next = 0
        self._watches = dict.fromkeys(self._others, Watch())
        self._leads: dict[str, float] = {}
        self.decided_after: int | None = None
        """After how many cases the run might stop; None while it may not."""

    @property
    def cases(self) -> int:
        """How many cases there are."""
        return len(self._cases)

    def told(self, outcomes: Iterable[Outcome]) -> str | None:
        """Take rows in, in any order; give the reason to stop where there is enough evidence."""
        for outcome in outcomes:
            self._in.setdefault(outcome.case.id, {})[outcome.prompt] = _PASSED.get(outcome.status)
        while self._next < len(self._cases):
            verdicts = self._in.get(self._cases[self._next], {})
            if len(verdicts) <= len(self._others):
                break
            self._next += 1
            self._look(verdicts)
        if self.decided_after is None:
            return None
        return f"decided after {self.decided_after} of {len(self._cases)} cases"

    def paired(self, variant: str, *, left_out: int) -> Paired:
        """Give a variant's comparison up to now as figures that hold although one may have stopped."""
        watch = self._watches[variant]
        paired = watch.paired(left_out=left_out)
        lead = self._leads.get(variant)
        if lead is not None and lead * (watch.wins - watch.losses) <= 0:
            # What was under way has turned it over: the evidence that stays is that of the end.
            return replace(paired, p=min(1.0, 1 / max(watch.evidence, math.ulp(0))))
        return paired

    def _look(self, verdicts: Mapping[str, bool | None]) -> None:
        base = verdicts[self._baseline]
        for name in self._others:
            other = verdicts[name]
            if base is None or other is None:
                continue
            watch = self._watches[name] = self._watches[name].seen(float(other) - float(base))
            if watch.decided_after == watch.cases:
                self._leads[name] = float(watch.wins - watch.losses)
        corrected = holm([watch.p for watch in self._watches.values()])
        if self.decided_after is None and all(p is not None and p < ALPHA for p in corrected):
            self.decided_after = self._next
