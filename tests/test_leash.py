"""A user's code that hangs costs its own row alone: not the others, not the run, not the process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from promptlab import Lab, Limits, run_parallel
from promptlab._leash import Leash
from promptlab._scope import Scope, Stop

CASES = [{"id": str(n), "input": {"n": n}, "expect": {"equals": "x"}} for n in range(6)]


@pytest.fixture
def hang():
    """What hangs until the test is over."""
    released = threading.Event()
    yield lambda: released.wait(60)
    released.set()


def lab(**limits) -> Lab:
    return Lab(store="off", display="none", limits=Limits(**limits))


@pytest.mark.parametrize("workers", [1, 3])
def test_hanging_target_costs_its_row(hang, workers):
    """A plain callable that hangs is given up at its deadline, and its worker goes on with the others."""

    def target(case):
        if case.id in "13":
            hang()
        return "x"

    frame = run_parallel(CASES, target, workers=workers, lab=lab(deadline=0.3))

    assert frame["status"].tolist() == ["pass", "error", "pass", "error", "pass", "pass"]
    assert frame["error"].dropna().tolist() == ["timeout", "timeout"]
    assert ((frame["finished_s"] - frame["started_s"])[[1, 3]] >= 0.3).all()


def test_hanging_check_keeps_the_answer(hang):
    """A check that hangs makes its row an error of kind `check`, with what the target had answered."""

    class Hanging:
        name = "hanging"

        def __call__(self, case, answer):
            hang()

    frame = run_parallel(CASES[:2], lambda case: "x", checks=[Hanging()], workers=1, lab=lab(deadline=0.3))

    assert frame["error"].tolist() == ["check", "check"]
    assert frame["output"].tolist() == ["x", "x"]
    assert "0.3 s" in frame["reason"][0]


def test_hanging_resource_costs_its_row(hang):
    """A resource whose making hangs is given up as a target is."""
    given = Lab(store="off", display="none", limits=Limits(deadline=0.3), resource=hang)

    frame = run_parallel(CASES[:1], lambda case, made: "x", lab=given)

    assert frame["error"].tolist() == ["timeout"]


@pytest.mark.parametrize("fails", [False, True])
def test_companions_end_with_their_run(fails):
    """After a run no thread of it is left, also where the callable raised what holds its frames."""

    def target(case):
        if fails:
            raise ValueError("no")
        return "x"

    run_parallel(CASES, target, workers=3, lab=lab())

    mine = [thread for thread in threading.enumerate() if thread.name.startswith("promptlab-row")]
    for thread in mine:
        thread.join(10)
    assert not [thread for thread in mine if thread.is_alive()]


def test_companions_leave_lasting_workers():
    """Where the workers are the user's and live on, nothing of the run stays beside them."""
    with ThreadPoolExecutor(3) as pool:
        run_parallel(CASES, lambda case: "x", workers=3, lab=Lab(store="off", display="none", executor=pool))

        mine = [thread for thread in threading.enumerate() if thread.name.startswith("promptlab-row")]
        for thread in mine:
            thread.join(10)
        assert not [thread for thread in mine if thread.is_alive()]


def test_companion_is_used_again():
    """One worker's functions run in one thread, so that what a callable keeps for its thread stays."""
    leash, scope = Leash(), Scope(stop=Stop(), deadline=time.monotonic() + 60)

    assert leash.run(threading.get_ident, scope) == leash.run(threading.get_ident, scope)


def test_stop_lets_go(hang):
    """A run that is stopped waits for no callable."""
    stop = Stop()
    threading.Timer(0.1, stop.set, args=("enough",)).start()

    with pytest.raises(BaseException, match="enough"):
        Leash().run(hang, Scope(stop=stop, deadline=time.monotonic() + 60))


def test_gentle_stop_waits():
    """A stop that cuts nothing lets what is under way come to its end."""
    stop = Stop()
    stop.set("enough", cut=False)

    assert (
        Leash().run(lambda: time.sleep(0.2) or "x", Scope(stop=stop, deadline=time.monotonic() + 60)) == "x"
    )


SCRIPT = """
import _thread, threading, time
from promptlab import Lab, RunStopped, run_parallel

def target(case):
    if case.id == "2":
        threading.Timer(0.2, _thread.interrupt_main).start()
    if case.id != "0":
        time.sleep(600)
    return "x"

try:
    run_parallel([{"id": str(n), "input": {}} for n in range(3)], target, workers=3, lab=Lab(store="off", display="none"))
except RunStopped as stopped:
    print(stopped.partial["status"].tolist(), stopped.partial["error"].fillna("-").tolist())
"""


def test_script_ends_though_callables_hang():
    """An interrupted script ends while callables still sleep for minutes, with a row for every case."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.strip() == "['ungraded', 'error', 'error'] ['-', 'cancelled', 'cancelled']"
    assert not done.returncode
