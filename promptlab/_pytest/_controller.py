"""The controller of pytest-xdist: it makes no call, and tells what the workers' calls came to."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlab._pytest._share import Folder

if TYPE_CHECKING:
    from promptlab._pytest._report import Story


class Controller:
    """Watches over a session with workers.

    Args:
        config: The session's configuration.
        folder: The folder that the workers share.
    """

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self._config = config
        self.folder = Folder(folder)
        """What the workers share."""
        self._numbers: dict[int, Any] = {}
        self._max_fail = int(config.getoption("maxfail", default=0) or 0)
        self._failures = 0
        self._failed_rows: list[tuple[int, str, int]] = []
        self._lines: list[str] = []

    def number_for(self, node: Any) -> int:
        """Give a worker its number: the first that is free, so that one in the place of another has its part."""
        number = next(number for number in itertools.count() if number not in self._numbers)
        self._numbers[number] = node
        return number

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Free the number of a worker that has ended, before another comes in its place."""
        for number, owner in list(self._numbers.items()):
            if owner is node:
                del self._numbers[number]
                self.folder.leave(number)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Stop all workers' calls at once where enough has failed."""
        if not report.failed:
            return
        self._failures += 1
        if self._max_fail and self._failures >= self._max_fail:
            self.folder.stop()
        row = getattr(report, "promptlab_row", None)
        if row is not None:
            self._failed_rows.append((row[0], row[1], row[2]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Tell the whole; the exit status follows the bars, where there are any."""
        if exitstatus == pytest.ExitCode.INTERRUPTED or session.shouldfail or session.shouldstop:
            self.folder.stop()
        heads = {name: self.folder.read(name) for name in self.folder.names("run-")}
        if not heads:
            return
        from promptlab._lab import Lab
        from promptlab._pytest._hooks import settle
        from promptlab._pytest._options import read_options
        from promptlab._pytest._report import ending_of

        options = read_options(self._config)
        stories = [self._story(int(name.split("-")[1]), told) for name, told in heads.items()]
        with Lab(display="none") as lab:
            ending = ending_of(sorted(stories, key=lambda story: story.number), options, lab)
            for told in ending.told:
                lab.store.finish(told.run.id, told.summary.plain(), told.summary.stopped)
        self._lines = [*ending.lines(()), *ending.write(())]
        settle(session, exitstatus, ending, self._failed_rows)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the block at the end, where there were prompt tests."""
        if not self._lines:
            return
        from promptlab._pytest._hooks import write_block

        write_block(terminalreporter, self._lines)

    def pytest_unconfigure(self) -> None:
        """Take the folder away."""
        self.folder.remove()

    def _story(self, number: int, told: Mapping[str, Any]) -> Story:
        from promptlab._bars import Bar
        from promptlab._pytest._report import Story
        from promptlab._pytest._wire import read_outcome
        from promptlab._types import Run, Variant

        head = dict(told["run"])
        variants = tuple(Variant(**variant) for variant in head.pop("variants"))
        cases, notes = tuple(head.pop("cases")), tuple(head.pop("notes"))
        run = Run(**head, cases=cases, notes=notes, variants=variants)
        rows = [read_outcome(self.folder.read(name)) for name in self.folder.names(f"row-{number}-")]
        rows.sort(key=lambda row: row.index)
        return Story(
            number=number,
            run=run,
            runs=(run.id,),
            rows=tuple(rows),
            wall_s=max((row.finished_s or 0.0 for row in rows), default=0.0),
            stopped="the session was stopped" if self.folder.stopped() else None,
            bars=tuple(Bar(**bar) for bar in told["bars"]),
        )
