"""What a user sees while a cell runs."""

from __future__ import annotations

import re

DONE = re.compile(r"(\d+) of 40 done")


def test_counts_are_seen_live(notebook, model):
    """The counts of a blocking cell are seen while it runs, and never go backwards."""
    book = notebook("frame = promptlab.run_parallel(cases(40, 0.25), PROMPT, workers=4, lab=lab)")

    book.start(1)
    book.wait_for_text(1, "30 of 40 passed")
    seen = [int(found[1]) for head, prompt in book.heads() if prompt == "[*]:" and (found := DONE.search(head))]

    assert len(set(seen)) >= 5
    assert seen == sorted(seen)
    assert model.counted() == {"begun": 40, "under_way": 0, "most": 4}
