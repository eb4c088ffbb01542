"""Applications under test that another process can import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def where(case: Any) -> dict[str, Any]:
    """Say which process works on a case."""
    return {"process": os.getpid(), "case": case.id}


async def awaited(case: Any) -> str:
    """Answer as a coroutine."""
    return f"{case.input['request']}!"


def read(case: Any, folder: Any) -> str:
    """Read what the run's shared step wrote, through the resource."""
    return f"{folder.text()} {case.id}"


class Folder:
    """A resource: made for each case with what is shared, closed afterwards."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def text(self) -> str:
        """Give what the folder's file says."""
        return (self._path / "shared.txt").read_text(encoding="utf-8")

    def close(self) -> None:
        """Leave a mark."""
        (self._path / f"closed-{os.getpid()}").touch()


def broken(case: Any) -> str:
    """Raise."""
    raise ValueError(f"no luck with {case.id}")


def deadly(case: Any, _: Any) -> str:
    """End the process on one of the cases."""
    if case.id == "c2":
        os._exit(1)
    return str(case.id)
