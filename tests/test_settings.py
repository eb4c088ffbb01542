"""Workers, limits, the store's place: what is asked for, or a clear error."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from promptlab import Lab, UsageError, diff, history, measure_speedup, plan, run_parallel
from promptlab._errors import SettingError
from promptlab._settings import Limits, resolve_repeats, resolve_workers, store_path


@pytest.mark.parametrize(
    ("asked", "environ", "workers"),
    [
        (None, {}, 10), (None, {"CI": "true"}, 5), (None, {"CI": "false"}, 10), (None, {"PARALLEL_WORKERS": "7"}, 7),
        (3, {"PARALLEL_WORKERS": "7"}, 3), (None, {"PARALLEL_WORKERS": "7", "CI": "1"}, 7), (1, {}, 1), (20, {}, 20),
    ],
)  # fmt: skip
def test_workers_come_from_nearest(asked, environ, workers):
    """The argument counts, else the variable, else 10, or 5 in CI."""
    assert resolve_workers(asked, Limits(), environ) == (workers, ())


@pytest.mark.parametrize("asked", [0, -1, True, 2.5, "8", math.nan, [3]])
def test_wrong_workers_are_refused(asked):
    """What is no worker count is an error that says so."""
    with pytest.raises(SettingError, match="workers"):
        resolve_workers(asked, Limits(), {})


@pytest.mark.parametrize("text", ["abc", "0", "-3", "2.5", " ", "１０", "1_0", "+5"])
def test_wrong_variable_is_refused(text):
    """A wrong `PARALLEL_WORKERS` is an error that names it."""
    with pytest.raises(SettingError, match="PARALLEL_WORKERS"):
        resolve_workers(None, Limits(), {"PARALLEL_WORKERS": text})


def test_too_many_workers_are_cut():
    """More workers than the ceiling are cut to it, with a warning and a note."""
    with pytest.warns(UserWarning, match="20 used"):
        workers, notes = resolve_workers(10**6, Limits(), {})

    assert workers == 20
    assert "PARALLEL_WORKERS_MAX" in notes[0]


def test_warning_points_to_the_caller(server):
    """The warning shows the line of the user's that asked for too much, not one of the library's."""
    server.says("x")
    with (
        Lab(base_url=server.base_url, display="none") as lab,
        pytest.warns(UserWarning, match="20 used") as warned,
    ):
        run_parallel([{"id": "a", "input": {"q": "1"}}], "{{ q }}", workers=30, lab=lab)

    assert [warning.filename for warning in warned] == [__file__]


def test_ceiling_follows_the_variable(monkeypatch):
    """`PARALLEL_WORKERS_MAX` moves the ceiling; a limit given in code counts more."""
    monkeypatch.setenv("PARALLEL_WORKERS_MAX", "64")

    assert resolve_workers(50, Limits(), {}) == (50, ())
    assert Limits(max_workers=8).max_workers == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_workers": 0},
        {"timeout": 0},
        {"timeout": "5"},
        {"deadline": math.inf},
        {"rpm": -1},
        {"max_attempts": 0},
        {"max_cost": math.nan},
        {"max_calls": -1},
    ],
)
def test_wrong_limits_are_refused(wrong):
    """A limit out of its range is an error that names it."""
    name, value = next(iter(wrong.items()))

    with pytest.raises(SettingError, match=rf"^Limits\({name}={value!r}\) is no "):
        Limits(**wrong)


@pytest.mark.parametrize("repeats", [0, -1, True, 1.5, "2", None])
def test_wrong_repeats_are_refused(repeats):
    """Repeats are a whole number from 1 up."""
    with pytest.raises(SettingError, match="repeats"):
        resolve_repeats(repeats)


@pytest.mark.parametrize(
    "name",
    [
        "store",
        "executor",
        "shared",
        "resource",
        "confidence",
        "limits",
        "loop",
        "model",
        "base_url",
        "api_key",
        "judge",
        "display",
    ],
)
def test_wrong_parts_of_a_lab_are_named(name):
    """What a lab cannot use is an error that names it, when the lab is made."""
    with pytest.raises(SettingError, match=name):
        Lab(**{name: 5})


@pytest.mark.parametrize(
    "address", ["nonsense", "localhost:8000/v1", "ftp://x/v1", "http://", "http:///v1", "http://a\n"]
)
def test_wrong_address_is_refused(address, monkeypatch):
    """An endpoint that is no address of HTTP is refused when the lab is made, the environment's too."""
    with pytest.raises(
        SettingError, match=r"^base_url= is an address such as http://127\.0\.0\.1:8000/v1, not "
    ):
        Lab(base_url=address)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(SettingError, match=r"^OPENAI_BASE_URL= is an address"):
        Lab()


def test_wrong_address_hides_its_password():
    """What may hold a password is not shown."""
    with pytest.raises(SettingError) as refused:
        Lab(base_url="me:swordfish@localhost/v1")

    assert "swordfish" not in str(refused.value)


def test_none_is_called_none():
    """None in the place of cases or of a prompt is called so, and not empty."""
    with pytest.raises(UsageError, match=r"iterable of cases, not None$"):
        run_parallel(None, "x")
    with pytest.raises(UsageError, match=r"or a path, not None$"):
        run_parallel([{"id": "a", "input": {"q": "1"}}], None)


@pytest.mark.parametrize("display", ["foo", "", [5]])
def test_wrong_display_is_refused(display):
    """A display that there is not is refused when the lab is made."""
    with pytest.raises(SettingError, match="display="):
        Lab(display=display)


@pytest.mark.parametrize("verb", [run_parallel, plan, measure_speedup])
def test_what_is_no_lab_is_refused(verb):
    """Something else in the place of a lab is an error that says so."""
    with pytest.raises(SettingError, match="lab=5 is no Lab"):
        verb([{"id": "a", "input": {"q": "1"}}], "{{ q }}", lab=5)


@pytest.mark.parametrize(
    "ask",
    [lambda: history(5, lab=5), lambda: history(5), lambda: diff(5, "x"), lambda: diff("no such run", "x")],
)
def test_wrong_names_are_told(ask):
    """A name that is no text, or that nothing bears, is wrong use and no bare TypeError."""
    with pytest.raises(UsageError):
        ask()


@pytest.mark.parametrize("mark", [".promptlab", ".git", "pyproject.toml"])
def test_store_lies_in_project(tmp_path, mark):
    """The store lies in the nearest folder upwards that is a project's."""
    (tmp_path / mark).mkdir()
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)

    assert store_path({}, inner) == tmp_path / ".promptlab" / "lab.sqlite3"


def test_store_can_be_moved_or_off(tmp_path):
    """`PROMPTLAB_STORE` names the file, or switches the store off."""
    assert store_path({"PROMPTLAB_STORE": "x.sqlite3"}, tmp_path) == Path("x.sqlite3")
    assert store_path({"PROMPTLAB_STORE": "off"}, tmp_path) is None
