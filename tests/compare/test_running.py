"""Variants run over a real server: in one pool, side by side, each paid for once."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest

import promptlab
from promptlab import Lab, Limits, PromptError, RunStopped, SettingError
from promptlab._scope import Stop
from tests.servers import Reply, ScriptedServer

A, B, C = "A {{ request }}", "B {{ request }}", "C {{ request }}"


def make_cases(count: int) -> list[dict]:
    return [
        {"id": f"c{i}", "input": {"request": f"request {i}."}, "expect": {"found": True}}
        for i in range(count)
    ]


def number_of(call) -> int:
    """Give the number of the case that a call asks for."""
    return int(call.text.split("request ")[1].split(".")[0])


@pytest.fixture
def lab(server: ScriptedServer):
    with Lab(base_url=server.base_url, display="none", limits=Limits(max_attempts=1)) as made:
        yield made


def test_whole_walk_gives_the_sentence(lab, server):
    """A suite and two prompts in; the sentence, the figures and the rows out."""
    server.says(lambda call: {"found": call.text[0] == "B" or number_of(call) % 3 == 0, "confidence": 0.9})

    found = promptlab.compare(make_cases(30), {"A": A, "B": B}, workers=6, lab=lab)

    assert found.sentence == "B is better: +67 points [+48, +81], 20 fixed, 0 broke, p < 0.001 (30 cases)"
    assert found.summary[["passed", "graded", "calls"]].to_numpy().tolist() == [[10, 30, 30], [30, 30, 30]]
    assert len(found.frame) == len(server.calls) == 60
    assert found.frame.attrs["promptlab"]["cases"] == 30
    assert found.frame["answer"][0] == {"found": True, "confidence": 0.9}


def test_variants_are_asked_side_by_side(lab, server):
    """A case's variants are asked one after the other before the next case, and take turns at being first."""
    server.says(lambda _call: {"found": True})

    promptlab.compare(make_cases(6), {"A": A, "B": B, "C": C}, workers=1, lab=lab)

    asked = [(number_of(call), call.text[0]) for call in server.calls]
    groups = [asked[start : start + 3] for start in range(0, 18, 3)]
    assert all(len({case for case, _ in group}) == 1 for group in groups)
    assert ["".join(name for _, name in group) for group in groups] == ["ABC", "BCA", "CAB"] * 2


def test_variants_share_one_pool(lab, server):
    """All variants are under way at the same moment in one pool, never more than there are workers."""
    barrier = threading.Barrier(6, timeout=20)

    def answer(call):
        barrier.wait()
        return {"found": call.text[0] == "B"}

    server.says(answer)

    found = promptlab.compare(make_cases(9), {"A": A, "B": B}, workers=6, lab=lab)

    assert server.most_under_way == 6
    assert found.verdicts["fixed"].tolist() == [9]


class Drifting:
    """A provider that becomes half as fast and half as good when half of the calls have been made."""

    def __init__(self, server: ScriptedServer, calls: int) -> None:
        self.calls = calls
        self.slow: list[str] = []
        server.says(self.answer)

    def answer(self, call):
        """Say so where the call came in the second half; then every second case's answer is wrong."""
        late = call.number >= self.calls // 2
        if late:
            self.slow.append(call.text[0])
        odd = int(re.findall(r"\d+", call.text)[-1]) % 2
        return {"found": not late or not odd, "seconds": 2.0 if late else 1.0}


def test_drift_hits_all_variants_alike(lab, server):
    """A provider that slows down in mid-run slows both variants alike; one after the other it slows the second alone."""
    together = Drifting(server, 80)
    found = promptlab.compare(make_cases(40), {"A": A, "B": B}, workers=4, lab=lab)
    seconds = [
        sum(answer["seconds"] for answer in found.frame.loc[found.frame["prompt"] == name, "answer"])
        for name in "AB"
    ]

    server.calls.clear()
    apart = Drifting(server, 80)
    first = promptlab.run_parallel(make_cases(40), A + " ", workers=4, lab=lab)
    second = promptlab.run_parallel(make_cases(40), B + " ", workers=4, lab=lab)
    sequel = promptlab.compare({"A": first, "B": second}, lab=lab)

    assert abs(together.slow.count("A") - together.slow.count("B")) <= 4
    assert abs(seconds[0] - seconds[1]) <= 4
    assert "cannot tell" in found.sentence
    assert (apart.slow.count("A"), apart.slow.count("B")) == (0, 40)
    assert sequel.verdicts["word"].tolist() == ["worse"]


def test_errors_cost_pairs_alone(lab, server):
    """Calls that break are left out of the pairs and counted, and the run goes on."""
    server.says(
        lambda call: (
            Reply(b"", 400) if call.text[0] == "B" and number_of(call) < 4 else {"found": call.text[0] == "B"}
        )
    )

    found = promptlab.compare(make_cases(12), {"A": A, "B": B}, workers=3, lab=lab)

    assert found.verdicts[["cases", "left_out", "fixed"]].iloc[0].tolist() == [8, 4, 8]
    assert found.summary["errors"].tolist() == [0, 4]
    assert found.summary["score"].tolist() == [0.0, 1.0]


def test_same_prompt_twice_is_asked_apart(lab, server):
    """A prompt held against itself is asked anew for each side, so that its noise shows; a rerun pays nothing."""
    server.says(lambda call: {"found": call.number % 2 == 0})
    prompts = {"A": A, "again": promptlab.Prompt(A, model=lab.model)}

    found = promptlab.compare(make_cases(10), prompts, workers=1, lab=lab)
    paid = len(server.calls)
    again = promptlab.compare(make_cases(10), prompts, workers=4, lab=lab)

    assert paid == len(server.calls) == 20
    assert found.table["change.again"].tolist().count("tie") == 0
    assert again.sentence == found.sentence
    assert again.frame["cached"].all()


def test_finished_runs_say_the_same(lab, server):
    """Two runs made one after the other and compared from their frames say what one comparison says."""
    server.says(lambda call: {"found": call.text[0] == "B" or number_of(call) % 2 == 0})
    a, b = promptlab.Prompt(A, name="A"), promptlab.Prompt(B, name="B")

    first = promptlab.run_parallel(make_cases(12), a, lab=lab)
    second = promptlab.run_parallel(make_cases(12), b, lab=lab)
    from_frames = promptlab.compare(first, second, lab=lab)

    assert from_frames.sentence == promptlab.compare(make_cases(12), {"A": a, "B": b}, lab=lab).sentence
    assert "1 word gone, 1 new" in from_frames._repr_mimebundle_()["text/html"]


def test_last_run_against_the_version_before(lab, server):
    """`compare("last")` holds the last run against the version before it on the same suite."""
    server.says(lambda call: {"found": call.text[0] == "B"})
    cases = {"suite": "travel", "cases": make_cases(8)}
    other = {"suite": "other", "cases": make_cases(8)}
    promptlab.run_parallel(cases, promptlab.Prompt(A, name="p"), lab=lab)
    promptlab.run_parallel(other, promptlab.Prompt(C, name="p"), lab=lab)
    promptlab.run_parallel(cases, promptlab.Prompt(B, name="p", settings={"temperature": 0.5}), lab=lab)

    found = promptlab.compare("last", lab=lab)

    assert found.verdicts["fixed"].tolist() == [8]
    assert "is better: +100 points" in found.sentence
    assert "temperature" in found._repr_mimebundle_()["text/html"]
    assert found.summary["variant"].tolist() == [
        f"p {promptlab.Prompt(A).version}",
        f"p {promptlab.Prompt(B, settings={'temperature': 0.5}).version}",
    ]


def test_last_run_that_was_a_comparison(lab, server):
    """A last run of several variants is the comparison that is given again."""
    server.says(lambda call: {"found": call.text[0] == "B"})
    first = promptlab.compare(make_cases(8), {"A": A, "B": B}, lab=lab)

    assert promptlab.compare("last", lab=lab).sentence == first.sentence


def test_last_leaves_out_what_was_expected_otherwise(lab, server):
    """A case of which another answer was expected before is not held against itself."""
    server.says(lambda _call: {"found": True})
    cases = make_cases(4)
    promptlab.run_parallel([*cases[:3], {**cases[3], "expect": {"found": False}}], A, lab=lab)
    promptlab.run_parallel(cases, B, lab=lab)

    found = promptlab.compare("last", lab=lab)

    assert found.verdicts[["cases", "fixed", "left_out"]].iloc[0].tolist() == [3, 0, 1]
    assert any("c3" in note for note in found.notes)


@pytest.mark.parametrize("runs", [0, 1])
def test_last_needs_a_version_before(lab, server, runs):
    """Without a version before it `compare("last")` is an error that says so."""
    for _ in range(runs):
        promptlab.run_parallel(make_cases(1), A, lab=lab)

    with pytest.raises(
        promptlab.UsageError, match="no run in the store" if not runs else "one version alone"
    ):
        promptlab.compare("last", lab=lab)


@pytest.fixture
def decided(monkeypatch):
    """Is set when a run is stopped."""
    heard, stop = threading.Event(), Stop.set

    def spied(self, *given, **named):
        stop(self, *given, **named)
        heard.set()

    monkeypatch.setattr(Stop, "set", spied)
    return heard


def test_early_stop_saves_calls(lab, server, decided):
    """A comparison that is decided stops, says after how many cases, and how many calls were not made."""

    def answer(call):
        if call.number >= 16:
            decided.wait(
                20
            )  # the answers of seven cases decide, however slow the machine is in looking at them
        return {"found": call.text[0] == "B"}

    server.says(answer)

    found = promptlab.compare(make_cases(60), {"A": A, "B": B}, workers=2, stop_when="decided", lab=lab)

    assert decided.is_set()
    assert found.verdicts["word"].tolist() == ["better"]
    assert found.verdicts["method"].tolist() == ["anytime"]
    assert found.decided_after == 7
    assert 7 <= found.verdicts["cases"][0] <= 9
    assert found.saved_calls == 120 - len(server.calls) >= 100
    assert (found.frame["error"].dropna() == "cancelled").all()
    assert any(note.startswith("decided after 7 of 60 cases") for note in found.notes)
    assert found.verdicts["left_out"].tolist() == [0]


def test_early_stop_lets_calls_come_to_their_end(lab, server, decided):
    """What is under way when the comparison is decided is not cut, however long it takes: it is paid for, and counts."""

    def answer(call):
        if call.number >= 16:
            decided.wait(20)
            time.sleep(1.0)  # longer than a cut call would be left alive
        return {"found": call.text[0] == "B"}

    server.says(answer)

    found = promptlab.compare(make_cases(40), {"A": A, "B": B}, workers=8, stop_when="decided", lab=lab)

    assert set(found.frame["status"]) == {"pass", "fail", "not_run"}
    assert (found.frame["status"] != "not_run").sum() == len(server.calls) > 16
    assert server.hung_up == 0


def test_early_stop_takes_a_random_sample(lab, server):
    """The cases are begun in a seeded shuffle: neither the suite's order nor the longest first."""
    server.says(lambda _call: {"found": True})
    cases = make_cases(30)

    orders = []
    for number, seed in enumerate((0, 0, 1)):
        begun = len(server.calls)
        prompts = {"A": f"A{number} {{{{ request }}}}", "B": f"B{number} {{{{ request }}}}"}
        promptlab.compare(cases, prompts, workers=1, stop_when="decided", seed=seed, lab=lab)
        orders.append([number_of(call) for call in server.calls[begun:]][::2])

    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(30)) != orders[0]


def test_early_stop_of_equals_runs_to_the_end(lab, server):
    """A prompt that is no better is asked about every case, and the verdict allows for the looks all the same."""
    server.says(lambda call: {"found": number_of(call) % 2 == 0})

    found = promptlab.compare(make_cases(20), {"A": A, "B": B}, stop_when="decided", lab=lab)

    assert (found.decided_after, found.saved_calls) == (None, 0)
    assert found.verdicts["method"].tolist() == ["anytime"]
    assert len(server.calls) == 40


def test_stored_calls_are_not_called_saved(lab, server):
    """Calls that the store would have answered are none that the early stop saved."""
    server.says(lambda call: {"found": call.text[0] == "B"})
    promptlab.run_parallel(make_cases(60), A, lab=lab)

    found = promptlab.compare(make_cases(60), {"A": A, "B": B}, workers=1, stop_when="decided", lab=lab)

    assert found.saved_calls == 60 - (len(server.calls) - 60)


def test_applications_can_be_compared():
    """Any callable is a variant, beside prompts and other callables."""

    def shout(case):
        return case.input["request"].upper()

    async def keep(case):
        return case.input["request"]

    cases = [
        {"id": word, "input": {"request": word}, "expect": word.upper()}
        for word in ("a", "b", "c", "d", "e", "f")
    ]
    with Lab(store="off", display="none") as lab:
        found = promptlab.compare(cases, {"keep": keep, "shout": shout}, lab=lab)

    assert found.sentence.startswith("shout is better: +100 points")
    assert "text/html" in found._repr_mimebundle_()


def test_checks_apply_to_all_variants(lab, server):
    """Checks of the caller's own are applied to every variant."""
    server.says(lambda call: {"found": True, "name": call.text[0]})

    found = promptlab.compare(
        make_cases(6), {"A": A, "B": B}, checks=[lambda _case, answer: answer["name"] == "B"], lab=lab
    )

    assert found.verdicts["fixed"].tolist() == [6]


def test_interrupt_keeps_the_rows(server):
    """An interrupt raises `RunStopped` with a row for every case and variant."""
    server.says(lambda _call: {"found": True})

    interrupted = []

    def interrupt(event):
        if type(event).__name__ == "CaseFinished" and not interrupted:
            interrupted.append(event)
            raise KeyboardInterrupt

    with Lab(base_url=server.base_url, display=[interrupt]) as lab, pytest.raises(RunStopped) as caught:
        promptlab.compare(make_cases(20), {"A": A, "B": B}, workers=1, lab=lab)

    assert len(caught.value.partial) == 40


def test_observers_see_the_whole_run(server):
    """Observers of the lab are told of every row, and of the sentence before the end."""
    server.says(lambda call: {"found": call.text[0] == "B"})
    events = []
    with Lab(base_url=server.base_url, display=[events.append]) as lab:
        found = promptlab.compare(make_cases(7), {"A": A, "B": B}, lab=lab)

    names = [type(event).__name__ for event in events]
    assert names.count("CaseFinished") == 14
    assert [event.text for event in events if type(event).__name__ == "Notice"] == [found.sentence]


@pytest.mark.parametrize(
    ("prompts", "settings", "error"),
    [
        ({"A": A}, {}, SettingError), ({}, {}, SettingError), ([A, B], {}, SettingError), ("A", {}, SettingError),
        ({"A": A, "": B}, {}, SettingError), ({"A": A, 1: B}, {}, SettingError),
        ({"A": A, "B": "{{ requst }}"}, {}, PromptError), ({"A": A, "B": 5}, {}, PromptError),
        ({"A": A, "B": B}, {"repeats": 0}, SettingError), ({"A": A, "B": B}, {"workers": 0}, SettingError),
        ({"A": A, "B": B}, {"stop_when": "sure"}, SettingError),
        ({"A": A, "B": B}, {"stop_when": "decided", "repeats": 2}, SettingError),
    ],
)  # fmt: skip
def test_wrong_use_makes_no_call(lab, server, prompts, settings, error):
    """What is wrong is said before any call."""
    with pytest.raises(error):
        promptlab.compare(make_cases(2), prompts, lab=lab, **settings)

    assert not server.calls


def test_json_of_the_rows_is_whole(lab, server):
    """The long frame can be written as JSON, one row a case and variant."""
    server.says(lambda _call: {"found": True})

    found = promptlab.compare(make_cases(3), {"A": A, "B": B}, lab=lab)

    assert len(json.loads(found.frame.to_json(orient="records", default_handler=str))) == 6
