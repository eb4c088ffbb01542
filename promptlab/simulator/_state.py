"""What a simulator remembers, and how it answers: everything but the network."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from promptlab.simulator._attempts import Attempts
from promptlab.simulator._batches import Batches
from promptlab.simulator._chat import ChatCall, read_chat
from promptlab.simulator._completion import completion, echo, first
from promptlab.simulator._counters import Counters
from promptlab.simulator._draw import number
from promptlab.simulator._embeddings import embed, read_embeddings
from promptlab.simulator._errors import ApiError
from promptlab.simulator._fault_rule import AnswerFault, FaultRule
from promptlab.simulator._fault_wire import scripted_error
from promptlab.simulator._faults import KINDS, FaultScript
from promptlab.simulator._files import Files
from promptlab.simulator._limits import Limits
from promptlab.simulator._options import REVISION, Options
from promptlab.simulator._reply import Reply

__all__ = ["EMBEDDING_SHARE", "State"]

EMBEDDING_SHARE = 0.02
"""Embeddings take this share of the latency that an answer would take."""


class State:
    """A simulator without its network.

    Args:
        options: How it behaves.
    """

    def __init__(self, options: Options) -> None:
        clock = time.monotonic
        self.options = options
        self.counters = Counters(clock)
        self.limits = Limits(
            clock,
            rpm=options.rpm,
            tpm=options.tpm,
            concurrent=options.concurrent,
            burst_s=options.burst_s,
            say=options.limit_headers,
        )
        self.script = FaultScript(options.faults, options.seed, clock)
        self.attempts = Attempts()
        self.files = Files()
        self.batches = Batches(self.files, self._answer_line, options.batch_s)
        self._answered = Attempts()
        self._ids = itertools.count(1)
        self._reply = _model(options.answer)

    def reset(self) -> None:
        """Forget what was counted and begin the script of faults again; files and batches stay."""
        self.counters.reset()
        self.limits.reset()
        self.script.reset()
        self.attempts.reset()
        self._answered.reset()

    def stats(self) -> dict[str, Any]:
        """Give the counts and the settings as JSON."""
        named = {"name": "promptlab-simulator", "revision": REVISION}
        settings = {"settings": self.options.settings, "limits": self.options.limits}
        return {**named, **self.counters.snapshot(), **settings}

    def seconds(self, key: str) -> float:
        """Give how long the answer to a content takes."""
        return self.options.latency.draw(self.options.seed, key) * self.options.scale

    def answer(self, call: ChatCall) -> dict[str, Any]:
        """Answer a chat call; equal calls alike, unless the call may vary."""
        turn = self._answered.next(call.key) if call.varies else 0
        reply = self._reply(call, number("reply", self.options.seed, call.key, turn))
        name = f"chatcmpl-{call.key}-{next(self._ids)}"
        return completion(call, reply, name=name, created=int(time.time()))

    def choose_fault(self, *, key: str, text: str, model: str, attempt: int) -> FaultRule | None:
        """Give the scripted fault that hits a call, or None."""
        return self.script.choose(key=key, text=text, model=model, attempt=attempt)

    def _answer_line(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer one line of a batch; of the faults, statuses and those of the answer can hit it."""
        if endpoint == "/v1/embeddings":
            return embed(read_embeddings(body, self.options.known))
        call = read_chat(body, self.options.known)
        if call.stream:
            raise ApiError(400, "A batch cannot stream.", param="stream")
        attempt = self.attempts.next(call.key)
        rule = self.choose_fault(key=call.key, text=call.text, model=call.model, attempt=attempt)
        if rule is not None and rule.kind == "status":
            raise scripted_error(rule)
        whole = self.answer(call)
        kind = KINDS[rule.kind] if rule is not None else None
        if rule is not None and isinstance(kind, AnswerFault):
            kind.act(whole, rule.value)
        return whole


def _model(answer: str) -> Callable[[ChatCall, int], Reply]:
    """Give who answers. The learner is imported where it is asked for: an echo starts without it."""
    if answer == "echo":
        return lambda call, _seed: echo(call)
    if answer == "first":
        return lambda _call, _seed: first()
    from promptlab.simulator._model import reply

    return lambda call, seed: reply(call.body, seed=seed)
