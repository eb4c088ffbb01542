"""Plain lines for output that is no screen: one for each finished row, then the summary."""

from __future__ import annotations

import threading
from typing import TextIO

from promptlab._display._escape import one_line
from promptlab._display._lines import label_of, progress_line
from promptlab._display._meter import Meter
from promptlab._display._record import Record
from promptlab._events import CaseFinished, Event, LimitChanged, Notice
from promptlab._scope import Stop

SUBSTITUTES = str.maketrans(
    {"✅": "PASS", "❌": "FAIL", "⚠": "ERROR", "➖": "UNGRADED", "→": "->", "…": "...", "⏎": "/"}
)
"""What stands for the signs where the output's encoding has no room for them."""


class TextScreen:
    """Writes lines. Output that breaks (a closed pipe, a full disk) is not written to again."""

    def __init__(self, stdout: TextIO) -> None:
        self._out = stdout
        self._broken = False
        self._lock = threading.Lock()
        self._meter: Meter | None = None
        self._lowest: int | None = None

    def open(self, meter: Meter, stop: Stop) -> None:  # noqa: ARG002 - a screen's shape; lines cannot be clicked
        """Take the meter."""
        self._meter = meter

    def tell(self, event: Event) -> None:
        """Write the line of a finished row; a note for what is said once for the whole run."""
        match event:
            case CaseFinished(outcome=outcome) if outcome.status != "not_run" and self._meter is not None:
                done, total, eta_s = self._meter.progress()
                label = label_of(self._meter.run, outcome)
                self._write(progress_line(outcome, label=label, done=done, total=total, eta_s=eta_s))
            case Notice(text=text):
                self._write(f"note: {one_line(text)}")
            case LimitChanged(limit=limit, reason=reason) if self._lowest is None or limit < self._lowest:
                self._lowest = limit
                self._write(f"note: at most {limit} at once: {one_line(reason)}")
            case _:
                return

    def end(self, record: Record) -> None:
        """Write the summary."""
        self._write(record.brief())

    def close(self) -> None:
        """Do nothing: the output is the caller's."""

    def _write(self, text: str) -> None:
        """Write whole lines, in whatever encoding the output has.

        Raises:
            OSError, ValueError: The output is gone; later calls do nothing.
        """
        with self._lock:
            if self._broken:
                return
            try:
                self._out.write(encodable(text, self._out) + "\n")
                self._out.flush()
            except (OSError, ValueError):
                self._broken = True
                raise


def encodable(text: str, out: TextIO) -> str:
    """Put words in the place of signs that the output's encoding does not have."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeError:
        plain = text.replace("\ufe0f", "").translate(SUBSTITUTES)
        return plain.encode(encoding, "replace").decode(encoding)
    return text
