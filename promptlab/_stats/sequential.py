"""May I stop early? A test that stays honest however often one looks.

Every case that changed is a coin: a win or a loss. Were both variants the same prompt, it would be
fair. The evidence e against that is the likelihood of the coins seen, averaged over all biases with
the weight Beta(1/2, 1/2), over that of a fair coin: a mixture in the way of Robbins (1970), Ann.
Math. Stat. 41, 1397-1409. A fair coin makes e a fair game, so by Ville's inequality it ever reaches 20
in at most 1 of 20 comparisons of a prompt with itself: one may look after every case and stop there.

Feed one outcome a case, when both sides of the case are done, in an order that does not depend on who wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from promptlab._stats.interval import Interval, check_counts
from promptlab._stats.pairs import Paired

STOP_AT = 20.0
"""The evidence at which a comparison is decided: 1 / 0.05."""

_CHANGE_BAR = 200.0
"""The evidence against a rate of changed cases: 1 / 0.005, so that the interval errs 5.5 % at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a comparison has shown up to now; `seen` gives what it shows after one more case."""

    wins: int = 0
    """Cases seen that B did better."""
    losses: int = 0
    """Cases seen that A did better."""
    ties: int = 0
    """Cases seen that made no difference."""
    most: float = 1.0
    """The most evidence that there ever was, at least 1."""
    decided_after: int | None = None
    """After how many cases the evidence first reached 20; None where it has not."""

    @property
    def cases(self) -> int:
        """How many cases were seen."""
        return self.wins + self.losses + self.ties

    @property
    def evidence(self) -> float:
        """The evidence now, at least 0."""
        return evidence(self.wins, self.losses)

    @property
    def decided(self) -> bool:
        """Whether one may stop: there is a difference."""
        return self.decided_after is not None

    @property
    def p(self) -> float:
        """A p-value that holds however often one looked, in (0, 1]."""
        return 1 / self.most

    def seen(self, difference: float) -> Watch:
        """Add one case.

        Args:
            difference: The case's rate under B less its rate under A; only its sign counts.
        """
        wins, losses = self.wins + (difference > 0), self.losses + (difference < 0)
        now = evidence(wins, losses)
        after = replace(
            self, wins=wins, losses=losses, ties=self.ties + (difference == 0), most=max(self.most, now)
        )
        if self.decided or now < STOP_AT:
            return after
        return replace(after, decided_after=after.cases)

    def paired(self, *, left_out: int = 0) -> Paired:
        """Give the comparison up to now as figures that hold although one may have stopped."""
        interval = anytime_interval(self.wins, self.losses, self.cases)
        difference = (self.wins - self.losses) / self.cases if self.cases else None
        low, high = (interval.low, interval.high) if interval else (None, None)
        if self.decided and difference and low is not None and high is not None:
            low = max(low, 0.0) if difference > 0 else low
            high = min(high, 0.0) if difference < 0 else high
        return Paired(
            cases=self.cases,
            pairs=self.cases,
            left_out=left_out,
            fixed=self.wins,
            broke=self.losses,
            ties=self.ties,
            difference=difference,
            low=low,
            high=high,
            p=self.p,
            method="anytime",
            exact=True,
            seed=0,
            win_rate=self.wins / self.cases if self.cases else 0.0,
            loss_rate=self.losses / self.cases if self.cases else 0.0,
        )


def evidence(wins: int, losses: int) -> float:
    """Give the evidence that wins and losses are not a fair coin's; infinity beyond all floats."""
    check_counts(wins, wins)
    check_counts(losses, losses)
    return _exp(_log_evidence(wins, losses, 0.5))


def anytime_interval(wins: int, losses: int, cases: int) -> Interval | None:
    """Give an interval of the difference of rates that holds at every look at once.

    The difference is r (2 w - 1), where r is the rate of changed cases and w the share of wins among them. Both
    have an interval of all values that the evidence has not spoken against (less than 20 against
    w, less than 200 against r); the two together miss in at most 5.5 % of all comparisons, over their whole
    path. It leaves zero out exactly where the evidence is 20 or more.

    Args:
        wins: Cases seen that B did better.
        losses: Cases seen that A did better.
        cases: All cases seen.
    """
    check_counts(wins + losses, cases)
    if cases == 0:
        return None
    winning = _believable(wins, losses, STOP_AT)
    changing = _believable(wins + losses, cases - wins - losses, _CHANGE_BAR)
    low, high = 2 * winning[0] - 1, 2 * winning[1] - 1
    return Interval(
        low=low * (changing[0] if low > 0 else changing[1]),
        high=high * (changing[1] if high > 0 else changing[0]),
    )


def _believable(hits: int, misses: int, bar: float) -> tuple[float, float]:
    """Give the chances that hits and misses have less than `bar` evidence against."""
    limit = math.log(bar)
    middle = hits / (hits + misses) if hits + misses else 0.5

    def edge(outside: float) -> float:
        if _log_evidence(hits, misses, outside) < limit:
            return outside
        inside = middle
        while min(inside, outside) < (trial := (inside + outside) / 2) < max(inside, outside):
            if _log_evidence(hits, misses, trial) < limit:
                inside = trial
            else:
                outside = trial
        return outside

    return edge(0.0), edge(1.0)


def _log_evidence(hits: int, misses: int, chance: float) -> float:
    """Give the logarithm of the averaged likelihood over that of one chance."""
    mixed = (
        math.lgamma(hits + 0.5)
        + math.lgamma(misses + 0.5)
        - math.lgamma(hits + misses + 1)
        - math.log(math.pi)
    )
    return mixed - _log_likelihood(hits, chance) - _log_likelihood(misses, 1 - chance)


def _log_likelihood(times: int, chance: float) -> float:
    if times == 0:
        return 0.0
    return times * math.log(chance) if chance > 0 else -math.inf


def _exp(value: float) -> float:
    return math.exp(value) if value < 709 else math.inf
