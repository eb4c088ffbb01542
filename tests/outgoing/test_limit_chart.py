"""The chart of the limit shows when it moved, why, and when calls were held back."""

import pandas as pd
import pytest

import promptlab
from promptlab import Lab, UsageError, charts
from tests.servers import Reply, chat

DOWN = "rate limit: all wait 2.0 s, then about 20 a second are sent"
UP = "no call was refused since: more at once are tried"
OUT, OVER = "outage: 5 calls failed in a row; the endpoint is probed", "the outage is over"


def frame(moves, **more):
    made = pd.DataFrame({"case": ["a"]})
    told = {
        "suite": "s",
        "workers": 32,
        "wall_s": 20.0,
        "rate_limited": 7,
        "simulated": False,
        "limits": moves,
    }
    made.attrs["promptlab"] = told | more
    return made


def steps(figure):
    """Give the edges and the heights of the line."""
    (line,) = [patch for patch in figure.axes[0].patches if hasattr(patch, "get_data")]
    heights, edges, _ = line.get_data()
    return edges.tolist(), heights.tolist()


def shaded(figure):
    """Give the spans in which calls were held back, in seconds."""
    spans = [patch for patch in figure.axes[0].patches if not hasattr(patch, "get_data")]
    return [(round(span.get_x(), 2), round(span.get_x() + span.get_width(), 2)) for span in spans]


def words(figure):
    return " ".join(f"{figure.get_suptitle()} {figure.axes[0].get_title(loc='left')}".split())


def test_limit_is_drawn_as_steps():
    """The line begins at the workers, holds each limit until the next, and ends with the run."""
    figure = charts.limit(frame([[3.0, 12, DOWN], [9.0, 14, UP]]))

    assert steps(figure) == ([0.0, 3.0, 9.0, 20.0], [32, 12, 14])
    assert shaded(figure) == [(3.0, 5.0)]
    assert "fell from 32 calls at once to 12, at the end it was 14, 7 calls were refused" in words(figure)
    assert f"1: {DOWN} 2: {UP}" in words(figure)


def test_outage_is_shaded_to_its_end():
    """Calls are held back from the beginning of an outage to its end, or that of the run; spans are joined."""
    figure = charts.limit(
        frame([[1.0, 1, OUT], [4.0, 9, OVER], [5.0, 8, DOWN], [6.5, 7, DOWN], [15.0, 1, OUT]])
    )

    assert shaded(figure) == [(1.0, 4.0), (5.0, 8.5), (15.0, 20.0)]
    assert "held back for 11.5 s" in words(figure)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("count", [1, 13, 1000])
def test_any_number_of_moves_is_drawn(count, dark):
    """One move or a thousand: the chart has a finding, few lines of reasons, and is drawn."""
    moves = [[0.1 * place, 1 + place % 31, (DOWN, UP)[place % 2]] for place in range(count)]
    figure = charts.limit(frame(moves), dark=dark)

    assert figure._repr_png_().startswith(b"\x89PNG")
    assert len(figure.axes[0].texts) <= 12
    assert figure.axes[0].get_title(loc="left").count("\n") <= 5


def test_run_without_moves_says_so():
    """Where the limit never moved, or nobody knows, the chart is a sentence."""
    assert "never moved; up to 32 calls" in charts.limit(frame([])).get_suptitle()
    assert "not known" in charts.limit(frame(None)).get_suptitle()


def test_words_of_others_are_no_markup():
    """A suite's name and a reason are shown as they are, without escape bytes and without mathematics."""
    figure = charts.limit(frame([[1.0, 3, "$x^2$ \x1b[31m \\frac{"]], suite="$\\bad{"))

    figure.canvas.draw()

    assert "$x^2$ \\x1b[31m" in words(figure)


def test_real_run_is_drawn(server):
    """A run that met a rate limit is drawn from its frame, from a comparison and from its lab, all alike."""
    refused = Reply({"error": {"message": "slow down"}}, 429, {"retry-after-ms": "50"})
    server.answer = lambda call, _: refused if call.number in (2, 3) else Reply(chat("ok"))
    cases = [{"id": f"c{n}", "input": {}} for n in range(6)]
    with Lab(base_url=server.base_url, store="off", display="none") as lab:
        with pytest.raises(UsageError, match="no run yet"):
            charts.limit(lab)
        made = promptlab.run_parallel(cases, "q", workers=4, lab=lab)
        by_frame, by_lab = charts.limit(made.head(2)), charts.limit(lab)
        found = promptlab.compare(cases, {"A": "q", "B": "p"}, lab=lab)

    assert made.attrs["promptlab"]["rate_limited"] == 2
    assert steps(by_frame) == steps(by_lab)
    assert "2 calls were refused for the rate" in words(by_frame)
    assert charts.limit(found).get_suptitle()


def test_run_from_the_store_is_no_claim(server, tmp_path):
    """A run that was taken from the store does not claim that no call was refused."""
    with Lab(base_url=server.base_url, store=tmp_path / "s.sqlite3", display="none") as lab:
        promptlab.run_parallel([{"id": "c", "input": {}}], "q", lab=lab)
    with Lab(base_url=server.base_url, store=tmp_path / "s.sqlite3", display="none") as lab:
        assert "not known" in charts.limit(promptlab.last_run(lab=lab)).get_suptitle()


@pytest.mark.parametrize("wrong", [pd.DataFrame({"a": [1]}), 3, None, "run"])
def test_other_things_are_refused(wrong):
    """What is neither a run's frame nor a lab is a clear error."""
    with pytest.raises(UsageError, match="run_parallel"):
        charts.limit(wrong)
