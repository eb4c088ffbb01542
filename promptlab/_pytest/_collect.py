"""Collects suites: the files that are named, and those that are found in folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptlab._cases import Suite
from promptlab._errors import UsageError
from promptlab._prompt import Prompt
from promptlab._pytest._batch import Batch
from promptlab._pytest._crew import Crew, crew_of
from promptlab._pytest._ini import named_suites
from promptlab._pytest._items import Asked, CaseItem, item_name
from promptlab._suite_prompt import suite_prompt

YAML = (".yaml", ".yml")
LOOKED_AT = 200_000
"""Bytes of a file that are looked at to see whether it is a suite."""

_CASES = re.compile(rb"^[\"']?(cases|suite)[\"']?[ \t]*:", re.MULTILINE)
_ITEM = re.compile(rb"^- ", re.MULTILINE)
_PART = re.compile(rb"^[- \t][ \t]*[\"']?(input|expect)[\"']?[ \t]*:", re.MULTILINE)
_CASES_JSON = re.compile(rb"\"cases\"\s*:")


class SuiteFile(pytest.File):
    """A suite, as a file with an item for each case and repeat."""

    def collect(self) -> Iterator[CaseItem]:
        """Load the suite and its prompt, and give its cases."""
        crew = crew_of(self.config)
        try:
            batch = _batch(crew, self.path)
        except UsageError as wrong:
            raise self.CollectError(str(wrong)) from None
        for slot in batch.slots.values():
            yield CaseItem.from_parent(self, name=item_name(slot), asked=Asked(slot), crew=crew)


def collect_suite(
    path: Path, parent: pytest.Collector, *, named: bool, folders: bool
) -> pytest.Collector | None:
    """Decide on a file whose name ends like a suite's.

    Args:
        path: The file.
        parent: The folder, as pytest knows it.
        named: Whether it was named on the command line.
        folders: Whether suites are looked for in folders.
    """
    config = parent.config
    if _in_ini(config, path) or (named and (folders or config.getini("promptlab_prompt"))):
        return _file(path, parent)
    if named:
        # Without a prompt from outside it is ours only if it looks so: other plugins collect such files as well.
        return _file(path, parent) if _looks_like_suite(path) else None
    if not folders or path.suffix.lower() not in YAML:
        return None
    if _looks_like_suite(path):
        return _file(path, parent)
    crew_of(config).not_suites.append(path)
    return None


def prompt_for(crew: Crew, suite: Suite) -> Prompt:
    """Give a suite's prompt: from the command line, else the suite's own, else from the ini file.

    Raises:
        UsageError: There is none, or it cannot be used.
    """
    if crew.options.prompt is not None:
        return crew.roster.prompt(crew.options.prompt)
    if (own := suite_prompt(suite, crew.roster.prompt)) is not None:
        return own
    if crew.options.spare_prompt is not None:
        return crew.roster.prompt(crew.options.spare_prompt)
    raise UsageError(
        f"the suite {suite.name!r} has no prompt: give --prompt FILE, or `prompt: FILE` in the suite, or "
        "promptlab_prompt in the ini file"
    )


def _batch(crew: Crew, path: Path) -> Batch:
    suite = crew.roster.suite(path)
    batch = crew.roster.batch(suite, prompt_for(crew, suite))
    for slot in batch.slots.values():
        slot.strict = True
    return batch


def _file(path: Path, parent: pytest.Collector) -> SuiteFile:
    made: SuiteFile = SuiteFile.from_parent(parent, path=path)
    return made


def _looks_like_suite(path: Path) -> bool:
    """Tell by its text whether a file may be a suite; what is wrong in one is said when it is read."""
    try:
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
    except OSError:
        return False
    if path.suffix.lower() not in YAML:
        return _CASES_JSON.search(head) is not None
    return bool(_CASES.search(head) or (_ITEM.search(head) and _PART.search(head)))


SUITES = pytest.StashKey[frozenset[Path]]()


def _in_ini(config: pytest.Config, path: Path) -> bool:
    if SUITES not in config.stash:
        config.stash[SUITES] = frozenset(found.resolve() for found in named_suites(config))
    return path.resolve() in config.stash[SUITES]
