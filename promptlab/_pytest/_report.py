"""What the session's prompt tests came to: the block at the end, the bars, and the exit status that follows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from promptlab._bars import Bar, Held, excused, hold
from promptlab._ci import Told, job_summary, write_summary
from promptlab._display import Changes, changes_text
from promptlab._display._escape import lines
from promptlab._errors import SettingError
from promptlab._history import difference
from promptlab._lab import Lab
from promptlab._pytest._batch import Batch
from promptlab._pytest._options import Options
from promptlab._summary import Summary, simulated_model, summarise, summary_text
from promptlab._types import Outcome, Run
from promptlab._wording import listed

SESSION = "all prompt tests of the session"
LET_PASS_LISTED = 20

Key = tuple[int, str, int]
"""A row: the number of its batch, the case's id and the repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What became of one batch."""

    number: int
    """The batch's number."""
    run: Run
    """The run that holds its rows; the last one where there were several."""
    runs: tuple[str, ...]
    """The ids of all of them."""
    rows: tuple[Outcome, ...]
    """Its rows, in the suite's order."""
    wall_s: float
    """Seconds from the first call to the last outcome."""
    stopped: str | None
    """Why it ended early."""
    bars: tuple[Bar, ...]
    """What it is held to."""


def story_of(batch: Batch) -> Story | None:
    """Tell of a batch; None where nothing was run of it."""
    if not batch.results:
        return None
    rows: dict[tuple[str, int], Outcome] = {}
    for result in batch.results:
        for row in result.outcomes:
            key = row.case.id, row.repeat
            if key not in rows or row.status != "not_run":
                rows[key] = row
    last = batch.results[-1]
    open_ = any(row.status == "not_run" for row in rows.values())
    return Story(
        number=batch.number,
        run=last.run,
        runs=tuple(result.run.id for result in batch.results),
        rows=tuple(rows[key] for key in batch.slots if key in rows),
        wall_s=sum(result.summary.wall_s for result in batch.results),
        stopped=last.summary.stopped if open_ else None,
        bars=batch.bars,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the stories of a session come to."""

    stories: tuple[Story, ...]
    """What became of each batch."""
    told: tuple[Told, ...]
    """What is told of each."""
    session: tuple[Held, ...]
    """The bars over all rows of the session."""
    summary: Path | None
    """Where the summary in Markdown goes, if it was asked for."""

    def lines(self, notices: Iterable[str]) -> list[str]:
        """Write the block at the end of the session."""
        said: list[str] = []
        for story, told in zip(self.stories, self.told, strict=True):
            names = ", ".join(f"{variant.name} (version {variant.version})" for variant in story.run.variants)
            said += [summary_text(told.summary), f"prompt {names}, run {story.run.id}"]
            if told.changes is not None:
                said.append(changes_text(told.changes))
            if told.since is not None:
                said.append(told.since)
            said += [held.text() for held in told.held]
            over = (*told.held, *self.session)
            passed_over = [row.case.id for row in story.rows if row.status == "fail" and excused(over, row)]
            if passed_over:
                names = listed(dict.fromkeys(passed_over), LET_PASS_LISTED)
                said.append(f"failed, and let pass by the bar: {names}")
        said += [held.text() for held in self.session]
        said += [f"note: {notice}" for notice in notices]
        return lines("\n".join(said)).split("\n") if said else []

    def write(self, notices: Sequence[str]) -> list[str]:
        """Write the summary in Markdown, where one was asked for; gives what there is to say of it."""
        if self.summary is None:
            return []
        notes = [*(held.text() for held in self.session), *notices]
        try:
            write_summary(self.summary, job_summary(self.told, notes))
        except SettingError as wrong:
            return lines(str(wrong)).split("\n")
        except OSError as wrong:
            return lines(f"cannot write {self.summary}: {wrong.strerror or wrong}").split("\n")
        return []

    def has_bars(self) -> bool:
        """Tell whether the exit status follows a bar."""
        return bool(self._held())

    def is_red(self, failures: int, failed_rows: Collection[Key]) -> bool:
        """Tell whether the session fails: a bar is not met, or there is a failure that none lets pass.

        Args:
            failures: Failures and errors of the session, collection included.
            failed_rows: The rows that failed an item, once for each item.
        """
        if any(held.state != "met" for held in self._held()):
            return True
        let_pass = {
            (story.number, row.case.id, row.repeat)
            for story, told in zip(self.stories, self.told, strict=True)
            for row in story.rows
            if excused((*told.held, *self.session), row)
        }
        return failures > sum(1 for key in failed_rows if key in let_pass)

    def _held(self) -> list[Held]:
        return [*self.session, *(held for told in self.told for held in told.held)]


def ending_of(stories: Sequence[Story], options: Options, lab: Lab) -> Ending:
    """Hold the stories of a session against their bars, and against the runs before them.

    Args:
        stories: What became of each batch.
        options: What the session was asked.
        lab: Whose store remembers earlier runs.
    """
    least = options.least
    whole = [] if least is None else [Bar(name=SESSION, least=least, said=f"{least:g}")]
    return Ending(
        stories=tuple(stories),
        told=tuple(_told(story, lab) for story in stories),
        session=hold(whole, [row for story in stories for row in story.rows]),
        summary=options.summary,
    )


def _told(story: Story, lab: Lab) -> Told:
    summary = summarise(story.run, story.rows, story.wall_s, story.stopped)
    changes, since = _since(lab, story, summary)
    return Told(
        run=story.run,
        rows=story.rows,
        summary=summary,
        held=hold(story.bars, story.rows),
        changes=changes,
        since=since,
    )


def _since(lab: Lab, story: Story, summary: Summary) -> tuple[Changes | None, str | None]:
    """Tell what changed since the last run of the same prompt over the same suite that is on record.

    Held against each other is what ran in both. What a simulator answered is held against what a simulator answered,
    a model's answers against a model's.

    Returns:
        What changed, and what there is to say of it: that not all cases ran in both, or that all of it is what was
        answered then. None for both where there is no such run.
    """
    variant = story.run.variants[0]
    last = _before(lab, story, simulated=summary.simulated)
    if last is None:
        return None, None
    before = [row for row in lab.store.outcomes(last["run"]) if row.prompt == variant.name]
    then, now = ({row.case.id for row in rows if row.status != "not_run"} for rows in (before, story.rows))
    both = then & now
    if not both:
        return None, None
    old = lab.store.prompt_text(last["version"], variant.name) or ""
    label = f"{variant.name} {variant.version}, against {last['version']} of {last['when'][:16].replace('T', ' ')} UTC,"
    told = difference(
        [row for row in before if row.case.id in both],
        [row for row in story.rows if row.case.id in both],
        old,
        variant.text or "",
        name=label,
    )
    if last["version"] == variant.version and not summary.calls and not (told.fixed or told.broke):
        served = f"{summary.cached} of {summary.rows} rows from the store"
        return None, f"same version as run {last['run']}, {served}"
    part = (
        f"compared: the {len(both)} of {len(then | now)} cases that ran in both runs" if then != now else None
    )
    return replace(told.changes, failing=()), part


def _before(lab: Lab, story: Story, *, simulated: bool) -> Mapping[str, Any] | None:
    """Give the last run of the same prompt over the same suite, before those of a story."""
    before = [
        entry
        for entry in lab.store.runs(story.run.variants[0].name)
        if entry["suite"] == story.run.suite
        and entry["run"] not in story.runs
        and entry["graded"]
        and (bool(entry["simulated"]) or simulated_model(entry["model"])) is simulated
    ]
    return before[-1] if before else None
