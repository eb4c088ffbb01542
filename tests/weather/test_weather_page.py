"""The page on rough weather names tests that exist."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "weather.md").read_text(encoding="utf-8")


def test_named_tests_exist():
    """Every test that the page names is in the file that it names."""
    named = set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE))
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(
            rf"^def {test}\(", (REPOSITORY / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE
        )
    ]

    assert len(named) > 40
    assert not missing


def test_page_tells_what_was_measured():
    """The tables of the benchmarks are on the page."""
    for part in ("criteria", "same rows", "soak"):
        _, _, rest = PAGE.partition(f"<!-- {part} -->")
        assert "| --- |" in rest.partition(f"<!-- end of {part} -->")[0]
