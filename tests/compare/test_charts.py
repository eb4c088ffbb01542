"""The charts: what is drawn, with its uncertainty, whatever the data."""

from __future__ import annotations

import io
import subprocess
import sys

import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from PIL import Image

import promptlab
from promptlab import Lab, UsageError, charts
from tests.compare.frames import flipped, make_frame
from tests.compare.test_confidence_verbs import answers

HOSTILE = "$\\frac{$ <b>\x1b[31m\u202e"


def bars_of(axes) -> list[tuple[float, float, float, float]]:
    """Give for each point drawn with an error bar: x, y, and the ends of the bar."""
    found = []
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            line, _, (bar,) = container.lines
            (segment,) = bar.get_segments()
            along = 0 if container.has_xerr else 1
            found.append((line.get_xdata()[0], line.get_ydata()[0], segment[0][along], segment[1][along]))
    return found


def texts_of(axes) -> list[str]:
    """Give everything that is written on axes."""
    return [text.get_text() for text in axes.texts]


def drawn(chart) -> Image.Image:
    """Draw a chart as a notebook does."""
    return Image.open(io.BytesIO(chart._repr_png_()))


def test_comparison_draws_its_figures():
    """Each variant has its score and interval, each but the baseline its difference and interval."""
    found = promptlab.compare(*flipped(fixed=11, broke=2, both=20, neither=7))

    chart = charts.comparison(found)

    scores, differences = chart.axes
    expected = (100 * found.summary[["score", "low", "high"]]).to_numpy().tolist()
    for (score, y, low, high), row, place in zip(bars_of(scores), expected, range(2), strict=True):
        assert (y, [score, low, high]) == (place, pytest.approx(row))
    ((difference, y, low, high),) = bars_of(differences)
    assert y == 1
    assert [difference, low, high] == pytest.approx(
        (100 * found.verdicts[["difference", "low", "high"]]).iloc[0].tolist()
    )
    assert "better\n11 fixed, 2 broke" in texts_of(differences)
    assert chart.get_suptitle().replace("\n", " ").replace("\u00a0", " ") == found.sentence


def test_comparison_draws_what_errors_leave_open():
    """The score that errors leave possible is drawn beside the interval."""
    chart = charts.comparison(promptlab.compare(make_frame("PPFE", name="A"), make_frame("PPFF", name="B")))

    dotted = [line for line in chart.axes[0].lines if line.get_linestyle() == ":"]
    assert [list(line.get_xdata()) for line in dotted] == [[50.0, 75.0]]
    assert "1 without a verdict" in texts_of(chart.axes[0])


@pytest.mark.parametrize("variants", [2, 12, 60])
@pytest.mark.parametrize("dark", [False, True])
def test_comparison_of_any_size_is_drawn(variants, dark):
    """Few variants and many are drawn, long and hostile names among them; those left out are counted."""
    frames = {
        f"{place} {HOSTILE} {'long ' * 30}": make_frame("PFPF" * 5, name=f"v{place}")
        for place in range(variants)
    }

    chart = charts.comparison(promptlab.compare(frames), dark=dark)

    image = drawn(chart)
    assert len(bars_of(chart.axes[0])) == min(variants, 40)
    assert image.width == pytest.approx(9.5 * 110, abs=2)
    assert image.height < 3_000
    assert (variants > 40) == ("not drawn" in chart.axes[0].get_xlabel())


def test_difference_has_a_shape_and_a_word():
    """Better, worse and undecided differ in shape and word, not by colour alone."""
    base = make_frame("PF" * 20, name="A")
    found = promptlab.compare(
        {"A": base, "up": make_frame("P" * 40), "down": make_frame("F" * 40), "same": base}
    )

    axes = charts.comparison(found).axes[1]

    markers = [c.lines[0].get_marker() for c in axes.containers if isinstance(c, ErrorbarContainer)]
    assert markers == ["^", "v", "o"]
    assert [text.split("\n")[0] for text in texts_of(axes)[1:]] == ["better", "worse", "cannot tell"]


def test_nothing_to_compare_is_drawn_as_words():
    """Without a graded case there is no axis, and the title says why."""
    chart = charts.comparison(promptlab.compare(make_frame("EE", name="A"), make_frame("EE", name="B")))

    assert chart.axes == []
    assert "no case was graded" in chart.get_suptitle()
    assert drawn(chart).height < 200


def test_reliability_diagram_draws_its_bins():
    """Each bin is a point with the interval of its rate, beside the honest line; the title is the sentence."""
    frame = answers(200, sure=0.9, right=0.6)
    frame["confidence"] = pd.array([0.5 + 0.0025 * place for place in range(200)], dtype="Float64")
    found = promptlab.calibration(frame)

    chart = charts.calibration(found)

    expected = (100 * found.frame[["confidence", "rate", "rate_low", "rate_high"]]).to_numpy().tolist()
    assert [list(bar) for bar in bars_of(chart.axes[0])] == [pytest.approx(row) for row in expected]
    assert len(expected) == 10
    (honest,) = [line for line in chart.axes[0].lines if line.get_linestyle() == "--"]
    assert list(honest.get_xdata()) == list(honest.get_ydata())
    assert chart.get_suptitle().replace("\n", " ").replace("\u00a0", " ") == found.sentence
    assert bars_of(charts.calibration(frame).axes[0]) == bars_of(chart.axes[0])


@pytest.mark.parametrize("count", [0, 1, 29])
def test_too_few_rows_are_drawn_as_words(count):
    """Below 30 rows there is nothing but the sentence."""
    chart = charts.calibration(answers(40, sure=0.9, right=0.5)[:count])

    assert chart.axes == []
    assert "too few" in chart.get_suptitle()
    drawn(chart)


@pytest.mark.parametrize("dark", [False, True])
def test_confidence_without_spread_is_drawn(dark):
    """A source that always says 1.0 is one point."""
    chart = charts.calibration(answers(60, sure=1.0, right=0.5), dark=dark)

    assert len(bars_of(chart.axes[0])) == 1
    drawn(chart)


def entries(count: int, names=("travel",)) -> pd.DataFrame:
    """Make a history."""
    rows = [
        {
            "when": pd.Timestamp("2026-01-02 03:04", tz="UTC") + pd.Timedelta(minutes=place),
            "prompt": names[place % len(names)], "version": f"{place:08x}", "suite": "travel_intents",
            "score": 0.5 + place / (3 * count), "low": 0.4, "high": 0.95, "simulated": place % 2 == 0,
        }
        for place in range(count)
    ]  # fmt: skip
    columns = ["when", "prompt", "version", "suite", "score", "low", "high", "simulated"]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize("count", [1, 3, 60])
def test_history_draws_every_run(count):
    """Each run is a point with its interval, from the oldest to the newest; a few are named below."""
    frame = entries(count)

    chart = charts.history(frame.sample(frac=1, random_state=1))

    (axes,) = chart.axes
    assert [bar[0] for bar in bars_of(axes)] == list(range(count))
    assert [bar[1] for bar in bars_of(axes)] == pytest.approx((100 * frame["score"]).tolist())
    assert {(bar[2], bar[3]) for bar in bars_of(axes)} == {(40.0, 95.0)}
    assert 1 <= len(axes.get_xticks()) <= 14
    assert chart.get_suptitle().startswith("travel: ")
    drawn(chart)


def test_history_names_its_lines():
    """Several prompts are named where their lines end, the latest six of them; hostile names are words."""
    names = (*"bcdefgh", HOSTILE)

    chart = charts.history(entries(24, names), dark=True)

    assert len(texts_of(chart.axes[0])) == 6
    assert "not drawn (2)" in chart.get_suptitle()
    drawn(chart)


def test_history_of_a_store_is_drawn(server):
    """What `history` gives can be drawn as it is, runs without a graded row left out."""
    server.says(lambda _call: {"found": True})
    with Lab(base_url=server.base_url, display="none") as lab:
        promptlab.run_parallel([{"id": "a", "input": {}, "expect": {"found": True}}], "x", lab=lab)
        promptlab.run_parallel([{"id": "a", "input": {}}], "x", lab=lab)
        chart = charts.history(promptlab.history(lab=lab))

    assert len(bars_of(chart.axes[0])) == 1


def test_empty_history_is_drawn_as_words():
    """Without a run the chart says so."""
    assert charts.history(entries(0)).get_suptitle() == "no run was graded yet"


@pytest.mark.parametrize("draw", [charts.history, charts.calibration])
def test_wrong_frames_are_refused(draw):
    """A frame without the columns is an error that names one."""
    with pytest.raises(UsageError, match="column"):
        draw(pd.DataFrame({"a": [1]}))


def test_charts_leave_pyplot_alone():
    """No chart needs or touches pyplot, and `import promptlab` loads no matplotlib."""
    code = (
        "import sys, promptlab; first = 'matplotlib' in sys.modules\n"
        "import pandas as pd; chart = promptlab.charts.history(pd.DataFrame(columns="
        "['when', 'prompt', 'version', 'suite', 'score', 'low', 'high']))\n"
        "print(first, 'matplotlib.pyplot' in sys.modules, chart._repr_png_()[:4])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.split(" ", 2) == ["False", "False", "b'\\x89PNG'\n"]


@pytest.mark.slow
def test_chart_is_shown_once():
    """In a kernel a chart that is a cell's last line is one picture, also where pyplot draws inline."""
    import nbformat
    from nbclient import NotebookClient

    code = (
        "import promptlab, pandas as pd\n"
        "frame = pd.DataFrame({'case': list('abc'), 'repeat': 0, 'status': 'pass'})\n"
        "found = promptlab.compare({'A': frame, 'B': frame})\n"
        "promptlab.charts.comparison(found)"
    )
    cells = [code, f"%matplotlib inline\nimport matplotlib.pyplot\n{code}"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])

    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    for cell in notebook.cells:
        assert ["image/png" in output.get("data", {}) for output in cell.outputs] == [True]
