"""The display around the screens: its troubles never reach the run."""

import threading
import warnings

import pytest

from promptlab._display import choose
from promptlab._display._painter import Painter, Troubles
from promptlab._display._screen import Display
from promptlab._events import RunFinished, RunStarted
from promptlab._scope import Stop
from tests.display.feed import events_of, make_outcomes, make_run, make_summary, show


class FailingScreen:
    """A screen on which everything goes wrong."""

    def open(self, meter, stop):
        """Fail."""
        raise RuntimeError("no comm")

    def tell(self, event):
        """Fail."""
        raise LookupError("shell_parent")

    def end(self, record):
        """Fail."""
        raise OSError("gone")

    def close(self):
        """Fail."""
        raise ValueError("closed")


class EndlessScreen(FailingScreen):
    """A screen that hears the user's interrupt."""

    def tell(self, event):
        """Be interrupted."""
        raise KeyboardInterrupt


def test_failing_screen_costs_no_row():
    """Whatever a screen raises is counted, said once in the record, and goes no further."""
    troubles = Troubles()
    display = Display("widget", FailingScreen(), troubles)

    record = show(display, make_run(10), make_outcomes(10))

    assert display.ui_errors == 1 + len(list(events_of(make_run(10), make_outcomes(10)))) + 2
    assert display.first_error == "RuntimeError: no comm"
    assert "the live display had 25 errors; the first: RuntimeError: no comm" in record.text()
    assert record.summary.rows == 10


def test_interrupt_passes_through():
    """The user's interrupt is no trouble of the display: the run must hear of it."""
    display = Display("text", EndlessScreen(), Troubles())
    display.start(make_run(2), Stop())

    with pytest.raises(KeyboardInterrupt):
        display(RunStarted(run=make_run(2)))


def test_observers_hear_every_event():
    """Observers are told everything in order, in the caller's thread."""
    run, heard = make_run(5), []
    display = choose(
        [lambda event: heard.append((type(event).__name__, threading.current_thread()))],
        environ={},
        stdout=None,
    )

    show(display, run, make_outcomes(5))

    names = [name for name, _ in heard]
    assert names == ["RunStarted", *["CaseStarted", "CaseFinished"] * 5, "RunFinished"]
    assert {thread for _, thread in heard} == {threading.current_thread()}


def test_observer_that_raises_is_named_once():
    """An observer that raises costs nobody anything: others are told, it is named once, and told again."""
    told, others = [], []

    def sore(event):
        told.append(event)
        raise ZeroDivisionError("mine")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        display = choose([sore, others.append], environ={}, stdout=None)
        show(display, make_run(3), make_outcomes(3))

    assert len(told) == len(others) == display.ui_errors == 8
    assert [str(warning.message).split(" raised ")[1] for warning in caught] == ["ZeroDivisionError: mine"]


def test_warnings_as_errors_stay_inside():
    """Where warnings are errors the one about an observer cannot touch the run either."""

    def sore(event):
        raise ZeroDivisionError

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = show(choose([sore], environ={}, stdout=None), make_run(1), make_outcomes(1))

    assert record.summary.rows == 1


def test_finish_without_start_gives_nothing():
    """A display that never began has no record."""
    display = choose("none", environ={}, stdout=None)
    run, outcomes = make_run(1), make_outcomes(1)

    display(RunFinished(run=run, wall_s=1.0))

    assert display.finish(make_summary(run, outcomes), outcomes) is None
    display.close()


def test_no_display_has_a_record_all_the_same():
    """Where nothing is shown the record can be asked for later."""
    record = show(choose("none", environ={}, stdout=None), make_run(3), make_outcomes(3))

    assert "discovery: 3 of 3 passed" in record.html()


def test_painter_draws_after_news():
    """The thread that draws hears of news, one drawing at a time, and ends when it is closed."""
    drawn = threading.Event()
    painter = Painter(drawn.set, Troubles())
    painter.wake()

    assert drawn.wait(30)
    assert painter.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "promptlab-display"]


def test_painter_outlives_its_errors():
    """A drawing that fails is counted, and the next one is tried."""
    troubles, again = Troubles(), threading.Event()
    tries = []

    def paint():
        tries.append(1)
        if len(tries) > 2:
            again.set()
        raise RuntimeError("no front end")

    painter = Painter(paint, troubles)
    try:
        for _ in range(3):
            painter.wake()
        assert again.wait(30)
    finally:
        painter.close()

    assert troubles.count == len(tries)
    assert troubles.first == "RuntimeError: no front end"


def test_painter_sees_the_callers_context():
    """What is drawn belongs to the cell that runs: the thread has the caller's context variables."""
    from contextvars import ContextVar

    cell, seen, done = ContextVar("cell", default="none"), [], threading.Event()
    cell.set("cell 7")
    painter = Painter(lambda: (seen.append(cell.get()), done.set()), Troubles())
    painter.wake()
    done.wait(30)
    painter.close()

    assert set(seen) == {"cell 7"}
