"""The roster: the suites, prompts and batches of a session, each loaded and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from promptlab._bars import read_bars, read_repeats
from promptlab._cases import Suite, as_suite
from promptlab._order import target_label
from promptlab._prompt import Prompt, check_prompt
from promptlab._protocols import Target
from promptlab._pytest._batch import Batch, Bench, make_batch
from promptlab._pytest._options import Options
from promptlab.checks import as_checks

ENVIRONMENT = Bench()


class Roster:
    """Makes batches: the same one for the same suite and target, so that no call is made twice.

    Args:
        options: What the session was asked.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.batches: list[Batch] = []
        """Every batch, in the order in which they were first wanted."""
        self._known: dict[tuple[Any, ...], Batch] = {}
        self._suites: dict[Path, Suite] = {}
        self._prompts: dict[Path, Prompt] = {}
        self._kept: list[Any] = []

    def suite(self, source: Any) -> Suite:
        """Load a suite; a file once.

        Raises:
            SuiteError: Something in it is wrong.
        """
        allow_code = self._options.allow_code
        if not isinstance(source, Path):
            return as_suite(source, allow_code=allow_code)
        path = source.resolve()
        if path not in self._suites:
            self._suites[path] = as_suite(source, allow_code=allow_code)
        return self._suites[path]

    def prompt(self, path: Path) -> Prompt:
        """Load a prompt file, once.

        Raises:
            PromptError: It cannot be read, or something in it is wrong.
        """
        if path not in self._prompts:
            self._prompts[path] = Prompt.load(path)
        return self._prompts[path]

    def batch(
        self,
        suite: Suite,
        target: Prompt | Target,
        *,
        checks: Any = (),
        repeats: int | None = None,
        bench: Bench = ENVIRONMENT,
    ) -> Batch:
        """Give the batch of a suite and a target.

        Raises:
            UsageError: Suite and prompt do not fit each other, or a bar, a check or a number of repeats is wrong.
        """
        times = self._options.repeats or repeats or read_repeats(suite.name, suite.settings) or 1
        given = list(checks.items()) if isinstance(checks, Mapping) else [(None, check) for check in checks]
        asked = tuple((name, id(check)) for name, check in given)
        key = (id(suite), target if isinstance(target, Prompt) else id(target), asked, times, bench.key)
        if key not in self._known:
            made = self._make(suite, target, as_checks(checks), times, bench)
            self._known[key] = made
            self._kept.append((suite, target, checks, bench))  # no other object may get their identities
            self.batches.append(made)
        return self._known[key]

    def _make(self, suite: Suite, target: Any, checks: Any, repeats: int, bench: Bench) -> Batch:
        if isinstance(target, Prompt):
            check_prompt(target, suite)
        settings = dict(suite.settings)
        if self._options.least is not None:
            settings.pop(
                "min_pass_rate", None
            )  # the command line's bar, over all suites, stands in its place
        return make_batch(
            len(self.batches),
            suite,
            target_label(target),
            target,
            repeats=repeats,
            checks=checks,
            bench=bench,
            bars=read_bars(suite.name, settings),
        )
