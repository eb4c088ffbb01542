"""The live display on a terminal, on a real pseudo-terminal."""

import os
import pty
import re
import select
import signal
import sys

import pytest

SCRIPT = """
import os, sys
from tests.display.feed import make_outcomes, make_run, show, events_of
from promptlab._display import choose
from promptlab._scope import Stop
display = choose("auto", environ=os.environ, stdout=sys.stdout)
run = make_run(20, suite=os.environ["SUITE"])
{body}
print("kind", display.kind, "errors", display.ui_errors)
"""
WHOLE = "show(display, run, make_outcomes(20), 0.02)"
BROKEN_OFF = """
display.start(run, Stop())
for event in list(events_of(run, make_outcomes(20)))[:20]:
    display(event)
display.close()
"""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(body, **environ):
    """Run a script on a terminal of 100 columns and give all that it wrote."""
    path = os.pathsep.join(sys.path)
    env = {**os.environ, "PYTHONPATH": path, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    env = {**env, "SUITE": "discovery", **environ}
    env.pop("PROMPTLAB_PROGRESS", None)
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-c", SCRIPT.format(body=body)], env)
    written = b""
    try:
        while select.select([terminal], [], [], 60)[0]:
            try:
                piece = os.read(terminal, 65_536)
            except OSError:
                break
            if not piece:
                break
            written += piece
        else:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(terminal)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, written.decode()
    return written.decode().replace("\r\n", "\n")


def test_terminal_is_live_and_leaves_the_summary():
    """While it runs a few lines are drawn over; at the end trouble and summary stay, and the cursor is back."""
    written = on_terminal(WHOLE)
    end = ESCAPE.sub("", written.rsplit("\x1b[2K", 1)[1])

    assert "\x1b[1A" in written
    assert "Running: discovery with router" in written
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert end.startswith("❌ FAIL case_3: found: expected false, got true\n")
    assert "discovery: 14 of 16 passed: 88 %" in end
    assert "kind terminal errors 0" in end


@pytest.mark.parametrize(
    ("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)]
)
def test_no_color_is_respected(environ, coloured):
    """`NO_COLOR` takes the colours away, and only where it says something."""
    assert bool(re.search(r"\x1b\[(\d;)?3\d", on_terminal(WHOLE, **environ))) == coloured


def test_terminal_takes_no_orders_from_words():
    """A name with escape bytes and rich's markup is shown as it is written."""
    written = on_terminal(WHOLE, SUITE="[bold]x[/bold] :boom: \x1b]0;title\x07\x1b[2J")

    assert "\x1b]0;" not in written
    assert "\x1b[2J" not in written
    assert "[bold]x[/bold] :boom: \\x1b]0;title\\x07" in written


def test_terminal_is_given_back_when_broken_off():
    """A run that comes to no end gives the cursor back and leaves its counts."""
    written = on_terminal(BROKEN_OFF)

    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert "Stopped (broken off): discovery with router: 9 of 20 done" in written


def test_narrow_locale_gets_words():
    """A terminal that has no room for the signs gets words."""
    written = on_terminal(WHOLE, PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert "FAIL FAIL case_3: found: expected false, got true" in written
    assert "kind terminal errors 0" in written
