"""The value: a template with holes, its hash, and the requests it makes."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any, NoReturn, cast

from promptlab._errors import PromptError
from promptlab._front import split_front, with_front
from promptlab._messages import (
    Part,
    check_shape,
    messages_as_data,
    name_as_data,
    parts_of,
    sendable,
    settings_as_data,
    text_as_data,
)
from promptlab._show import one_line
from promptlab._template import MAX_LENGTH, new_meter
from promptlab._textfile import read_text
from promptlab._types import Case, Request
from promptlab._wording import Fail, a_kind, listed, quoted

MAX_FILE = 10_000_000


class Prompt:
    """A template with holes, a model and its settings. A value: it never changes and compares by content.

    Args:
        text: The user message, a Jinja2 template. Left out where `messages` are given.
        system: The system message, a template as well.
        messages: Instead of `text`, a list of `{role, content}`; the content may hold holes, or be a list of
            parts whose texts may.
        model: The model to ask; the lab's where it is None.
        settings: What else goes into the request, as it is (`temperature`, `seed`, `response_format`, …).
        name: The prompt's name in frames and in the history; not part of its version.

    Raises:
        PromptError: Something is of the wrong type, or both or neither of `text` and `messages` are given.
    """

    __slots__ = ("_data", "_hash", "_name", "_origin", "_parts")

    _data: dict[str, Any]
    _hash: str
    _name: str
    _origin: tuple[str, int] | None
    _parts: tuple[Part, ...]

    def __init__(
        self,
        text: str | None = None,
        *,
        system: str | None = None,
        messages: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        label = name_as_data(name)
        fail = _failing(label)
        data = {
            "text": text_as_data(text, "text", fail) or None,
            "system": text_as_data(system, "system", fail),
            "messages": messages_as_data(messages, fail),
            "model": text_as_data(model, "model", fail),
            "settings": settings_as_data(settings, fail),
        }
        check_shape(data, fail)
        canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
        self._set("_data", data)
        self._set("_name", label)
        self._set("_origin", None)
        self._set("_hash", hashlib.sha256(canonical.encode("ascii")).hexdigest())
        self._set("_parts", parts_of(data))

    @classmethod
    def load(cls, path: str | Path) -> Prompt:
        """Read a prompt file: UTF-8 text with optional YAML front matter (name, model, settings, system).

        The name is the file's stem where the front matter gives none. The text is taken as it stands,
        with its line endings and the last one.

        Raises:
            PromptError: The file cannot be read, or something in it is wrong; names file and line.
        """
        file = Path(path)
        shown = one_line(str(file), 300)

        def fail(message: str, line: int | None) -> NoReturn:
            raise PromptError(f"{shown}{'' if line is None else f':{line}'}: {message}")

        front, body, first_line = split_front(read_text(file, MAX_FILE, fail), fail)
        return _from_front(cls, front, body, front.get("name") or file.stem, (shown, first_line))

    @classmethod
    def parse(cls, text: str, *, name: str | None = None) -> Prompt:
        """Read a prompt from a text with optional front matter, as a file or `source()` holds it.

        Args:
            text: The text.
            name: The prompt's name, whatever the front matter says.
        """
        shown = f"prompt {quoted(name)}" if name else "the prompt"

        def fail(message: str, line: int | None) -> NoReturn:
            raise PromptError(f"{shown}{'' if line is None else f', line {line}'}: {message}")

        if not isinstance(text, str):
            fail(f"text was expected, and this is {a_kind(text)}", None)
        front, body, _ = split_front(sendable(text, "the text", fail), fail)
        return _from_front(cls, front, body, name or front.get("name"), None)

    @property
    def name(self) -> str:
        """The prompt's name."""
        return self._name

    @property
    def text(self) -> str | None:
        """The user message's template, or None where there are messages."""
        return self._data["text"]  # type: ignore[no-any-return]  # the constructor checks it

    @property
    def system(self) -> str | None:
        """The system message's template, or None."""
        return self._data["system"]  # type: ignore[no-any-return]  # the constructor checks it

    @property
    def messages(self) -> list[dict[str, Any]] | None:
        """A copy of the messages as given, or None where there is a text."""
        return cast("list[dict[str, Any]] | None", copy.deepcopy(self._data["messages"]))

    @property
    def model(self) -> str | None:
        """The model to ask, or None for the lab's."""
        return self._data["model"]  # type: ignore[no-any-return]  # the constructor checks it

    @property
    def settings(self) -> dict[str, Any]:
        """A copy of what else goes into the request."""
        return copy.deepcopy(self._data["settings"])

    @property
    def hash(self) -> str:
        """The SHA-256 of what is sent: text, system, messages, model and settings; not the name."""
        return self._hash

    @property
    def version(self) -> str:
        """The first 8 characters of the hash."""
        return self._hash[:8]

    @property
    def holes(self) -> frozenset[str]:
        """The names that a case's inputs fill.

        Raises:
            PromptError: The template is broken.
        """
        return frozenset().union(*(part.holes(self._fail) for part in self._parts))

    @property
    def needed(self) -> frozenset[str]:
        """The holes that every case must fill: those with no default and no `is defined`.

        Raises:
            PromptError: The template is broken.
        """
        return frozenset().union(*(part.needed(self._fail) for part in self._parts))

    def messages_for(self, case: Case) -> list[dict[str, Any]]:
        """Fill the holes with a case's inputs.

        Raises:
            PromptError: A hole stays empty, or rendering goes wrong or beyond its limits.
        """
        meter = new_meter()
        made = [part.fill(case.input, meter, self._fail) for part in self._parts]
        length = sum(part.length(message) for part, message in zip(self._parts, made, strict=True))
        if length > MAX_LENGTH:
            self._fail(f"the rendered prompt is longer than {MAX_LENGTH:,} characters", None)
        return made

    def request(self, case: Case, repeat: int = 0, *, model: str) -> Request:
        """Make the request for a case, exactly as it is sent.

        Args:
            case: The case.
            repeat: The index of the repeat.
            model: The model to ask where the prompt names none.
        """
        body = {"model": self.model or model, "messages": self.messages_for(case)}
        if self._data["settings"]:
            body |= self.settings
        return Request(body=body, case=case.id, repeat=repeat)

    def source(self) -> str:
        """Write the whole prompt as one text with front matter; `Prompt.parse` reads it back."""
        front = {key: self._data[key] for key in ("model", "settings", "system", "messages")}
        return with_front({**front, "settings": front["settings"] or None}, self.text or "")

    def replace(self, **changes: Any) -> Prompt:
        """Make a prompt that differs in the given arguments of the constructor."""
        return type(self)(**{**self._data, "name": self._name, **changes})

    def _fail(self, message: str, line: int | None, what: str = "") -> NoReturn:
        where = f"prompt {quoted(self._name)}{what}"
        if self._origin is not None and not what:
            path, first = self._origin
            where = f"{path}{'' if line is None else f':{line + first - 1}'}: {where}"
        elif line is not None:
            where = f"{where}, line {line}"
        raise PromptError(f"{where}: {message}")

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise FrozenInstanceError(f"a Prompt never changes; prompt.replace({name}=…) makes another")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"a Prompt never changes: {name} stays")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prompt):
            return NotImplemented
        return (self._name, self._hash) == (other._name, other._hash)

    def __hash__(self) -> int:
        return hash((self._name, self._hash))

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, ({**self._data, "name": self._name}, self._origin)

    def __repr__(self) -> str:
        try:
            holes = listed(sorted(self.holes))
        except PromptError:
            holes = "?"
        model = f", model={quoted(self.model)}" if self.model else ""
        return f"Prompt(name={quoted(self._name)}, version='{self.version}', holes=[{holes}]{model})"


def _from_front(
    kind: type[Prompt], front: Mapping[str, Any], body: str, name: str | None, origin: tuple[str, int] | None
) -> Prompt:
    if front.get("messages") is not None and not body.strip():
        body = ""  # a file ends with a line end; that is no text beside the messages
    try:
        made = kind(body, **{**front, "name": name})
    except PromptError as error:
        raise (PromptError(f"{origin[0]}: {error}") if origin else error) from None
    made._set("_origin", origin)  # noqa: SLF001 - same module
    return made


def _revived(arguments: dict[str, Any], origin: tuple[str, int] | None) -> Prompt:
    made = Prompt(**arguments)
    made._set("_origin", origin)  # noqa: SLF001 - same module
    return made


def _failing(name: str) -> Fail:
    def fail(message: str, line: int | None) -> NoReturn:
        raise PromptError(f"prompt {quoted(name)}{'' if line is None else f', line {line}'}: {message}")

    return fail
