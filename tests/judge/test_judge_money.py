"""What judges and embeddings cost counts: in the store, against the budget, and when a run is stopped."""

from __future__ import annotations

import base64
import os
import signal
import struct
import threading
import time

import pytest

import promptlab
from promptlab import Lab, Limits, Prompt, RunStopped, SettingError
from promptlab._providers import Budget
from promptlab._scope import Scope, Stop
from promptlab._types import Request
from tests.servers import Reply, ScriptedServer

PROMPT = Prompt("Reply to: {{ request }}", model="gpt-5-nano")
ONE = 12 * 0.05e-6 + 3 * 0.40e-6
"""What a call costs that the server counts 12 and 3 tokens for."""
VERDICT = {"reason": "because of this", "verdict": "pass", "confidence": 0.9}


def is_judge(call) -> bool:
    return "messages" in call.body and "judge" in call.body["messages"][0]["content"]


def cases(count: int = 1, **expect) -> list[dict]:
    expect = expect or {"judge": "is polite"}
    return [{"id": f"c{i}", "input": {"request": f"request {i}"}, "expect": expect} for i in range(count)]


def lab_of(server: ScriptedServer, store: object = None, **limits) -> Lab:
    return Lab(
        base_url=server.base_url, api_key="k" * 12, display="none", store=store, limits=Limits(**limits)
    )


@pytest.fixture
def judging(server: ScriptedServer) -> ScriptedServer:
    """A server that replies, judges and embeds."""
    vector = base64.b64encode(struct.pack("<2f", 1.0, 0.0)).decode()

    def says(call):
        if "input" in call.body:
            data = [{"index": i, "embedding": vector} for i in range(len(call.body["input"]))]
            usage = {"prompt_tokens": 9, "total_tokens": 9}
            return Reply({"object": "list", "model": call.body["model"], "data": data, "usage": usage})
        return VERDICT if is_judge(call) else "the reply"

    server.says(says)
    return server


def test_stored_run_keeps_what_judges_cost(judging, tmp_path):
    """A run read back from the store has the cost and calls of its judge and embeddings, paid or served again."""
    expect = {"judge": "is polite", "similar": "the reply"}
    frames, read = [], []
    for _ in range(2):
        with lab_of(judging, tmp_path / "lab.sqlite3") as lab:
            frames.append(promptlab.run_parallel(cases(2, **expect), PROMPT, lab=lab))
        with lab_of(judging, tmp_path / "lab.sqlite3") as lab:
            read.append(promptlab.last_run(lab=lab))

    assert frames[0]["attempts"].tolist() == [3, 3]
    assert frames[0]["cost_usd"].tolist() == pytest.approx([2 * ONE + 9 * 0.02e-6] * 2)
    assert frames[1]["attempts"].tolist() == [0, 0]
    for before, after in zip(frames, read, strict=True):
        assert after["cost_usd"].tolist() == before["cost_usd"].tolist()
        assert after["attempts"].tolist() == before["attempts"].tolist()
        assert after.attrs["promptlab"]["cost_usd"] == before.attrs["promptlab"]["cost_usd"]


@pytest.mark.parametrize(
    "expect",
    [
        {"judge": {"rubric": "is polite", "model": "nobody-knows"}},
        {"summary": {"judge": {"rubric": "is polite", "model": "nobody-knows"}}},
        {"similar": {"value": "hello", "model": "nobody-knows"}},
        {"foreign": [{"promptfoo": "not-llm-rubric", "value": "is rude", "model": "nobody-knows"}]},
        {
            "foreign": [
                {
                    "promptfoo": "assert-set",
                    "assert": [{"promptfoo": "similar", "value": "x", "model": "nobody-knows"}],
                }
            ]
        },
    ],
)
def test_judge_without_price_is_refused(judging, expect):
    """Money cannot be limited where a judge's or an embedding's price is unknown: said before any call."""
    with lab_of(judging, "off", max_cost=1.0) as lab, pytest.raises(SettingError, match="nobody-knows"):
        promptlab.run_parallel(cases(1, **expect), PROMPT, lab=lab)

    assert judging.calls == []


def test_letters_have_no_price(judging):
    """What is compared by letters asks no model, so that none has to have a price."""
    expect = {"similar": {"value": "the reply", "by": "letters", "model": "nobody-knows"}}
    with lab_of(judging, "off", max_cost=1.0) as lab:
        frame = promptlab.run_parallel(cases(1, **expect), PROMPT, lab=lab)

    assert frame["status"].tolist() == ["pass"]


def test_money_of_judges_is_counted(judging):
    """Answers and judges together stay within the money; rows without their judge's verdict are not run."""
    with lab_of(judging, "off", max_cost=9.5 * ONE) as lab:
        frame = promptlab.run_parallel(cases(20), PROMPT, workers=4, lab=lab)

    assert frame.attrs["promptlab"]["cost_usd"] == pytest.approx(len(judging.calls) * ONE)
    assert 1 <= len(judging.calls) <= 9
    assert set(frame["status"]) <= {"pass", "not_run"}
    assert set(frame.loc[frame["status"] == "not_run", "error"]) == {"budget"}


def test_judge_cut_by_budget_is_asked_alone(judging, tmp_path):
    """A row whose judge the budget kept away is not run; its answer is kept, and a rerun asks the judge alone."""
    with lab_of(judging, tmp_path / "lab.sqlite3", max_calls=1) as lab:
        frame = promptlab.run_parallel(cases(1), PROMPT, lab=lab)

    assert len(judging.calls) == 1
    assert (frame["status"][0], frame["error"][0]) == ("not_run", "budget")
    assert (frame["output"][0], frame["cost_usd"][0]) == ("the reply", pytest.approx(ONE))
    assert frame["reason"][0] == "not checked: not called: the budget of 1 calls is used up"
    assert frame.attrs["promptlab"]["errors"] == 0

    with lab_of(judging, tmp_path / "lab.sqlite3") as lab:
        again = promptlab.run_parallel(cases(1), PROMPT, lab=lab)
    assert again["status"].tolist() == ["pass"]
    assert [is_judge(call) for call in judging.calls] == [False, True]


def test_judge_cut_by_interrupt_is_not_run(judging, tmp_path):
    """An interrupt while judges are asked leaves rows that are not run; a rerun asks the judges alone."""
    answer = judging.answer

    def hang(call, handler):
        if is_judge(call):
            os.kill(os.getpid(), signal.SIGINT)
            judging.released.wait(30)
        return answer(call, handler)

    judging.answer = hang
    with lab_of(judging, tmp_path / "lab.sqlite3") as lab:
        with pytest.raises(RunStopped) as stopped:
            promptlab.run_parallel(cases(1), PROMPT, lab=lab)
        frame = stopped.value.partial
        assert (frame["status"][0], frame["error"][0]) == ("not_run", "cancelled")
        judging.answer = answer
        before = len(judging.calls)
        again = promptlab.run_parallel(cases(1), PROMPT, lab=lab)

    assert again["status"].tolist() == ["pass"]
    assert [is_judge(call) for call in judging.calls[before:]] == [True]


def test_long_first_prompt_is_refused(judging):
    """A first call is not made where what it sends alone would pass the budget."""
    long = [{"id": "long", "input": {"request": "word " * 20_000}}]
    with lab_of(judging, "off", max_cost=0.0005) as lab:
        frame = promptlab.run_parallel(long, PROMPT, lab=lab)

    assert judging.calls == []
    assert (frame["status"][0], frame["error"][0]) == ("not_run", "budget")
    assert "$0.0005" in frame["reason"][0]


def test_pictures_are_no_text_to_a_budget(judging):
    """The letters of a picture do not count as text, of which it would be far too much."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,{{ image }}"}}
    look = Prompt(messages=[{"role": "user", "content": [picture]}], model="gpt-5-nano")
    with lab_of(judging, "off", max_cost=0.0005) as lab:
        frame = promptlab.run_parallel([{"id": "a", "input": {"image": "A" * 200_000}}], look, lab=lab)

    assert frame["status"].tolist() == ["ungraded"]


def test_simulator_is_free_of_budgets(server):
    """Where a simulator answers nothing is paid, so that a budget of money holds up no call."""
    together = threading.Barrier(4)

    def meet(_call):
        together.wait(20)
        return "the reply"

    server.says(meet)
    plain = [{"id": f"c{i}", "input": {"request": "hello"}} for i in range(4)]
    url = server.base_url.replace("/v1", "/simulated/v1")
    with Lab(base_url=url, display="none", store="off", limits=Limits(max_cost=1e-9)) as lab:
        frame = promptlab.run_parallel(plain, PROMPT, workers=4, lab=lab)

    assert frame["status"].tolist() == ["ungraded"] * 4


def test_plan_says_that_judges_come_on_top(judging):
    """A plan counts the calls of the prompt, and says where judges or embeddings will make more."""
    with lab_of(judging, "off") as lab:
        judged = promptlab.plan(cases(2), PROMPT, lab=lab)
        letters = promptlab.plan(cases(2, similar={"value": "x", "by": "letters"}), PROMPT, lab=lab)

    assert (judged.new, judged.judged, letters.judged) == (2, True, False)
    assert str(judged).endswith("; what judges and embeddings take comes on top")
    assert "judges" not in str(letters)


@pytest.mark.parametrize(
    ("expect", "simulated"),
    [
        ({"similar": "a reply"}, True),
        ({"similar": {"value": "a reply", "by": "letters"}}, False),
        ({"contains": "a"}, False),
    ],
)
def test_simulated_verdicts_are_called_simulated(simulator, expect, simulated):
    """A run whose checks a simulator answers says so, also where an application gave the answers."""
    with Lab(base_url=simulator.base_url, display="none", store="off") as lab:
        frame = promptlab.run_parallel(cases(1, **expect), lambda case: "a reply", lab=lab)

    assert frame.attrs["promptlab"]["simulated"] is simulated


def test_wait_for_budget_ends_with_the_row():
    """A row whose time is over while it waits for the budget is a timeout, not the end of the run."""
    budget, stop = Budget(max_calls=5, max_cost=None), Stop()
    over = Scope(stop=stop, deadline=time.monotonic() - 1.0)

    said = budget.set_aside(Request(body={"model": "m"}, case="c"), over)

    assert (said.kind, said.attempts, stop.is_set()) == ("timeout", 0, False)


def test_replay_without_the_judge_is_not_run(judging, tmp_path):
    """A replay whose store lacks the judge's verdict leaves the row as not run, with its answer."""
    with lab_of(judging, tmp_path / "lab.sqlite3", max_calls=1) as lab:
        promptlab.run_parallel(cases(1), PROMPT, lab=lab)
    with Lab(
        base_url=judging.base_url, replay=True, display="none", store=tmp_path / "lab.sqlite3"
    ) as replaying:
        frame = promptlab.run_parallel(cases(1), PROMPT, lab=replaying)

    assert (frame["status"][0], frame["output"][0], len(judging.calls)) == ("not_run", "the reply", 1)
    assert "makes no calls" in frame["reason"][0]
