"""The Batch API: a file of requests, answered later, through the same model.

A batch goes `validating`, `in_progress`, `finalizing`, `completed`; or `failed` where its file is wrong;
or `cancelling`, `cancelled`. It takes at least the seconds that were set, and what its answers cost in
computing; its lines are answered evenly over that time, so that progress can be watched.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from promptlab.simulator._batch_lines import Line, LineError, read_lines
from promptlab.simulator._errors import ApiError
from promptlab.simulator._files import Files

__all__ = ["Batch", "Batches"]

ENDPOINTS = ("/v1/chat/completions", "/v1/embeddings")
DAY_S = 86_400
ENDED = ("completed", "failed", "cancelled")

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


class Batch:
    """One batch, worked on by a thread of its own; safe to look at from every thread.

    Args:
        name: Its id.
        asked: The request that created it: `input_file_id`, `endpoint`, `metadata`.
        content: The input file.
        answer: Answers one request, given the endpoint and the body.
        files: Where its results go.
        seconds: What it takes at least.
    """

    def __init__(
        self,
        name: str,
        asked: Mapping[str, Any],
        content: bytes,
        *,
        answer: Answer,
        files: Files,
        seconds: float,
    ) -> None:
        self._name = name
        self._content = content
        self._asked = asked
        self._answer = answer
        self._files = files
        self._seconds = seconds
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._status = "validating"
        self._times: dict[str, int] = {"created_at": int(time.time())}
        self._counts = {"total": 0, "completed": 0, "failed": 0}
        self._errors: list[LineError] = []
        self._results: dict[str, str] = {}

    def as_dict(self) -> dict[str, Any]:
        """Give the batch object."""
        created = self._times["created_at"]
        times = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
        with self._lock:
            errors = [error.as_dict() for error in self._errors]
            return {
                "id": self._name,
                "object": "batch",
                "endpoint": self._asked["endpoint"],
                "errors": {"object": "list", "data": errors} if errors else None,
                "input_file_id": self._asked["input_file_id"],
                "completion_window": self._asked.get("completion_window", "24h"),
                "status": self._status,
                "output_file_id": self._results.get("output"),
                "error_file_id": self._results.get("error"),
                "created_at": created,
                **{f"{what}_at": self._times.get(f"{what}_at") for what in times},
                "expires_at": created + DAY_S,
                "request_counts": dict(self._counts),
                "metadata": self._asked.get("metadata"),
            }

    def cancel(self) -> None:
        """Ask it to stop; what was answered by then is kept.

        Raises:
            ApiError: It has ended already (409).
        """
        with self._lock:
            if self._status in ENDED:
                raise ApiError(409, f"Cannot cancel a batch with status '{self._status}'.")
            self._go("cancelling")
            self._cancelled.set()

    def stop(self) -> None:
        """Have the thread end, for the simulator ends."""
        self._cancelled.set()

    def work(self) -> None:
        """Answer every line, then store the results."""
        began = time.monotonic()
        lines, errors = read_lines(self._content, self._asked["endpoint"])
        with self._lock:
            self._errors = errors
            self._counts["total"] = len(lines)
            if errors:
                self._go("failed")
                return
            if not self._cancelled.is_set():
                self._go("in_progress")
        good, bad = self._answer_all(lines, began)
        with self._lock:
            if not self._cancelled.is_set():
                self._go("finalizing")
        try:
            results = {
                what: self._keep(what, found) for what, found in (("output", good), ("error", bad)) if found
            }
        except ApiError as error:
            with self._lock:
                self._errors = [LineError("no_room", error.message)]
                self._go("failed")
            return
        with self._lock:
            self._results = results
            self._go("cancelled" if self._cancelled.is_set() else "completed")

    def _keep(self, what: str, results: list[dict[str, Any]]) -> str:
        content = "".join(f"{json.dumps(result)}\n" for result in results).encode()
        return self._files.add(f"{self._name}_{what}.jsonl", "batch_output", content).id

    def _answer_all(
        self, lines: list[Line], began: float
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for place, line in enumerate(lines):
            if self._cancelled.wait(
                max(0.0, began + self._seconds * (place + 1) / len(lines) - time.monotonic())
            ):
                break
            status, body = self._try(line)
            response = {"status_code": status, "request_id": f"{self._name}-{place}", "body": body}
            result = {
                "id": f"{self._name}-{place}",
                "custom_id": line.custom_id,
                "response": response,
                "error": None,
            }
            (good if status == 200 else bad).append(result)
            with self._lock:
                self._counts["completed" if status == 200 else "failed"] += 1
        return good, bad

    def _try(self, line: Line) -> tuple[int, dict[str, Any]]:
        try:
            return 200, self._answer(self._asked["endpoint"], line.body)
        except ApiError as error:
            return error.status, error.body()
        except Exception:  # noqa: BLE001  (a defect must not keep the batch in progress for ever)
            traceback.print_exc(file=sys.stderr)
            return 500, ApiError(500, "The simulator has a defect; see its standard error.").body()

    def _go(self, status: str) -> None:
        self._status = status
        self._times[f"{status}_at"] = int(time.time())


class Batches:
    """The batches there are; safe to use from every thread.

    Args:
        files: Where requests are read and results go.
        answer: Answers one request, given the endpoint and the body.
        seconds: What a batch takes at least.
    """

    def __init__(self, files: Files, answer: Answer, seconds: float) -> None:
        self._files = files
        self._answer = answer
        self._seconds = seconds
        self._lock = threading.Lock()
        self._batches: dict[str, tuple[Batch, threading.Thread]] = {}
        self._numbers = itertools.count(1)

    def create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a batch and give its object.

        Raises:
            ApiError: A parameter is missing or wrong (400), or there is no such file (404).
        """
        for name in ("input_file_id", "endpoint", "completion_window"):
            if not isinstance(asked.get(name), str):
                raise ApiError(400, f"Missing required parameter: '{name}'.", param=name)
        if asked["endpoint"] not in ENDPOINTS:
            raise ApiError(400, f"The endpoint must be one of {', '.join(ENDPOINTS)}.", param="endpoint")
        if asked["completion_window"] != "24h":
            raise ApiError(400, "The completion_window must be 24h.", param="completion_window")
        source = self._files.get(asked["input_file_id"])
        if source.purpose != "batch":
            raise ApiError(400, "The input file's purpose must be batch.", param="input_file_id")
        name = f"batch_simulated_{next(self._numbers)}"
        batch = Batch(
            name, asked, source.content, answer=self._answer, files=self._files, seconds=self._seconds
        )
        first = batch.as_dict()
        worker = threading.Thread(target=batch.work, name=name, daemon=True)
        with self._lock:
            self._batches[name] = (batch, worker)
        worker.start()
        return first

    def get(self, name: str) -> Batch:
        """Give a batch.

        Raises:
            ApiError: There is none of that id (404).
        """
        with self._lock:
            found = self._batches.get(name)
        if found is None:
            raise ApiError(404, f"No batch found with id '{name[:100]}'.", param="id")
        return found[0]

    def all(self) -> list[dict[str, Any]]:
        """Give the batch objects, newest first."""
        with self._lock:
            batches = [batch for batch, _ in self._batches.values()]
        return [batch.as_dict() for batch in reversed(batches)]

    def stop(self) -> None:
        """End every batch's thread and wait for it."""
        with self._lock:
            found = list(self._batches.values())
        for batch, _ in found:
            batch.stop()
        for _, worker in found:
            worker.join()
