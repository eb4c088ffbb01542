"""The Files API: uploads kept in memory, for batches."""

from __future__ import annotations

import itertools
import re
import threading
import time
from dataclasses import dataclass
from typing import Any

from promptlab.simulator._errors import ApiError

__all__ = ["Files", "StoredFile", "read_upload"]

MOST_BYTES = 512 * 2**20
"""All files together."""

_DISPOSITION = re.compile(r'(\w+)="((?:\\.|[^"\\])*)"')


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file."""

    id: str
    """Its id."""
    filename: str
    """Its name."""
    purpose: str
    """What it is for."""
    created_at: int
    """Seconds since 1970."""
    content: bytes
    """Its bytes."""

    def as_dict(self) -> dict[str, Any]:
        """Give the file object."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }


class Files:
    """The files there are; safe to use from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, StoredFile] = {}
        self._numbers = itertools.count(1)

    def add(self, filename: str, purpose: str, content: bytes) -> StoredFile:
        """Keep a file.

        Raises:
            ApiError: There is no more room (413).
        """
        with self._lock:
            if sum(len(file.content) for file in self._files.values()) + len(content) > MOST_BYTES:
                raise ApiError(413, f"The files together would be larger than {MOST_BYTES} bytes.")
            name = f"file-simulated-{next(self._numbers)}"
            file = StoredFile(name, filename, purpose, int(time.time()), content)
            self._files[name] = file
        return file

    def get(self, name: str) -> StoredFile:
        """Give a file.

        Raises:
            ApiError: There is none of that id (404).
        """
        with self._lock:
            file = self._files.get(name)
        if file is None:
            raise ApiError(404, f"No such File object: {name[:100]}", param="id")
        return file

    def remove(self, name: str) -> None:
        """Forget a file.

        Raises:
            ApiError: There is none of that id (404).
        """
        self.get(name)
        with self._lock:
            self._files.pop(name, None)

    def all(self, purpose: str | None = None) -> list[dict[str, Any]]:
        """Give the file objects, newest first."""
        with self._lock:
            files = list(self._files.values())
        return [file.as_dict() for file in reversed(files) if purpose in (None, "", file.purpose)]


def read_upload(content_type: str, body: bytes) -> tuple[str, str, bytes]:
    """Read a form with `purpose` and `file`.

    Returns:
        The file's name, its purpose and its bytes.

    Raises:
        ApiError: It is no such form (400).
    """
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if not content_type.lower().startswith("multipart/form-data") or match is None:
        raise ApiError(400, "A file is uploaded as multipart/form-data.")
    fields: dict[str, tuple[str, bytes]] = {}
    mark = b"\r\n--" + match.group(1).encode("latin-1")
    for part in (b"\r\n" + body).split(mark)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        if part.startswith(b"--") or not blank:
            continue
        names = dict(_DISPOSITION.findall(head.decode("utf-8", "replace")))
        fields[names.get("name", "")] = (names.get("filename", ""), content)
    if "file" not in fields or "purpose" not in fields:
        missing = "purpose" if "file" in fields else "file"
        raise ApiError(400, f"Missing required parameter: '{missing}'.", param=missing)
    filename, content = fields["file"]
    return filename or "upload", fields["purpose"][1].decode("utf-8", "replace"), content
