"""The cell magic, in a real IPython shell."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import promptlab
from tests.servers import Reply, ScriptedServer

CASES = [
    {"id": name, "input": {"request": name}, "expect": {"found": name != "mail"}, "tags": [name]}
    for name in ("resize", "report", "mail")
]


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PROMPTLAB_PROGRESS", "text")
    made = InteractiveShell.instance()
    made.run_cell("%load_ext promptlab")
    yield made
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def answering(shell, server: ScriptedServer):
    """A shell whose lab asks a server that finds what the prompt names."""

    def answer(call):
        return {"found": any(name in call.text.split("|")[0] for name in (call.text.split("|")[1],))}

    server.says(answer)
    with promptlab.Lab(base_url=server.base_url) as lab:
        shell.user_ns |= {"cases": CASES, "lab": lab}
        shell.run_cell("%promptlab cases=cases lab=lab workers=3")
        yield shell


def test_cell_is_the_prompt(answering, server):
    """The cell's text is sent as it stands, braces and all, and leaves a prompt and a frame behind."""
    result = answering.run_cell("%%prompt router\nresize {not a variable} $HOME {{ '{{' }}|{{ request }}")

    assert result.success
    assert {call.text for call in server.calls} == {
        f"resize {{not a variable}} $HOME {{{{|{name}" for name in ("resize", "report", "mail")
    }
    assert isinstance(answering.user_ns["router"], promptlab.Prompt)
    assert answering.user_ns["router_df"]["status"].tolist() == ["pass", "fail", "pass"]


def test_rerun_tells_what_changed(answering, capsys):
    """An edited cell says which cases were fixed and which broke, beside the words that changed."""
    answering.run_cell("%%prompt router\nresize|{{ request }}")
    capsys.readouterr()
    answering.run_cell("%%prompt router\nreport mail|{{ request }}")

    said = capsys.readouterr().out

    assert "1 fixed, 2 broke" in said
    assert "fixed: report" in said
    assert "broke: resize" in said
    assert "[-resize-] {+report mail+}" in said


def test_unchanged_rerun_costs_nothing(answering, server):
    """The same cell again is served from the store, and compared with the version before it."""
    answering.run_cell("%%prompt router\nresize|{{ request }}")
    answering.run_cell("%%prompt router\nresize report|{{ request }}")
    answering.run_cell("%%prompt router\nresize report|{{ request }}")

    assert len(server.calls) == 6
    assert answering.user_ns["router_df"]["cached"].all()


def test_cell_options_count_for_the_cell(answering, server):
    """Options of the cell go before those of `%promptlab`."""
    answering.run_cell("%%prompt router tags=mail,report repeats=2\nx|{{ request }}")

    assert answering.user_ns["router_df"]["case"].tolist() == ["report", "report", "mail", "mail"]


def test_front_matter_sets_the_model(answering, server):
    """A cell may begin with front matter, as a prompt file may."""
    answering.run_cell(
        "%%prompt router\n---\nmodel: gpt-9\nsettings: {temperature: 0.5}\n---\nx|{{ request }}"
    )

    assert {(call.body["model"], call.body["temperature"]) for call in server.calls} == {("gpt-9", 0.5)}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%prompt\nx", "needs a name"),
        ("%%prompt not-a-name\nx", "not-a-name"),
        ("%%prompt class\nx", "class"),
        ("%%prompt router\n{{ requst }}", "Did you mean 'request'"),
        ("%%prompt router\n{{ request", "router"),
        ("%%prompt router workers=0\nx", "workers=0"),
        ("%%prompt router speed=9\nx", "speed"),
        ("%%prompt router cases=none.yaml\nx", "none.yaml"),
        ("%promptlab lab=nothing", "nothing"),
        ("%promptlab wrokers=3", "wrokers"),
    ],
)
def test_wrong_cell_is_one_line(answering, server, capsys, cell, said):
    """What is wrong with a cell is said in one line, without a traceback, before any call."""
    capsys.readouterr()
    answering.run_cell(cell)

    told = capsys.readouterr()

    assert said in told.out + told.err
    assert "Traceback" not in told.out + told.err
    assert not server.calls


def test_cell_without_cases_says_what_to_do(shell, capsys):
    """A cell run before any cases are named says how to name them."""
    shell.run_cell("%%prompt router\nx")

    assert "%promptlab cases=PATH" in "".join(capsys.readouterr())


def test_settings_are_shown_and_forgotten(answering, capsys):
    """`%promptlab` shows what is set; an option without a value goes back to its default."""
    answering.run_cell("%promptlab workers=")
    capsys.readouterr()
    answering.run_cell("%promptlab")

    lines = {line.split("=")[0].strip(): line for line in capsys.readouterr().out.splitlines()}

    assert "cases" in lines["cases"].split("=")[1]
    assert lines["workers"].split("=")[1].split()[0] == "calls"


def test_options_complete(answering):
    """Tab completes the names of options, where IPython offers it."""
    with provisionalcompleter():
        _, matches = answering.complete("wor", "%promptlab wor")

    assert "workers=" in matches


def test_errors_leave_the_frame(answering, server):
    """A run whose calls break still leaves the frame behind."""
    server.says(lambda _call: Reply(b"", 400))
    answering.run_cell("%%prompt router\nx|{{ request }}")

    assert answering.user_ns["router_df"]["status"].tolist() == ["error"] * 3


@pytest.mark.parametrize(
    "wrong", ["workers=0", "lab=nolab", "cases=nope.yaml", "tags=a repeats=x", "wrkers=3"]
)
def test_refused_line_changes_nothing(answering, capsys, wrong):
    """A line of which something is wrong is refused at once and changes nothing; the next ones work."""
    before = dict(answering.magics_manager.registry["PromptMagics"].settings)
    capsys.readouterr()
    refused = answering.run_cell(f"%promptlab {wrong}")
    said = "".join(capsys.readouterr())
    shown = answering.run_cell("%promptlab")

    assert not refused.success
    assert wrong.split("=")[1].split()[0] in said or "Did you mean 'workers'?" in said
    assert shown.success
    assert answering.magics_manager.registry["PromptMagics"].settings == before


def test_settings_show_whatever_became(answering, capsys):
    """What is set is shown also where a variable that it names is gone."""
    del answering.user_ns["lab"]
    capsys.readouterr()

    assert answering.run_cell("%promptlab").success
    assert "lab" in capsys.readouterr().out


def test_extension_is_unloaded(answering, capsys):
    """Unloaded, the magics are gone and nothing is completed; loaded again, they keep what was set."""
    answering.run_cell("%unload_ext promptlab")
    capsys.readouterr()
    answering.run_cell("%promptlab")
    gone = "".join(capsys.readouterr())
    _, offered = answering.complete("wor", "%promptlab wor")
    answering.run_cell("%load_ext promptlab")
    capsys.readouterr()
    answering.run_cell("%reload_ext promptlab")
    answering.run_cell("%promptlab")

    assert "`%promptlab` not found" in gone
    assert "workers=" not in offered
    assert "workers = 3 " in capsys.readouterr().out
