"""The simulator as the library starts it: a stand-in that says so, known again by its settings."""

from __future__ import annotations

import pytest

import promptlab
from promptlab import Lab
from promptlab._errors import SettingError

CASES = [{"id": "a", "input": {"request": "resize photos"}, "expect": {"found": True}}]
PROMPT = 'Workflows:\n- image_resize: resize photos\n\n{{ request }}\nJSON: {"found": true or false, "confidence": 0 to 1}'


def test_simulator_says_so():
    """Frames, summaries and history of a simulated run say that a simulator answered."""
    with promptlab.simulate(latency="none") as running, Lab(base_url=running.base_url, display="none") as lab:
        frame = promptlab.run_parallel(CASES, PROMPT, lab=lab)

        assert frame["model"].tolist() == ["simulated-gpt-5-nano"]
        assert frame.attrs["promptlab"]["simulated"] is True
        assert promptlab.history(lab=lab)["simulated"].tolist() == [True]


def test_simulator_is_known_again():
    """Another simulator with the same settings is served from the store; with other settings it is not."""
    cached = []
    for options in ({"latency": "none"}, {"latency": "none"}, {"latency": "none", "seed": 7}):
        with promptlab.simulate(**options) as running, Lab(base_url=running.base_url, display="none") as lab:
            cached.append(bool(promptlab.run_parallel(CASES, PROMPT, lab=lab)["cached"][0]))

    assert cached == [False, True, False]


def test_simulator_starts_by_itself():
    """With neither key nor base URL the embedded simulator answers, and is gone when the lab is closed."""
    with Lab(display="none") as lab:
        frame = promptlab.run_parallel(CASES, PROMPT, lab=lab)
        running = lab._parts.simulator

        assert frame.attrs["promptlab"]["simulated"] is True
    assert not running.alive()


def test_simulator_counts_calls():
    """The simulator's own counters tell what reached it."""
    with promptlab.simulate(latency="none") as running, Lab(base_url=running.base_url, display="none") as lab:
        promptlab.run_parallel(CASES, PROMPT, repeats=3, lab=lab)

        assert running.stats()["done"] == 3
        running.reset()
        assert running.stats()["done"] == 0


def test_wrong_option_is_said():
    """An option that the simulator does not take is an error that says so."""
    with pytest.raises(SettingError, match=r"^simulate: argument --latency: ") as refused:
        promptlab.simulate(latency="soon")

    assert len(str(refused.value).splitlines()) == 1
    assert "usage" not in str(refused.value)
