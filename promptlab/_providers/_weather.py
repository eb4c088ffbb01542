"""What is known of one endpoint and its account, and what follows for the next call. No threads, no clock."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptlab._providers._breaker import ACCOUNT_KINDS, OUTAGE_KINDS, Account, Outage
from promptlab._providers._row import Row
from promptlab._providers._tempo import Sent, Tempo
from promptlab._providers._waits import LimitTold
from promptlab._types import Completion, Failure, Kind

YIELDS = 5
"""Calls that are taken before a refused row is first again."""
FIRST_GUESS = 500
"""Tokens of an answer, before the first has come."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a call's result taught."""

    alone: bool = True
    """Whether the row had better wait by itself before it tries again, since nobody waits with it."""
    news: str | None = None
    """What there is to say about the limit, where it was changed."""
    stop: tuple[str, Kind] | None = None
    """Why the run must be stopped, where it must."""


class Weather:
    """Puts together the pace, the breaker for outages and the one for the account.

    Args:
        rpm: Requests a minute that the user allows.
        tpm: Tokens a minute that the user allows.
    """

    def __init__(self, *, rpm: float | None, tpm: float | None) -> None:
        self._rpm, self._tpm = rpm, tpm
        self.tempo = Tempo(rpm=rpm, tpm=tpm)
        self.outage, self.account = Outage(), Account()
        self._told = math.inf
        self._longest = 0

    @property
    def ceiling(self) -> float:
        """Calls that may be under way at most, whatever the provider allows."""
        return self.tempo.limit.ceiling

    @ceiling.setter
    def ceiling(self, calls: float) -> None:
        self.tempo.limit.ceiling = calls

    @property
    def limit(self) -> float:
        """Calls that may be under way now."""
        return 1.0 if self.outage.open else self.tempo.limit.now

    def forgive(self) -> None:
        """Begin anew with what concerns one run: the breakers."""
        self.account.forgive()
        self.outage = Outage()

    def forget(self) -> None:
        """Begin anew with what was learned of the provider's limits."""
        ceiling, self.tempo = self.ceiling, Tempo(rpm=self._rpm, tpm=self._tpm)
        self.ceiling, self._told = ceiling, math.inf

    def estimate(self, body: Mapping[str, Any]) -> float:
        """Guess, rather too high than too low, the tokens of a call before it is sent."""
        asked = [body.get(name) for name in ("max_completion_tokens", "max_tokens")]
        most = max((float(number) for number in asked if isinstance(number, int | float)), default=math.inf)
        answer = min(most, float(self._longest or FIRST_GUESS))
        return len(json.dumps(body.get("messages", ""), ensure_ascii=False, default=str)) / 3.0 + answer

    def first(self, queue: Sequence[Row]) -> Row:
        """Give who is next: who came first; while every call is refused the one that was refused least often.

        A row that was refused has a few others go before it: what becomes of them shows whom the refusal concerned.
        """
        if self.tempo.in_vain:
            return min(queue, key=_calls)
        taken = self.tempo.taken
        return next((row for row in queue if row.yields_to <= taken), queue[0])

    def wait(self, row: Row, under_way: int, now: float) -> float:
        """Give the seconds until a row's call may be sent; infinite where one must come back first."""
        return max(self.tempo.wait(under_way, row.tokens, now), self.account.wait(under_way, now))

    def send(self, row: Row, under_way: int, now: float, *, waiting: int, waited: bool) -> Sent:
        """Note that a row's call is sent."""
        self.account.sent(now)
        return self.tempo.send(under_way, row.tokens, now, waiting=waiting, waited=waited)

    def ahead(self, row: Row, queue: Sequence[Row], under_way: int, now: float) -> bool | Failure:
        """Decide on a row that an outage holds back: to be sent ahead, to be kept, or given up."""
        if under_way >= self.tempo.limit.ceiling:
            return False
        may = self.outage.may_go(row, queue, now)
        if may is None:
            return Failure(kind=self.outage.kind(), message=self.outage.message()[:4000], attempts=0)
        return may

    def learn(
        self,
        row: Row,
        sent: Sent,
        result: Completion | Failure | None,
        told: Iterable[LimitTold],
        *,
        under_way: int,
        waiting: int,
        now: float,
    ) -> Lesson:
        """Learn from what a call came to; None where it was not sent after all."""
        if result is None:
            self.tempo.unsend(sent)
            return Lesson()
        for said in told:
            self.tempo.hear(said, sent, now)
        stop = self._judge_account(result)
        if isinstance(result, Failure):
            row.last = result
            if result.kind == "cancelled":
                return Lesson()
            if result.kind in OUTAGE_KINDS and (result.retryable or result.status_code is None):
                return Lesson(news=self._learn_failure(row, result, now))
        news = None
        if self.outage.alive(row):
            self.tempo.resume(now)
            news = "the outage is over"
        if isinstance(result, Failure) and result.kind == "rate_limited":
            return self._learn_refusal(row, sent, result, under_way, now)
        self.tempo.good(sent, waiting, now)
        if sent.tokens and isinstance(result, Completion):
            self._longest = max(self._longest, result.output_tokens or 0)
            self.tempo.settle_tokens(sent, tokens_of(result) or sent.tokens, now)
        if self.tempo.limit.now > self._told:
            self._told = self.tempo.limit.now
            news = news or "no call was refused since: more at once are tried"
        return Lesson(news=news, stop=stop)

    def late(self, row: Row, now: float) -> Failure:
        """Say that a row's time is over before its call could be sent."""
        hold = self.tempo.hold_until - now
        if self.outage.open:
            return Failure(kind=self.outage.kind(), message=self.outage.message()[:4000], attempts=0)
        if hold > 0:
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + hold))
            why = f"the server asks all calls to wait {hold:.0f} s more (until {until}), longer than the row's deadline"
            return Failure(kind="rate_limited", message=why, attempts=0, retry_after_s=hold)
        kind = row.last.kind if row.last else "timeout"
        return Failure(kind=kind, message="the row's deadline came before its turn to be called", attempts=0)

    def _learn_failure(self, row: Row, failure: Failure, now: float) -> str | None:
        if not self.outage.fail(row, failure, self.tempo.limit.now, now):
            return None
        return f"outage: {self.outage.failed} calls failed in a row; the endpoint is probed"

    def _learn_refusal(self, row: Row, sent: Sent, failure: Failure, under_way: int, now: float) -> Lesson:
        asked = failure.retry_after_s
        if asked is not None and asked > row.scope.deadline - now:
            self.tempo.refused_for_long(asked, now)
            return Lesson()
        said = self.tempo.refused(sent, row.refused_at, under_way, asked, now)
        row.refused_at, row.yields_to = now, self.tempo.taken + YIELDS
        news = None
        if said.new or self.tempo.limit.now < self._told:
            rate = self.tempo.pace.rate
            after = "" if rate is None else f", then about {rate:.3g} a second are sent"
            news = f"rate limit: all wait {said.hold_s:.1f} s{after}"
            self._told = self.tempo.limit.now
        return Lesson(alone=said.alone, news=news)

    def _judge_account(self, result: Completion | Failure) -> tuple[str, Kind] | None:
        if isinstance(result, Completion) or result.completion is not None:
            self.account.good()
        elif result.kind in ACCOUNT_KINDS:
            if self.account.refused():
                times = self.account.ENOUGH
                return f"{times} calls in a row were refused; the last: {result.message}", result.kind
        elif result.status_code is not None:
            self.account.neutral()
        return None


def tokens_of(completion: Completion) -> float | None:
    """Give the tokens of a call as its provider counted them, or None."""
    if completion.input_tokens is None or completion.output_tokens is None:
        return None
    return float(completion.input_tokens + completion.output_tokens)


def _calls(row: Row) -> tuple[int, int]:
    return row.calls, row.number
