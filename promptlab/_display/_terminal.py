"""The live display on a terminal: a few lines of fixed height that stay in place; in the end the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from promptlab._display._html import counts, headline, times
from promptlab._display._lines import MARKS
from promptlab._display._meter import Meter
from promptlab._display._painter import Painter, Troubles
from promptlab._display._reading import Reading, RowLine
from promptlab._display._record import Record
from promptlab._display._text import encodable
from promptlab._events import Event
from promptlab._scope import Stop

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

ROWS = 6
TROUBLE_LINES = 20
BAR_WIDTH = 40

_STYLES = {"pass": "green", "fail": "bold red", "error": "bold magenta", "ungraded": "dim", "not_run": "dim"}


class TerminalScreen:
    """Draws with rich.

    Args:
        stdout: The terminal.
        troubles: Where what goes wrong while drawing is counted.
        colour: Whether colours may be used.
    """

    def __init__(self, stdout: TextIO, troubles: Troubles, *, colour: bool) -> None:
        self._out = stdout
        self._troubles = troubles
        self._colour = colour
        self._live: Live | None = None
        self._painter: Painter | None = None
        self._meter: Meter | None = None

    def open(self, meter: Meter, stop: Stop) -> None:  # noqa: ARG002 - a screen's shape; Ctrl-C stops a script
        """Begin to draw."""
        from rich.live import Live

        self._meter = meter
        self._live = Live(
            console=console_for(self._out, colour=self._colour), auto_refresh=False, transient=True
        )
        live = self._live
        live.start()
        self._painter = Painter(lambda: live.update(self._draw(meter.read()), refresh=True), self._troubles)

    def tell(self, event: Event) -> None:  # noqa: ARG002 - the meter has counted it
        """Say that there is something new."""
        if self._painter is not None:
            self._painter.wake()

    def end(self, record: Record) -> None:
        """Take the live lines away; write the rows with trouble and the summary."""
        self._stop_drawing()
        self._meter = None
        self._write([*record.trouble_lines(TROUBLE_LINES), *record.note_lines(), record.brief()])

    def close(self) -> None:
        """Stop drawing and give the terminal back; a run that came to no end leaves its counts."""
        self._stop_drawing()
        meter, self._meter = self._meter, None
        if meter is not None:
            reading = meter.read()
            self._write([headline(reading), counts(reading)])

    def _stop_drawing(self) -> None:
        painter, self._painter = self._painter, None
        live, self._live = self._live, None
        if painter is not None:
            painter.close()
        if live is not None:
            live.stop()

    def _write(self, lines: list[str]) -> None:
        self._out.write(encodable("\n".join(lines), self._out) + "\n")
        self._out.flush()

    def _draw(self, reading: Reading) -> Any:
        from rich.console import Group

        rows = [self._row(row) for row in reading.rows[:ROWS]]
        rows += [self._line("")] * (min(ROWS, reading.total) - len(rows))
        note = reading.notices[-1] if reading.notices else ""
        return Group(
            self._line(headline(reading), "bold"),
            self._bar(reading),
            self._line(counts(reading)),
            self._line(times(reading)),
            self._line(note, "dim"),
            *rows,
        )

    def _bar(self, reading: Reading) -> Text:
        parts = (("pass", reading.passed), ("fail", reading.failed), ("error", reading.errors))
        bar = self._line("")
        left, done = BAR_WIDTH, 0
        for status, number in (*parts, ("ungraded", reading.ungraded)):
            done += number
            width = BAR_WIDTH * done // max(reading.total, 1) - (BAR_WIDTH - left)
            bar.append(encodable("━", self._out) * width, _STYLES[status])
            left -= width
        return bar.append(encodable("─", self._out) * left, "dim")

    def _row(self, row: RowLine) -> Text:
        confidence = "n/a" if row.confidence is None else f"{row.confidence:.2f}"
        reason = f" → {row.reason}" if row.reason else ""
        cached = " (cached)" if row.cached else ""
        return self._line(
            f"{MARKS[row.status]} {row.label:<20} conf={confidence}{cached}{reason}", _STYLES[row.status]
        )

    def _line(self, text: str, style: str = "") -> Text:
        from rich.text import Text

        return Text(encodable(text, self._out), style=style, no_wrap=True, overflow="ellipsis")


def console_for(out: TextIO, *, colour: bool) -> Console:
    """Make a console whose closed pipe is an error like others, where rich's own would end the process."""
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            raise BrokenPipeError

    return _Console(file=out, no_color=not colour, force_jupyter=False, highlight=False, emoji=False)
