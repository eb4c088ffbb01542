"""Outcomes as plain JSON types, for the way from one process of a session to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from promptlab._types import Answer, Case, Completion, Outcome, Verdict

_APART = ("case", "completion", "checking", "answer", "verdicts")


def plain_outcome(row: Outcome) -> dict[str, Any]:
    """Write an outcome; of its case the id alone, since every process has the case."""
    told = {field.name: getattr(row, field.name) for field in fields(row) if field.name not in _APART}
    told["case"] = row.case.id
    told["tags"] = list(row.case.tags)
    told["completion"] = None if row.completion is None else _plain(row.completion)
    told["checking"] = None if row.checking is None else _plain(row.checking)
    told["answer"] = None if row.answer is None else _plain(row.answer)
    told["verdicts"] = [_plain(verdict) for verdict in row.verdicts]
    return told


def read_outcome(told: Mapping[str, Any], case: Case | None = None) -> Outcome:
    """Read an outcome.

    Args:
        told: What `plain_outcome` wrote.
        case: The row's case; one of the id and the tags alone where it is not at hand.
    """
    completion, checking = (
        None if told[name] is None else _completion(told[name]) for name in ("completion", "checking")
    )
    answer = None
    if told["answer"] is not None:
        answer = Answer(**{**told["answer"], "notes": tuple(told["answer"]["notes"])}, completion=completion)
    plain = {name: value for name, value in told.items() if name not in (*_APART, "tags")}
    return Outcome(
        **plain,
        case=case or Case(id=told["case"], input={}, tags=tuple(told["tags"])),
        completion=completion,
        checking=checking,
        answer=answer,
        verdicts=tuple(Verdict(**verdict) for verdict in told["verdicts"]),
    )


def _plain(value: Completion | Answer | Verdict) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value) if field.name != "completion"}


def _completion(told: Mapping[str, Any]) -> Completion:
    logprobs = told["logprobs"]
    read = None if logprobs is None else tuple((token, chance) for token, chance in logprobs)
    return Completion(**{**told, "logprobs": read, "notes": tuple(told["notes"])})
