"""The whole walk: a suite and a prompt in, a frame out, over real HTTP."""

from __future__ import annotations

import contextvars
import threading

import pandas as pd
import pytest

import promptlab
from promptlab import Case, Lab, Limits, PromptError, RunStopped, SettingError, SuiteError
from tests.servers import Reply, ScriptedServer

PROMPT = "Does a workflow do this? {{ request }}"


def cases(count: int, **more) -> list[dict]:
    return [
        {"id": f"c{i}", "input": {"request": f"request {i}"}, "expect": {"found": True}, **more}
        for i in range(count)
    ]


@pytest.fixture
def lab(server: ScriptedServer):
    with Lab(
        base_url=server.base_url, api_key="k" * 12, display="none", limits=Limits(max_attempts=2)
    ) as made:
        yield made


def test_rows_come_in_suite_order(lab, server):
    """Rows stand in the suite's order, whichever call ends first."""
    server.says(lambda call: {"found": True, "confidence": 0.9})

    frame = promptlab.run_parallel(cases(30), PROMPT, workers=8, lab=lab)

    assert frame["case"].tolist() == [f"c{i}" for i in range(30)]
    assert frame["status"].tolist() == ["pass"] * 30
    assert frame["confidence"].tolist() == [0.9] * 30
    assert frame["attempts"].sum() == len(server.calls) == 30


def test_calls_are_under_way_at_once(lab, server):
    """As many calls as there are workers are under way at the same moment, and never more."""
    barrier = threading.Barrier(8, timeout=20)

    def answer(_call):
        barrier.wait()
        return {"found": True}

    server.says(answer)

    frame = promptlab.run_parallel(cases(24), PROMPT, workers=8, lab=lab)

    assert (frame["status"] == "pass").all()
    assert server.most_under_way == 8


def test_one_broken_case_costs_its_row(lab, server):
    """A case whose call breaks is an error; the score is over the others, and its bounds are said."""
    server.says(
        lambda call: Reply(b"", 400) if "request 1" in call.text else {"found": "request 2" not in call.text}
    )

    frame = promptlab.run_parallel(cases(5), PROMPT, workers=2, lab=lab)
    summary = frame.attrs["promptlab"]

    assert frame["status"].tolist() == ["pass", "error", "fail", "pass", "pass"]
    assert frame["error"].tolist()[1] == "bad_request"
    assert (summary["score"], summary["floor"], summary["ceiling"]) == (0.75, 0.6, 0.8)
    assert frame["reason"][2] == "found: expected true, got false"


def test_hole_without_value_is_wrong_before_any_call(lab, server):
    """A hole that a case does not fill is an error that names prompt, hole and case, and no call is made."""
    with pytest.raises(PromptError, match=r"requst.*c0"):
        promptlab.run_parallel(cases(3), "{{ requst }}", lab=lab)

    assert not server.calls


def test_case_values_are_never_templates(lab, server):
    """A case's value that looks like a template is sent as it is."""
    server.says(lambda _call: {"found": True})

    promptlab.run_parallel([{"id": "x", "input": {"request": "{{ 7*7 }} {% raise %}"}}], PROMPT, lab=lab)

    assert server.calls[0].text.endswith("{{ 7*7 }} {% raise %}")


@pytest.mark.parametrize(
    "wrong", [[{"id": "a"}, {"id": "a"}], [], "no-such-file.yaml", [{"id": "a", "inputs": {}}]]
)
def test_wrong_suites_are_refused(lab, wrong):
    """What is no suite is a `SuiteError`."""
    with pytest.raises(SuiteError):
        promptlab.run_parallel(wrong, "x", lab=lab)


def test_wrong_workers_make_no_call(lab, server, monkeypatch):
    """A wrong worker count is an error before any call."""
    monkeypatch.setenv("PARALLEL_WORKERS", "abc")

    with pytest.raises(SettingError):
        promptlab.run_parallel(cases(1), PROMPT, lab=lab)

    assert not server.calls


def test_application_is_tested_as_it_is(tmp_path):
    """A callable with a resource of its own for each case, over data that was written once."""
    written, managers, names = [], [], set()
    variable = contextvars.ContextVar("variable")
    variable.set("from the notebook")

    class WorkflowManager:
        def __init__(self, folder):
            self.folder = folder
            self.closed = False
            managers.append(self)

        def close(self):
            self.closed = True

    def share():
        written.append(tmp_path / "workflows.txt")
        written[0].write_text("report export")
        return tmp_path

    def target(case, manager):
        names.add(threading.current_thread().name)
        known = (manager.folder / "workflows.txt").read_text().split()
        return {"found": case.input["request"] in known, "confidence": 1.0, "saw": variable.get()}

    suite = [
        Case(id=w, input={"request": w}, expect={"found": w != "mail"}) for w in ("report", "export", "mail")
    ]
    with Lab(store="off", display="none", shared=share, resource=WorkflowManager) as lab:
        frame = promptlab.run_parallel(suite, target, workers=3, lab=lab)

    assert frame["status"].tolist() == ["pass"] * 3
    assert frame["answer"][0]["saw"] == "from the notebook"
    assert len(written) == 1
    assert len({id(m) for m in managers}) == 3
    assert all(m.closed for m in managers)
    assert threading.main_thread().name not in names


async def _async_target(case):
    return case.input["request"]


def test_async_target_is_run():
    """An `async def` target needs nothing from its caller."""
    with Lab(store="off", display="none") as lab:
        frame = promptlab.run_parallel(
            [{"id": "a", "input": {"request": "hi"}, "expect": "hi"}], _async_target, lab=lab
        )

    assert frame["status"].tolist() == ["pass"]


def test_checks_of_the_user_are_applied(lab, server):
    """A callable check has its column; a float is a score, a broken one is an error, no fail."""
    server.says(lambda _call: {"found": True})

    def brief(case, answer):
        return 0.75

    def broken(case, answer):
        raise ValueError("no idea")

    good = promptlab.run_parallel(cases(2), PROMPT, checks=[brief], lab=lab)
    bad = promptlab.run_parallel(cases(2), PROMPT, checks=[broken], lab=lab)

    assert good["check.brief"].tolist() == [0.75, 0.75]
    assert bad["status"].tolist() == ["error", "error"]
    assert bad["error"].tolist() == ["check", "check"]
    assert "no idea" in bad["reason"][0]


def test_nothing_expected_is_ungraded(lab, server):
    """A case without expectations is ungraded, and no part of the score."""
    frame = promptlab.run_parallel([{"id": "a", "input": {"request": "x"}}], PROMPT, lab=lab)

    assert frame["status"].tolist() == ["ungraded"]
    assert frame["passed"].isna().all()
    assert frame.attrs["promptlab"]["score"] is None


def test_repeats_have_rows_of_their_own(lab, server):
    """Each repeat is a row and a call of its own."""
    server.says(lambda _call: {"found": True})

    frame = promptlab.run_parallel(cases(3), PROMPT, repeats=4, lab=lab)

    assert frame["repeat"].tolist() == [0, 1, 2, 3] * 3
    assert len(server.calls) == 12


def test_frame_can_be_a_suite(lab, server):
    """A DataFrame of cases is a suite."""
    server.says(lambda _call: {"found": True})

    frame = promptlab.run_parallel(pd.DataFrame({"id": ["a", "b"], "request": ["x", "y"]}), PROMPT, lab=lab)

    assert frame["input.request"].tolist() == ["x", "y"]


def test_observers_are_told_and_cannot_harm(server):
    """Observers get every event in order; one that raises cannot touch the run."""
    events = []

    def broken(_event):
        raise RuntimeError("an observer's own trouble")

    server.says(lambda _call: {"found": True})
    with Lab(base_url=server.base_url, display=[broken, events.append]) as lab:
        frame = promptlab.run_parallel(cases(3), PROMPT, lab=lab)

    names = [type(event).__name__ for event in events]
    assert (frame["status"] == "pass").all()
    assert (names[0], names[-1]) == ("RunStarted", "RunFinished")
    assert names.count("CaseStarted") == names.count("CaseFinished") == 3


def test_interrupt_keeps_what_is_done(lab, server):
    """An interrupt raises `RunStopped` with a row for every case: done, cut or not run."""
    hanging = threading.Event()

    def answer(call, handler):
        if call.number < 3:
            handler.send(Reply())
        else:
            hanging.set()
            server.released.wait(30)

    def interrupt(event):
        if type(event).__name__ == "CaseFinished" and hanging.wait(10) and not stopped:
            stopped.append(event)
            raise KeyboardInterrupt

    stopped = []
    server.answer = answer
    with Lab(base_url=server.base_url, display=[interrupt]) as own, pytest.raises(RunStopped) as caught:
        promptlab.run_parallel(cases(10), PROMPT, workers=1, lab=own)

    frame = caught.value.partial
    assert len(frame) == 10
    assert frame["status"].tolist().count("not_run") >= 5
    assert set(frame["status"]) <= {"fail", "error", "not_run"}
    assert len(server.calls) <= 5


def test_two_runs_share_a_lab(lab, server):
    """Runs from several threads at once do not disturb each other."""
    server.says(lambda call: {"found": True})
    frames = {}

    def go(name):
        frames[name] = promptlab.run_parallel(cases(20, tags=[name]), f"{name} {PROMPT}", workers=4, lab=lab)

    threads = [threading.Thread(target=go, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {name: (frame["status"] == "pass").sum() for name, frame in frames.items()} == dict.fromkeys(
        frames, 20
    )


def test_run_inside_a_check(lab, server):
    """A check may run a suite of its own on the same lab."""
    server.says(lambda _call: {"found": True})

    def inner(case, answer):
        frame = promptlab.run_parallel(cases(2), "inner {{ request }}", workers=1, lab=lab)
        return bool((frame["status"] == "pass").all())

    frame = promptlab.run_parallel(cases(4), PROMPT, workers=2, checks=[inner], lab=lab)

    assert frame["status"].tolist() == ["pass"] * 4


def test_run_leaves_nothing_behind(lab, server):
    """A run leaves no thread of its own."""
    promptlab.run_parallel(cases(20), PROMPT, workers=10, lab=lab)

    for thread in threading.enumerate():
        if thread.name.startswith("promptlab"):
            thread.join(5)
    assert not [t.name for t in threading.enumerate() if t.name.startswith("promptlab")]
