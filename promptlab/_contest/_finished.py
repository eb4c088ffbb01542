"""Runs that are over: frames, and what the store knows of where they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from promptlab._compare import Source, known, stored_source
from promptlab._contest._material import Material
from promptlab._contest._run import by_variant
from promptlab._errors import UsageError
from promptlab._frame import to_frame
from promptlab._lab import Lab
from promptlab._types import Outcome
from promptlab._wording import a_kind, quoted

if TYPE_CHECKING:
    import pandas as pd

LAST = "last"
"""Stands for the last run and the version before it."""


def is_frame(value: Any) -> bool:
    """Tell whether a value is a DataFrame, without importing pandas to find out."""
    kinds = type(value).__mro__
    return any(kind.__name__ == "DataFrame" and kind.__module__.startswith("pandas") for kind in kinds)


def is_finished(cases: Any, prompts: Any) -> bool:
    """Tell whether what `compare` was given are runs that are over."""
    if prompts is not None:
        return is_frame(prompts)
    frames = isinstance(cases, Mapping) and bool(cases) and all(is_frame(value) for value in cases.values())
    return is_frame(cases) or frames


def from_frames(lab: Lab, cases: Any, prompts: Any) -> Material:
    """Take frames: two, a mapping of names to frames, or one that holds several variants.

    Raises:
        UsageError: These are no frames of at least two variants.
    """
    if isinstance(cases, Mapping):
        frames = {str(name): _alone(frame, f"the frame of {quoted(name)}") for name, frame in cases.items()}
    elif prompts is None:
        frames = _parted(cases)
    else:
        if not is_frame(cases):
            raise UsageError(f"the first is {a_kind(cases)} and the second a frame; give two frames")
        pair = (_alone(cases, "the first frame"), _alone(prompts, "the second frame"))
        frames = dict(zip(_names(*pair), pair, strict=True))
    if len(frames) < 2:
        raise UsageError(
            "there is one variant; give a second frame, or a frame whose column `prompt` names several"
        )
    return Material(
        frames=frames,
        sources=tuple(_source(lab, name, frame) for name, frame in frames.items()),
        suite=_suite(frames),
    )


def _suite(frames: Mapping[str, pd.DataFrame]) -> str:
    """Give the name of the suite, where the frames remember one and the same."""
    told = {str((frame.attrs.get("promptlab") or {}).get("suite", "")) for frame in frames.values()}
    return told.pop() if len(told) == 1 else ""


def _alone(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    names = _values(frame, "prompt")
    if len(names) > 1:
        raise UsageError(
            f"{what} holds {len(names)} variants; give it alone, or the rows of one: frame[frame['prompt'] == …]"
        )
    return frame


def _parted(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    if "prompt" not in frame.columns:
        raise UsageError("the frame has no column prompt; give frames as run_parallel returns them")
    return by_variant(frame)


def _values(frame: pd.DataFrame, column: str) -> list[str]:
    """Give the distinct values of a column, in the order of first use."""
    return (
        [str(value) for value in dict.fromkeys(known(frame[column])) if value is not None]
        if column in frame
        else []
    )


def _names(a: pd.DataFrame, b: pd.DataFrame) -> tuple[str, str]:
    """Name two frames by what they differ in: the prompt's name, its version, or their order alone."""
    names = [next(iter(_values(frame, "prompt")), "") for frame in (a, b)]
    if names[0] != names[1] and all(names):
        return names[0], names[1]
    versions = [next(iter(_values(frame, "version")), "") for frame in (a, b)]
    label = names[1] or "run"
    if versions[0] != versions[1] and all(versions):
        return f"{label} {versions[0]}", f"{label} {versions[1]}"
    return f"{label} (first)", f"{label} (second)"


def _source(lab: Lab, name: str, frame: pd.DataFrame) -> Source:
    """Look up in the store what a frame's prompt was."""
    versions, names, runs = (_values(frame, column) for column in ("version", "prompt", "run"))
    if len(versions) != 1 or len(names) != 1 or lab.store.off:
        return Source(name=name, kind="unknown", version=next(iter(versions), None))
    model = None
    for run_id in runs[:1]:
        run = lab.store.run(run_id)
        asked = [one for one in run.variants if one.name == names[0]] if run is not None else []
        model = asked[0].model if asked else None
    return stored_source(name, lab.store.prompt_text(versions[0], names[0]), versions[0], model)


def from_store(lab: Lab) -> Material:
    """Take the last run, and the version before it: the latest other version of that prompt on that suite.

    A last run of several variants is itself what is compared.

    Raises:
        UsageError: There is no run, or no version before it.
    """
    entries = lab.store.runs()
    if not entries:
        raise UsageError("there is no run in the store yet; run a prompt, edit it, and run it again")
    last = entries[-1]
    together = [entry for entry in entries if entry["run"] == last["run"]]
    if len(together) > 1:
        return _recorded(lab, together, [entry["prompt"] for entry in together])
    before = [
        entry
        for entry in entries
        if entry["prompt"] == last["prompt"]
        and entry["suite"] == last["suite"]
        and entry["version"] != last["version"]
        and entry["graded"] + entry["errors"] + entry["ungraded"]
    ]
    if not before:
        raise UsageError(
            f"{quoted(last['prompt'])} has been run on the suite {quoted(last['suite'])} in one version alone"
        )
    pair = [before[-1], last]
    return _recorded(lab, pair, [f"{entry['prompt']} {entry['version']}" for entry in pair])


def _recorded(lab: Lab, entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Material:
    held: dict[str, list[Outcome]] = {}
    for entry, name in zip(entries, names, strict=True):
        held[name] = [row for row in lab.store.outcomes(entry["run"]) if row.prompt == entry["prompt"]]
    frames = {
        name: to_frame(str(entry["run"]), held[name], {}) for name, entry in zip(names, entries, strict=True)
    }
    sources = [
        stored_source(
            name,
            lab.store.prompt_text(entry["version"], entry["prompt"]),
            entry["version"],
            entry["model"],
        )
        for name, entry in zip(names, entries, strict=True)
    ]
    return Material(
        frames=frames,
        sources=tuple(sources),
        changed=_other_expectations(list(held.values())),
        suite=str(entries[-1]["suite"]),
    )


def _other_expectations(runs: Sequence[Sequence[Outcome]]) -> frozenset[str]:
    """Give the cases of which another answer was expected in one of the runs: their verdicts say nothing together."""
    first = {row.case.id: row.case.expect for row in runs[0]}
    return frozenset(
        row.case.id
        for rows in runs[1:]
        for row in rows
        if row.case.id in first and row.case.expect != first[row.case.id]
    )
