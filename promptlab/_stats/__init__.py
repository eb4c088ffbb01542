"""Intervals, paired tests, calibration: numbers in, numbers out.

Floor 1: nothing here knows of prompts, frames or files. What every rerun shows (Wilson, mid-p,
Tango, power) runs on `math` alone; numpy and scipy are imported by the rest, when it is called.
"""

from promptlab._stats.agreement import Agreement, cohen_kappa
from promptlab._stats.calibration import CONFIDENT, ENOUGH, Calibration, calibration, confident_mistakes
from promptlab._stats.interval import ALPHA, LEVEL, Interval
from promptlab._stats.multiple import holm
from promptlab._stats.paired import mcnemar_exact, mcnemar_midp, tango
from promptlab._stats.pairs import Paired, compare_once, compare_repeats, compare_verdicts
from promptlab._stats.power import cases_needed, power, smallest_difference
from promptlab._stats.proportions import Score, by_case, gap, score, score_by_case, wilson
from promptlab._stats.reliability import Bin, ErrorInterval
from promptlab._stats.repeats import cluster_interval
from promptlab._stats.sequential import STOP_AT, Watch, anytime_interval, evidence
from promptlab._stats.signflip import SignFlip, sign_flip
from promptlab._stats.verdict import Finding, finding

__all__ = [
    "ALPHA",
    "CONFIDENT",
    "ENOUGH",
    "LEVEL",
    "STOP_AT",
    "Agreement",
    "Bin",
    "Calibration",
    "ErrorInterval",
    "Finding",
    "Interval",
    "Paired",
    "Score",
    "SignFlip",
    "Watch",
    "anytime_interval",
    "by_case",
    "calibration",
    "cases_needed",
    "cluster_interval",
    "cohen_kappa",
    "compare_once",
    "compare_repeats",
    "compare_verdicts",
    "confident_mistakes",
    "evidence",
    "finding",
    "gap",
    "holm",
    "mcnemar_exact",
    "mcnemar_midp",
    "power",
    "score",
    "score_by_case",
    "sign_flip",
    "smallest_difference",
    "tango",
    "wilson",
]
