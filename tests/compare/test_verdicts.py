"""What is said of runs that are over: the figures, and what they leave out."""

from __future__ import annotations

import pandas as pd
import pytest

import promptlab
from promptlab import SettingError, UsageError
from promptlab._stats import compare_repeats, holm, score_by_case, smallest_difference, tango
from tests.compare.frames import flipped, make_frame


def test_sentence_says_its_numbers():
    """Eleven fixed and two broken of forty is said with the interval, p and the number of cases."""
    found = promptlab.compare(*flipped(fixed=11, broke=2, both=20, neither=7))

    assert found.sentence == "B is better: +23 points [+6, +39], 11 fixed, 2 broke, p = 0.013 (40 cases)"


def test_verdicts_have_their_figures():
    """Each figure of the sentence stands in the frame of the verdicts, with the dtypes promised."""
    found = promptlab.compare(*flipped(fixed=3, broke=2, both=10, neither=5)).verdicts

    (row,) = found.to_dict("records")
    interval = tango(3, 2, 20)
    assert (row["fixed"], row["broke"], row["ties"], row["cases"], row["left_out"]) == (3, 2, 15, 20, 0)
    assert row["difference"] == pytest.approx(0.05)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert (row["word"], row["needed"] > 700, row["p"], row["p_corrected"]) == (
        "cannot tell",
        True,
        0.6875,
        0.6875,
    )
    assert found["fixed"].dtype == "Int64"
    assert found["low"].dtype == "Float64"


def test_suite_says_what_it_could_tell():
    """The smallest difference that so many cases show with 80 % power is told, and how many the one seen needs."""
    found = promptlab.compare(*flipped(fixed=5, broke=5, both=90))

    assert found.verdicts["smallest"][0] == pytest.approx(smallest_difference(100, churn=0.05))
    assert (
        "100 cases show a difference of 14 points in 8 of 10 comparisons"
        in found._repr_mimebundle_()["text/html"]
    )
    assert promptlab.compare(*flipped(1, 1, 1)).verdicts["smallest"].isna().all()


def test_equal_totals_do_not_hide_change():
    """Two runs with the same total whose cases all changed sides are told apart case by case."""
    found = promptlab.compare(*flipped(fixed=8, broke=8, both=8))

    assert found.summary["passed"].tolist() == [16, 16]
    assert found.table["change.B"].value_counts().to_dict() == {"fixed": 8, "broke": 8, "tie": 8}
    assert "8 fixed, 8 broke" in found.sentence


def test_errors_are_left_out_and_counted():
    """A row without a verdict is in no pair and no score; it is counted, and its bounds are said."""
    a, b = make_frame("PPFFPE", name="A"), make_frame("PEPFUP", name="B")

    found = promptlab.compare(a, b)

    assert found.verdicts[["cases", "left_out", "fixed", "broke"]].iloc[0].tolist() == [3, 3, 1, 0]
    assert found.summary["errors"].tolist() == [1, 1]
    assert found.summary["score"].tolist() == pytest.approx([3 / 5, 3 / 4])
    assert found.summary[["floor", "ceiling"]].iloc[1].tolist() == pytest.approx([3 / 5, 4 / 5])
    assert found.table["change.B"].tolist() == [
        "tie",
        "no verdict",
        "fixed",
        "tie",
        "no verdict",
        "no verdict",
    ]
    assert any("3 pairs left out" in note for note in found.notes)


def test_errors_never_move_the_verdict():
    """However many rows broke, what is said of the others is the same."""
    a, b = make_frame("F" * 9 + "P" * 20, name="A"), make_frame("P" * 29, name="B")
    broken_a, broken_b = make_frame("F" * 9 + "P" * 20 + "E" * 30, name="A"), make_frame("P" * 59, name="B")

    assert promptlab.compare(a, b).sentence == promptlab.compare(broken_a, broken_b).sentence


def test_rows_not_run_are_not_errors():
    """Rows that were stopped before their turn are counted apart from those that broke."""
    found = promptlab.compare(make_frame("PFNN", name="A"), make_frame("PPPN", name="B"))

    assert found.verdicts[["cases", "left_out", "not_asked"]].iloc[0].tolist() == [2, 0, 2]
    assert found.table["change.B"].tolist() == ["tie", "fixed", "not asked", "not asked"]


def test_cases_of_one_side_are_left_out():
    """A case that only one frame has is in no pair, and both orders of the cases are one."""
    a, b = make_frame("PPF", name="A"), make_frame("PPFP", name="B").iloc[::-1]

    found = promptlab.compare(a, b)

    assert found.verdicts[["cases", "left_out"]].iloc[0].tolist() == [3, 1]
    assert found.table["case"].tolist() == ["c0", "c1", "c2", "c3"]
    assert "1 not in A" in found.notes[0]


def test_changed_inputs_are_not_paired():
    """A case that was asked with another input is another case: it is left out, and named."""
    a = make_frame("FFF", name="A")
    b = make_frame("PPP", name="B")
    b.loc[1, "input.request"] = "something else"

    found = promptlab.compare(a, b)

    assert found.verdicts[["fixed", "left_out"]].iloc[0].tolist() == [2, 1]
    assert found.table["change.B"].tolist() == ["fixed", "no verdict", "fixed"]
    assert any("no longer the same case" in note and "c1" in note for note in found.notes)


def test_repeats_pair_by_case():
    """With repeats a case counts once: its rate under B less its rate under A, by the sign flip."""
    a = make_frame("PPF FFF PPP FPF PPP", name="A")
    b = make_frame("PPP FPP PPP PPP FFP", name="B")

    found = promptlab.compare(a, b, seed=5)

    (row,) = found.verdicts.to_dict("records")
    expected = compare_repeats([1 / 3, 2 / 3, 0, 2 / 3, -2 / 3], pairs=15, seed=5)
    assert (row["method"], row["pairs"], row["cases"], row["seed"]) == ("sign flip", 15, 5, 5)
    assert (row["fixed"], row["broke"], row["ties"]) == (3, 1, 1)
    assert (row["difference"], row["p"]) == pytest.approx((expected.difference, expected.p))
    assert found.table["status.A"].tolist() == ["2 of 3", "fail", "pass", "1 of 3", "pass"]
    assert found.table["rate.B"].tolist() == pytest.approx([1, 2 / 3, 1, 1, 1 / 3])


def test_score_is_clustered_by_case():
    """With repeats the interval of a score counts cases, not answers."""
    found = promptlab.compare(
        make_frame("PPP FFF PPP FFF", name="A"), make_frame("PPP PPP PPP FFF", name="B")
    )

    expected = score_by_case([3, 0, 3, 0], [3, 3, 3, 3])
    row = found.summary.iloc[0]
    assert (row["score"], row["low"], row["high"]) == pytest.approx((0.5, expected.low, expected.high))
    assert row["high"] - row["low"] > 0.8


def test_flaky_cases_are_listed():
    """A case whose repeats do not agree is listed: passed k of n."""
    found = promptlab.compare(make_frame("PPF FFF PPP", name="A"), make_frame("PEF FFF PPP", name="B"))

    assert found.flaky.to_dict("records") == [
        {"variant": "A", "case": "c0", "passed": 2, "graded": 3},
        {"variant": "B", "case": "c0", "passed": 1, "graded": 2},
    ]


def test_several_variants_are_corrected():
    """Every variant is held against the first, the p-values corrected for their number (Holm)."""
    a, b = flipped(fixed=8, broke=1, both=20)
    c = make_frame("F" * 8 + "P" * 18 + "F" * 3, name="C")

    found = promptlab.compare({"A": a, "B": b, "C": c})

    raw, corrected = found.verdicts["p"].tolist(), found.verdicts["p_corrected"].tolist()
    assert corrected == pytest.approx(holm(raw))
    assert corrected != raw
    assert found.verdicts["word"].tolist() == ["better", "cannot tell"]
    assert found.sentence.splitlines()[0].startswith("B against A: B is better: +24 points")
    assert "corrected for 2 pairs" in found.sentence


def test_variant_without_a_pair_corrects_nothing():
    """A variant that cannot be compared at all does not make the others' p-values larger."""
    a, b = flipped(fixed=8, broke=1, both=20)

    found = promptlab.compare({"A": a, "B": b, "C": make_frame("E" * 29, name="C")})

    assert found.verdicts["p_corrected"].tolist()[0] == found.verdicts["p"].tolist()[0]
    assert found.verdicts["sentence"].tolist()[1] == "cannot tell: no case has a verdict on both sides"


def test_summary_says_what_each_costs():
    """A variant's row has its confidence, latencies, tokens and cost, in all and for each pass."""
    a = make_frame("PPFF", name="A", latency_s=2.0, cost_usd=0.01, confidence=0.9)
    b = make_frame("PPPF", name="B", cost_usd=None)

    first, second = promptlab.compare(a, b).summary.to_dict("records")

    assert (first["latency_median_s"], first["latency_p95_s"], first["confidence"]) == pytest.approx(
        (2, 2, 0.9)
    )
    assert (first["input_tokens"], first["output_tokens"], first["calls"]) == (400, 80, 4)
    assert (first["cost_usd"], first["cost_per_pass_usd"], first["confident_mistakes"]) == pytest.approx(
        (0.04, 0.02, 2)
    )
    assert pd.isna(second["cost_usd"])
    assert pd.isna(second["cost_per_pass_usd"])


@pytest.mark.parametrize(
    ("letters", "share", "expected"), [("PPPPP", 0.5, 3.0), ("PPPPP", 0.95, 4.8), ("P", 0.95, 1.0)]
)
def test_quantiles_are_those_of_numpy(letters, share, expected):
    """Median and 95th percentile lie between two values in proportion, as numpy and pandas have it."""
    frame = make_frame(letters, name="A")
    frame["latency_s"] = pd.array([float(place + 1) for place in range(len(letters))], dtype="Float64")

    row = promptlab.compare(frame, make_frame(letters, name="B")).summary.iloc[0]

    assert row["latency_median_s" if share == 0.5 else "latency_p95_s"] == pytest.approx(expected)
    assert frame["latency_s"].quantile(share) == pytest.approx(expected)


def test_stored_latencies_are_told_of():
    """Where one side's rows came from the store it is said that their latencies are older."""
    found = promptlab.compare(make_frame("PPP", name="A", cached=True), make_frame("PPP", name="B"))

    assert any("latencies measured in an earlier run: 100 % of A" in note for note in found.notes)


@pytest.mark.parametrize("letters", ["", "E", "U", "N"])
def test_nothing_to_compare_is_said(letters):
    """Without a pair of verdicts there is a sentence, and every frame has its columns and dtypes."""
    full = promptlab.compare(*flipped(1, 1, 1))

    found = promptlab.compare(make_frame(letters, name="A"), make_frame(letters, name="B")) if letters else (
        promptlab.compare({"A": make_frame("P")[:0], "B": make_frame("P")[:0]})
    )  # fmt: skip

    assert found.sentence == "cannot tell: no case has a verdict on both sides"
    assert found.verdicts["difference"].isna().all()
    for name in ("verdicts", "summary", "table", "flaky", "frame"):
        one, other = getattr(found, name).dtypes, getattr(full, name).dtypes
        assert {key: str(value) for key, value in one.items()} == {
            key: str(value) for key, value in other.items()
        }
    assert "cannot tell" in found._repr_mimebundle_()["text/html"]


def test_frame_is_long_and_in_order():
    """The long frame has run_parallel's columns first, by case, repeat and variant; the frames given stay as they were."""
    a, b = (
        make_frame("PF PP", name="x", version="11111111"),
        make_frame("PP FF", name="x", version="22222222"),
    )
    before = a.copy()

    found = promptlab.compare({"old": a, "new": b}).frame

    assert found["prompt"].tolist() == ["old", "new"] * 4
    assert list(found.columns[:22]) == list(a.columns[:22])
    assert found["case"].tolist() == ["c0"] * 4 + ["c1"] * 4
    assert found["repeat"].tolist() == [0, 0, 1, 1] * 2
    assert str(found["status"].dtype) == "category"
    pd.testing.assert_frame_equal(a, before)


def test_long_frame_compares_itself():
    """The long frame of a comparison, given alone, says the same again."""
    found = promptlab.compare(*flipped(9, 1, 20))

    assert promptlab.compare(found.frame).sentence == found.sentence


@pytest.mark.parametrize(
    ("names", "versions", "expected"),
    [
        (("travel", "other"), ("1", "2"), ["travel", "other"]),
        (("travel", "travel"), ("11111111", "22222222"), ["travel 11111111", "travel 22222222"]),
        (("travel", "travel"), ("1", "1"), ["travel (first)", "travel (second)"]),
    ],
)
def test_frames_are_named_by_their_difference(names, versions, expected):
    """Two frames are called by what tells them apart: prompt, version, or the order given."""
    a, b = (
        make_frame("PF", name=name, version=version) for name, version in zip(names, versions, strict=True)
    )

    assert promptlab.compare(a, b).summary["variant"].tolist() == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda: (make_frame("P").drop(columns="status"), make_frame("P")), "no column status"),
        (lambda: (pd.concat([make_frame("P")] * 2), make_frame("P")), "twice"),
        (lambda: (make_frame("P").assign(status="maybe"), make_frame("P")), "'maybe'"),
        (lambda: (make_frame("P"),), "one variant"),
        (lambda: ({"A": make_frame("P")},), "one variant"),
        (lambda: ("cases.yaml", make_frame("P")), "two frames"),
        (lambda: (promptlab.compare(*flipped(1, 1, 1)).frame, make_frame("P")), "2 variants"),
        (lambda: ("no-such-file.yaml",), "needs prompts"),
    ],
)  # fmt: skip
def test_wrong_frames_are_refused(given, said):
    """What cannot be compared is an error that says what is wrong with it."""
    with pytest.raises(UsageError, match=said):
        promptlab.compare(*given())


@pytest.mark.parametrize(
    "setting", [{"workers": 3}, {"repeats": 2}, {"fresh": True}, {"stop_when": "decided"}]
)
def test_running_settings_are_refused_for_frames(setting):
    """What says how to run is an error where nothing is run."""
    with pytest.raises(SettingError, match=next(iter(setting))):
        promptlab.compare(*flipped(1, 1, 1), **setting)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True])
def test_wrong_seeds_are_refused(seed):
    """A seed is a whole number from 0 up."""
    with pytest.raises(SettingError, match="seed"):
        promptlab.compare(*flipped(1, 1, 1), seed=seed)
