"""The text display: lines and a summary, on any output."""

import io
import os
import subprocess
import sys

import pytest

from promptlab._display import choose
from promptlab._events import LimitChanged, Notice
from promptlab._scope import Stop
from tests.display.feed import events_of, make_outcome, make_outcomes, make_run, make_summary, show


def text_display(out):
    """Choose the text display."""
    return choose("text", environ={}, stdout=out)


def test_text_is_a_line_a_row_and_a_summary():
    """Each finished row has its line, in the order in which they finished; the summary ends it."""
    out, run = io.StringIO(), make_run(20)

    show(text_display(out), run, make_outcomes(20))

    written = out.getvalue().splitlines()
    assert [line.split("]")[0] for line in written[:20]] == [f"[{number}/20" for number in range(1, 21)]
    assert written[20].startswith("discovery: 14 of 16 passed")
    assert not any(line.startswith("[") for line in written[20:])


def test_text_leaves_out_rows_not_run():
    """A row that was stopped before its turn is no finished row."""
    out, run = io.StringIO(), make_run(4)

    show(text_display(out), run, make_outcomes(4, ("pass", "not_run")))

    assert [line for line in out.getvalue().splitlines() if line.startswith("[")] == [
        "[1/4] ✅ case_0               conf=0.95 (ETA: 1.0s)",
        "[2/4] ✅ case_2               conf=0.95 (ETA: 1.0s)",
    ]


def test_text_says_notes_and_lower_limits():
    """What is said once is a note; of the limit only a new low is, so that it cannot flood the log."""
    out, run = io.StringIO(), make_run(2)
    display = text_display(out)
    display.start(run, Stop())
    for limit in (4, 5, 3, 4, 3):
        display(LimitChanged(limit=limit, reason="rate limited", at_s=0.0))
    for _ in range(2):
        display(Notice(text="::temperature dropped"))

    assert out.getvalue().splitlines() == [
        "note: at most 4 at once: rate limited",
        "note: at most 3 at once: rate limited",
        "note: ::temperature dropped",
    ]


def test_text_in_a_narrow_encoding():
    """An output that has no room for the signs gets words, and the run goes on."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    display = text_display(out)

    show(display, make_run(4), make_outcomes(4))

    assert b"[4/4] FAIL case_3" in out.buffer.getvalue()
    assert display.ui_errors == 0


class Closed(io.StringIO):
    """An output that breaks after a few lines."""

    def __init__(self, error):
        super().__init__()
        self.error, self.tried = error, 0

    def write(self, text):
        """Break."""
        self.tried += 1
        raise self.error


@pytest.mark.parametrize(
    "error", [BrokenPipeError(), OSError(28, "No space left"), ValueError("closed file")]
)
def test_broken_output_is_left_alone(error):
    """Output that breaks is counted, not written to again, and touches nothing else."""
    out = Closed(error)
    display = text_display(out)

    record = show(display, make_run(20), make_outcomes(20))

    assert (out.tried, display.ui_errors) == (1, 1)
    assert "the live display had 1 error" in record.text()


def test_closed_pipe_keeps_the_run_going():
    """A reader that goes away after two lines (`| head -2`) does not end the writer's run."""
    code = (
        "import os, sys\n"
        "from tests.display.feed import make_outcomes, make_run, show\n"
        "from promptlab._display import choose\n"
        "record = show(choose('auto', environ=os.environ, stdout=sys.stdout), make_run(2000), make_outcomes(2000))\n"
        "print(len(record.outcomes), file=sys.stderr)\n"
        "os._exit(0)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PROMPTLAB_PROGRESS": "text"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    ) as process:
        assert process.stdout.readline().startswith(b"[1/2000] ")
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(60)

    assert (errors.split(), process.returncode) == ([b"2000"], 0)


def test_summary_begins_no_command():
    """A suite's name cannot make the summary a command of a CI service."""
    out, run = io.StringIO(), make_run(2, suite="::error file=x::##[group]")

    show(text_display(out), run, make_outcomes(2))

    assert not any(line.startswith(("::", "##[")) or "##[" in line for line in out.getvalue().splitlines())


def test_events_told_again_write_nothing():
    """An outcome that is told twice has one line."""
    out, run = io.StringIO(), make_run(3)
    display = text_display(out)
    display.start(run, Stop())
    for event in [*events_of(run, [make_outcome(0)])] * 2:
        display(event)
    display.finish(make_summary(run, [make_outcome(0)]), [make_outcome(0)])

    assert sum(line.startswith("[") for line in out.getvalue().splitlines()) == 1
