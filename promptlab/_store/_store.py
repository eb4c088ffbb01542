"""The store's face: what the rest of the house calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from promptlab._store import _history
from promptlab._store._history import Expected
from promptlab._store._keeper import Keeper
from promptlab._store._keys import request_key
from promptlab._store._migrations import STEPS, Steps
from promptlab._store._open import absolute
from promptlab._store._responses import FIND, adding, fit, read_response
from promptlab._store._runs import beginning, finishing, recording
from promptlab._store._values import Redact
from promptlab._types import Completion, Outcome, Request, Run

OFF = "off"
"""The path that stands for no store."""


def open_store(path: Path | str | None, redact: Redact | None = None, *, steps: Steps = STEPS) -> Store:
    """Open the store at a path, whatever is there; what the user should know of it is in its `warnings`.

    Args:
        path: The file, made where there is none; `"off"` or None for a store that keeps nothing.
        redact: Strips secrets from a text; every text that goes in passes it.
        steps: The schema.
    """
    if path is None or str(path).lower() == OFF:
        return Store(None, redact)
    return Store(Keeper(absolute(path), steps), redact)


class Store:
    """Remembered completions and the history of runs. Any number of threads may use it.

    Nothing here raises into a run: where the disk does not work, what it is given is kept in memory,
    and `warnings` says so once.
    """

    def __init__(self, keeper: Keeper | None, redact: Redact | None) -> None:
        self._keeper = keeper
        self._redact = redact or _as_it_is

    @property
    def off(self) -> bool:
        """Whether nothing is kept at all."""
        return self._keeper is None

    @property
    def path(self) -> Path | None:
        """The file; None where nothing is kept."""
        return self._keeper.path if self._keeper else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know, one line each, in the order it happened."""
        return tuple(self._keeper.warnings) if self._keeper else ()

    def take_warnings(self) -> tuple[str, ...]:
        """Give the warnings that were not taken yet, so that each is shown once."""
        return self._keeper.take_warnings() if self._keeper else ()

    def cache(self, endpoint: str, *, fresh: bool = False) -> StoreCache:
        """Give the memory of one endpoint.

        Args:
            endpoint: A base URL, or a simulator's name and settings.
            fresh: Whether to serve nothing, and remember what is paid anew beside what was before.
        """
        return StoreCache(self, endpoint, fresh=fresh)

    def get(self, request: Request, endpoint: str) -> Completion | None:
        """Give the newest good completion of a request, or None where it is missing or damaged."""
        key = self._key(request, endpoint)
        if self._keeper is None or key is None:
            return None
        for rows in self._keeper.fetch(FIND, (key,)):
            if rows:
                return read_response(key, rows)
        return None

    def put(self, request: Request, endpoint: str, completion: Completion) -> None:
        """Remember a completion, where it is fit to be served; committed when this returns."""
        key = self._key(request, endpoint)
        if self._keeper is not None and key is not None and fit(completion):
            self._keeper.write(adding(key, request, completion, self._redact), together=True)

    def begin(self, run: Run) -> None:
        """Write that a run begins; until it is finished history shows it as unfinished."""
        if self._keeper is not None:
            self._keeper.recover()
            self._keeper.write(beginning(run, self._redact))

    def record(self, run: Run, outcomes: Sequence[Outcome]) -> None:
        """Add rows to a run in one commit; a row that is there already is left as it is."""
        if self._keeper is not None and outcomes:
            self._keeper.write(recording(run, outcomes, self._redact))

    def finish(self, run_id: str, summary: Mapping[str, Any], stopped: str | None = None) -> None:
        """Write how a run ended.

        Args:
            run_id: The run's id.
            summary: Its summary as plain JSON types; `wall_s` is read from it.
            stopped: Why it ended early; None where it ran to its end.
        """
        if self._keeper is not None:
            self._keeper.recover()
            self._keeper.write(finishing(run_id, summary, stopped, self._redact))

    def runs(self, prompt: str | None = None) -> list[dict[str, Any]]:
        """Give the history, the oldest first: one mapping for each run and variant.

        Its names: run, variant, when, suite, repeats, workers, simulated, cases, finished, stopped, wall_s,
        prompt, version, model, passed, failed, graded, errors, ungraded, not_run, cached, calls, unpriced,
        cost_usd, input_tokens, output_tokens.

        Args:
            prompt: The name of a prompt or variant; all by default.
        """
        return _history.runs(self._fetch, prompt)

    def last_run(self, prompt: str | None = None) -> dict[str, Any] | None:
        """Give the latest entry of the history, of a prompt or of all; None where there is none."""
        return next(reversed(self.runs(prompt)), None)

    def previous_version(self, prompt: str, version: str) -> dict[str, Any] | None:
        """Give the latest entry of a prompt's history with rows of another version; None where there is none."""
        return next(
            (row for row in reversed(self.runs(prompt)) if row["version"] != version and _rows(row)), None
        )

    def run(self, run_id: str) -> Run | None:
        """Give a run as it was begun; None where there is none of that id."""
        return _history.run(self._fetch, run_id)

    def summary(self, run_id: str) -> dict[str, Any] | None:
        """Give the summary a run was finished with; None where it never was."""
        return _history.summary(self._fetch, run_id)

    def outcomes(self, run_id: str) -> list[Outcome]:
        """Give a run's rows as they were recorded, in the suite's order; a damaged one is left out, and said."""
        found, lost = _history.outcomes(self._fetch, run_id)
        if lost and self._keeper is not None:
            self._keeper.warn(
                f"rows {run_id}", f"{lost} rows of run {run_id} are damaged in the store and left out"
            )
        return found

    def prompt_text(self, version: str, prompt: str | None = None) -> str | None:
        """Give the text of a version of a prompt; None where it is not known."""
        return _history.prompt_text(self._fetch, version, prompt)

    def expected(
        self,
        case_ids: Iterable[str],
        *,
        suite: str,
        prompt: str | None = None,
        model: str | None = None,
        simulated: bool = False,
    ) -> dict[str, Expected]:
        """Give what a call is expected to take, for the cases that were called before.

        Args:
            case_ids: Ids of cases.
            suite: The name of their suite.
            prompt: The prompt's name; what was seen with another one serves where nothing else does.
            model: The model asked for; likewise.
            simulated: Whether the simulator is to answer; its times are never mixed with a provider's.
        """
        return _history.expected(
            self._fetch, case_ids, suite=suite, prompt=prompt, model=model, simulated=simulated
        )

    def latencies(
        self,
        case_ids: Iterable[str],
        *,
        suite: str,
        prompt: str | None = None,
        model: str | None = None,
        simulated: bool = False,
    ) -> dict[str, float]:
        """Give the expected seconds of a call, for the cases that were called before; see `expected`."""
        found = self.expected(case_ids, suite=suite, prompt=prompt, model=model, simulated=simulated)
        return {case: taken.latency_s for case, taken in found.items()}

    def close(self) -> None:
        """Let every handle go, as often as wanted. What a straggler still brings is kept all the same."""
        if self._keeper is not None:
            self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fetch(self, query: str, values: Sequence[Any] = ()) -> list[list[tuple[Any, ...]]]:
        return self._keeper.fetch(query, values) if self._keeper else []

    def _key(self, request: Request, endpoint: str) -> bytes | None:
        try:
            return bytes.fromhex(request_key(request, endpoint))
        except (ValueError, RecursionError) as error:
            if self._keeper is not None:
                self._keeper.warn(
                    "key", f"a request cannot be remembered, as it has no plain JSON form: {error}"
                )
            return None


class StoreCache:
    """A `Cache` of one endpoint's completions."""

    def __init__(self, store: Store, endpoint: str, *, fresh: bool = False) -> None:
        self._store = store
        self._endpoint = endpoint
        self._fresh = fresh

    def get(self, request: Request) -> Completion | None:
        """Give what is remembered of the request, or None."""
        return None if self._fresh else self._store.get(request, self._endpoint)

    def put(self, request: Request, completion: Completion) -> None:
        """Remember a good completion; committed when this returns."""
        self._store.put(request, self._endpoint, completion)


def _rows(row: Mapping[str, Any]) -> int:
    """Count the rows that an entry of the history has."""
    return int(sum(row[name] for name in ("graded", "errors", "ungraded")))


def _as_it_is(text: str) -> str:
    return text
