"""Which display a run gets."""

import io
import subprocess
import sys

import pytest

from promptlab._display import choose
from promptlab._errors import SettingError


class Screen(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self):
        """Say so."""
        return True


def closed():
    """Give an output that was closed."""
    out = io.StringIO()
    out.close()
    return out


class Broken:
    """An output that cannot even be asked."""

    encoding = "utf-8"

    def isatty(self):
        """Fail."""
        raise ValueError("I/O operation on closed file")


@pytest.mark.parametrize(
    ("display", "environ", "stdout", "kind"),
    [
        ("auto", {}, io.StringIO(), "text"),
        ("auto", {}, Screen(), "terminal"),
        ("auto", {"TERM": "dumb"}, Screen(), "text"),
        ("auto", {}, None, "none"),
        ("auto", {}, closed(), "none"),
        ("auto", {}, Broken(), "text"),
        ("auto", {"PROMPTLAB_PROGRESS": "none"}, io.StringIO(), "none"),
        ("auto", {"PROMPTLAB_PROGRESS": "text"}, Screen(), "text"),
        ("auto", {"PROMPTLAB_PROGRESS": ""}, io.StringIO(), "text"),
        ("auto", {"PROMPTLAB_PROGRESS": "Text "}, io.StringIO(), "text"),
        ("auto", {"PROMPTLAB_PROGRESS": "widget"}, io.StringIO(), "text"),
        ("auto", {"PROMPTLAB_PROGRESS": "html"}, io.StringIO(), "text"),
        ("text", {"PROMPTLAB_PROGRESS": "none"}, Screen(), "text"),
        ("none", {"PROMPTLAB_PROGRESS": "text"}, Screen(), "none"),
        ("widget", {}, io.StringIO(), "text"),
        ("text", {}, None, "none"),
        ([print], {}, None, "observers"),
        ((), {}, None, "observers"),
        (print, {}, None, "observers"),
    ],
)
def test_choice_follows_what_is_there(display, environ, stdout, kind):
    """What is named wins over the variable, the variable over the automatic choice; both come down to what is there."""
    assert choose(display, environ=environ, stdout=stdout).kind == kind


@pytest.mark.parametrize(
    ("display", "environ", "named"),
    [
        ("fancy", {}, "display='fancy'"),
        ("auto", {"PROMPTLAB_PROGRESS": "tqdm"}, "PROMPTLAB_PROGRESS='tqdm'"),
        ("none", {"PROMPTLAB_PROGRESS": "tqdm"}, "PROMPTLAB_PROGRESS='tqdm'"),
        ([1], {}, "display=1"),
        (None, {}, "display=None"),
    ],
)
def test_wrong_display_is_refused(display, environ, named):
    """A display that is none is an error that names it, before anything runs."""
    with pytest.raises(SettingError, match=named):
        choose(display, environ=environ, stdout=io.StringIO())


def test_choosing_imports_nothing_heavy():
    """Showing lines needs neither IPython nor ipywidgets nor rich."""
    code = (
        "import sys, io\n"
        "from promptlab._display import choose\n"
        "from tests.display.feed import make_outcomes, make_run, show\n"
        "show(choose('auto', environ={}, stdout=io.StringIO()), make_run(3), make_outcomes(3))\n"
        "print([name for name in ('IPython', 'ipywidgets', 'rich', 'pandas', 'matplotlib') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    assert done.stdout == "[]\n"
