"""The prompt cell: edited and run again, as its user does."""

from __future__ import annotations

SETUP = """%load_ext promptlab
lab = promptlab.Lab(base_url={url!r}, store={store!r})
suite = cases(8, 0)
%promptlab cases=suite lab=lab workers=4"""


def test_edited_cell_says_what_changed(notebook, model, tmp_path):
    """The cell, edited and run again, says what changed and for which cases; unedited it makes no call at all."""
    first = "%%prompt echo\nwait {{ seconds }}|{{ say }}"
    book = notebook(
        SETUP.format(url=model.base_url, store=str(tmp_path / "lab.sqlite3")),
        first,
        "len(echo_df), echo.text",
    )
    book.run(1, 2)
    book.wait_for_text(2, "6 of 8 passed")
    alone = book.text(2)

    book.edit(2, "%%prompt echo\nwait {{ seconds }}|yes")
    book.run(2, 3)
    book.wait_for_text(2, "What changed")
    changed, left = book.text(2), book.text(3)
    calls = model.counted()["begun"]
    book.run(2)
    book.wait_for_text(2, "8 of 8 rows from the store")

    assert "What changed" not in alone
    assert "8 of 8 passed" in changed
    assert "2 fixed, 0 broke" in changed
    assert "case_0, case_4" in changed
    assert book.output(2).locator("del").all_inner_texts() == ["{{ say }}"]
    assert book.output(2).locator("ins").all_inner_texts() == ["yes"]
    assert "(8, 'wait {{ seconds }}|yes')" in left
    assert calls == model.counted()["begun"] == 10  # six cases send what they sent before
    assert "2 fixed, 0 broke" in book.text(2)


def test_wrong_cell_is_one_line(notebook, model):
    """What is wrong with a prompt cell is said in one line, and nothing is called."""
    book = notebook(
        SETUP.format(url=model.base_url, store="off"), "%%prompt echo\nwait {{ second }}|{{ say }}", "echo_df"
    )
    book.run(1, 2)
    said = book.text(2)

    assert "Did you mean 'seconds'" in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1
    assert model.counted()["begun"] == 0


def test_pointer_tints_no_layout(notebook, model, tmp_path):
    """What changed is set side by side in a table's row, which no theme of JupyterLab tints under the pointer."""
    book = notebook(
        SETUP.format(url=model.base_url, store=str(tmp_path / "lab.sqlite3")),
        "%%prompt echo\nwait {{ seconds }}|no",
        "%%prompt echo\nwait {{ seconds }}|yes",
    )
    book.run(1, 2, 3)
    book.wait_for_text(3, "What changed")
    row = book.output(3).locator("tr", has=book.page.locator("del"))
    seen = {}
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        book.dress(theme)
        row.hover()
        told = row.evaluate("row => [row.matches(':hover'), getComputedStyle(row).backgroundColor]")
        seen[theme] = tuple(told)

    assert set(seen.values()) == {(True, "rgba(128, 128, 128, 0)")}
