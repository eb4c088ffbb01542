"""The openai SDK as a provider: one request, one attempt, one completion or failure."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

from promptlab._providers._lane import BodyGarbledError, BodyTooBigError, Lane, http_library
from promptlab._providers._prices import Prices
from promptlab._providers._reading import bad_response, read_response
from promptlab._redact import Secret, redactor
from promptlab._scope import Scope
from promptlab._types import Completion, Failure, Request

MAX_HOPS = 4
"""Redirects within the same origin that are followed."""


class OpenAIProvider:
    """Calls an OpenAI-compatible endpoint, one lane for each call under way.

    Args:
        base_url: The endpoint, up to and with `/v1`; None for the SDK's default.
        api_key: The key; sent as a bearer token and shown nowhere.
        timeout: Seconds one attempt may take in all.
    """

    def __init__(self, *, base_url: str | None, api_key: Secret, timeout: float) -> None:
        import openai

        self._openai = openai
        self._http = http_library()
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key.reveal(),
            max_retries=0,
            http_client=openai.DefaultHttpxClient(verify=False),  # never used: each lane has its own
        )
        self.base_url = str(self._client.base_url)
        """The endpoint that is called."""
        self._verify: Any = self._http.create_ssl_context() if self.base_url.startswith("https") else False
        self._timeout = timeout
        self.redact: Callable[[str], str] = redactor([api_key])
        """Masks the key in a text."""
        self._prices = Prices(self.base_url)
        self._idle: list[Lane] = []
        self._busy: dict[int, Lane] = {}
        self._pid = os.getpid()

    def __call__(self, request: Request, scope: Scope) -> Completion | Failure:
        """Make one attempt."""
        if scope.stop.is_set():
            return Failure(
                kind="cancelled", message=f"stopped before the call: {scope.stop.reason}", attempts=0
            )
        lane = self._take()
        sent = time.perf_counter()
        try:
            result = self._attempt(lane, request, scope)
        finally:
            lane.end()
            del self._busy[id(lane)]
            self._idle.append(lane)
        if isinstance(result, Completion):
            return self._account(result, time.perf_counter() - sent)
        if result.completion is not None:
            paid = self._account(result.completion, time.perf_counter() - sent)
            return dataclasses.replace(result, completion=paid)
        return result

    def has_price(self, model: str) -> bool:
        """Tell whether the price of a model is known at this endpoint."""
        return self._prices.of(Completion(text="", model=model, input_tokens=1, output_tokens=1)) is not None

    def tick(self) -> None:
        """Cut the calls whose time is over or whose run was stopped; called while calls are under way."""
        self._prices.warm()
        for lane in list(self._busy.values()):
            lane.heed()

    def close(self) -> None:
        """Close the connections that no call uses."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Lane:
        if self._pid != os.getpid():
            # After a fork both processes would read from the same sockets, and get each other's answers.
            self._idle, self._busy, self._pid = [], {}, os.getpid()
        try:
            lane = self._idle.pop()
        except IndexError:
            lane = Lane(self._client, self._verify)
        self._busy[id(lane)] = lane
        return lane

    def _account(self, completion: Completion, seconds: float) -> Completion:
        cost = self._prices.of(completion)
        return dataclasses.replace(completion, latency_s=seconds, cost_usd=cost)

    def _attempt(self, lane: Lane, request: Request, scope: Scope) -> Completion | Failure:
        """Send the request, following redirects within the origin only."""
        allowed = lane.begin(scope, self._timeout)
        path = "/chat/completions"
        for _ in range(MAX_HOPS + 1):
            try:
                response = self._send(lane, path, request, allowed)
            except Exception as raised:  # noqa: BLE001 - whatever the SDK raises becomes a row, never a crash
                return self._failure(raised, lane, scope)
            if not 300 <= response.status_code < 400:
                return read_response(response.status_code, response.headers, response.content, self.redact)
            here, there = str(response.request.url), response.headers.get("location", "")
            path = urljoin(here, there)
            if not there or urlsplit(path)[:2] != urlsplit(here)[:2]:
                message = (
                    f"{response.status_code}: redirected to another origin ({path[:200]}); set base_url to it"
                )
                return Failure(
                    kind="redirect", message=self.redact(message), status_code=response.status_code
                )
        return Failure(
            kind="redirect", message=f"redirected more than {MAX_HOPS} times", attempts=MAX_HOPS + 1
        )

    def _send(self, lane: Lane, path: str, request: Request, allowed: float) -> Any:
        """Post the body as it is; gives the raw response, whatever its status."""
        try:
            return lane.client.post(
                path,
                cast_to=self._http.Response,
                body=request.body,
                options={"timeout": self._openai.Timeout(allowed, connect=min(allowed, 10.0))},
            )
        except self._openai.APIStatusError as refused:
            return refused.response

    def _failure(self, raised: Exception, lane: Lane, scope: Scope) -> Failure:
        """Say what an attempt without a response came to."""
        if scope.stop.cut:
            return Failure(kind="cancelled", message=f"cut while under way: {scope.stop.reason}")
        if isinstance(raised, BodyTooBigError):
            return Failure(kind="too_big", message=f"the answer was not read to its end: {raised}")
        if isinstance(raised, BodyGarbledError):
            return bad_response(str(raised))
        if lane.overdue() or isinstance(raised, self._openai.APITimeoutError):
            return Failure(kind="timeout", message="no whole answer within the time allowed", retryable=True)
        if isinstance(raised, self._openai.APIConnectionError):
            cause = raised.__cause__ or raised
            text = f"the connection failed ({type(cause).__name__}): {cause}"
            return Failure(kind="connection", message=self.redact(text)[:4000], retryable=True)
        text = f"the request could not be sent ({type(raised).__name__}): {raised}"
        return Failure(kind="bad_response", message=self.redact(text)[:4000])
