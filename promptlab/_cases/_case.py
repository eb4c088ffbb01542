"""One case, from what was written: keys and types checked, defaults merged in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from promptlab._types import Case
from promptlab._wording import a_kind, did_you_mean, listed, quoted

CASE_KEYS = ("id", "input", "expect", "tags", "why", "metadata")
MAX_ID = 200

_INSTEAD = {
    "inputs": "input", "vars": "input", "prompt": "input", "expected": "expect", "expects": "expect",
    "assert": "expect", "tag": "tags", "description": "why", "reason": "why", "name": "id", "meta": "metadata",
}  # fmt: skip
_SCALARS = (str, int, float, bool)


class Trouble(Exception):  # noqa: N818 - it carries what is wrong; `_build` adds the place and raises a SuiteError
    """What is wrong with a case or a suite's top, and the keys that lead to it."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What every case of a suite has unless it says otherwise."""

    input: Mapping[str, Any] = field(default_factory=dict)
    expect: Any = None
    tags: tuple[str, ...] = ()
    why: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def read_defaults(raw: Any) -> Defaults:
    """Check the defaults of a suite."""
    if raw is None:
        return Defaults()
    if not isinstance(raw, Mapping):
        raise Trouble(f"`defaults` is a mapping; this is {a_kind(raw)}", ("defaults",))
    if "id" in raw:
        raise Trouble("`defaults` cannot hold an id; every case has its own", ("defaults", "id"))
    try:
        made = build_case({**raw, "id": "defaults"}, Defaults(), where=None, spare_id=None)
    except Trouble as trouble:
        raise Trouble(f"in `defaults`, {trouble}", ("defaults", *trouble.path)) from None
    return Defaults(
        input=made.input, expect=made.expect, tags=made.tags, why=made.why, metadata=made.metadata
    )


def build_case(
    raw: Mapping[Any, Any], defaults: Defaults, *, where: str | None, spare_id: str | None
) -> Case:
    """Make a case of what was written.

    Args:
        raw: The case as written.
        defaults: What it has unless it says otherwise.
        where: Its file and line.
        spare_id: Its id where it gives none; None where it must.

    Raises:
        Trouble: A key is unknown or a value of the wrong type.
    """
    for key in raw:
        if key not in CASE_KEYS:
            raise Trouble(_unknown(key), (key,) if isinstance(key, str) else ())
    why = raw.get("why", defaults.why)
    if why is not None and not isinstance(why, str):
        raise Trouble(f"`why` is text; this is {a_kind(why)}", ("why",))
    return Case(
        id=_id(raw.get("id"), spare_id),
        input=_input(raw, defaults.input),
        expect=_expect(raw.get("expect"), defaults.expect),
        tags=_tags(raw.get("tags"), defaults.tags),
        why=why,
        where=where,
        metadata=_metadata(raw.get("metadata"), defaults.metadata),
    )


def checked_case(given: Case) -> Case:
    """Check a case that was made in Python as one that was written."""
    raw = {key: getattr(given, key) for key in CASE_KEYS}
    return build_case(raw, Defaults(), where=given.where, spare_id=None)


def _unknown(key: Any) -> str:
    if not isinstance(key, str):
        return f"a key is {a_kind(key)}; keys are text"
    meant = _INSTEAD.get(key.lower())
    hint = f" Did you mean {quoted(meant)}?" if meant else did_you_mean(key, CASE_KEYS)
    return f"the key {quoted(key)} is none of {listed(CASE_KEYS)}.{hint}"


def _id(raw: Any, spare: str | None) -> str:
    if raw is None:
        if spare is None:
            raise Trouble("it has no `id`; every case needs one that no other case has")
        return spare
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        raise Trouble(f"`id` is text; this is {a_kind(raw)} (put quotes around it)", ("id",))
    if not raw.strip() or raw != raw.strip() or not raw.isprintable() or len(raw) > MAX_ID:
        raise Trouble(
            f"the id {quoted(raw)} is no id: one line of 1 to {MAX_ID} characters, no blanks around it",
            ("id",),
        )
    return raw


def _input(raw: Mapping[Any, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    if "input" not in raw:
        return {**_copied(default)}
    given = raw["input"]
    if isinstance(given, _SCALARS):
        given = {"input": given}
    if not isinstance(given, Mapping):
        raise Trouble(
            f"`input` is a mapping of names to values, or a text; this is {a_kind(given)}", ("input",)
        )
    for name in given:
        if not isinstance(name, str) or not name or not name.isprintable() or len(name) > MAX_ID:
            raise Trouble(f"`input` has {quoted(name)} as a name; names are one line of text", ("input",))
    return {**_copied(default), **given} if default else dict(given)


def _expect(raw: Any, default: Any) -> Any:
    if default is None or raw is None:
        return _copied(default) if raw is None else raw
    if isinstance(raw, Mapping) and isinstance(default, Mapping):
        return {**_copied(default), **raw}
    raise Trouble(
        f"`expect` is {a_kind(raw)} here and {a_kind(default)} in `defaults`; only mappings can be merged",
        ("expect",),
    )


def _tags(raw: Any, default: tuple[str, ...]) -> tuple[str, ...]:
    if raw is None:
        return default
    found = split_tags(raw)
    for tag in found:
        if not tag.strip() or not tag.isprintable() or len(tag) > MAX_ID:
            raise Trouble(f"{quoted(tag)} is no tag: one line, not blank", ("tags",))
    return tuple(dict.fromkeys((*default, *found)))


def split_tags(raw: Any) -> list[str]:
    """Give the tags of a list, or of a text: split at semicolons where it has any, else at blanks."""
    if isinstance(raw, str):
        parts = raw.split(";") if ";" in raw else raw.split()
        return [part.strip() for part in parts if part.strip()]
    if not isinstance(raw, (list, tuple)):
        raise Trouble(f"`tags` is a list of words; this is {a_kind(raw)}", ("tags",))
    for tag in raw:
        if not isinstance(tag, str) and (not isinstance(tag, int) or isinstance(tag, bool)):
            raise Trouble(f"a tag is {quoted(tag)}; tags are words (put quotes around it)", ("tags",))
    return [str(tag) for tag in raw]


def _metadata(raw: Any, default: Mapping[str, Any]) -> dict[str, Any]:
    if raw is None:
        return {**_copied(default)}
    if not isinstance(raw, Mapping):
        raise Trouble(f"`metadata` is a mapping; this is {a_kind(raw)}", ("metadata",))
    return {**_copied(default), **raw}


def _copied(value: Any) -> Any:
    """Copy what comes from the defaults, so that no two cases share what a check could change."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
