"""What stays: the saved notebook in the hands of others, and the page that was loaded anew in mid-run."""

from __future__ import annotations

import json
import shutil

from tests.browser.page import Notebook

RUN = "frame = promptlab.run_parallel(cases(40, {seconds}), PROMPT, workers=4, lab=lab)"


def test_stranger_reads_the_record(notebook, stranger, page):
    """The saved notebook, opened on somebody else's server that does not trust it, still says it all."""
    book = notebook(RUN.format(seconds=0.02))
    book.run(1)
    book.wait_for_text(1, "30 of 40 passed")
    book.save()
    book.close()
    outputs = json.loads(book.path.read_text())["cells"][1]["outputs"]
    shutil.copy(book.path, stranger.root / "theirs.ipynb")

    theirs = Notebook(page, stranger, "theirs.ipynb")
    theirs.wait_for_text(1, "30 of 40 passed")
    said = theirs.text(1)
    trusted = theirs.trusted(1)
    theirs.output(1).get_by_text('expected "yes", got "no"').first.click()
    opened = theirs.text(1)
    theirs.close()

    assert [set(output["data"]) for output in outputs] == [{"text/html", "text/plain"}]
    assert not trusted
    assert "cases: 30 of 40 passed, 75 % (95 % interval 60 to 86 %)" in said
    assert said.count('answer: expected "yes", got "no"') == 10
    assert "30 passed" in said
    assert "wait 0.02|no" in opened


def test_reload_in_mid_run(notebook, model):
    """A page that is loaded anew in mid-run shows the record when the run is over, and `last_run()` has the frame."""
    # What a kernel says while no page listens is lost to Jupyter: the run outlasts the loading of the page.
    seconds = "lambda index: 0.3 if index < 12 else 1.7"
    book = notebook(
        RUN.format(seconds=seconds), "print(promptlab.last_run(lab=lab)['status'].value_counts().to_dict())"
    )
    book.watch(1)
    book.start(1)
    book.page.wait_for_function("window.heads.length >= 4")
    book.save()

    book.load()
    cut = model.counted()["begun"]
    book.wait_for_text(1, "30 of 40 passed")
    book.run(2)

    assert cut < 40
    assert "cases: 30 of 40 passed" in book.text(2)
    assert "{'pass': 30, 'fail': 10" in book.text(2)
    assert not book.page.get_by_role("button", name="Stop", exact=True).is_visible()
    assert model.counted()["begun"] == 40
