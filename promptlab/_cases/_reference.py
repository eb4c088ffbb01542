"""References from a suite to other files stay within the suite's folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from promptlab._cases._case import Trouble
from promptlab._wording import did_you_mean, quoted

SUFFIXES = (".md", ".txt", ".prompt", ".j2")


def is_reference(text: str) -> bool:
    """Tell whether a text names a prompt file rather than being a template."""
    return text.lower().endswith(SUFFIXES) and not any(c in "{}\r\n" for c in text)


def check_reference(suite: Path | None, text: str) -> Path | None:
    """Give the file that a suite's `prompt` names; None where it is a template itself.

    Raises:
        Trouble: It is absolute, climbs out of the suite's folder, by itself or by a link, or is not there.
    """
    if not is_reference(text):
        return None
    told = f"`prompt` names the file {quoted(text)}"
    if suite is None:
        raise Trouble(f"{told}, and this suite is no file that it could be beside", ("prompt",))
    windows, posix = PureWindowsPath(text), PurePosixPath(text)
    if posix.is_absolute() or windows.drive or windows.root:
        raise Trouble(f"{told}, an absolute path; write it from the suite's folder", ("prompt",))
    if ".." in posix.parts or ".." in windows.parts or "\0" in text:
        raise Trouble(f"{told}, which leads out of the suite's folder", ("prompt",))
    folder = suite.parent.resolve()
    found = folder / text
    if not found.is_file():
        near = sorted(entry.name for entry in found.parent.iterdir()) if found.parent.is_dir() else []
        raise Trouble(f"{told}, which is not there.{did_you_mean(found.name, near)}", ("prompt",))
    if not found.resolve().is_relative_to(folder):
        raise Trouble(f"{told}, a link that leads out of the suite's folder", ("prompt",))
    return found
