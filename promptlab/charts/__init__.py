"""Figures of what was found: frames in, matplotlib figures out.

Each draws its uncertainty, says its finding in its title, and names things where they stand. `dark=True` is for a
dark page. The figures belong to no pyplot: return one as the last line of a cell and it is shown once.
"""

from promptlab.charts._calibration import calibration
from promptlab.charts._comparison import comparison
from promptlab.charts._history import history
from promptlab.charts._limit import limit
from promptlab.charts._speedup import speedup

__all__ = ["calibration", "comparison", "history", "limit", "speedup"]
