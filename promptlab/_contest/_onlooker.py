"""Shows a comparison while it runs, and lets it stop as soon as it is decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from promptlab._compare import Referee
from promptlab._display import Changes, Display, Record
from promptlab._events import CaseFinished, Event, Notice
from promptlab._scope import Stop
from promptlab._summary import Summary
from promptlab._types import Outcome, Run

Describe = Callable[[Outcome], str | None]
"""Gives the text that a row was asked with."""

Say = Callable[[Sequence[Outcome]], Sequence[str]]
"""Gives what is to be said of a comparison's rows, a line each."""


class Onlooker(Display):
    """Hands everything on to another display; ends with the sentences where that would show a pooled score.

    A comparison shows itself as the result of its cell. What stays of the panel is how far the run came.

    Args:
        inner: The display that shows the run.
        say: Gives the sentences of a run that is over.
        referee: Says when the run may stop; None where it is to run to its end.
    """

    def __init__(self, inner: Display, say: Say, referee: Referee | None) -> None:
        # It has no screen of its own: everything that a display does, the inner one does.
        self.kind = inner.kind
        self._inner = inner
        self._say = say
        self._referee = referee
        self._begun: tuple[Run, Stop, Describe | None] | None = None

    @property
    def ui_errors(self) -> int:
        """How many errors the display had."""
        return self._inner.ui_errors

    @property
    def first_error(self) -> str | None:
        """What the first of them was."""
        return self._inner.first_error

    def start(
        self,
        run: Run,
        stop: Stop,
        describe: Describe | None = None,
        expected: Sequence[float | None] | None = None,
        order: Sequence[int] | None = None,
    ) -> None:
        """Begin to show a run."""
        self._begun = run, stop, describe
        self._inner.start(run, stop, describe, expected, order)

    def __call__(self, event: Event) -> None:
        """Take notice of an event; stop the run gently where it decides the comparison."""
        self._inner(event)
        if self._referee is None or self._begun is None or not isinstance(event, CaseFinished):
            return
        if enough := self._referee.told([event.outcome]):
            self._begun[1].set(enough, cut=False)

    def finish(
        self, summary: Summary, outcomes: Sequence[Outcome], changes: Changes | None = None
    ) -> Record | None:
        """Say what came out and leave the last panel; give the record for whoever wants every row."""
        if self._begun is None:
            return None
        run, _, describe = self._begun
        said = tuple(self._say(outcomes))
        for line in said:
            self._inner(Notice(text=line))
        self._inner.close()
        return Record(
            run=run, summary=summary, outcomes=outcomes, changes=changes, notices=said, describe=describe
        )

    def close(self) -> None:
        """Let go of everything."""
        self._inner.close()
