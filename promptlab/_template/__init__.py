"""Templates: a text with holes, compiled once and filled in a sandbox, strictly and within limits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from promptlab._show import one_line
from promptlab._wording import Fail

if TYPE_CHECKING:
    import jinja2

    from promptlab._template._environment import Sandbox
    from promptlab._template._meter import Meter

MAX_LENGTH = 2_000_000
"""The most characters that a template and a rendered prompt may have."""

_FILE = "<promptlab template>"
_BLANKS = "\x1c\x1d\x1e\x1f\x85\u2028\u2029\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"


def has_tags(source: str) -> bool:
    """Tell whether a text has anything to fill or run in it."""
    return "{{" in source or "{%" in source or "{#" in source


def new_meter() -> Meter:
    """Make the meter that all texts of one rendering share."""
    from promptlab._template._meter import Meter

    return Meter()


class Template:
    """A text with holes. Compiling waits for the first use; threads may share an instance."""

    __slots__ = ("_compiled", "_holes", "_lock", "_needed", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._compiled: jinja2.Template | None = None
        self._holes: frozenset[str] = frozenset()
        self._needed: frozenset[str] = frozenset()

    def compile(self, fail: Fail) -> None:
        """Compile the text, once; `fail` is called with what is wrong and its line."""
        with self._lock:
            if self._compiled is None:
                self._compile(fail)

    def holes(self, fail: Fail) -> frozenset[str]:
        """Give the names of all holes."""
        self.compile(fail)
        return self._holes

    def needed(self, fail: Fail) -> frozenset[str]:
        """Give the holes that every case must fill: all but those with a default or an `is defined`."""
        self.compile(fail)
        return self._needed

    def render(self, values: Mapping[str, Any], meter: Meter, fail: Fail) -> str:
        """Fill the holes. Values are data: nothing in them is run, whatever it looks like."""
        self.compile(fail)
        assert self._compiled is not None
        from promptlab._template._meter import METER, plain, room

        token = METER.set(meter)
        pieces: list[str] = []
        size = 0
        try:
            filled = {name: plain(values[name], name) for name in self._holes if name in values}
            for piece in self._compiled.generate(filled):
                size += len(piece)
                room(size)
                pieces.append(piece)
        except Exception as error:  # noqa: BLE001 - whatever a template does wrong is this prompt's own trouble
            fail(_told(error), _line(error))
        finally:
            METER.reset(token)
        return "".join(pieces)

    def _compile(self, fail: Fail) -> None:
        from promptlab._template import _syntax

        if len(self.source) > MAX_LENGTH:
            fail(f"it is longer than {MAX_LENGTH:,} characters", None)
        sandbox = _sandbox()
        try:
            _syntax.check_size(self.source)
            source, line_end = _without_carriage_returns(self.source)
            tree = _syntax.parse(sandbox, source, line_end)
            holes, needed = _syntax.holes(tree)
            code = sandbox.compile(_syntax.weave(sandbox, tree), filename=_FILE)
            compiled = sandbox.template_class.from_code(sandbox, code, sandbox.globals)
        except _syntax.Syntax as error:
            fail(str(error), error.line)
        except Exception as error:  # noqa: BLE001 - jinja2 and Python refuse code in many ways (nesting, names)
            fail(_told(error), None)
        self._holes, self._needed, self._compiled = holes, needed, compiled


@cache
def _sandbox() -> Sandbox:
    """Make the one sandbox: it holds no state, and making it costs as much as ten templates."""
    from promptlab._template._environment import Sandbox

    return Sandbox()


def _without_carriage_returns(source: str) -> tuple[str, str | None]:
    r"""Put another blank in place of `\r`, which jinja2 would turn into `\n`; what is sent keeps it."""
    if "\r" not in source:
        return source, None
    stand_in = next((blank for blank in _BLANKS if blank not in source), None)
    if stand_in is None:
        return source, None
    return source.replace("\r", stand_in), stand_in


def _told(error: Exception) -> str:
    """Say in one line why a template could not be filled."""
    if isinstance(error, (RecursionError, SyntaxError)):
        return "it nests or calls itself too deeply"
    if isinstance(error, MemoryError):
        return "it needs too much memory"
    return one_line(" ".join(str(error).split()) or type(error).__name__, 400)


def _line(error: Exception) -> int | None:
    """Find the template's line in a traceback, which jinja2 has put there."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
