"""Several pairs, and two judges."""

from __future__ import annotations

import random

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests

from promptlab._stats import cohen_kappa, holm
from tests.stats.trials import family_errors, kappa_coverage


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 2, 7])
def test_holm_equals_statsmodels(count: int, seed: int):
    """Corrected values are those of statsmodels, in the order given."""
    luck = random.Random(seed)
    values = [luck.random() ** 3 for _ in range(count)]

    assert holm(values) == pytest.approx(list(multipletests(values, method="holm")[1]), abs=1e-9)


def test_holm_skips_missing_values():
    """A pair that could not be compared stays missing and costs the others nothing."""
    assert holm([0.01, None, 0.04]) == [0.02, None, 0.04]
    assert holm([]) == []
    assert holm([None]) == [None]


def test_holm_keeps_ties_and_one():
    """Equal values stay equal, and none goes beyond 1."""
    assert holm([0.6, 0.6, 0.6]) == [1.0, 1.0, 1.0]


def test_holm_refuses_impossible_values():
    """A p-value lies in [0, 1]."""
    with pytest.raises(ValueError, match="p-value"):
        holm([0.5, 1.5])


def test_family_errs_rarely():
    """Four copies of the baseline: with the correction any is found different in at most 5 % of runs."""
    corrected, plain = family_errors(4, 50, draws=1500, seed=1)

    assert corrected <= 0.05
    assert plain > 0.08


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("labels", [(True, False), ("a", "b", "c")])
def test_kappa_equals_statsmodels(labels: tuple, seed: int):
    """Kappa and both shares are those of statsmodels."""
    luck = random.Random(seed)
    one = [luck.choice(labels) for _ in range(60)]
    other = [value if luck.random() < 0.7 else luck.choice(labels) for value in one]
    table = np.zeros((len(labels), len(labels)))
    for x, y in zip(one, other, strict=True):
        table[labels.index(x), labels.index(y)] += 1

    found = cohen_kappa(one, other)

    assert found.kappa == pytest.approx(cohens_kappa(table).kappa, abs=1e-9)
    assert found.low < found.kappa < found.high <= 1


def test_kappa_leaves_out_missing():
    """Rows that one judge left are left out and counted; None is no label."""
    found = cohen_kappa([True, None, False, True], [True, True, False, None])

    assert (found.rows, found.left_out, found.kappa) == (2, 2, 1.0)


def test_full_agreement_keeps_doubt():
    """Full agreement on few rows does not give an interval without width."""
    found = cohen_kappa([True, False] * 10, [True, False] * 10)

    assert found.kappa == 1.0
    assert found.low < 0.75
    assert found.high == 1.0


@pytest.mark.parametrize("judges", [([], []), ([True] * 5, [True] * 5)])
def test_kappa_missing_without_contrast(judges: tuple[list, list]):
    """No row, or one label throughout: kappa is missing rather than a division by zero."""
    assert cohen_kappa(*judges).kappa is None


@pytest.mark.parametrize(
    ("rows", "rate", "kappa"), [(12, 0.7, 0.9), (20, 0.9, 0.9), (30, 0.5, 0.8), (100, 0.7, 0.0)]
)
def test_kappa_interval_covers(rows: int, rate: float, kappa: float):
    """Kappa's interval holds the truth in 94 % of samples or more, also of few and of one-sided rows."""
    assert kappa_coverage(rows, rate, kappa, draws=2000, seed=1) >= 0.94
