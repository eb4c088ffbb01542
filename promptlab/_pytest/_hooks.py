"""The hooks of a session that has prompt tests; registered when the first one is collected."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlab._errors import SettingError
from promptlab._pytest._batch import Slot
from promptlab._pytest._items import FIXTURE, CaseItem, CheckFailedError, asked_of, dress
from promptlab._pytest._options import check_summary

if TYPE_CHECKING:
    from promptlab._pytest._crew import Crew
    from promptlab._pytest._report import Ending, Key

TITLE = "prompt tests"
LISTED = 10


class Hooks:
    """Has the calls made, and tells what they came to.

    Args:
        crew: The session's crew.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._ending: Ending | None = None
        self._failed_rows: list[Key] = []
        self._lines: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Have marked tests wait for their case also where they do not take `prompt_result`."""
        for item in items:
            if asked_of(item) is None or isinstance(item, CaseItem):
                continue
            # pytest leaves out of what an item is set up with what no argument leads to; its items share the list.
            names = getattr(item, "fixturenames", None)
            if names is not None and FIXTURE not in names:
                names.append(FIXTURE)

    def pytest_report_collectionfinish(self, config: pytest.Config) -> list[str]:
        """Say which files were looked at and are no suites."""
        passed_over = self._crew.not_suites
        if not passed_over:
            return []
        names = ", ".join(_shown(path, config.rootpath) for path in passed_over[:LISTED])
        more = f", … ({len(passed_over)} in all)" if len(passed_over) > LISTED else ""
        return [f"promptlab: no suites, skipped: {names}{more}"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Have the rows of the selected items made, before pytest walks them."""
        config = session.config
        broken = session.testsfailed and not config.getoption("continue_on_collection_errors")
        if broken or config.getoption("collectonly"):
            return
        check_summary(self._crew.options)
        slots = [slot for item in session.items if (slot := _asked_ahead(item)) is not None]
        try:
            self._crew.depart(slots)
        except SettingError as wrong:
            if self._crew.share is None:
                raise pytest.UsageError(str(wrong)) from None
            self._crew.trouble = str(wrong)  # a worker that ends before its items would count as crashed

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Fail a marked test whose case failed, once its own asserts have passed."""
        result = yield
        asked = asked_of(item)
        if asked is not None and asked.expect:
            outcome = asked.slot.outcome
            if outcome is not None and outcome.status == "fail":
                raise CheckFailedError(outcome.reason or "failed")
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the check's line in the place of a traceback."""
        report = yield
        asked = asked_of(item)
        return report if asked is None else dress(report, call, asked)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the rows that failed an item."""
        row = getattr(report, "promptlab_row", None)
        if row is not None and report.failed:
            self._failed_rows.append((row[0], row[1], row[2]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the runs; the exit status follows the bars, where there are any."""
        crew = self._crew
        reason = session.shouldfail or session.shouldstop
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            reason = "interrupt"
        crew.land(str(reason) if reason else None)
        if crew.share is not None:
            return  # the controller tells the whole
        from promptlab._pytest._report import ending_of, story_of

        stories = [story for batch in crew.roster.batches if (story := story_of(batch)) is not None]
        if not stories:
            return
        self._ending = ending_of(stories, crew.options, crew.lab())
        self._lines = [*self._ending.lines(crew.notices), *self._ending.write(crew.notices)]
        settle(session, exitstatus, self._ending, self._failed_rows)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the block at the end."""
        write_block(terminalreporter, self._lines)

    def pytest_unconfigure(self) -> None:
        """Let go of everything."""
        self._crew.close()


def settle(session: pytest.Session, exitstatus: int, ending: Ending, failed_rows: list[Key]) -> None:
    """Set the session's exit status by its bars; one that says more than passed or failed stays."""
    if not ending.has_bars() or exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return
    red = ending.is_red(session.testsfailed, failed_rows)
    session.exitstatus = pytest.ExitCode.TESTS_FAILED if red else pytest.ExitCode.OK


def write_block(terminalreporter: Any, lines: list[str]) -> None:
    """Write lines under the title of the prompt tests."""
    if lines:
        terminalreporter.section(TITLE)
        for line in lines:
            terminalreporter.write_line(line)


def _asked_ahead(item: pytest.Item) -> Slot | None:
    """Give the slot of an item that will be run for certain, as far as its marks tell."""
    asked = asked_of(item)
    if asked is None or item.get_closest_marker("skip") or item.get_closest_marker("skipif"):
        return None
    if any(mark.kwargs.get("run") is False for mark in item.iter_markers("xfail")):
        return None
    return asked.slot


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
