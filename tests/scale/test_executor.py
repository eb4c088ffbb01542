"""`Lab(executor=)`: rows stay with the caller, calls are made by threads or processes of somebody else's."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from promptlab import Lab, Limits, RunStopped, SettingError, run_parallel
from promptlab._events import CaseStarted
from tests.scale import targets
from tests.scale.conftest import cluster_of
from tests.servers import Reply, chat

PROMPT = "Say {{ request }}"


def cases(count):
    """Make cases that differ."""
    return [{"id": f"c{n}", "input": {"request": f"text {n}"}} for n in range(count)]


def lab_on(executor, server, **settings):
    """Make a lab that runs on an executor against a server."""
    settings.setdefault("display", "none")
    settings.setdefault("store", "off")
    return Lab(base_url=server.base_url, executor=executor, **settings)


def echo(server):
    """Have a server answer with what it was asked."""
    server.says(lambda call: call.text.removeprefix("Say "))


class CountingThreads(ThreadPoolExecutor):
    """A pool of threads that counts what it is given."""

    count = 0

    def submit(self, fn, /, *args, **kwargs):
        """Count, and submit."""
        self.count += 1
        return super().submit(fn, *args, **kwargs)


def test_threads_of_the_users_are_used(server):
    """A pool of threads does the rows, no more at once than asked for, and is not shut down."""
    echo(server)

    lock, busy, most = threading.Lock(), [], []

    def target(case):
        with lock:
            busy.append(case.id)
            most.append(len(busy))
        threading.Event().wait(0.005)
        with lock:
            busy.remove(case.id)
        return case.id

    with CountingThreads(8) as pool:
        frame = run_parallel(cases(40), PROMPT, workers=3, lab=lab_on(pool, server))
        run_parallel(cases(40), target, workers=3, lab=lab_on(pool, server))
        assert pool.submit(int).result() == 0

    assert frame["output"].tolist() == [f"text {n}" for n in range(40)]
    assert pool.count == 81
    assert server.most_under_way <= 3
    assert max(most) <= 3


def test_processes_make_the_calls(server):
    """A pool of processes answers every row in its place, and the answers are in the caller's store."""
    echo(server)
    context = multiprocessing.get_context("spawn")

    with ProcessPoolExecutor(2, mp_context=context) as pool:
        lab = lab_on(pool, server, store=None)
        frame = run_parallel(cases(20), PROMPT, lab=lab)
        again = run_parallel(cases(20), PROMPT, lab=lab)

    assert frame["output"].tolist() == [f"text {n}" for n in range(20)]
    assert frame["attempts"].tolist() == [1] * 20
    assert again["cached"].all()
    assert len(server.calls) == 20


def test_broken_pool_ends_the_run(server):
    """Where no process is left the rows say so, and the run comes to its end."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        server.answer = lambda call, _: os.kill(next(iter(pool._processes)), signal.SIGKILL) or Reply()

        frame = run_parallel(cases(6), PROMPT, workers=2, lab=lab_on(pool, server))

    assert set(frame["status"]) <= {"error", "not_run"}
    assert set(frame["error"]) == {"connection"}
    assert frame["reason"].str.contains("no workers left").all()


def test_forks_are_refused(server):
    """A pool whose processes are forks is refused before any call: they would share connections."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, mp_context=context) as pool, pytest.raises(SettingError, match="spawn"):
        lab_on(pool, server)


@pytest.mark.parametrize("executor", [object(), 3, "dask"])
def test_no_executor_is_refused(executor):
    """What is no executor is refused at the door."""
    with pytest.raises(SettingError, match=r"no concurrent\.futures\.Executor"):
        Lab(executor=executor)


def test_cluster_client_is_no_executor(client):
    """A cluster's client in the executor's place is refused with the right call named."""
    with pytest.raises(SettingError, match="get_executor"):
        Lab(executor=client)


def test_closed_pool_is_refused(server):
    """A pool that was shut down is an error before any call."""
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    pool.shutdown()

    with pytest.raises(SettingError, match="after shutdown"):
        run_parallel(cases(2), PROMPT, lab=lab_on(pool, server))
    assert not server.calls


def test_equal_calls_are_made_each(client, server):
    """Dask's executor takes equal calls for one by default; repeats are asked each all the same."""
    echo(server)

    frame = run_parallel(cases(1), PROMPT, repeats=12, lab=lab_on(client.get_executor(), server))

    assert frame["output"].tolist() == ["text 0"] * 12
    assert len(server.calls) == 12


def test_cluster_works_on_callables(client, server, tmp_path):
    """Callables run in the workers: plain and awaited ones, closures, with shared data and a resource."""

    def shared():
        (tmp_path / "shared.txt").write_text("shared", encoding="utf-8")
        return str(tmp_path)

    mark = "closure"
    with_folder = lab_on(client.get_executor(), server, shared=shared, resource=targets.Folder)
    plain = lab_on(client.get_executor(), server)

    processes = {a["process"] for a in run_parallel(cases(30), targets.where, lab=plain)["answer"]}
    assert processes <= set(client.run(os.getpid).values())
    assert run_parallel(cases(2), targets.awaited, lab=plain)["output"].tolist() == ["text 0!", "text 1!"]
    assert set(run_parallel(cases(2), lambda _: mark, lab=plain)["output"]) == {mark}
    frame = run_parallel(cases(2), targets.read, lab=with_folder)
    assert frame["output"].tolist() == ["shared c0", "shared c1"]
    assert list(tmp_path.glob("closed-*"))
    frame = run_parallel(cases(1), targets.broken, lab=plain)
    assert frame[["error", "reason"]].values.tolist() == [["target", "ValueError: no luck with c0"]]


def test_checks_stay_with_the_caller(client, server):
    """Checks need not be picklable: they are applied where they were written."""
    echo(server)
    seen = []

    def check(case, answer):
        seen.append((case.id, os.getpid()))
        return answer == case.input["request"]

    frame = run_parallel(cases(4), PROMPT, checks=[check], lab=lab_on(client.get_executor(), server))

    assert (frame["status"] == "pass").all()
    assert {process for _, process in seen} == {os.getpid()}


def test_unpicklable_targets_are_refused(client, server):
    """What cannot be sent is an error that names it, before anything runs."""
    lab = lab_on(client.get_executor(), server)
    lock = threading.Lock()

    def locked(case):
        return str(lock) + case.id

    with pytest.raises(SettingError, match=r"target locked .*cannot be sent"):
        run_parallel(cases(1), locked, lab=lab)
    with pytest.raises(SettingError, match="input of case 'odd' cannot be sent"):
        run_parallel([{"id": "odd", "input": {"value": threading.Lock()}}], targets.where, lab=lab)


def test_key_stays_at_home(client, server):
    """The key is never sent; workers without it, or with another one, are an error before any call."""
    lab = lab_on(client.get_executor(), server, api_key="sk-secret-of-the-caller")

    with pytest.raises(SettingError, match="no OPENAI_API_KEY") as raised:
        run_parallel(cases(2), PROMPT, lab=lab)
    assert "sk-secret" not in str(raised.value)
    assert not server.calls


def test_workers_use_their_own_key(server, monkeypatch):
    """Workers whose environment has the caller's key call with it."""
    echo(server)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-both")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        frame = run_parallel(cases(2), PROMPT, lab=lab_on(pool, server))

    assert frame["output"].tolist() == ["text 0", "text 1"]
    assert {call.headers["authorization"] for call in server.calls} == {"Bearer sk-secret-of-both"}


def test_limits_hold_over_all_workers(client, server):
    """The budget of calls and the ceiling on calls under way are the run's, whichever worker makes them."""
    echo(server)
    lab = lab_on(client.get_executor(), server, limits=Limits(max_calls=7))

    frame = run_parallel(cases(20), PROMPT, workers=2, lab=lab)

    assert len(server.calls) == 7
    assert server.most_under_way <= 2
    assert frame["status"].tolist().count("not_run") == 13


def test_refusals_are_tried_again(client, server):
    """What may succeed when made again is made again, by whichever worker, and counted."""
    answered = set()

    def answer(call):
        if call.text not in answered:
            answered.add(call.text)
            return Reply({"error": {"message": "busy"}}, 503, {"retry-after-ms": "1"})
        return "good"

    server.says(answer)
    frame = run_parallel(cases(5), PROMPT, lab=lab_on(client.get_executor(), server))

    assert frame["output"].tolist() == ["good"] * 5
    assert frame["attempts"].tolist() == [2] * 5


def taken_back(client):
    """Wait until the cluster has heard that nothing is wanted any more; tells whether it has."""
    for _ in range(1_000):
        known = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
        waiting = client.run(lambda dask_worker: len(dask_worker.state.ready))
        if not known and not any(waiting.values()):
            return True
        threading.Event().wait(0.01)
    return False


def test_interrupt_makes_no_later_calls(client, server):
    """After an interrupt nothing more is called, not even what was handed over and waits there; all rows are there."""
    threading_main = threading.main_thread().ident
    begun = threading.Semaphore(0)

    def answer(_call, _handler):
        begun.release()
        server.released.wait(30)
        return Reply()

    def interrupt(event):
        if isinstance(event, CaseStarted) and event.index == 0:
            threading.Thread(target=later).start()

    def later():
        for _ in range(8):
            begun.acquire()
        signal.pthread_kill(threading_main, signal.SIGINT)

    server.answer = answer
    lab = lab_on(client.get_executor(), server, display=[interrupt])
    with pytest.raises(RunStopped) as raised:
        run_parallel(cases(30), PROMPT, workers=20, lab=lab)
    assert taken_back(client)
    server.released.set()

    frame = raised.value.partial
    assert len(frame) == 30
    assert (frame["status"] == "not_run").sum() == 22
    echo(server)
    after = run_parallel(cases(1), "Another {{ request }}", lab=lab_on(client.get_executor(), server))
    assert after["attempts"].tolist() == [1]
    assert len(server.calls) == 9


def test_lost_worker_costs_no_row(server):
    """A worker killed in mid-run costs no row: its calls are made again, and every call made is counted."""
    killed = threading.Event()

    def answer(call, _handler):
        if not killed.is_set():
            killed.wait(60)
        return Reply(chat(call.text.removeprefix("Say ")))

    def kill(elsewhere, process):
        for _ in range(3_000):  # half a minute at most: what is never told of is not waited for
            if sum(elsewhere._begun.values()) == 8:
                break
            threading.Event().wait(0.01)
        os.kill(process, signal.SIGKILL)
        killed.set()

    server.answer = answer
    with cluster_of(4) as client:
        lab = lab_on(client.get_executor(pure=False), server)
        process = next(iter(client.run(os.getpid).values()))
        killer = threading.Thread(target=kill, args=(lab.elsewhere, process))
        killer.start()
        frame = run_parallel(cases(120), PROMPT, workers=8, lab=lab)
        killer.join()

    assert frame["case"].tolist() == [f"c{n}" for n in range(120)]
    assert frame["output"].tolist() == [f"text {n}" for n in range(120)]
    assert frame["attempts"].sum() == len(server.calls) == 124


def test_row_that_kills_its_worker_is_an_error(server, tmp_path):
    """A callable that ends its process is an error of its own row, counted as often as it was begun; others are answered."""
    dask = pytest.importorskip("dask")
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), cluster_of(1) as client:
        lab = lab_on(client.get_executor(), server, shared=lambda: str(tmp_path), resource=targets.Folder)
        frame = run_parallel(cases(4), targets.deadly, workers=1, lab=lab)

    assert frame["error"].fillna("").tolist() == ["", "", "connection", ""]
    assert "workers died" in frame["reason"][2]
    assert frame["attempts"].tolist() == [1, 1, 1, 1]
