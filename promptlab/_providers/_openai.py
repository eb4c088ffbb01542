"""The openai SDK as a provider: one request, one attempt, one completion or failure."""

from __future__ import annotations

import dataclasses
import os
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

from promptlab._providers._embeddings import PATH as EMBEDDINGS
from promptlab._providers._embeddings import wants_embeddings
from promptlab._providers._lane import BodyGarbledError, BodyTooBigError, CalledBackError, Lane, http_library
from promptlab._providers._prices import Prices
from promptlab._providers._reading import bad_response, read_response
from promptlab._providers._repair import Refused, read_refused
from promptlab._providers._waits import read_limits
from promptlab._providers._watch import Watch
from promptlab._providers._wire import Attempt
from promptlab._redact import Secret, redactor
from promptlab._scope import Scope
from promptlab._types import Completion, Failure, Request

UNSAID = ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
"""What the SDK tells of this machine in headers of its own; it is nobody's concern, and each header costs time."""

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
        unsaid: Any = {f"X-Stainless-{name}": openai.Omit() for name in UNSAID}
        self._http = http_library()
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key.reveal(),
            max_retries=0,
            default_headers=unsaid,
            http_client=openai.DefaultHttpxClient(verify=False),  # never used: each lane has its own
        )
        self.base_url = str(self._client.base_url)
        """The endpoint that is called."""
        self._verify: Any = self._http.create_ssl_context() if self.base_url.startswith("https") else False
        self.timeout = timeout
        """Seconds one attempt may take in all."""
        self.redact: Callable[[str], str] = redactor([api_key])
        """Masks the key in a text."""
        self._prices = Prices(self.base_url)
        self._idle: list[Lane] = []
        self._busy: dict[int, Lane] = {}
        self._watch = Watch(self._look)
        self._pid = os.getpid()

    def __call__(self, request: Request, scope: Scope) -> Completion | Failure:
        """Make one attempt."""
        result = self.attempt(request, scope, lambda: False).result
        return result if result is not None else _not_called(scope)

    def attempt(self, request: Request, scope: Scope, held: Callable[[], bool]) -> Attempt:
        """Make one attempt.

        Args:
            request: The request.
            scope: The row's bounds.
            held: Asked in the last moment before sending; True calls the attempt back.
        """
        if scope.stop.is_set():
            return Attempt(_not_called(scope))
        lane = self._take()
        sent = time.perf_counter()
        try:
            made = self._attempt(lane, request, scope, held)
        finally:
            lane.end()
            del self._busy[id(lane)]
            self._idle.append(lane)
        result = made.result
        if isinstance(result, Completion):
            return dataclasses.replace(made, result=self._account(result, time.perf_counter() - sent))
        if result is not None and result.completion is not None:
            paid = self._account(result.completion, time.perf_counter() - sent)
            return dataclasses.replace(made, result=dataclasses.replace(result, completion=paid))
        return made

    def has_price(self, model: str) -> bool:
        """Tell whether the price of a model is known at this endpoint."""
        return self._prices.of(Completion(text="", model=model, input_tokens=1, output_tokens=1)) is not None

    def least_cost(self, request: Request) -> float:
        """Give the least that a request costs in US dollars: what is sent; 0 where its price is unknown."""
        return self._prices.least(request.body)

    def tick(self) -> None:
        """Cut the calls whose time is over or whose run was stopped; called while calls are under way."""
        if self._look():
            self._prices.warm()

    def close(self) -> None:
        """Close the connections that no call uses."""
        while self._idle:
            self._idle.pop().close()

    def _look(self) -> bool:
        busy = list(self._busy.values())
        for lane in busy:
            lane.heed()
        return bool(busy)

    def _take(self) -> Lane:
        if self._pid != os.getpid():
            # After a fork both processes would read from the same sockets, and get each other's answers.
            self._idle, self._busy, self._pid = [], {}, os.getpid()
            self._watch = Watch(self._look)
        try:
            lane = self._idle.pop()
        except IndexError:
            lane = Lane(self._client, self._verify)
        self._busy[id(lane)] = lane
        self._watch.keep()
        return lane

    def _account(self, completion: Completion, seconds: float) -> Completion:
        cost = self._prices.of(completion)
        return dataclasses.replace(completion, latency_s=seconds, cost_usd=cost)

    def _attempt(self, lane: Lane, request: Request, scope: Scope, held: Callable[[], bool]) -> Attempt:
        """Send the request, following redirects within the origin only."""
        allowed = lane.begin(scope, self.timeout, held)
        path = EMBEDDINGS if wants_embeddings(request.body) else "/chat/completions"
        for calls in range(1, MAX_HOPS + 2):
            try:
                response = self._send(lane, path, request, allowed)
            except Exception as raised:  # noqa: BLE001 - whatever the SDK raises becomes a row, never a crash
                failure = self._failure(raised, lane, scope)
                return Attempt(failure and dataclasses.replace(failure, attempts=calls if lane.sent else 0))
            status, content = response.status_code, response.content
            if not 300 <= status < 400:
                result = read_response(status, response.headers, content, self.redact, asked=request.body)
                if calls > 1:
                    result = dataclasses.replace(result, attempts=calls)
                refused = read_refused(status, content, request.body)
                return Attempt(result, read_limits(response.headers.raw), refused and self._masked(refused))
            here, there = str(response.request.url), response.headers.get("location", "")
            try:
                path = urljoin(here, there)
            except ValueError:
                path = ""
            if not there or urlsplit(path)[:2] != urlsplit(here)[:2]:
                where = f"to another origin ({path[:200]}); set base_url to it"
                if not there or not path:
                    where = (
                        f"to nowhere: its location is {there[:200]!r}"
                        if there
                        else "to nowhere: it names no location"
                    )
                message = f"{status}: redirected {where}"
                return Attempt(
                    Failure(kind="redirect", message=self.redact(message), status_code=status, attempts=calls)
                )
        message = f"redirected more than {MAX_HOPS} times"
        return Attempt(Failure(kind="redirect", message=message, status_code=status, attempts=calls))

    def _masked(self, refused: Refused) -> Refused:
        return dataclasses.replace(refused, text=self.redact(refused.text))

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

    def _failure(self, raised: Exception, lane: Lane, scope: Scope) -> Failure | None:
        """Say what an attempt without a response came to; None where it was called back unsent."""
        chain = _chain(raised)
        if any(isinstance(link, CalledBackError) for link in chain):
            return _not_called(scope) if scope.stop.is_set() else None
        if scope.stop.cut:
            return Failure(kind=scope.stop.kind, message=f"cut while under way: {scope.stop.reason}")
        for link in chain:
            if isinstance(link, BodyTooBigError):
                return Failure(kind="too_big", message=f"the answer was not read to its end: {link}")
            if isinstance(link, BodyGarbledError):
                return bad_response(str(link))
        if lane.overdue() or isinstance(raised, self._openai.APITimeoutError):
            return Failure(kind="timeout", message="no whole answer within the time allowed", retryable=True)
        if isinstance(raised, self._openai.APIConnectionError):
            cause = raised.__cause__ or raised
            text = f"the connection failed ({type(cause).__name__}): {cause}"
            hopeless = any(isinstance(link, ssl.SSLCertVerificationError) for link in chain)
            hopeless = hopeless or isinstance(cause, self._http.UnsupportedProtocol | self._http.InvalidURL)
            return Failure(kind="connection", message=self.redact(text)[:4000], retryable=not hopeless)
        text = f"{type(raised).__name__}: {raised}"
        if lane.sent:
            return bad_response(self.redact(f"the response could not be read ({text})"))
        message = f"the request could not be written ({text})"
        return Failure(kind="bad_request", message=self.redact(message)[:4000])


def _chain(raised: BaseException) -> list[BaseException]:
    """Give what was raised and what it was raised from."""
    found = [raised]
    while len(found) < 10 and (before := found[-1].__cause__ or found[-1].__context__) is not None:
        found.append(before)
    return found


def _not_called(scope: Scope) -> Failure:
    stop = scope.stop
    return Failure(kind=stop.kind, message=f"not called: {stop.reason}", attempts=0)
