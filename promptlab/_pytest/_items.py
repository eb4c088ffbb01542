"""One item a case: what pytest runs, and what it says of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import Skipped

from promptlab._display import one_line
from promptlab._display._escape import lines
from promptlab._pytest._batch import Slot
from promptlab._pytest._crew import Crew, NoVerdictError
from promptlab._pytest._line import LineError
from promptlab._pytest._options import REASON
from promptlab._show import show
from promptlab._types import Outcome

FIXTURE = "prompt_result"
TEXT_LENGTH = 4000
SHOWN_LENGTH = 1000
UNGRADED = "nothing is expected of this case"

OWN_MEANING = frozenset(
    ("skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "prompt_cases", "xdist_group")
)
"""Tags that would do something as markers: they can be selected with `-k` only."""

_MARK = re.compile(r"[^\W_][\w.+/-]*")
_LINE = re.compile(r":(\d+)$")


class CheckFailedError(LineError):
    """A case did not meet what its suite expects."""


@dataclass(slots=True, eq=False)
class Asked:
    """What an item asks for."""

    slot: Slot
    """The row."""
    expect: bool = True
    """Whether the item fails where the row does not meet what its suite expects."""
    waited_s: float = 0.0
    """Seconds that the item waited for the row."""


class CaseItem(pytest.Item):
    """A case of a suite, and a repeat of it.

    Args:
        asked: What it asks for.
        crew: Who makes the call.
    """

    def __init__(self, *, asked: Asked, crew: Crew, **rest: Any) -> None:
        super().__init__(**rest)
        self.asked, self._crew = asked, crew
        for mark in marks(self.config, asked.slot.case.tags, crew):
            self.add_marker(mark)
        self.extra_keyword_matches.update(asked.slot.case.tags)

    def setup(self) -> None:
        """Wait for the row; one without a verdict is an error, not a failure."""
        wait_for(self._crew, self.asked)

    def runtest(self) -> None:
        """Skip where nothing is expected; whether the row passed is said by the hook around it."""
        outcome = self.asked.slot.outcome
        if outcome is not None and outcome.status == "ungraded":
            raise Skipped(UNGRADED, _use_item_location=True)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the case stands."""
        found = _LINE.search(self.asked.slot.case.where or "")
        return self.path, int(found[1]) - 1 if found else None, self.name


def item_name(slot: Slot) -> str:
    """Name a row's item: the case's id, with the repeat where there are more.

    Two colons part the names of a node's id, so that they stand apart in a name; pytest prints names as they are, so
    that nothing may be in one that a terminal or a CI service would act on.
    """
    name = one_line(slot.case.id).replace("::", ": :")
    return f"{name}[{slot.repeat}]" if slot.batch.repeats > 1 else name


def asked_of(item: pytest.Item) -> Asked | None:
    """Give what an item asks for; None for items that are no prompt tests."""
    if isinstance(item, CaseItem):
        return item.asked
    callspec = getattr(item, "callspec", None)
    asked = callspec.params.get(FIXTURE) if callspec is not None else None
    return asked if isinstance(asked, Asked) else None


def wait_for(crew: Crew, asked: Asked) -> Outcome:
    """Wait for an item's row.

    Raises:
        NoVerdictError: The row has no verdict.
    """
    if crew.options.gated:
        pytest.skip(REASON)
    began = time.perf_counter()
    try:
        outcome = crew.outcome(asked.slot)
    finally:
        asked.waited_s = time.perf_counter() - began
    if outcome.status in ("error", "not_run"):
        kind: str = outcome.error or outcome.status
        reason = outcome.reason or ""
        if crew.options.replay and kind == "budget":
            kind = "not in the store"  # the one limit of a replay
        raise NoVerdictError(reason if reason.startswith(kind) else f"{kind}: {reason}")
    return outcome


def marks(config: pytest.Config, tags: Iterable[str], crew: Crew) -> list[pytest.MarkDecorator]:
    """Make a case's markers: its tags, registered, and a skip where its call may cost money."""
    found = []
    for tag in tags:
        if tag in OWN_MEANING or not _MARK.fullmatch(tag):
            continue
        if tag not in crew.tags:
            crew.tags.add(tag)
            config.addinivalue_line("markers", f"{tag}: a tag of prompt cases")
        found.append(getattr(pytest.mark, tag))
    if crew.options.gated:
        found.append(pytest.mark.skip(reason=REASON))
    return found


def dress(report: pytest.TestReport, call: pytest.CallInfo[None], asked: Asked) -> pytest.TestReport:
    """Put the check's line in the place of a traceback, and the row's time in the place of the wait for it."""
    raised = call.excinfo.value if call.excinfo is not None else None
    slot, outcome = asked.slot, asked.slot.outcome
    if isinstance(raised, LineError):
        report.longrepr = lines(str(raised)[:TEXT_LENGTH])
        report.sections.append(("case", _case(slot)))
        if isinstance(raised, CheckFailedError):
            report.promptlab_row = [slot.batch.number, slot.case.id, slot.repeat]  # type: ignore[attr-defined]  # goes with it to the controller
    if report.when == "setup" and outcome is not None:
        # What the row took stands in the place of how long pytest waited for it.
        took = (outcome.finished_s or 0.0) - (outcome.started_s or 0.0)
        report.duration = max(0.0, report.duration - asked.waited_s) + max(0.0, took)
    return report


def _case(slot: Slot) -> str:
    """Show a case with what came of it, each on one line."""
    outcome = slot.outcome
    said = [f"input: {one_line(show(dict(slot.case.input), SHOWN_LENGTH), SHOWN_LENGTH)}"]
    if outcome is not None and outcome.completion is not None:
        said.append(f"answer: {one_line(outcome.completion.text, SHOWN_LENGTH)}")
    if slot.case.why:
        said.append(f"why: {one_line(slot.case.why, SHOWN_LENGTH)}")
    return "\n".join(said)
