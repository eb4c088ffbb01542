"""A file is written whole or not at all: who reads it meets the old one or the new one, never a half."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from promptlab._errors import SettingError


def write_whole(path: str | os.PathLike[str], parts: Iterable[bytes]) -> Path:
    """Write a file, whole or not at all, and give its path.

    What is no file (a pipe, a terminal) is written to as it is. A file that is there keeps its mode; a link keeps
    pointing where it does.

    Args:
        path: Where.
        parts: What, in order; may be made while it is written.

    Raises:
        SettingError: The file cannot be written.
    """
    target = Path(path).expanduser()
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as file:
                file.writelines(parts)
            return target
        _replace(target.resolve(), parts)
    except OSError as wrong:
        raise SettingError(f"cannot write {target}: {wrong.strerror or wrong}") from None
    return target


def _replace(place: Path, parts: Iterable[bytes]) -> None:
    """Write beside a file, then put the whole in its place."""
    draft = place.with_name(f".promptlab-{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.writelines(parts)
        if place.exists():
            shutil.copymode(place, draft)
        draft.replace(place)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
