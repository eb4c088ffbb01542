"""What changed since the last version: the lists of cases, and the words around a change."""

from __future__ import annotations

import pytest

from promptlab._diff import word_diff
from promptlab._display import Changes, changes_html, changes_text


def cases(count, line=""):
    """Give so many cases of a list, each with what there is to say of it."""
    return tuple((f"case_{index}", line) for index in range(count))


@pytest.mark.parametrize(
    ("count", "line", "in_sight"), [(7, "got true", 7), (20, "got true", 6), (31, "", 31), (60, "", 30)]
)
def test_long_list_has_a_fold(count, line, in_sight):
    """The first cases of a list stand in sight, the others behind a fold, and none is lost."""
    page = changes_html(Changes(headline="x", broke=cases(count, line)))
    seen, _, folded = page.partition("<details>")

    assert f"{count} broke" in seen
    assert seen.count("case_") == in_sight
    assert seen.count("case_") + folded.count("case_") == count
    assert (f"{count - in_sight} more" in folded) == (count > in_sight)


def test_still_failing_is_behind_a_fold():
    """What failed before and fails still is counted in sight; its cases are behind the fold."""
    page = changes_html(Changes(headline="x", failing=cases(3, "got true"), fixed=cases(2)))
    seen, _, folded = page.partition("<details>")

    assert "case_0, case_1" in seen
    assert "3 still failing" in folded.split("</summary>")[0]
    assert folded.count("got true") == 3


def test_endless_list_is_cut():
    """A list without end takes bounded room, and says how many cases have no place in it."""
    page = changes_html(Changes(headline="x", broke=cases(5_000, "expected true, got false")))

    listed = page.count("<b>case_")

    assert len(page) < 10_000
    assert 10 < listed < 100
    assert f"<li>{5_000 - listed:,} more</li>" in page


def test_words_around_a_change_are_whole():
    """Text that stayed is left out in whole lines, or in whole words where a line is long."""
    lines = "".join(f"line {number} of the prompt\n" for number in range(60))
    words = "word " * 200
    segments = (("same", lines), ("new", "added"), ("same", words), ("gone", "taken"), ("same", lines))

    text = changes_text(Changes(headline="x", segments=segments))
    page = changes_html(Changes(headline="x", segments=segments))

    assert "unchanged ⋯\nline 5" in page
    assert "word ⋯" in page
    assert "⋯ word" in page
    assert "{+added+}" in text
    for cut in ("⋯ine", "wor⋯", "⋯ord", "pt ⋯"):
        assert cut not in page


def test_old_and_new_word_stand_apart():
    """A word and the one in its place do not read as one, in the page's text and in plain lines."""
    changes = Changes(headline="x", segments=tuple(word_diff("a lost_luggage desk", "a bags desk")))
    page = changes_html(changes)

    assert "[-lost_luggage-] {+bags+} desk" in changes_text(changes)
    assert ">lost_luggage</del> <ins" in page
