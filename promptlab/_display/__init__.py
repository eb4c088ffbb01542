"""Shows a run: in a notebook, on a terminal, as lines, or nowhere. Told, never asked.

A meter folds events into readings; a screen draws readings; a `Display` keeps a screen's troubles from the
run; a `Record` is what stays.
"""

from promptlab._display._changes import Changes, changes_html, changes_text
from promptlab._display._choose import choose, sound_display
from promptlab._display._escape import one_line
from promptlab._display._meter import Meter
from promptlab._display._reading import Reading, RowLine
from promptlab._display._record import Record, show_record
from promptlab._display._screen import Display
from promptlab._display._widget import Panels

__all__ = [
    "Changes",
    "Display",
    "Meter",
    "Panels",
    "Reading",
    "Record",
    "RowLine",
    "changes_html",
    "changes_text",
    "choose",
    "one_line",
    "show_record",
    "sound_display",
]
