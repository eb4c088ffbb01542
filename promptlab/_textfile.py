"""A text file is read whole, as UTF-8, or it is said plainly why not."""

from __future__ import annotations

import codecs
from pathlib import Path

from promptlab._show import one_line
from promptlab._wording import Fail, did_you_mean

_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_text(path: Path, limit: int, fail: Fail) -> str:
    """Read a UTF-8 file of at most `limit` bytes; line endings stay, a byte order mark goes."""
    try:
        if path.is_dir():
            fail("this is a folder; name a file in it", None)
        if not path.exists():
            fail(f"there is no such file.{_near(path)}", None)
        if not path.is_file():
            fail("this is no regular file", None)
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        fail(f"it cannot be read: {one_line(error.strerror or str(error))}", None)
    if len(data) > limit:
        fail(f"it is larger than {limit / 1e6:,.0f} MB, the most that is read", None)
    return decode(data, fail)


def decode(data: bytes, fail: Fail) -> str:
    """Decode UTF-8 strictly and without a byte order mark; name the line and byte where it is not."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            fail(f"it is written in {name}, not UTF-8; save it as UTF-8", 1)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        fail(
            f"it is not UTF-8: byte {at} is 0x{data[at]:02x}, which cannot stand there; save it as UTF-8",
            data.count(b"\n", 0, at) + 1,
        )


def _near(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" (There is no folder {one_line(str(folder))} either.)"
    return did_you_mean(path.name, sorted(entry.name for entry in folder.iterdir()))
