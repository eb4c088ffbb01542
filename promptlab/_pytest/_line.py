"""Failures that are one line."""

from __future__ import annotations

from _pytest.outcomes import Failed


class LineError(Failed):
    """Fails an item with a line. Where there is no traceback to show pytest makes none, which would take long."""

    def __init__(self, text: str) -> None:
        super().__init__(text, pytrace=False)
