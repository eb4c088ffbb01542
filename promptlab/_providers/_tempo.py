"""When the next call may be sent, from all that is known of the provider. No threads; every clock is an argument."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass

from promptlab._providers._limit import Limit
from promptlab._providers._loners import Loners
from promptlab._providers._rates import EvenPace, LearnedPace, TokenMinute, Told
from promptlab._providers._waits import LimitTold

BACK_OFF_S = 0.3
"""How long everybody waits after a refusal that does not say how long; half as long again while nothing gets through."""
LONGEST_BACK_OFF_S = 10.0
ENOUGH_GOOD = 3
"""Calls that got through between two refusals of a row, after which the row alone is thought to be refused."""
SPREAD_S = 0.26
"""Over how long those that waited together are spread."""
FREE = 4
"""Calls that begin at once; those after them begin one after another."""
STEP_S = 0.004
"""Seconds between them: less than a call takes to be written, and time for a refusal to come back."""
CLOSE = 20
"""Two refusals after which so few calls went through show a rate, not chance."""
CLOSE_ASKED = 60
"""The same for one refusal that names a wait."""


@dataclass(slots=True)
class Sent:
    """A call that was let through."""

    at: float
    """When, on the clock of `time.monotonic()`."""
    number: int
    """How many were sent before it, itself included."""
    under_way: int
    """How many were under way, itself included."""
    tokens: float
    """What it was estimated to cost."""
    spent: float
    """Tokens of the calls sent until then, itself included."""
    waited: bool
    """Whether it had to wait."""
    ahead: bool = False
    """Whether it was sent ahead of those that an outage holds back."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal changed."""

    new: bool = False
    """Whether it began an episode."""
    alone: bool = False
    """Whether it concerns the refused row alone, which alone waits."""
    hold_s: float = 0.0
    """Seconds for which everybody waits."""


class Tempo:
    """Paces the calls to one endpoint.

    Args:
        rpm: Requests a minute that the user allows.
        tpm: Tokens a minute that the user allows.
    """

    def __init__(self, *, rpm: float | None = None, tpm: float | None = None) -> None:
        self.limit = Limit()
        """How many may be under way."""
        self.pace = LearnedPace()
        """How fast the provider was found to take calls."""
        self.requests, self.tokens = Told(), Told()
        self._even = EvenPace(rpm) if rpm else None
        self._minute = TokenMinute(tpm) if tpm else None
        self.hold_until = -math.inf
        """Until when nothing is sent."""
        self._spread = False
        self._steps, self._step_s, self._step_at = 0, STEP_S, -math.inf
        self._fresh = True
        self._count, self._spent, self._refused = 0, 0.0, 0
        self._sent_at = -math.inf
        self._refusal_s = 0.0
        self._lately: deque[float] = deque(maxlen=200)
        self._episode_at = -math.inf
        self.in_vain = 0
        """Episodes since a call was last taken."""
        self._in_row = False
        self._too_long = 0
        self._good_at: deque[float] = deque(maxlen=64)
        self._between, self._accepted_before = CLOSE, 0
        self.taken = 0
        """Calls that the provider took."""
        self._loners = Loners()

    @property
    def counts_tokens(self) -> bool:
        """Tell whether the tokens of a call matter."""
        return self._minute is not None or self.tokens.rate is not None

    def wait(self, under_way: int, tokens: float, now: float) -> float:
        """Give the seconds until a call may be sent; infinite where one must come back first."""
        waits = max(self.hold_until, self._step_at) - now
        if under_way >= self.limit.now and waits <= 0:
            waits = self.limit.wait(under_way, self._sent_at, 2.0 * self._refusal_s, now)
        if self.pace.rate is not None:
            waits = max(waits, self.pace.wait(now))
        waits = max(waits, self.requests.wait(now))
        if self._even is not None:
            waits = max(waits, self._even.wait(now))
        if tokens:
            waits = max(waits, self.tokens.wait(now, tokens))
            if self._minute is not None:
                waits = max(waits, self._minute.wait(now, tokens))
        return waits

    def send(self, under_way: int, tokens: float, now: float, *, waiting: int, waited: bool) -> Sent:
        """Note that a call is sent.

        Args:
            under_way: Calls under way, without this one.
            tokens: What it is estimated to cost.
            now: The time.
            waiting: How many wait behind it.
            waited: Whether it had to wait.
        """
        if not waited and now - max(self._sent_at, self.hold_until) > 2.0:
            self.pace.idle()
        self._sent_at = now
        self._lately.append(now)
        self._count += 1
        self._spent += tokens
        self._space(waiting, now)
        self.pace.take(now)
        self.requests.take(now)
        if self._even is not None:
            self._even.take(now)
        if tokens:
            self.tokens.take(now, tokens)
            if self._minute is not None:
                self._minute.take(now, tokens)
        return Sent(now, self._count, under_way + 1, tokens, self._spent, waited)

    def unsend(self, sent: Sent) -> None:
        """Take back a call that was let through and not sent after all."""
        self._count -= 1
        self._spent -= sent.tokens
        if sent.at <= self._episode_at:
            self.limit.cut_further()
            self.pace.fewer()

    def good(self, sent: Sent, waiting: int, now: float) -> None:
        """Note that the provider took a call."""
        if self._fresh:
            self._fresh, self._steps = False, 0
        self.in_vain = self._too_long = 0
        self.taken += 1
        since = sent.at > self._episode_at
        self._good_at.append(sent.at)
        used = waiting > 0 or sent.under_way >= self.limit.now
        self.limit.good(sent.under_way if since else 0, used, now)

    def settle_tokens(self, sent: Sent, tokens: float, now: float) -> None:
        """Correct what a call was estimated to cost."""
        if self._minute is not None and tokens != sent.tokens:
            self._minute.take(now, tokens - sent.tokens)

    def hear(self, said: LimitTold, sent: Sent, now: float) -> None:
        """Take in what an answer says of the limit on requests or tokens."""
        what, limit, remaining, reset_s = said
        told = self.requests if what == "requests" else self.tokens
        since = self._count - sent.number if what == "requests" else self._spent - sent.spent
        told.hear(limit, remaining, reset_s, sent_at=sent.at, spent_since=since, now=now)

    def refused(self, sent: Sent, before: float, under_way: int, asked: float | None, now: float) -> Refusal:
        """Note that the provider refused a call for its rate.

        Args:
            sent: The call.
            before: When its row was last refused; infinite where it never was.
            under_way: Calls that are still under way.
            asked: Seconds that the provider asks to wait, where it does.
            now: The time.
        """
        self._refused += 1
        self._refusal_s = min(5.0, max(self._refusal_s, now - sent.at))
        accepted = self._count - self._refused
        self._loners.refused(now)
        if sent.at <= self._episode_at:
            self.limit.cut_further()
            self.pace.fewer()
            if asked is not None:
                self._hold(asked, now)
            return Refusal(hold_s=self.hold_until - now)
        if sum(1 for at in self._good_at if at > before) >= ENOUGH_GOOD:
            # Others got through meanwhile: it is this row that is refused, for reasons of its own.
            if self._loners.found(before):
                self._forget_refusals()
            return Refusal(alone=True)
        if self._loners.known and not self._loners.many(accepted, again=before < math.inf):
            if asked is not None:
                self._hold(asked, now)
            return Refusal(alone=asked is None, hold_s=self.hold_until - now)
        self._episode_at = now
        self.in_vain += 1
        dense = self._dense(accepted, asked is not None)
        hold_s = asked if asked is not None else self._back_off(dense)
        self.pace.empty(sent.at, accepted)
        lately = float(sum(1 for at in self._lately if sent.at - 1.0 < at < sent.at))
        if self.limit.too_many(sent.under_way):
            if dense and self._in_row:
                self.pace.refused(now, 0.95 * lately, hold_s)
            self.limit.cut(sent.under_way, under_way, now)
        elif dense:
            self.limit.ease(0.7)
            self.pace.refused(now, 0.8 * lately, hold_s)
        else:
            self.limit.ease(0.95)
            self.pace.missed()
        self._in_row = True
        self._hold(hold_s, now)
        return Refusal(new=True, hold_s=self.hold_until - now)

    def _forget_refusals(self) -> None:
        """Forget what refusals taught of rate and number: they were of single rows."""
        ceiling, self.limit, self.pace = self.limit.ceiling, Limit(), LearnedPace()
        self.limit.ceiling = ceiling

    def refused_for_long(self, asked: float, now: float) -> None:
        """Note a refusal with a wait that no row can bear; the fifth in a row holds everybody."""
        self._refused += 1
        self._too_long += 1
        if self._too_long >= 5:
            self.hold_until = max(self.hold_until, now + asked)

    def resume(self, now: float) -> None:
        """Begin again one after another, after an outage."""
        self.hold_until = max(self.hold_until, now)
        self._spread = True

    def _hold(self, seconds: float, now: float) -> None:
        jitter = 0.01 + random.uniform(0, 0.1 + 0.1 * min(seconds, 10.0))  # noqa: S311 - jitter is no secret
        if now + seconds > self.hold_until:
            self.hold_until = now + seconds + jitter
            self.pace.hold(self.hold_until)
        self._spread = True

    def _back_off(self, dense: bool) -> float:
        base = BACK_OFF_S if dense else BACK_OFF_S / 3
        if self.pace.rate is not None:
            base = min(0.5, max(0.1, 2.0 / self.pace.rate))
        return min(LONGEST_BACK_OFF_S, base * 1.5 ** min(self.in_vain - 1, 20))

    def _dense(self, accepted: int, asked: bool) -> bool:
        """Tell whether the last episodes came so close upon each other that a rate must be behind them, not chance."""
        between = accepted - self._accepted_before
        before, self._between, self._accepted_before = self._between, between, accepted
        return between < CLOSE_ASKED if asked else between + before < CLOSE

    def _space(self, waiting: int, now: float) -> None:
        """Have calls begin one after another: at first, and after a pause."""
        if self._spread and now >= self.hold_until:
            self._spread = False
            self._fresh = False
            self._steps, self._step_s = waiting, SPREAD_S / max(1, waiting)
        elif self._fresh and self._count == FREE:
            self._steps = int(min(self.limit.ceiling, 200.0))
        if self._steps > 0:
            self._steps -= 1
            self._step_at = now + self._step_s
