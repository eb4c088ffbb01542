"""What a comparison is made of, wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlab._compare import Referee, Source

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Frames to be compared, and what is known of them."""

    frames: Mapping[str, pd.DataFrame]
    """Name to frame, the baseline first."""
    sources: tuple[Source, ...]
    """What each variant is, in the same order."""
    suite: str = ""
    """The suite's name; empty where it is not known."""
    changed: frozenset[str] = frozenset()
    """Cases known to be no longer the same on both sides."""
    referee: Referee | None = None
    """Who watched the run, where it might stop early."""
    saved_calls: int = 0
    """Calls that were not made since it did."""
    simulated: bool = False
    """Whether a simulator is known to have answered."""
    stopped: str | None = None
    """Why the run ended early."""
    summary: Mapping[str, Any] | None = None
    """The run's summary as plain JSON types, where all comes from one run."""
