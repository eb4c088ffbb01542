"""The verb `compare`: runs variants or takes runs that are over, and says which is better and how sure that is."""

from promptlab._contest._comparison import Comparison
from promptlab._contest._verb import calibration, compare, holdout_gap

__all__ = ["Comparison", "calibration", "compare", "holdout_gap"]
