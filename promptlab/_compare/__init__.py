"""Frames of several variants side by side: what may be said of them, and what they differ in.

Frames and outcomes in, values out. Nothing here makes a call, draws a page or opens the store.
"""

from promptlab._compare._board import Board, Pair, Row, known, read_board
from promptlab._compare._calibrated import Calibrated, calibrate
from promptlab._compare._holdout import Gap, measure_gap
from promptlab._compare._referee import Referee
from promptlab._compare._sources import Contrast, Source, contrast, prompt_source, stored_source
from promptlab._compare._tables import case_frame, flaky_frame, summary_frame
from promptlab._compare._verdicts import Became, Versus, judge, verdict_frame

__all__ = [
    "Became",
    "Board",
    "Calibrated",
    "Contrast",
    "Gap",
    "Pair",
    "Referee",
    "Row",
    "Source",
    "Versus",
    "calibrate",
    "case_frame",
    "contrast",
    "flaky_frame",
    "judge",
    "known",
    "measure_gap",
    "prompt_source",
    "read_board",
    "stored_source",
    "summary_frame",
    "verdict_frame",
]
