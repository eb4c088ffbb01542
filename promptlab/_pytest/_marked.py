"""Marked tests: `@pytest.mark.prompt_cases(…)` runs a test once for each case of a suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from promptlab._errors import SettingError, UsageError
from promptlab._prompt import Prompt, as_prompt, looks_like_path
from promptlab._pytest._batch import Batch, Bench
from promptlab._pytest._collect import prompt_for
from promptlab._pytest._crew import Crew, crew_of
from promptlab._pytest._items import FIXTURE, Asked, marks, wait_for
from promptlab._pytest._result import PromptResult, as_result

TAKES = ("cases", "prompt", "checks", "repeats", "shared", "resource", "confidence", "expect")


def generate(metafunc: pytest.Metafunc) -> None:
    """Make an item for each case and repeat of the suites that a test is marked with."""
    own = any(mark.name == "prompt_cases" for mark in metafunc.definition.own_markers)
    if FIXTURE not in metafunc.fixturenames:
        if not own:
            return  # the mark of a class or module is for the tests in it that use the fixture
        metafunc.fixturenames.append(FIXTURE)
    crew = crew_of(metafunc.config)
    batches = []
    for mark in metafunc.definition.iter_markers("prompt_cases"):
        try:
            batches.append((_batch(crew, mark, metafunc), bool(mark.kwargs.get("expect", True))))
        except UsageError as wrong:
            said = f"{metafunc.definition.name}: {wrong}"
            raise pytest.Collector.CollectError(said) from None
    params = []
    for batch, expect in reversed(batches):
        for (case, repeat), slot in batch.slots.items():
            slot.strict = slot.strict or expect
            name = f"{case}-{repeat}" if batch.repeats > 1 else case
            label = f"{batch.suite.name}-{name}" if len(batches) > 1 else name
            tags = marks(metafunc.config, slot.case.tags, crew)
            params.append(pytest.param(Asked(slot, expect), id=label, marks=tags))
    metafunc.parametrize(FIXTURE, params, indirect=True)


def result_for(request: pytest.FixtureRequest) -> PromptResult:
    """Wait for what the case of a test came to."""
    asked = getattr(request, "param", None)
    if not isinstance(asked, Asked):
        pytest.fail(
            "the fixture prompt_result needs a suite: mark the test with "
            '@pytest.mark.prompt_cases("cases/suite.yaml", prompt=…)',
            pytrace=False,
        )
    return as_result(wait_for(crew_of(request.config), asked))


def _batch(crew: Crew, mark: pytest.Mark, metafunc: pytest.Metafunc) -> Batch:
    given = dict(zip(TAKES, mark.args, strict=False)) | dict(mark.kwargs)
    if len(mark.args) > 2:
        raise SettingError("prompt_cases takes (cases, prompt); the rest is given by name")
    unknown = sorted(set(given) - set(TAKES))
    if unknown or "cases" not in given:
        wrong = f"does not take {unknown[0]!r}" if unknown else "needs cases"
        raise SettingError(f"prompt_cases {wrong}: it takes {', '.join(TAKES)}")
    folders = (metafunc.definition.path.parent, metafunc.config.rootpath)
    suite = crew.roster.suite(_found(given["cases"], folders))
    prompt = given.get("prompt")
    target = prompt_for(crew, suite) if prompt is None else _target(crew, prompt, folders)
    repeats = given.get("repeats")
    if repeats is not None and (isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1):
        raise SettingError(f"prompt_cases: repeats={repeats!r} is no whole number from 1 up")
    bench = Bench(
        shared=given.get("shared"), resource=given.get("resource"), confidence=given.get("confidence")
    )
    return crew.roster.batch(suite, target, checks=given.get("checks", ()), repeats=repeats, bench=bench)


def _found(source: Any, folders: tuple[Path, ...]) -> Any:
    """Find a file that a mark names: beside the test, else from the root."""
    if not isinstance(source, str | Path):
        return source
    path = Path(source).expanduser()
    places = [path] if path.is_absolute() else [folder / path for folder in folders]
    return next((place for place in places if place.exists()), places[-1])


def _target(crew: Crew, prompt: Any, folders: tuple[Path, ...]) -> Any:
    """Make what is under test of what a mark names: a callable, a prompt, a prompt file or a template."""
    if isinstance(prompt, Path) or (isinstance(prompt, str) and looks_like_path(prompt)):
        return crew.roster.prompt(_found(prompt, folders))
    if callable(prompt) and not isinstance(prompt, Prompt):
        return prompt
    return as_prompt(prompt)
