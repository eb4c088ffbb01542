"""What the workers of pytest-xdist share: each call is made by one of them, and all hear what came of it.

The controller makes a folder. Which process makes which call is settled by the row's place in the walk, which is
the same in all of them; what came of it is a file in the folder. One run in the history holds the rows of all.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlab._pytest._ini import ARGS_GIVEN

if TYPE_CHECKING:
    from promptlab._pytest._batch import Batch, Slot
    from promptlab._pytest._controller import Controller
    from promptlab._types import Outcome, Run

NAME = "promptlab"
"""Of what the controller tells a worker."""

PATIENCE_S = 10.0
"""After so long without its process a row is made by whoever waits for it."""

CONTROLLER: pytest.StashKey[Controller] = pytest.StashKey()


def share_with(node: Any) -> None:
    """Tell a worker, from the controller, of the folder; made for the first of them."""
    config = node.config
    if CONTROLLER not in config.stash:
        from promptlab._pytest._controller import Controller

        if config.getoption("prompt_summary"):
            from promptlab._pytest._options import check_summary, read_options

            check_summary(read_options(config))
        folder = Path(tempfile.mkdtemp(prefix="promptlab-pytest-"))
        config.stash[CONTROLLER] = Controller(config, folder)
        config.pluginmanager.register(config.stash[CONTROLLER], "promptlab-controller")
    now = datetime.now(UTC)
    node.workerinput[NAME] = {
        "folder": str(config.stash[CONTROLLER].folder.path),
        "number": config.stash[CONTROLLER].number_for(node),
        "stamp": config.stash.setdefault(STAMP, f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}"),
        "token": config.stash.setdefault(TOKEN, secrets.randbelow(0x8000)),
        ARGS_GIVEN: config.args_source is config.ArgsSource.ARGS,
    }


STAMP = pytest.StashKey[str]()
TOKEN = pytest.StashKey[int]()


def share_of(config: pytest.Config) -> Share | None:
    """Give what a worker shares with the others; None in a session of one process."""
    given = getattr(config, "workerinput", None)
    if given is None or NAME not in given:
        return None
    folder = Path(given[NAME]["folder"])
    if not folder.is_dir():
        raise pytest.UsageError(
            "prompt tests under pytest-xdist need workers on this machine: they share a folder"
        )
    return Share(folder, int(given["workercount"]), given[NAME])


class Folder:
    """The folder, as processes write and read it. Files appear whole or not at all.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, value: Any) -> None:
        """Write a value as JSON."""
        spare = self.path / f".{name}-{os.getpid()}"
        spare.write_text(json.dumps(value, default=str), encoding="utf-8", errors="surrogatepass")
        spare.replace(self.path / name)

    def read(self, name: str) -> Any:
        """Read a value; None where there is none yet."""
        try:
            text = (self.path / name).read_text(encoding="utf-8", errors="surrogatepass")
        except FileNotFoundError:
            return None
        return json.loads(text)

    def names(self, begin: str) -> Iterator[str]:
        """Give the names of the files that begin so."""
        return (path.name for path in sorted(self.path.glob(f"{begin}*")))

    def enter(self, number: int) -> None:
        """Tell the others that a process makes the calls of this number."""
        self.write(_process_name(number), os.getpid())

    def leave(self, number: int) -> None:
        """Tell the others that the process with this number is gone."""
        (self.path / _process_name(number)).unlink(missing_ok=True)

    def entered(self, number: int) -> bool:
        """Tell whether there is a process with this number."""
        return (self.path / _process_name(number)).exists()

    def stop(self) -> None:
        """Tell all processes that the session ends early."""
        if self.path.is_dir():
            self.write("stop", {"at": time.time()})

    def stopped(self) -> bool:
        """Tell whether the session ends early, or its controller is gone."""
        return (self.path / "stop").exists() or not self.path.is_dir()

    def remove(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.path, ignore_errors=True)


class Share:
    """One worker's part.

    Args:
        folder: The folder.
        count: How many workers there are.
        told: What the controller told.
    """

    def __init__(self, folder: Path, count: int, told: dict[str, Any]) -> None:
        self._folder = Folder(folder)
        self._number, self._count = int(told["number"]), count
        self._stamp, self._token = told["stamp"], told["token"]
        self._active = count
        self._gone_since: dict[int, float] = {}
        self._folder.enter(self._number)

    def divide(self, workers: int) -> int:
        """Give this process's part of the calls that may be under way at once.

        Where there are more processes than calls, the last ones make none; their part is 1 all the same, for
        what they may have to take over.
        """
        self._active = min(self._count, workers)
        part, rest = divmod(workers, self._count)
        return max(1, part + (self._number < rest))

    def mine(self, place: int, slot: Slot) -> bool:
        """Tell whether this process makes the call at a place of the walk."""
        slot.owner = place % self._active
        return slot.owner == self._number and not (self._folder.path / _row_name(slot)).exists()

    def run_id(self, batch: int) -> str:
        """Give the id of the run that all processes share in."""
        return f"{self._stamp}{self._token + batch:04x}"

    def announce(self, batch: Batch, run: Run) -> None:
        """Tell of a run that begins."""
        if run.id == self.run_id(batch.number) and self._folder.path.is_dir():
            told = {"run": asdict(run), "bars": [asdict(bar) for bar in batch.bars]}
            self._folder.write(f"run-{batch.number}", told)

    def publish(self, slot: Slot, outcome: Outcome) -> None:
        """Tell what came of a row."""
        from promptlab._pytest._wire import plain_outcome

        if self._folder.path.is_dir():
            self._folder.write(_row_name(slot), plain_outcome(outcome))

    def fetch(self, slot: Slot) -> Outcome | None:
        """Give what another process made of a row; None while there is nothing."""
        from promptlab._pytest._wire import read_outcome

        told = self._folder.read(_row_name(slot))
        return None if told is None else read_outcome(told, slot.case)

    def is_gone(self, slot: Slot) -> bool:
        """Tell whether the process that was to make a row is gone, and no other has come in its place."""
        if self._folder.entered(slot.owner):
            self._gone_since.pop(slot.owner, None)
            return False
        since = self._gone_since.setdefault(slot.owner, time.monotonic())
        return time.monotonic() - since > PATIENCE_S

    def stopped(self) -> bool:
        """Tell whether the session ends early."""
        return self._folder.stopped()


def _row_name(slot: Slot) -> str:
    return f"row-{slot.batch.number}-{slot.place}"


def _process_name(number: int) -> str:
    return f"process-{number}"
