"""Applications under test: any callable, plain or async, with a resource of its own for each case."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import inspect
import json
import math
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from promptlab._errors import SettingError
from promptlab._leash import Leash
from promptlab._protocols import Target
from promptlab._scope import Scope
from promptlab._types import Case, Completion, Failure, Kind

Await = Callable[[Coroutine[Any, Any, Any], Scope], Any]
"""Runs a coroutine to its end from a worker thread."""

NOT_WHOLE: Mapping[str, tuple[Kind, str]] = {
    "length": ("truncated", "the target's completion was cut off at the token limit"),
    "content_filter": ("content_filter", "a content filter cut the target's completion"),
}
"""The finish reasons of a completion that get no verdict, as those of a model's do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A callable under test, ready to be asked.

    Attributes are what `application` found out about it.
    """

    target: Target
    """The callable: `target(case)` or `target(case, resource)`."""
    wants_resource: bool
    """Whether it takes the resource as its second argument."""
    resource: Callable[[], Any] | None
    """Makes a case's resource, where there is one."""
    wait_for: Await
    """Runs what an `async def` target gives."""
    leash: Leash
    """Lets go of a call that outlasts its row or its run."""

    def ask(self, case: Case, repeat: int, scope: Scope) -> Completion | Failure:
        """Call the target for a case; whatever it raises is a failure of kind `target`."""
        del repeat
        if scope.stop.is_set():
            return Failure(
                kind="cancelled", message=f"stopped before the call: {scope.stop.reason}", attempts=0
            )
        given = replace(case, input=copy.deepcopy(dict(case.input)))
        try:
            return as_completion(*self.leash.run(lambda: self._call(given, scope), scope))
        except TimeoutError as raised:
            return Failure(kind="timeout" if not scope.left() else "target", message=_said(raised))
        except asyncio.CancelledError as raised:
            return Failure(kind="cancelled" if scope.stop.is_set() else "target", message=_said(raised))
        except (Exception, SystemExit, KeyboardInterrupt) as raised:  # noqa: BLE001 - it costs this row, no other
            return Failure(kind="target", message=_said(raised))

    def _call(self, case: Case, scope: Scope) -> tuple[Any, float]:
        """Call the target with its resource; gives the result and the seconds that the target took."""
        result, seconds = None, 0.0
        with self._resource(scope) as resource:
            arguments = (case, resource) if self.wants_resource else (case,)
            begun = time.perf_counter()
            result = self._awaited(self.target(*arguments), scope)
            seconds = time.perf_counter() - begun
        return result, seconds

    def _awaited(self, result: Any, scope: Scope) -> Any:
        return self.wait_for(result, scope) if inspect.iscoroutine(result) else result

    @contextlib.contextmanager
    def _resource(self, scope: Scope) -> Iterator[Any]:
        """Make the case's resource and close it afterwards, whatever happens in between."""
        if self.resource is None:
            yield None
            return
        made = self._awaited(self.resource(), scope)
        if hasattr(made, "__enter__"):
            with made as entered:
                yield entered
            return
        if hasattr(made, "__aenter__"):
            with _entered(made, lambda result: self._awaited(result, scope)) as entered:
                yield entered
            return
        try:
            yield made
        finally:
            close = getattr(made, "close", None)
            if callable(close):
                self._awaited(close(), scope)


@contextlib.contextmanager
def _entered(manager: Any, awaited: Callable[[Any], Any]) -> Iterator[Any]:
    """Enter an async context manager from a thread that waits for its coroutines."""
    kind = type(manager)
    entered = awaited(kind.__aenter__(manager))
    try:
        yield entered
    except BaseException as raised:
        # Whatever it says of an exception, the row is to know of it.
        awaited(kind.__aexit__(manager, type(raised), raised, raised.__traceback__))
        raise
    awaited(kind.__aexit__(manager, None, None, None))


def application(
    target: Target,
    *,
    resource: Callable[..., Any] | None,
    shared: Any,
    wait_for: Await,
    leash: Leash,
) -> Application:
    """Find out how a callable wants to be called.

    Args:
        target: `target(case)` or `target(case, resource)`.
        resource: A factory of the resource, called with `shared` where it takes an argument.
        shared: What the run's `shared` callable gave.
        wait_for: Runs what an `async def` target gives.
        leash: Lets go of a call that outlasts its row or its run.

    Raises:
        SettingError: The target takes no case, or wants a resource where there is none.
    """
    takes = _positional(target)
    if takes == 0:
        raise SettingError(
            f"the target {target_name(target)} takes no argument; it is called as target(case)"
        )
    wants = takes is not None and takes >= 2
    if wants and resource is None and _required(target) >= 2:
        raise SettingError(
            f"the target {target_name(target)} takes (case, resource), and there is no resource: give Lab(resource=)"
        )
    make = None
    if resource is not None:
        make = resource if _positional(resource) == 0 else (lambda: resource(shared))
    return Application(
        target=target,
        wants_resource=wants and make is not None,
        resource=make,
        wait_for=wait_for,
        leash=leash,
    )


def target_name(target: Target) -> str:
    """Give a callable's name as it stands in the frame."""
    return str(getattr(target, "__name__", None) or type(target).__name__)


def target_version(target: Target) -> str:
    """Give 8 characters that change with the callable's source, where that can be read."""
    try:
        text = inspect.getsource(target if inspect.isroutine(target) else type(target))
    except (OSError, TypeError):
        text = f"{getattr(target, '__module__', '')}.{target_name(target)}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def as_completion(result: Any, seconds: float) -> Completion | Failure:
    """Make a completion of what a target returned: text, a mapping or list, or a completion."""
    if isinstance(result, Completion):
        if (wrong := _odd_field(result)) is not None:
            return Failure(kind="target", message=f"the target returned a Completion with {wrong}")
        taken = seconds if result.latency_s is None else result.latency_s
        completion = replace(result, attempts=1, latency_s=taken)
        if trouble := NOT_WHOLE.get(completion.finish_reason or ""):
            kind, message = trouble
            return Failure(kind=kind, message=message, completion=completion)
        return completion
    if isinstance(result, Failure):
        return result
    if isinstance(result, str):
        return Completion(text=result, latency_s=seconds)
    if isinstance(result, Mapping | list | tuple | bool | int | float):
        plain = dict(result) if isinstance(result, Mapping) else result
        try:
            return Completion(text=json.dumps(plain, ensure_ascii=False, default=_plain), latency_s=seconds)
        except (TypeError, ValueError, RecursionError) as raised:
            return Failure(
                kind="target", message=f"the target's result cannot be written as JSON: {raised}"[:4000]
            )
    if callable(getattr(result, "model_dump", None)):
        return as_completion(result.model_dump(mode="json"), seconds)
    name = type(result).__name__
    return Failure(
        kind="target", message=f"the target returned {name}; return text, a mapping or a Completion"
    )


def _odd_field(completion: Completion) -> str | None:
    """Name a field of a user's completion whose value no row can hold; None where all are sound."""
    for name in ("model", "finish_reason", "refusal"):
        if not isinstance(getattr(completion, name), str | None):
            return f"{name}={getattr(completion, name)!r}, which is no text"
    for name in ("input_tokens", "output_tokens", "reasoning_tokens", "cached_input_tokens"):
        value = getattr(completion, name)
        if value is not None and (
            not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**12
        ):
            return f"{name}={value!r}, which is no count"
    for name in ("cost_usd", "latency_s"):
        value = getattr(completion, name)
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
            return f"{name}={value!r}, which is no number from 0 up"
    return None if isinstance(completion.text, str) else f"text={completion.text!r}, which is no text"


def _plain(value: Any) -> Any:
    """Give what JSON knows in place of what it does not: numpy numbers, mappings, tuples and sets."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _said(raised: BaseException) -> str:
    return f"{type(raised).__name__}: {raised}"[:4000]


def _positional(function: Callable[..., Any]) -> int | None:
    """Count the positional parameters; None where the signature cannot be read."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return max(2, len(parameters))
    return sum(1 for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def _required(function: Callable[..., Any]) -> int:
    parameters = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(1 for p in parameters if p.kind in kinds and p.default is p.empty)
