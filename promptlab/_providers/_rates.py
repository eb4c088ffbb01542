"""How fast calls may be sent: what the user allows, what the provider says, what its refusals show. No threads.

Every clock here is an argument, on that of `time.monotonic()`, so that a simulated provider can be met in no time.
"""

from __future__ import annotations

import math
import statistics
from collections import deque

MINUTE_S = 60.0
MARGIN = 1.005
"""Gaps are this much longer than asked for, since a call may take less time to its server than the one before."""


class EvenPace:
    """So many sends a minute, spread evenly: no minute holds more, wherever it begins.

    Args:
        per_minute: Sends a minute.
    """

    def __init__(self, per_minute: float) -> None:
        self._gap = MINUTE_S / per_minute * MARGIN
        self._next_at = -math.inf

    def wait(self, now: float) -> float:
        """Give the seconds until the next send is allowed."""
        return max(0.0, self._next_at - now)

    def take(self, now: float) -> None:
        """Note a send."""
        self._next_at = now + self._gap


class TokenMinute:
    """So many tokens in any minute.

    What a call will cost is estimated before it is sent and corrected when its answer tells.

    Args:
        per_minute: Tokens a minute.
    """

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        """Tokens a minute."""
        self._spent: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def wait(self, now: float, tokens: float) -> float:
        """Give the seconds until so many tokens may be spent; more than the whole minute's wait for an empty one."""
        self._forget(now)
        room = max(0.0, self.per_minute - tokens)
        left = self._sum
        if left <= room:
            return 0.0
        for at, spent in self._spent:
            left -= spent
            if left <= room:
                return max(0.0, at + MINUTE_S * MARGIN - now)
        return 0.0

    def take(self, now: float, tokens: float) -> None:
        """Note what a call was estimated to cost, or by how much the estimate was wrong."""
        self._spent.append((now, tokens))
        self._sum += tokens

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] + MINUTE_S * MARGIN <= now:
            self._sum -= self._spent.popleft()[1]
        if not self._spent:
            self._sum = 0.0


class LearnedPace:
    """The rate at which the provider takes calls, learned from when it refused.

    Whatever the provider counts with (a bucket, a window), it is exhausted in the moment of a refusal. Between
    two such moments it has therefore let in as many calls as its rate allows, which gives the rate; afterwards
    calls are spaced by it. After a while without a refusal the rate grows, ever faster; the while is longer where
    a refusal costs more, and each time that the provider confirms the rate (cf. the plateau of CUBIC, RFC 9438).
    """

    GROWTH = 0.06
    """Growth a second when it begins."""
    CALM_S = 2.0
    """Seconds without a refusal before it begins, at least."""
    LEAST = 1.0
    """Calls a second below which no rate is found: pauses do for those."""
    LONGEST_CALM_S = 60.0
    UNUSED = 30
    """Sends in a row that the rate did not delay, after which it is dropped."""
    LONGEST_S = 60.0
    """Refusals longer ago say nothing of the present rate."""

    def __init__(self) -> None:
        self.rate: float | None = None
        """Calls a second; None while there is no reason to hold back."""
        self._before: tuple[float | None, float] = (None, self.CALM_S)
        self._first = math.inf
        self._calm_s = self.CALM_S
        self._refused_at = -math.inf
        self._counted = (0.0, 0.0)
        self._level, self._stamp = 0.0, 0.0
        self._unused = 0
        self._anchors: deque[tuple[float, int]] = deque(maxlen=16)

    def wait(self, now: float) -> float:
        """Give the seconds until the next send."""
        if self.rate is None:
            return 0.0
        level = min(self._cap(), self._level + (now - self._stamp) * self.rate)
        return max(0.0, (1.0 - level) / self.rate)

    def take(self, now: float) -> None:
        """Note a send."""
        if self.rate is None:
            return
        since = max(0.0, now - self._stamp)
        level = self._level + since * self.rate
        self._unused = self._unused + 1 if level > 2.0 * self._cap() else 0
        self._level, self._stamp = min(self._cap(), level) - 1.0, now
        calm = now - self._refused_at - self._calm_s
        if calm > 0 and not self._unused:
            self.rate *= 1.0 + min(0.5, self.GROWTH * 1.3 ** min(calm, 40.0)) * min(since, 1.0)
        if self._unused > self.UNUSED:
            self._anchors.clear()
            self.rate = None

    def idle(self) -> None:
        """Forget when calls were refused: since then nobody wanted to send, so that nothing can be counted."""
        self._anchors.clear()

    def empty(self, now: float, accepted: int) -> None:
        """Note that the provider refused a call, and how many it had let in until then."""
        while self._anchors and self._anchors[0][0] < now - self.LONGEST_S:
            self._anchors.popleft()
        self._anchors.append((now, accepted))

    def refused(self, now: float, last_second: float, hold_s: float) -> None:
        """Work the rate out anew: too many calls were sent.

        Args:
            now: The time.
            last_second: Calls that the provider can be trusted to take in a second, as the last one showed.
            hold_s: Seconds for which everybody has to wait now.
        """
        self._before = (self.rate, self._calm_s)
        self._counted = (last_second, max(self.CALM_S, 10.0 * hold_s))
        self._estimate()
        self._refused_at = self._stamp = now
        self._level = 0.0

    def fewer(self) -> None:
        """Note one more refusal of the same moment: the provider had let in one call less."""
        if not self._anchors:
            return
        at, accepted = self._anchors[-1]
        self._anchors[-1] = (at, accepted - 1)
        if self._before[0] != self.rate:
            self.rate, self._calm_s = self._before
            self._estimate()

    def missed(self) -> None:
        """Note a refusal that seems to be chance: the rate may well be too low."""
        if self.rate is not None:
            self.rate *= 1.15

    def _estimate(self) -> None:
        (began, before), (at, accepted) = self._anchors[0], self._anchors[-1]
        seconds, calls = at - began, accepted - before
        last_second, calm_s = self._counted
        # Where the provider counts by windows a pause wastes what it would have let in meanwhile.
        found = max((calls + 1) / seconds if seconds >= 0.1 else 0.0, last_second, self.LEAST)
        if self.rate is None:
            self.rate = self._first = found
            self._calm_s, self._unused = calm_s, 0
            return
        # Since the last refusal calls went through at this rate: it is too high by a little, unless hardly any did.
        lately = accepted - self._anchors[-2][1] if len(self._anchors) > 1 else calls
        rate = max(self.LEAST, self.rate * (0.6 if lately > 8 else 0.5), 0.95 * min(found, self.rate))
        confirmed = abs(rate / self._first - 1.0) < 0.25
        self._calm_s = min(self.LONGEST_CALM_S, 2.0 * self._calm_s) if confirmed else calm_s
        self.rate = self._first = rate

    def hold(self, until: float) -> None:
        """Begin with nothing saved up after a pause: a window may have begun anew in it."""
        if self.rate is not None:
            self._stamp, self._level = max(self._stamp, until), 1.0

    def _cap(self) -> float:
        return max(1.0, 0.1 * (self.rate or 0.0))


class Told:
    """The provider's bucket, mirrored from its headers: its limit, what remains, the time until it is full.

    What a bucket that fills steadily says is consistent: what is missing, divided by the time until it is
    full, is its rate, in every answer. Where that holds the mirror paces; where it does not (a window), only
    its being empty is heeded.
    """

    FRESH = 8
    """Answers that are kept."""

    def __init__(self) -> None:
        self._heard: deque[tuple[float, float]] = deque(maxlen=self.FRESH)
        self._most = 0.0
        self._limit = 0.0
        self.rate: float | None = None
        """What flows in, a second; None while unknown."""
        self._level = math.inf
        self._stamp = 0.0
        self._empty_until = -math.inf

    def wait(self, now: float, cost: float = 1.0) -> float:
        """Give the seconds until `cost` may be taken."""
        if self.rate is None:
            return max(0.0, self._empty_until - now)
        level = min(self._cap(), self._level + (now - self._stamp) * self.rate)
        return max(0.0, (min(cost, self._cap()) - level) / self.rate)

    def take(self, now: float, cost: float = 1.0) -> None:
        """Note a send."""
        if self.rate is not None:
            self._level = min(self._cap(), self._level + (now - self._stamp) * self.rate) - cost
            self._stamp = now

    def hear(
        self,
        limit: float | None,
        remaining: float,
        reset_s: float,
        *,
        sent_at: float,
        spent_since: float,
        now: float,
    ) -> None:
        """Take in what an answer says.

        Args:
            limit: The limit, where it is said.
            remaining: What remained.
            reset_s: Seconds until all is there again.
            sent_at: When the call was sent that was answered.
            spent_since: What was taken by the calls sent after it.
            now: The time.
        """
        self._most = max(self._most, remaining + 1.0)
        self._limit = limit or 0.0
        if reset_s >= 0.02:
            self._heard.append((remaining, reset_s))
        known, self.rate = self.rate, self._steady()
        if self.rate is None:
            self._level = math.inf
            if remaining < 1.0 and reset_s <= MINUTE_S:
                self._empty_until = max(self._empty_until, sent_at + reset_s)
            return
        if known is None:
            self._level, self._stamp = remaining - spent_since, now
        level = min(self._cap(), self._level + (now - self._stamp) * self.rate)
        most = remaining + self.rate * (now - sent_at)
        self._level, self._stamp = max(min(level, most), remaining - spent_since), now

    def _cap(self) -> float:
        return max(1.0, self._most)

    def _steady(self) -> float | None:
        """Give the rate that the answers agree on, for the limit named or the most that ever remained."""
        for full in (self._limit, self._most):
            rates = [(full - left) / reset for left, reset in self._heard if full - left >= 3.0]
            if len(rates) >= 3 and max(rates) <= 1.5 * min(rates):
                return statistics.median_low(rates) * 0.99
        return None
