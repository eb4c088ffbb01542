"""Files that a foreign suite names with `file://`: inside the suite's folder, or not at all."""

from __future__ import annotations

import base64
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NoReturn

from promptlab._cases._document import failing
from promptlab._cases._json import read_value
from promptlab._show import one_line
from promptlab._textfile import read_text
from promptlab._wording import Fail, did_you_mean, quoted
from promptlab._yaml import read_yaml

SCHEME = "file://"
CODE = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".sh")
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
MAX_BYTES = 20_000_000
MAX_FILES = 1000
MAX_BINARY = 10_000_000


class Beside:
    """The folder of a suite, and the files in it that the suite may name.

    Args:
        suite: The suite's file.
        shown: How messages call it.
    """

    def __init__(self, suite: Path, shown: str) -> None:
        self.folder = suite.parent.resolve()
        """The folder."""
        self._fail: Fail = failing(shown)

    def find(self, reference: str) -> list[Path]:
        """Give the files of a reference, sorted; a name with `*`, `?` or `[` may stand for several.

        Raises:
            SuiteError: The reference is absolute, climbs out of the folder, by itself or by a link, or names
                nothing.
        """
        name = reference.removeprefix(SCHEME)
        told = f"it names {quoted(reference, 100)}"
        windows, posix = PureWindowsPath(name), PurePosixPath(name)
        if posix.is_absolute() or windows.drive or windows.root or name.startswith("~"):
            self._fail(f"{told}, an absolute path; only files of the suite's own folder are read", None)
        if ".." in posix.parts or ".." in windows.parts or "\0" in name:
            self._fail(f"{told}, which leads out of the suite's folder", None)
        if any(mark in name for mark in "*?[") and not (self.folder / name).is_file():
            found = sorted(path for path in self.folder.glob(str(posix)) if path.is_file())[: MAX_FILES + 1]
            if len(found) > MAX_FILES:
                self._fail(f"{told}, which is more than {MAX_FILES} files", None)
        else:
            path = self.folder / name
            found = sorted(path.iterdir()) if path.is_dir() else [path]
            found = [one for one in found if one.is_file()]
        if not found:
            near = self.folder / posix.parent
            names = sorted(entry.name for entry in near.iterdir()) if near.is_dir() else []
            self._fail(f"{told}, which is not there.{did_you_mean(posix.name, names)}", None)
        for path in found:
            if not path.resolve().is_relative_to(self.folder):
                self._fail(
                    f"{told}, and {quoted(path.name)} is a link that leads out of the suite's folder", None
                )
        return found

    def shown(self, path: Path) -> str:
        """Give a file's name as messages call it."""
        return one_line(
            str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else path.name, 200
        )

    def text(self, path: Path) -> str:
        """Read a text file."""
        return read_text(path, MAX_BYTES, failing(self.shown(path)))

    def data(self, path: Path) -> tuple[Any, list[int] | None]:
        """Read a file of JSON or YAML; gives the lines of a top-level list too."""
        text, fail = self.text(path), failing(self.shown(path))
        if path.suffix.lower() == ".json":
            return read_value(text, fail), None
        made = read_yaml(text, fail)
        return made.data, made.item_lines.get(None)

    def value(self, path: Path) -> Any:
        """Read a file that stands for a variable: data, a picture in base64, or text."""
        suffix = path.suffix.lower()
        if suffix in {".json", ".yaml", ".yml"}:
            return self.data(path)[0]
        if suffix in IMAGES:
            return base64.b64encode(self._bytes(path)).decode()
        return self.text(path)

    def _bytes(self, path: Path) -> bytes:
        with path.open("rb") as file:
            data = file.read(MAX_BINARY + 1)
        if len(data) > MAX_BINARY:
            self.refuse(f"{self.shown(path)} is larger than {MAX_BINARY / 1e6:.0f} MB")
        return data

    def refuse(self, message: str, line: int | None = None) -> NoReturn:
        """Raise for what is wrong with the suite."""
        self._fail(message, line)
