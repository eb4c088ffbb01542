"""Which display a run gets: what was asked for, what the environment says, what there is to show it on."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from promptlab._display._htmlout import HtmlScreen
from promptlab._display._painter import Troubles
from promptlab._display._screen import Display, ObserverScreen, Screen
from promptlab._display._terminal import TerminalScreen
from promptlab._display._text import TextScreen
from promptlab._display._widget import Panels, WidgetScreen
from promptlab._errors import SettingError
from promptlab._protocols import Observer

VARIABLE = "PROMPTLAB_PROGRESS"
KINDS = ("auto", "widget", "html", "text", "none")


def choose(
    display: str | Sequence[Observer],
    *,
    environ: Mapping[str, str],
    stdout: TextIO | None,
    panels: Panels | None = None,
) -> Display:
    """Choose the display of one run.

    A kind that is named wins over `PROMPTLAB_PROGRESS`, which wins over the automatic choice: a widget in
    JupyterLab and Notebook; HTML in other notebooks, where ipywidgets is missing and where nobody watches;
    live lines on a terminal; a line for each row on other output. `widget` and `html` come down to what is there.

    Args:
        display: `"auto"`, `"widget"`, `"html"`, `"text"`, `"none"`, or observers.
        environ: The environment.
        stdout: Where lines go, or None for nowhere.
        panels: Keeps the widgets of the last run; the caller holds it from run to run.

    Raises:
        SettingError: The display or the variable names no display.
    """
    wanted = _kind(environ.get(VARIABLE) or "auto", f"{VARIABLE}=")
    troubles = Troubles()
    if not isinstance(display, str):
        return Display("observers", ObserverScreen(_observers(display), troubles), troubles)
    if (named := _kind(display, "display=")) != "auto":
        wanted = named
    kind = _available(wanted, environ, stdout)
    screen: Screen | None = None
    if kind == "widget":
        screen = WidgetScreen(troubles, panels or Panels())
    elif kind == "html":
        screen = HtmlScreen(troubles)
    elif kind == "terminal" and stdout is not None:
        screen = TerminalScreen(stdout, troubles, colour=not environ.get("NO_COLOR"))
    elif kind == "text" and stdout is not None:
        screen = TextScreen(stdout)
    return Display(kind, screen, troubles)


def sound_display(display: Any) -> str | tuple[Observer, ...]:
    """Check at the door what a display is chosen by.

    Raises:
        SettingError: It names no display, or is no observer.
    """
    return _kind(display, "display=") if isinstance(display, str) else _observers(display)


def _kind(word: str, source: str) -> str:
    kind = word.strip().lower()
    if kind not in KINDS:
        raise SettingError(f"{source}{word!r} names no display; choose one of {', '.join(KINDS)}")
    return kind


def _observers(display: Any) -> tuple[Observer, ...]:
    observers = tuple(display) if isinstance(display, Sequence) else (display,)
    for observer in observers:
        if not callable(observer):
            raise SettingError(f"display={observer!r} is no observer: give callables that take an event")
    return observers


def _available(wanted: str, environ: Mapping[str, str], stdout: TextIO | None) -> str:
    """Give the display that comes closest to the one wanted."""
    shell = None if wanted in ("none", "text") else _kernel_shell()
    if wanted == "none":
        return "none"
    if shell is not None:
        if wanted == "auto":
            wanted = "widget" if _shows_widgets(shell, environ) else "html"
        return wanted if wanted == "html" or _installed("ipywidgets") else "html"
    if stdout is None or getattr(stdout, "closed", False):
        return "none"
    return "terminal" if wanted != "text" and _is_screen(stdout, environ) else "text"


def _kernel_shell() -> Any:
    """Give the IPython shell of the kernel that this process is, or None."""
    # Where nobody imported IPython this is no kernel, and importing it to find out would cost half a second.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell if getattr(shell, "kernel", None) is not None else None


def _shows_widgets(shell: Any, environ: Mapping[str, str]) -> bool:
    """Tell whether the front end is one in which the widget was proven.

    A Jupyter server names the notebook to the kernels that it starts for one. Other owners of a kernel
    (nbclient, a console) do not, and neither do VS Code and Colab, which show widgets in their own way.
    """
    elsewhere = (
        "google.colab" in sys.modules
        or "VSCODE_PID" in environ
        or "__vsc_ipynb_file__" in getattr(shell, "user_ns", {})
    )
    return "JPY_SESSION_NAME" in environ and not elsewhere


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a module set to None in sys.modules has no spec
        return False


def _is_screen(stdout: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether lines on this output can be drawn over; not where another run draws there already."""
    try:
        screen = stdout.isatty()
    except (AttributeError, OSError, ValueError):
        return False
    drawn_on = type(stdout).__module__.startswith("rich.")
    return screen and environ.get("TERM") != "dumb" and not drawn_on and _installed("rich")
