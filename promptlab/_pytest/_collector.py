"""Python's garbage collector around the SDK: loading it makes objects by the hundred thousand, none of them garbage."""

from __future__ import annotations

import gc


class Pause:
    """Keeps the collector from looking through what is being loaded; where it was off it stays off."""

    def __init__(self) -> None:
        self._mine = False

    def begin(self) -> None:
        """Put the collector off."""
        if gc.isenabled():
            self._mine = True
            gc.disable()

    def end(self) -> None:
        """Let it go on; more than once does no harm."""
        if self._mine:
            self._mine = False
            gc.enable()


def leave_the_rest() -> None:
    """Collect once, then leave what lives to the end of the process: pytest and Python would look through it all again.

    A process does so once: where sessions run within a session, what lives is not theirs alone.
    """
    if hasattr(gc, "freeze") and not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
