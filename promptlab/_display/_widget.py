"""The live panel of JupyterLab and Notebook: a Stop button above a panel, in one widget.

What was tried in real front ends decides the form. One thread alone touches the widgets, with one message
an update. When the run is over the output that held the widget is replaced by plain HTML, which a saved
notebook keeps; the widget stays alive with the same text until the next run has ended, for a page that was
reloaded in mid-run and missed the replacement.
"""

from __future__ import annotations

import threading
from typing import Any

from promptlab._display._html import STOP_HINT
from promptlab._display._htmlout import Slot, live_bundle
from promptlab._display._meter import Meter
from promptlab._display._painter import Painter, Troubles
from promptlab._display._record import Record
from promptlab._events import Event
from promptlab._scope import Stop

PROBE_EVERY_S = 0.6
PROBES = 4


class Panels:
    """Keeps the widgets of the last run alive, and closes those of the runs before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Any] = []

    def keep(self, widgets: list[Any]) -> None:
        """Keep a finished run's widgets in the place of those kept so far."""
        with self._lock:
            old, self._kept = self._kept, widgets
        for widget in old:
            close_models(widget)


class WidgetScreen:
    """Shows a run in a widget.

    Args:
        troubles: Where what goes wrong while drawing is counted.
        panels: Where the widgets go when the run is over.
    """

    def __init__(self, troubles: Troubles, panels: Panels) -> None:
        self._troubles = troubles
        self._panels = panels
        self._slot = Slot()
        self._painter: Painter | None = None
        self._box: Any = None
        self._page: Any = None
        self._button: Any = None
        self._probes: list[Any] = []
        self._heard = threading.Event()
        self._meter: Meter | None = None

    def open(self, meter: Meter, stop: Stop) -> None:
        """Show the widget, and HTML beside it for front ends that know no widgets."""
        import ipywidgets as widgets

        self._meter = meter
        bundle = live_bundle(meter.read(), STOP_HINT)
        self._page = widgets.HTML(value=bundle["text/html"])
        self._button = widgets.Button(
            description="Stop", disabled=True, tooltip="End the run and keep what is done"
        )
        self._button.add_class("promptlab-stop")
        self._button.on_click(lambda _: stop.set("stop button"))
        answer_as_asked(self._button)
        self._box = widgets.VBox([self._button, self._page])
        self._slot.show({"application/vnd.jupyter.widget-view+json": self._box.get_view_spec(), **bundle})
        self._painter = Painter(self._paint, self._troubles)

    def tell(self, event: Event) -> None:  # noqa: ARG002 - the meter has counted it
        """Say that there is something new."""
        if self._painter is not None:
            self._painter.wake()

    def end(self, record: Record) -> None:
        """Put the record where the widget was, and into the widget."""
        self._meter = None
        self._leave(record.bundle())

    def close(self) -> None:
        """Stop drawing and hand the widgets over; a run that came to no end leaves its last panel."""
        meter, self._meter = self._meter, None
        try:
            if meter is not None:
                self._leave(live_bundle(meter.read(), ""))
        finally:
            made = [self._box, self._button, self._page, *self._probes]
            self._panels.keep([widget for widget in made if widget is not None])
            self._box = self._button = self._page = None
            self._probes = []

    def _leave(self, bundle: dict[str, str]) -> None:
        """Stop drawing; put what shall stay in the place of the widget, and into it."""
        painter, self._painter = self._painter, None
        alone = painter is None or painter.close()
        self._slot.show(bundle)
        if alone and self._page is not None:
            self._button.layout.display = "none"
            self._page.value = bundle["text/html"]

    def _paint(self) -> None:
        """Send the panel as one message; runs in the thread that draws."""
        if self._meter is None:
            return
        reading = self._meter.read()
        heard = self._heard.is_set()
        if (
            not heard
            and len(self._probes) < PROBES
            and reading.elapsed_s >= len(self._probes) * PROBE_EVERY_S
        ):
            self._probe()
        if reading.stopped:
            self._button.description = "Stopping"
        if self._button.disabled != (not heard or bool(reading.stopped)):
            self._button.disabled = not self._button.disabled
        self._page.value = live_bundle(reading, "" if heard else STOP_HINT)["text/html"]

    def _probe(self) -> None:
        """Ask the front end to report a view.

        A report that comes while the cell blocks proves that a click on Stop would come too. The first one
        may be lost while the front end still opens the way for it, so this is done more than once.
        """
        import ipywidgets as widgets

        probe = widgets.HTML(value="")
        answer_as_asked(probe)
        probe.layout.display = "none"
        probe._view_count = 0  # noqa: SLF001 - ipywidgets' own name for it: a number asks for reports
        probe.observe(lambda _: self._heard.set(), "_view_count")
        self._probes.append(probe)
        self._box.children = (self._button, self._page, probe)


def answer_as_asked(widget: Any) -> None:
    """Let a front end's message to a widget reach the thread that the front end sent it to.

    ipykernel 7.4 sends it to the shell that published last, which is the one that a running cell blocks.
    """
    comm = getattr(widget, "comm", None)
    if comm is not None and hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: ARG005, SLF001 - its own signature


def close_models(widget: Any) -> None:
    """Close a widget with the models of its layout and style, which it would leave open."""
    for part in (getattr(widget, "style", None), getattr(widget, "layout", None), widget):
        if part is not None:
            part.close()
