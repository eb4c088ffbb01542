"""Applications under test: plain or async callables, with a resource of their own for each case."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time

import pytest

from promptlab._background_loop import BackgroundLoop
from promptlab._errors import SettingError
from promptlab._leash import Leash
from promptlab._scope import Scope, Stop
from promptlab._target import application, as_completion, target_name, target_version
from promptlab._types import Case, Completion, Failure

CASE = Case(id="c1", input={"request": "hello"})


@pytest.fixture
def loop():
    made = BackgroundLoop()
    yield made
    made.close()


def scope(seconds: float = 20.0) -> Scope:
    return Scope(stop=Stop(), deadline=time.monotonic() + seconds)


def ask(target, loop, *, resource=None, shared=None, bounds=None):
    with contextlib.closing(Leash()) as leash:
        made = application(target, resource=resource, shared=shared, wait_for=loop.wait_for, leash=leash)
        return made.ask(CASE, 0, bounds or scope())


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        ("plain", "plain"), ({"found": True}, '{"found": true}'), ([1, 2], "[1, 2]"), (0.5, "0.5"),
        (Completion(text="made"), "made"),
    ],
)  # fmt: skip
def test_result_becomes_completion(loop, returned, text):
    """Text, mappings, lists, numbers and completions are all answers, with a latency."""
    said = ask(lambda case: returned, loop)

    assert said.text == text
    assert said.latency_s >= 0


@pytest.mark.parametrize("returned", [None, object(), {1, 2}, b"bytes"])
def test_other_results_are_failures(returned):
    """What is no answer is a failure of kind `target` that says what to return."""
    said = as_completion(returned, 0.1)

    assert isinstance(said, Failure)
    assert (said.kind, "return text" in said.message) == ("target", True)


@pytest.mark.parametrize(
    "raised", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), TimeoutError("slow")]
)
def test_raising_target_fails_its_row(loop, raised):
    """Whatever a target raises is a failure of kind `target` with what it said."""

    def target(_case):
        raise raised

    said = ask(target, loop)

    assert said.kind == "target"
    assert type(raised).__name__ in said.message


def test_async_target_runs(loop):
    """An `async def` target is awaited on a loop of the run's own."""

    async def target(case):
        await asyncio.sleep(0)
        return case.input["request"]

    assert ask(target, loop).text == "hello"


def test_async_target_works_under_running_loop(loop):
    """A run inside a running event loop, as in a notebook cell, works with nothing patched."""

    async def target(_case):
        return "fine"

    async def main():
        return ask(target, loop)

    assert asyncio.run(main()).text == "fine"


def test_async_target_is_cut_at_deadline(loop):
    """An `async def` target that hangs ends as `timeout` at the row's deadline."""

    async def target(_case):
        await asyncio.sleep(60)

    assert ask(target, loop, bounds=scope(0.2)).kind == "timeout"


def test_async_target_hears_the_stop(loop):
    """A stop cancels an `async def` target."""
    bounds = scope()

    async def target(_case):
        bounds.stop.set("enough")
        await asyncio.sleep(60)

    assert ask(target, loop, bounds=bounds).kind == "cancelled"


def test_context_reaches_async_target(loop):
    """Context variables of the worker are seen on the loop."""
    variable = contextvars.ContextVar("variable")
    variable.set("seen")

    async def target(_case):
        return variable.get()

    assert ask(target, loop).text == "seen"


def test_loop_thread_ends(loop):
    """Closing the loop ends its thread."""

    async def target(_case):
        return "x"

    ask(target, loop)
    loop.close()

    assert not any(thread.name == "promptlab-loop" for thread in threading.enumerate())


class Manager:
    """A resource that remembers whether it was closed."""

    def __init__(self, folder):
        self.folder = folder
        self.closed = False

    def close(self):
        self.closed = True


def test_resource_is_made_and_closed(loop):
    """The target gets a resource made from the shared value, closed afterwards."""
    made = []

    def factory(shared):
        made.append(Manager(shared))
        return made[-1]

    said = ask(
        lambda case, manager: f"{manager.folder} {manager.closed}", loop, resource=factory, shared="folder"
    )

    assert said.text == "folder False"
    assert [manager.closed for manager in made] == [True]


def test_resource_is_closed_when_target_raises(loop):
    """The resource is closed also where the case fails."""
    manager = Manager("x")

    def target(_case, _resource):
        raise ValueError("no")

    assert ask(target, loop, resource=lambda: manager).kind == "target"
    assert manager.closed


def test_resource_may_be_a_context_manager(loop):
    """A resource that is a context manager is entered and left."""
    said = []

    class Managed:
        def __enter__(self):
            said.append("in")
            return "inner"

        def __exit__(self, *_):
            said.append("out")

    assert ask(lambda case, inner: inner, loop, resource=Managed).text == "inner"
    assert said == ["in", "out"]


def test_broken_factory_fails_its_row(loop):
    """A factory that raises costs the row, as the target's failure."""

    def factory(_shared):
        raise OSError("no disk")

    said = ask(lambda case, resource: "x", loop, resource=factory)

    assert (said.kind, "no disk" in said.message) == ("target", True)


@pytest.mark.parametrize("trouble", [None, ValueError("no")])
def test_resource_may_be_an_async_manager(loop, trouble):
    """A resource that is an async context manager is entered and left, and knows what happened in between."""
    left = []

    class Managed:
        async def __aenter__(self):
            await asyncio.sleep(0)
            return "inner"

        async def __aexit__(self, kind, _raised, _trace):
            await asyncio.sleep(0)
            left.append(kind)

    def target(_case, inner):
        if trouble:
            raise trouble
        return inner

    said = ask(target, loop, resource=Managed)

    assert (said.kind if trouble else said.text) == ("target" if trouble else "inner")
    assert left == [type(trouble) if trouble else None]


@pytest.mark.parametrize(("finish", "kind"), [("length", "truncated"), ("content_filter", "content_filter")])
def test_cut_completion_gets_no_verdict(finish, kind):
    """A callable's completion that its model cut off is held to the same rule as a model's own."""
    said = as_completion(Completion(text="{", finish_reason=finish), 0.1)

    assert (said.kind, said.completion.text) == (kind, "{")


def test_gentle_stop_spares_coroutines(loop):
    """A stop that cuts nothing lets a coroutine under way come to its end."""
    bounds = scope()

    async def target(_case):
        bounds.stop.set("enough", cut=False)
        await asyncio.sleep(0.3)
        return "done"

    assert ask(target, loop, bounds=bounds).text == "done"


def test_missing_resource_is_wrong_use(loop):
    """A target that wants a resource where there is none is an error before any call."""
    with pytest.raises(SettingError, match="resource"):
        application(
            lambda case, resource: "x", resource=None, shared=None, wait_for=loop.wait_for, leash=Leash()
        )


def test_target_without_case_is_wrong_use(loop):
    """A target that takes nothing is an error before any call."""
    with pytest.raises(SettingError, match="takes no argument"):
        application(lambda: "x", resource=None, shared=None, wait_for=loop.wait_for, leash=Leash())


def test_target_cannot_change_its_case(loop):
    """What a target does to its input stays with it."""

    def target(case):
        case.input["request"] = "changed"
        return "x"

    ask(target, loop)

    assert CASE.input["request"] == "hello"


def test_version_follows_the_source():
    """A target's version changes with its source, and its name is its own."""

    def one(case):
        return "1"

    def two(case):
        return "2"

    assert (target_name(one), len(target_version(one))) == ("one", 8)
    assert target_version(one) != target_version(two)
