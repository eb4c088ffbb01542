"""Plain HTML in a cell's output, where widgets are missing: the panel is replaced as the run goes on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping

from promptlab._display._html import STOP_HINT, headline, panel
from promptlab._display._meter import Meter
from promptlab._display._painter import Painter, Troubles
from promptlab._display._reading import Reading
from promptlab._display._record import Record
from promptlab._events import Event
from promptlab._scope import Stop


class Slot:
    """One output of a cell, whose content can be replaced."""

    def __init__(self) -> None:
        self._id = f"promptlab-{uuid.uuid4().hex}"
        self._shown = False

    def show(self, bundle: Mapping[str, object]) -> None:
        """Show a bundle of forms in place of what was there."""
        from IPython.display import display

        display(dict(bundle), raw=True, display_id=self._id, update=self._shown)  # type: ignore[no-untyped-call] # IPython has no types
        self._shown = True


def live_bundle(reading: Reading, hint: str) -> dict[str, str]:
    """Draw a run under way, in the forms that a notebook keeps."""
    clock = time.strftime("%H:%M:%S")
    return {
        "text/html": panel(reading, hint=hint, clock=clock),
        "text/plain": f"{headline(reading)}, as of {clock}",
    }


class HtmlScreen:
    """Replaces the content of one output.

    Args:
        troubles: Where what goes wrong while drawing is counted.
    """

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles
        self._slot = Slot()
        self._painter: Painter | None = None
        self._meter: Meter | None = None

    def open(self, meter: Meter, stop: Stop) -> None:  # noqa: ARG002 - a screen's shape; there is no button
        """Show the panel and begin to draw it anew."""
        self._meter = meter
        self._slot.show(live_bundle(meter.read(), STOP_HINT))
        self._painter = Painter(lambda: self._slot.show(live_bundle(meter.read(), STOP_HINT)), self._troubles)

    def tell(self, event: Event) -> None:  # noqa: ARG002 - the meter has counted it
        """Say that there is something new."""
        if self._painter is not None:
            self._painter.wake()

    def end(self, record: Record) -> None:
        """Put the record where the panel was."""
        self._stop_drawing()
        self._meter = None
        self._slot.show(record.bundle())

    def close(self) -> None:
        """Stop drawing; a run that came to no end leaves its last panel."""
        self._stop_drawing()
        meter, self._meter = self._meter, None
        if meter is not None:
            self._slot.show(live_bundle(meter.read(), ""))

    def _stop_drawing(self) -> None:
        painter, self._painter = self._painter, None
        if painter is not None:
            painter.close()
