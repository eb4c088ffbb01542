"""The opt-in for the kernel's loop, where there is no kernel; what it does in one is tested in `kernels/`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

import promptlab
from promptlab import _kernel_loop
from promptlab._background_loop import BackgroundLoop, await_on
from promptlab._scope import Scope, Stop

CASES = [{"id": "one", "input": {"request": "x"}, "expect": {"equals": "x"}}]


async def target(case):
    """Say what was asked."""
    return case.input["request"]


def nested():
    """Tell whether asyncio was patched."""
    return hasattr(asyncio, "_nest_patched")


def test_own_loop_patches_nothing():
    """By default an async target runs outside a notebook too, and asyncio stays as it is."""
    frame = promptlab.run_parallel(CASES, target)

    assert frame["status"].tolist() == ["pass"]
    assert not nested()


def test_no_running_loop_is_said():
    """Where no loop runs in the calling thread that is said before anything is called."""
    asked = []
    lab = promptlab.Lab(loop="kernel")

    with pytest.raises(promptlab.SettingError, match="as in a notebook's cell"):
        promptlab.run_parallel(CASES, asked.append, lab=lab)

    assert not asked
    assert not nested()


def test_prompts_need_no_loop(server):
    """A lab that asks for the kernel's loop runs prompts anywhere, and patches nothing for them."""
    server.says(lambda _call: "x")
    lab = promptlab.Lab(loop="kernel", base_url=server.base_url)

    frame = promptlab.run_parallel(CASES, "{{ request }}", lab=lab)

    assert frame["status"].tolist() == ["pass"]
    assert not nested()


def test_other_loops_are_refused():
    """Anything but the two loops there are is a clear error."""
    with pytest.raises(promptlab.SettingError, match="'both' is neither 'own' nor 'kernel'"):
        promptlab.Lab(loop="both")


@pytest.mark.parametrize(
    ("missing", "python", "chosen"),
    [
        ((), (3, 11), "nest_asyncio2"),
        (("nest_asyncio2",), (3, 13), "nest_asyncio"),
        (("nest_asyncio2",), (3, 14), "needs nest_asyncio2 from Python 3.14 on"),
        (("nest_asyncio2", "nest_asyncio"), (3, 11), "install one of them"),
    ],
)
def test_kept_fork_is_preferred(monkeypatch, missing, python, chosen):
    """The kept fork is taken where it is installed; nest-asyncio elsewhere, where it works at all."""
    pytest.importorskip("nest_asyncio2")
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "version_info", python)

    try:
        found = _kernel_loop._nesting().__name__
    except promptlab.SettingError as refused:
        found = str(refused)

    assert chosen in found
    if not chosen.count(" "):
        assert found == chosen


def test_nothing_begins_after_the_stop():
    """A coroutine whose loop did not turn before the run was stopped is not begun when it turns again."""
    loop, begun, stop = asyncio.new_event_loop(), [], Stop()
    stop.set("interrupt")

    async def late():
        begun.append("late")

    with pytest.raises(asyncio.CancelledError, match="interrupt"):
        await_on(loop, late(), Scope(stop=stop, deadline=time.monotonic() + 60))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    assert not begun


def test_cut_coroutine_cleans_up():
    """A coroutine on the run's own loop that is cut may still await while it cleans up."""
    ended = []

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.25)  # longer than the row waits for it
            ended.append("slow")

    loop = BackgroundLoop()
    with pytest.raises(TimeoutError):
        loop.wait_for(slow(), Scope(stop=Stop(), deadline=time.monotonic() + 0.1))
    loop.close()

    assert ended == ["slow"]


def test_first_run_imports_pandas_meanwhile():
    """In a new process pandas is imported while the first calls are waited for, not after them."""
    code = """
import os, sys, time, promptlab

def target(case):
    while not hasattr(sys.modules.get("pandas"), "DataFrame"):
        time.sleep(0.01)
    return "x"

lab = promptlab.Lab(limits=promptlab.Limits(deadline=60))
print(promptlab.run_parallel([{"id": "one", "input": {"n": 1}, "expect": {"equals": "x"}}], target, lab=lab)["status"][0])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.split() == ["pass"], done.stderr
