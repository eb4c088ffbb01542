"""How a command comes to its end: interrupted, with nobody to read what it says, or with files it cannot write."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import click

from promptlab._errors import RunStopped, SettingError
from promptlab._export import plain_value
from promptlab._lab import Lab
from promptlab._types import Case
from promptlab._wholefile import write_whole
from promptlab._wording import listed
from promptlab.report import check_place

if TYPE_CHECKING:
    import pandas as pd

WRONG_USE, INTERRUPTED = 2, 130
"""Exit codes: wrong use, or output that cannot be written; interrupted."""


class InterruptedRunError(click.ClickException):
    """A run was interrupted: one line, and the exit code that a shell expects."""

    exit_code = INTERRUPTED

    def show(self, file: IO[Any] | None = None) -> None:
        """Say what was kept, and how to go on."""
        click.echo(f"promptlab: {self.message}", file=file, err=file is None)


@contextmanager
def told_if_interrupted(lab: Lab, *, fresh: bool) -> Iterator[None]:
    """Say in one line what an interrupt left, and how to go on.

    Args:
        lab: What the run inside is made with.
        fresh: Whether it was asked to pay anew; the same again would do so from the start.

    Raises:
        InterruptedRunError: The run inside was interrupted.
    """
    try:
        yield
    except RunStopped:
        rows = lab.last.outcomes if lab.last is not None else ()
        finished = sum(1 for row in rows if row.status in ("pass", "fail", "ungraded"))
        said = f"interrupted after {finished} of {len(rows)} rows"
        if lab.store.off:
            said += "; no store is kept, so a rerun asks for all of them anew"
        else:
            again = "run it again without --fresh" if fresh else "run the same again"
            said += f"; what was paid for is in the store: {again} to go on"
        raise InterruptedRunError(said) from None


def check_source(options: Mapping[str, Any]) -> None:
    """Check that a command is not asked both to call anew and to make no call.

    Raises:
        SettingError: It is.
    """
    if options["replay"] and options["fresh"]:
        raise SettingError("--replay makes no call, and --fresh asks all anew: give one of them")


def tell_not_stored(cases: Iterable[str]) -> None:
    """Say which cases a replay could not serve."""
    missing = list(dict.fromkeys(cases))
    if missing:
        said = f"not in the store: {listed(missing)}; a replay makes no call: run it once without --replay"
        click.echo(f"promptlab: {said}", err=True)


def warn_ungraded(cases: Iterable[Case]) -> None:
    """Warn where nothing is expected of any case, so that a run cannot fail."""
    if not any(case.expect for case in cases):
        click.echo("promptlab: nothing is expected of any case: no row can fail", err=True)


def check_places(places: Iterable[Path | None]) -> None:
    """Check, before any call, that files can be written where they are to go.

    Raises:
        SettingError: One cannot, or two of them are the same.
    """
    seen: set[Path] = set()
    for place in places:
        check_place(place)
        if place is None:
            continue
        path = place.expanduser().resolve()
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise SettingError(f"cannot write {place}: there is no permission to")
        if path in seen and (path.is_file() or not path.exists()):
            raise SettingError(f"{place} is asked for twice: each file needs a name of its own")
        seen.add(path)


def write_files(writers: Iterable[tuple[Path | None, Callable[[Path], Any]]]) -> None:
    """Write files, each of them whatever becomes of the others.

    Args:
        writers: Where each goes, None for one that was not asked for, and what writes it.

    Raises:
        SettingError: Some could not be written; it names them.
    """
    wrong = []
    for place, write in writers:
        if place is None:
            continue
        try:
            write(place.expanduser())
        except OSError as broken:
            wrong.append(f"cannot write {place}: {broken.strerror or broken}")
        except SettingError as broken:
            wrong.append(str(broken))
    if wrong:
        raise SettingError("; ".join(wrong))


def records(frame: pd.DataFrame) -> list[Any]:
    """Give a frame's rows as plain values, whatever they hold."""
    return [plain_value(row) for row in frame.to_dict("records")]


def write_json(path: Path, value: Any) -> None:
    """Write plain values as JSON; the file is there whole or not at all."""
    write_whole(path, [json.dumps(value, indent=1).encode() + b"\n"])


class WatchedOutput:
    """The output as it is, with a memory for what could not be written: a display swallows its own trouble.

    Args:
        stream: The output.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: OSError | None = None
        """The first error of a write; None where all was written, or once it is told."""

    def write(self, text: str) -> int:
        """Write a text."""
        with self._watched():
            return self._stream.write(text)

    def flush(self) -> None:
        """Write what is still held back."""
        with self._watched():
            self._stream.flush()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except OSError as broken:
            self.lost = self.lost or broken
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def watched_output() -> Iterator[None]:
    """Have it noted, while the command runs, where its output cannot be written."""
    stream = sys.stdout
    if stream is None:  # closed before the command began
        yield
        return
    sys.stdout = cast("TextIO", WatchedOutput(stream))
    try:
        yield
    finally:
        sys.stdout = stream


@contextmanager
def the_rest_said(code: int) -> Iterator[None]:
    """Leave with an exit code once what is said inside is written.

    A reader that leaves early (`| head`) has what it wanted, and the code stays. A full disk is said, and is
    no success.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
        if isinstance(sys.stdout, WatchedOutput) and sys.stdout.lost is not None:
            raise sys.stdout.lost
    except OSError as broken:
        code = broken_output(broken, code)
    sys.exit(code)


def broken_output(broken: OSError, code: int) -> int:
    """Give the exit code of a command whose output could not be written, and be silent from now on."""
    if broken.errno not in (errno.EPIPE, errno.ESHUTDOWN):
        what = broken.filename or "cannot write the output"
        click.echo(f"promptlab: {what}: {broken.strerror or broken}", err=True)
        code = code or WRONG_USE
    _mute()
    return code


def _mute() -> None:
    """Have what is still to be written go nowhere, so that the interpreter's own end does not break on it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except AttributeError:  # it was closed before the command began
            continue
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    if isinstance(sys.stdout, WatchedOutput):
        sys.stdout.lost = None  # it is told by now
