"""A batch: one suite and one target, and the rows that items wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._bars import Bar
from promptlab._cases import Suite
from promptlab._prompt import Prompt
from promptlab._protocols import Check, Target
from promptlab._types import Case, Outcome

if TYPE_CHECKING:
    from promptlab._session import Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """What an application under test is given, as `Lab` takes it. Batches with the same bench share a lab."""

    shared: Callable[[], Any] | None = None
    """Called once before a run."""
    resource: Callable[..., Any] | None = None
    """Makes what each case has of its own."""
    confidence: Callable[..., float | None] | None = None
    """Reads the confidence from an answer."""

    @property
    def key(self) -> tuple[int, int, int]:
        """What is the same for the same callables, also where they have no hash."""
        return id(self.shared), id(self.resource), id(self.confidence)


class Slot:
    """One row, and what came of it.

    Args:
        batch: The batch it belongs to.
        case: The case.
        repeat: The index of the repeat, from 0.
        place: The row's place in the whole of the batch, from 0.
    """

    __slots__ = (
        "batch", "case", "flight", "foreign", "outcome", "owner", "place", "ready", "repeat", "strict", "trouble",
    )  # fmt: skip

    def __init__(self, batch: Batch, case: Case, repeat: int, place: int) -> None:
        self.batch, self.case, self.repeat, self.place = batch, case, repeat, place
        self.ready = threading.Event()
        self.flight: object = None
        """The run that is to bring its outcome; None where there is none."""
        self.foreign = False
        """Whether another process is to bring it."""
        self.owner = 0
        """The number of the process that is to bring it."""
        self.strict = False
        """Whether an item fails where the row does."""
        self.outcome: Outcome | None = None
        self.trouble: str | None = None
        """Why there is no outcome and will be none."""

    @property
    def key(self) -> tuple[str, int]:
        """The case's id and the repeat."""
        return self.case.id, self.repeat

    def settle(self, outcome: Outcome | None, trouble: str | None = None) -> None:
        """Say what came of the row; the first word counts."""
        if not self.ready.is_set():
            self.outcome, self.trouble = outcome, trouble
            self.ready.set()

    @property
    def idle(self) -> bool:
        """Whether nothing is known of it, and nobody in this process is about to ask."""
        return self.flight is None and not self.ready.is_set()


@dataclass(eq=False, slots=True, kw_only=True)
class Batch:
    """One suite and one target."""

    number: int
    """Its place among the session's batches, the same in every process that collects the same."""
    suite: Suite
    """The suite, whole."""
    name: str
    """The target's name."""
    target: Prompt | Target
    """What is under test."""
    repeats: int
    """How often each case is asked."""
    checks: Sequence[Check]
    """Checks for every case, beside its own."""
    bench: Bench
    """What an application is given."""
    bars: tuple[Bar, ...]
    """What its rows are held to."""
    slots: Mapping[tuple[str, int], Slot]
    """A slot for each case and repeat."""
    results: list[Result]
    """The runs that were made for it in this process."""


def make_batch(
    number: int,
    suite: Suite,
    name: str,
    target: Prompt | Target,
    *,
    repeats: int,
    checks: Sequence[Check],
    bench: Bench,
    bars: tuple[Bar, ...],
) -> Batch:
    """Make a batch with a slot for each case and repeat, in the order in which a run lays its rows out."""
    slots: dict[tuple[str, int], Slot] = {}
    batch = Batch(
        number=number, suite=suite, name=name, target=target, repeats=repeats, checks=checks, bench=bench,
        bars=bars, slots=slots, results=[],
    )  # fmt: skip
    for case in suite:
        for repeat in range(repeats):
            slots[case.id, repeat] = Slot(batch, case, repeat, len(slots))
    return batch
