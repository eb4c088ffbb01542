"""The engine: jobs in, events out."""

from __future__ import annotations

import contextvars
import threading

import pytest

from promptlab._events import CaseFinished, CaseStarted
from promptlab._runner import AT_HAND, GATHER_S, Engine, Job
from promptlab._scope import Stop
from promptlab._types import Case, Outcome


def jobs(count: int) -> list[Job]:
    return [Job(index=i, case=Case(id=f"c{i}", input={}), variant=0, repeat=0) for i in range(count)]


def outcome(job: Job, status="pass", **more) -> Outcome:
    return Outcome(index=job.index, prompt="p", version="v", case=job.case, repeat=0, status=status, **more)


def lost(job: Job, begun: bool, _now: float, raised: BaseException | None) -> Outcome:
    return outcome(job, "error" if begun else "not_run", reason=repr(raised))


def drain(engine: Engine) -> list:
    try:
        return [event for batch in engine.events() for event in batch]
    finally:
        engine.close()


def finished(events: list) -> list[Outcome]:
    return [event.outcome for event in events if isinstance(event, CaseFinished)]


def test_workers_run_at_once():
    """As many jobs as there are workers are under way at the same moment."""
    barrier = threading.Barrier(8, timeout=10)

    def work(job: Job, _began: float) -> Outcome:
        barrier.wait()
        return outcome(job)

    done = finished(drain(Engine(jobs(16), work, lost, workers=8, stop=Stop())))

    assert [o.status for o in done] == ["pass"] * 16


def test_workers_are_never_exceeded():
    """No more jobs are under way than there are workers."""
    lock, now, most = threading.Lock(), 0, 0

    def work(job: Job, _began: float) -> Outcome:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.001)
        with lock:
            now -= 1
        return outcome(job)

    drain(Engine(jobs(200), work, lost, workers=7, stop=Stop()))

    assert most == 7


def test_every_job_finishes_once():
    """Each job starts once and finishes once, whatever the others do."""

    def work(job: Job, _began: float) -> Outcome:
        if job.index % 3 == 0:
            raise ValueError("broken")
        return outcome(job)

    events = drain(Engine(jobs(300), work, lost, workers=5, stop=Stop()))

    assert sorted(o.index for o in finished(events)) == list(range(300))
    assert sorted(e.index for e in events if isinstance(e, CaseStarted)) == list(range(300))
    assert {o.status for o in finished(events) if o.index % 3 == 0} == {"error"}


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_worker_raising_anything_costs_its_row(raised):
    """Not even an exit or an interrupt raised in a worker reaches another row or the caller."""

    def work(job: Job, _began: float) -> Outcome:
        if job.index == 1:
            raise raised("from a worker")
        return outcome(job)

    done = finished(drain(Engine(jobs(4), work, lost, workers=2, stop=Stop())))

    assert {o.index: o.status for o in done} == {0: "pass", 1: "error", 2: "pass", 3: "pass"}


def test_order_decides_who_begins():
    """Jobs are begun in the order asked for."""
    begun = []

    def work(job: Job, _began: float) -> Outcome:
        begun.append(job.index)
        return outcome(job)

    drain(Engine(jobs(5), work, lost, workers=1, stop=Stop(), order=[3, 1, 4, 0, 2]))

    assert begun == [3, 1, 4, 0, 2]


def test_stop_begins_nothing_more():
    """After a stop nothing is begun; what had not begun is `not_run`, and every job has its outcome."""
    stop, worked = Stop(), []

    def work(job: Job, _began: float) -> Outcome:
        worked.append(job.index)
        if len(worked) == 3:
            stop.set("enough")
        return outcome(job)

    done = finished(drain(Engine(jobs(100), work, lost, workers=1, stop=stop)))

    assert len(worked) == 3
    assert sorted(o.index for o in done) == list(range(100))
    assert sum(o.status == "not_run" for o in done) == 97


def test_stop_gives_up_what_hangs():
    """Work that does not come to an end after a stop is given up as an error, and the events end."""
    stop, release = Stop(), threading.Event()

    def work(job: Job, _began: float) -> Outcome:
        if job.index == 0:
            stop.set("enough")
            release.wait(30)
        return outcome(job)

    done = finished(drain(Engine(jobs(3), work, lost, workers=1, stop=stop)))
    release.set()

    assert {o.index: o.status for o in done} == {0: "error", 1: "not_run", 2: "not_run"}


def test_gentle_stop_lets_work_end():
    """A stop that cuts nothing begins nothing more, and waits for what is under way however long it takes."""
    stop, stopped = Stop(), threading.Event()

    def work(job: Job, _began: float) -> Outcome:
        if job.index == 0:
            stop.set("budget", "budget", cut=False)
            stopped.wait(1.0)
        return outcome(job)

    done = finished(drain(Engine(jobs(5), work, lost, workers=1, stop=stop)))

    assert {o.index: o.status for o in done} == {0: "pass", **dict.fromkeys(range(1, 5), "not_run")}


def test_interrupted_caller_loses_nothing():
    """A caller that leaves in mid-batch and comes back gets what it had not dealt with."""
    engine = Engine(jobs(2_000), lambda job, _: outcome(job), lost, workers=4, stop=Stop())
    seen: set[int] = set()

    def interrupted() -> None:
        for number, batch in enumerate(engine.events()):
            if number == 2:
                raise KeyboardInterrupt
            seen.update(o.index for o in finished(batch))

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    seen.update(o.index for o in finished(drain(engine)))

    assert seen == set(range(2_000))


class Patient(threading.Event):
    """An event that is waited for until it is set, where the engine gathers events for a moment only."""

    def __init__(self) -> None:
        super().__init__()
        self.in_vain = False
        self.gathering = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        if timeout != GATHER_S:
            return super().wait(timeout)
        self.gathering.set()
        was_set = super().wait(5.0)
        self.gathering.clear()
        self.in_vain |= not was_set
        return was_set


def test_quick_rows_share_batches():
    """Rows that end while events are gathered wake nobody until there is nothing left to wait for."""
    ended = [threading.Event() for _ in range(100)]

    def work(job: Job, _began: float) -> Outcome:
        if job.index:
            assert ended[job.index - 1].wait(10)
            assert wake.gathering.wait(10)
        ended[job.index].set()
        return outcome(job)

    wake = Patient()
    engine = Engine(jobs(100), work, lost, workers=4, stop=Stop(), wake=wake)
    batches = list(engine.events())
    engine.close()

    assert {o.index for batch in batches for o in finished(batch)} == set(range(100))
    assert len(batches) < 10
    assert not wake.in_vain


def test_gathering_starves_nobody():
    """The caller is woken while it gathers events where workers would soon have nothing left to do."""
    count, wake = 4 * AT_HAND, Patient()

    events = drain(Engine(jobs(count), lambda job, _: outcome(job), lost, workers=2, stop=Stop(), wake=wake))

    assert len(finished(events)) == count
    assert not wake.in_vain


def test_context_variables_reach_workers():
    """A worker sees the caller's context variables, and cannot change them for others."""
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("from the caller")
    seen = []

    def work(job: Job, _began: float) -> Outcome:
        seen.append(variable.get())
        variable.set(f"changed by {job.index}")
        return outcome(job)

    drain(Engine(jobs(20), work, lost, workers=3, stop=Stop()))

    assert seen == ["from the caller"] * 20
    assert variable.get() == "from the caller"


def test_no_jobs_end_at_once():
    """An engine without jobs yields nothing and ends."""
    assert drain(Engine([], lambda job, _: outcome(job), lost, workers=3, stop=Stop())) == []


def test_threads_are_gone_afterwards():
    """A run leaves no worker thread behind."""
    drain(Engine(jobs(50), lambda job, _: outcome(job), lost, workers=9, stop=Stop()))

    left = [t for t in threading.enumerate() if t.name.startswith("promptlab")]
    for thread in left:
        thread.join(5)
    assert not any(t.is_alive() for t in left)
