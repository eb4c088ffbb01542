"""Nothing is paid for twice: what a rerun calls, by the server's own counters."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

import promptlab
from promptlab import Lab, Limits, Prompt
from tests.servers import Reply, ScriptedServer, chat

PROMPT = "Answer {{ request }}"


def cases(count: int = 50) -> list[dict]:
    return [
        {"id": f"c{i}", "input": {"request": f"request {i}"}, "expect": {"found": True}} for i in range(count)
    ]


@pytest.fixture
def lab(server: ScriptedServer):
    server.says(lambda _call: {"found": True, "confidence": 0.9})
    with Lab(base_url=server.base_url, display="none") as made:
        yield made


def paid(server: ScriptedServer, action) -> int:
    """Count the calls that an action makes."""
    before = len(server.calls)
    action()
    return len(server.calls) - before


def test_rerun_pays_nothing(lab, server):
    """The same suite again makes no call, also in another order, with other workers and in another lab."""
    promptlab.run_parallel(cases(), PROMPT, lab=lab)

    assert paid(server, lambda: promptlab.run_parallel(cases(), PROMPT, lab=lab)) == 0
    assert paid(server, lambda: promptlab.run_parallel(cases()[::-1], PROMPT, workers=3, lab=lab)) == 0
    other = Lab(base_url=server.base_url, api_key="another-key", display="text", limits=Limits(timeout=5))
    with other:
        assert paid(server, lambda: promptlab.run_parallel(cases(), PROMPT, lab=other)) == 0


def test_rerun_pays_for_changes_alone(lab, server):
    """One case of 50 changed is one call, a check changed none, a byte of the prompt all of them."""
    promptlab.run_parallel(cases(), PROMPT, lab=lab)
    changed = [{**case, "input": {"request": "another"}} if case["id"] == "c7" else case for case in cases()]
    graded = [{**case, "expect": {"found": False}} for case in cases()]

    assert paid(server, lambda: promptlab.run_parallel(changed, PROMPT, lab=lab)) == 1
    assert paid(server, lambda: promptlab.run_parallel(graded, PROMPT, lab=lab)) == 0
    assert paid(server, lambda: promptlab.run_parallel(cases(), PROMPT + ".", lab=lab)) == 50


def test_equal_cases_are_asked_each(lab, server):
    """Two cases of equal text are two calls."""
    twins = [{"id": name, "input": {"request": "same"}} for name in ("a", "b")]

    assert paid(server, lambda: promptlab.run_parallel(twins, PROMPT, lab=lab)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"model": "gpt-9"}, {"settings": {"temperature": 0.5}}, {"settings": {"seed": 1}}, {"system": "Be brief."},
        {"settings": {"response_format": {"type": "json_object"}}}, {"settings": {"stop": ["x"]}},
        {"settings": {"max_completion_tokens": 9}}, {"settings": {"tools": []}},
    ],
)  # fmt: skip
def test_other_settings_are_other_answers(lab, server, other):
    """Another model, setting or system text has an entry of its own."""
    promptlab.run_parallel(cases(2), Prompt(PROMPT), lab=lab)

    assert paid(server, lambda: promptlab.run_parallel(cases(2), Prompt(PROMPT, **other), lab=lab)) == 2
    assert paid(server, lambda: promptlab.run_parallel(cases(2), Prompt(PROMPT, **other), lab=lab)) == 0


def test_regraded_rows_keep_what_was_paid(lab, server):
    """A row from the store keeps latency, tokens and cost of its call, and adds nothing to the run's."""
    first = promptlab.run_parallel(cases(3), PROMPT, lab=lab)
    second = promptlab.run_parallel([{**c, "expect": {"found": False}} for c in cases(3)], PROMPT, lab=lab)

    for column in ("latency_s", "input_tokens", "output_tokens", "cost_usd", "output"):
        pd.testing.assert_series_equal(first[column], second[column])
    assert (second["status"] == "fail").all()
    assert second["cached"].all()
    assert second["attempts"].sum() == 0
    assert second.attrs["promptlab"]["cost_usd"] is None
    assert second.attrs["promptlab"]["calls"] == 0


def test_repeats_are_kept_apart(lab, server):
    """Five repeats are five answers, and again none."""
    texts = iter(range(1000))
    server.says(lambda _call: {"found": True, "n": next(texts)})

    assert paid(server, lambda: promptlab.run_parallel(cases(4), PROMPT, repeats=5, lab=lab)) == 20
    frames = []
    assert (
        paid(server, lambda: frames.append(promptlab.run_parallel(cases(4), PROMPT, repeats=5, lab=lab))) == 0
    )
    assert len({answer["n"] for answer in frames[0]["answer"]}) == 20


def test_fresh_pays_anew(lab, server):
    """`fresh=True` calls again; the newest answer is served afterwards."""
    promptlab.run_parallel(cases(3), PROMPT, lab=lab)
    server.says(lambda _call: {"found": True, "newer": True})

    assert paid(server, lambda: promptlab.run_parallel(cases(3), PROMPT, fresh=True, lab=lab)) == 3
    frame = promptlab.run_parallel(cases(3), PROMPT, lab=lab)
    assert [answer["newer"] for answer in frame["answer"]] == [True] * 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 400), Reply(b"<html>"), Reply(chat("")),
        Reply({**chat("x"), "choices": [{"finish_reason": "length", "message": {"content": "{"}}]}),
    ],
)  # fmt: skip
def test_bad_responses_are_never_served(lab, server, reply):
    """What was no good answer is asked again."""
    server.says(lambda _call: reply)
    promptlab.run_parallel(cases(2), PROMPT, lab=lab)
    server.says(lambda _call: {"found": True})

    frame = promptlab.run_parallel(cases(2), PROMPT, lab=lab)

    assert (frame["status"] == "pass").all()
    assert not frame["cached"].any()


def test_changed_answers_do_not_reach_the_store(lab, server):
    """What a caller does to a returned answer changes nothing that is stored."""
    frame = promptlab.run_parallel(cases(1), PROMPT, lab=lab)
    frame["answer"][0]["found"] = "spoilt"

    assert promptlab.run_parallel(cases(1), PROMPT, lab=lab)["answer"][0]["found"] is True


def test_store_can_be_off(server, tmp_path):
    """With the store off everything is asked again, and no file is made."""
    server.says(lambda _call: {"found": True})
    with Lab(base_url=server.base_url, store="off", display="none") as lab:
        promptlab.run_parallel(cases(2), PROMPT, lab=lab)
        assert paid(server, lambda: promptlab.run_parallel(cases(2), PROMPT, lab=lab)) == 2

    assert not list(tmp_path.rglob("*.sqlite3"))


def test_replay_serves_without_a_key(lab, server):
    """A replay serves what is stored and makes no call; what is missing is an error that says so."""
    promptlab.run_parallel(cases(2), PROMPT, lab=lab)
    with Lab(base_url=server.base_url, replay=True, display="none") as replaying:
        frames = []
        assert (
            paid(server, lambda: frames.append(promptlab.run_parallel(cases(3), PROMPT, lab=replaying))) == 0
        )

    assert frames[0]["status"].tolist() == ["pass", "pass", "not_run"]
    assert "makes no calls" in frames[0]["reason"][2]


def test_call_budget_stops_the_run(server):
    """A budget of calls is never passed; the rows left say so, and a later run goes on."""
    server.says(lambda _call: {"found": True})
    with Lab(base_url=server.base_url, display="none", limits=Limits(max_calls=5)) as lab:
        frame = promptlab.run_parallel(cases(20), PROMPT, workers=4, lab=lab)

    assert len(server.calls) == 5
    assert frame["status"].value_counts()["pass"] == 5
    assert set(frame.loc[frame["status"] == "not_run", "error"]) == {"budget"}
    with Lab(base_url=server.base_url, display="none") as lab:
        assert paid(server, lambda: promptlab.run_parallel(cases(20), PROMPT, lab=lab)) == 15


def test_cost_budget_stops_the_run(server):
    """A budget of money is not passed, also where several calls are under way."""
    server.says(lambda _call: {"found": True})
    one = 12 * 0.05e-6 + 3 * 0.40e-6
    with Lab(base_url=server.base_url, display="none", limits=Limits(max_cost=7.5 * one)) as lab:
        frame = promptlab.run_parallel(cases(30), PROMPT, workers=6, lab=lab)

    assert frame["cost_usd"].sum() <= 7.5 * one
    assert len(server.calls) == 7
    assert (frame["status"] == "pass").sum() == 7


def test_plan_says_what_is_new(lab, server):
    """A plan counts what is stored and what is new, without a call, and reckons from history."""
    promptlab.run_parallel(cases(4), PROMPT, lab=lab)

    before = promptlab.plan(cases(6), PROMPT, lab=lab)

    assert (before.rows, before.stored, before.new) == (6, 4, 2)
    assert len(server.calls) == 4
    again = promptlab.plan(cases(4), PROMPT + "!", lab=lab)
    assert (again.new, again.known, again.input_tokens, again.output_tokens) == (4, 4, 48, 12)
    assert again.cost_usd == pytest.approx(4 * (12 * 0.05e-6 + 3 * 0.40e-6))


def test_history_tells_of_runs(lab, server):
    """History has a row a run, with its score, interval, cost and version."""
    promptlab.run_parallel(cases(4), Prompt(PROMPT, name="one"), lab=lab)
    server.says(lambda call: {"found": "2" not in call.text})
    promptlab.run_parallel(cases(4), Prompt(PROMPT + "!", name="one"), lab=lab)
    promptlab.run_parallel(cases(4), Prompt(PROMPT, name="two"), lab=lab)

    frame = promptlab.history("one", lab=lab)

    assert frame["score"].tolist() == [1.0, 0.75]
    assert frame["version"].nunique() == 2
    assert frame["finished"].all()
    assert (frame["low"] < frame["score"]).all()
    assert frame["cost_usd"].notna().all()
    assert len(promptlab.history(lab=lab)) == 3


def test_diff_names_the_cases(lab, server):
    """The difference of two runs names what was fixed, what broke and what has no verdict in one."""
    first = promptlab.run_parallel(cases(4), PROMPT, lab=lab)
    server.says(lambda call: Reply(b"", 400) if "3" in call.text else {"found": "2" not in call.text})
    second = promptlab.run_parallel(cases(4), PROMPT + "!", lab=lab)

    told = promptlab.diff(first["run"][0], second["run"][0], lab=lab)

    assert (told.fixed, told.broke, told.same, told.missing) == ((), ("c2",), ("c0", "c1"), ("c3",))
    assert "cannot tell" in told.sentence
    assert "{+!+}" in str(told)


def test_parallel_runs_store_apart(lab, server):
    """Runs at the same time on one lab lose nothing."""
    threads = [
        threading.Thread(
            target=promptlab.run_parallel, args=(cases(20), f"{n} {PROMPT}"), kwargs={"lab": lab}
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(server.calls) == 80
    assert (
        paid(server, lambda: [promptlab.run_parallel(cases(20), f"{n} {PROMPT}", lab=lab) for n in range(4)])
        == 0
    )
    assert len(promptlab.history(lab=lab)) == 8


def test_last_run_is_kept(lab, server):
    """The last run's frame can be had again, in this process and, from the store, in the next."""
    frame = promptlab.run_parallel(cases(3), PROMPT, lab=lab)

    pd.testing.assert_frame_equal(promptlab.last_run(lab=lab), frame)
    with Lab(base_url=server.base_url, display="none") as later:
        again = promptlab.last_run(lab=later)
    pd.testing.assert_frame_equal(
        again.drop(columns=["cached"]),
        frame.drop(columns=["cached"]),
        check_like=True,
        check_categorical=True,
    )


def test_no_last_run_is_none(tmp_path):
    """Where nothing was run there is no last run."""
    with Lab(store=tmp_path / "empty.sqlite3", display="none") as lab:
        assert promptlab.last_run(lab=lab) is None
