"""The chart of the speedup shows what was measured as measured, and nothing else so."""

from __future__ import annotations

import pandas as pd
import pytest

import promptlab
from promptlab import charts


def frame(*rows, **attrs):
    made = pd.DataFrame(
        [
            {
                "workers": workers,
                "cases": 20,
                "wall_s": wall_s,
                "calls_s": 100.0,
                "speedup": 100.0 / wall_s,
                "bound_s": max(8.0, 100.0 / workers),
                "efficiency": 100.0 / wall_s / workers,
                "rate_limited": refused,
                "measured": measured,
            }
            for workers, wall_s, refused, measured in rows
        ]
    )
    made.attrs["promptlab"] = attrs
    return made


def drawn(figure):
    """Give the lines and marks of the chart by their label, as points."""
    axes = figure.axes[0]
    return {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}


def words(figure):
    axes = figure.axes[0]
    texts = (*figure.legends[0].get_texts(), axes.get_title(loc="left"), figure.get_suptitle())
    return [text if isinstance(text, str) else text.get_text() for text in texts]


def test_measured_and_reckoned_look_different():
    """A time that was not run is a mark of its own, and the legend says that it is the sum of the calls."""
    lines = drawn(charts.speedup(frame((1, 100.0, 0, False), (10, 12.5, 0, True))))

    assert lines["measured, 20 cases"] == [[10.0, 8.0]]
    assert lines["sum of the calls, not run"] == [[1.0, 1.0]]


def test_bound_bends_at_its_knee():
    """The bound rises as the workers until the longest call sets it: 100 s of calls, 8 s the longest, 12.5 times."""
    lines = drawn(charts.speedup(frame((1, 100.0, 0, True), (10, 12.5, 0, True), (20, 8.5, 0, True))))

    assert lines["bound: no schedule is faster"] == [[1, 1], [10, 10], [12.5, 12.5], [20, 12.5]]


def test_first_refusals_are_marked():
    """The smallest count at which calls were refused for the rate is marked, with how many."""
    figure = charts.speedup(frame((10, 12.5, 0, True), (20, 9.0, 7, True), (30, 9.5, 11, True)))

    assert any("from 20 workers on (20 cases, 7 refused)" in text for text in words(figure))


def test_no_refusals_no_mark():
    """Where no call was refused nothing is said of a rate limit."""
    assert not any("rate limit" in text for text in words(charts.speedup(frame((10, 12.5, 0, True)))))


@pytest.mark.parametrize(("times", "said"), [(1, "measured once"), (3, "range of 3 measurements")])
def test_uncertainty_is_said(times, said):
    """The chart says whether a point is one measurement or the median of several."""
    several = pd.concat([frame((10, 12.5 + n, 0, True)) for n in range(times)])

    figure = charts.speedup(several)

    assert any(said in text for text in words(figure))
    assert bool(figure.axes[0].collections) is (times > 1)


def test_suite_name_is_no_markup():
    """A suite's name is shown as it is written, and simulated answers are called so."""
    figure = charts.speedup(frame((10, 12.5, 0, True), suite="$x^2$ a_b", simulated=True))
    figure.canvas.draw()

    assert "$x^2$ a_b" in words(figure)[-1].replace("\n", " ")
    assert "simulated" in words(figure)[-1]


def test_real_frame_draws():
    """The frame of `measure_speedup` is what the chart takes, nullable columns and all."""
    measured = promptlab.measure_speedup(
        [{"id": "one", "input": {"x": 1}}, {"id": "two", "input": {"x": 2}}], lambda _: "yes", workers=(1, 2)
    )

    figure = charts.speedup(measured)
    figure.canvas.draw()

    assert len(drawn(figure)["measured, 2 cases"]) == 2


def test_other_frames_are_refused():
    """A frame that `measure_speedup` did not make is a clear error."""
    with pytest.raises(promptlab.UsageError, match="measure_speedup"):
        charts.speedup(pd.DataFrame({"case": ["a"]}))


def test_nothing_measured_says_so():
    """A frame without a row becomes a chart that says that nothing was measured."""
    assert "no speedup" in charts.speedup(frame((10, 12.5, 0, True)).iloc[:0]).get_suptitle()
