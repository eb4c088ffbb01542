"""Cases: a file, a DataFrame or a list becomes a `Suite`, or it is said plainly why not.

A reader for each format makes a `Document` (what was written, with lines); `_build` checks it.
"""

from __future__ import annotations

from promptlab._cases._load import as_suite, load_cases
from promptlab._cases._report import ImportReport, NotUnderstood
from promptlab._cases._suite import Suite
from promptlab._cases._top import SUITE_KEYS
from promptlab._cases._write import write_suite

__all__ = ["SUITE_KEYS", "ImportReport", "NotUnderstood", "Suite", "as_suite", "load_cases", "write_suite"]
