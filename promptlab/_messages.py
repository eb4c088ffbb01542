"""A prompt's messages: checked as data when it is made, filled when it is asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from promptlab._answer_type import is_answer_type, response_format
from promptlab._errors import PromptError
from promptlab._template import MAX_LENGTH, Template, has_tags
from promptlab._wording import Fail, a_kind, quoted

if TYPE_CHECKING:
    from promptlab._template._meter import Meter

DEFAULT_NAME = "prompt"
MAX_DEPTH = 32
MAX_MESSAGES = 1000

PartFail = Callable[[str, int | None, str], NoReturn]
"""Raises for a message, a line of the template, and words that name the template among the prompt's."""


class Part:
    """One message, ready to be filled: its texts with tags are templates, everything else stays as it is."""

    __slots__ = ("_shape", "_templates", "_what")

    def __init__(self, message: Mapping[str, Any], what: str) -> None:
        self._what = what
        self._templates: list[Template] = []
        self._shape = {
            key: self._prepared(value) if key == "content" else value for key, value in message.items()
        }

    def _prepared(self, value: Any) -> Any:
        if isinstance(value, str) and has_tags(value):
            self._templates.append(Template(value))
            return self._templates[-1]
        if isinstance(value, list):
            return [self._prepared(item) for item in value]
        if isinstance(value, dict):
            return {key: item if key == "type" else self._prepared(item) for key, item in value.items()}
        return value

    def holes(self, fail: PartFail) -> frozenset[str]:
        """Give the names of this message's holes."""
        named = self._named(fail)
        return frozenset().union(*(template.holes(named) for template in self._templates))

    def needed(self, fail: PartFail) -> frozenset[str]:
        """Give the holes that every case must fill."""
        named = self._named(fail)
        return frozenset().union(*(template.needed(named) for template in self._templates))

    def fill(self, values: Mapping[str, Any], meter: Meter, fail: PartFail) -> dict[str, Any]:
        """Make the message for one case."""
        named = self._named(fail)

        def filled(shape: Any) -> Any:
            if isinstance(shape, Template):
                return sendable(shape.render(values, meter, named), "the rendered text", named)
            if isinstance(shape, list):
                return [filled(item) for item in shape]
            if isinstance(shape, dict):
                return {key: filled(item) for key, item in shape.items()}
            return shape

        return {key: filled(value) for key, value in self._shape.items()}

    def length(self, message: Mapping[str, Any]) -> int:
        """Count the characters of a filled message's texts; attached data does not count."""
        content = message.get("content")
        texts = [part.get("text") for part in content] if isinstance(content, list) else [content]
        return sum(len(text) for text in texts if isinstance(text, str))

    def _named(self, fail: PartFail) -> Fail:
        def named(message: str, line: int | None) -> NoReturn:
            fail(message, line, self._what)

        return named


def parts_of(data: Mapping[str, Any]) -> tuple[Part, ...]:
    """Make a prompt's messages ready to be filled: the system message first, where there is one."""
    made = []
    if data["system"] is not None:
        made.append(Part({"role": "system", "content": data["system"]}, ", system message"))
    if data["messages"] is None:
        return (*made, Part({"role": "user", "content": data["text"]}, ""))
    for index, message in enumerate(data["messages"], start=1):
        made.append(Part(message, f", message {index} ({message['role']})"))
    return tuple(made)


def name_as_data(name: Any) -> str:
    """Check the name of a prompt."""
    if name is None:
        return DEFAULT_NAME
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 200:
        raise PromptError(f"a prompt's name is one line of at most 200 characters, not {quoted(name)}")
    return name


def text_as_data(value: Any, what: str, fail: Fail) -> str | None:
    """Check a text, or None, that is part of a prompt."""
    if value is None:
        return None
    if not isinstance(value, str):
        fail(f"`{what}` is text, not {a_kind(value)}", None)
    if len(value) > MAX_LENGTH:
        fail(f"`{what}` is longer than {MAX_LENGTH:,} characters", None)
    if value and not value.strip() and what in {"model", "system"}:
        fail(f"`{what}` is blank; leave it out", None)
    if what == "model" and (not value.isprintable() or len(value) > 200):
        fail(f"`model` is one line of at most 200 characters, not {quoted(value)}", None)
    return sendable(str.__str__(value), f"`{what}`", fail) or None


def messages_as_data(value: Any, fail: Fail) -> list[dict[str, Any]] | None:
    """Check the messages of a prompt and copy them."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or not value:
        fail("`messages` is a list of {role, content}, at least one", None)
    if len(value) > MAX_MESSAGES:
        fail(f"there are more than {MAX_MESSAGES} messages", None)
    return [_message(message, f"message {index}", fail) for index, message in enumerate(value, start=1)]


def _message(value: Any, what: str, fail: Fail) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        fail(f"{what} is {a_kind(value)}; write {{role, content}}", None)
    made: dict[str, Any] = _json(value, what, fail, 0)
    if not isinstance(made.get("role"), str) or not made["role"].strip():
        fail(f"{what} has no `role` (system, user, assistant, …)", None)
    content = made.get("content")
    if content is None and "tool_calls" in made:
        return made
    if isinstance(content, list) and content and all(isinstance(part, dict) for part in content):
        return made
    if not isinstance(content, str):
        fail(f"{what} needs `content`: a text, or a list of parts such as {{type: text, text: …}}", None)
    if len(content) > MAX_LENGTH:
        fail(f"{what} is longer than {MAX_LENGTH:,} characters", None)
    return made


def settings_as_data(value: Any, fail: Fail) -> dict[str, Any]:
    """Check the settings of a prompt and copy them."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        fail(f"`settings` is a mapping such as {{temperature: 0}}, not {a_kind(value)}", None)
    if is_answer_type(value.get("response_format")):
        value = {**value, "response_format": response_format(value["response_format"])}
    made: dict[str, Any] = _json(value, "`settings`", fail, 0)
    if "messages" in made:
        fail("`settings` cannot hold `messages`; give them as `messages=`", None)
    if "model" in made:
        fail("`settings` cannot hold `model`; give it as `model=`", None)
    if made.get("stream"):
        fail("`settings` cannot hold `stream: true`: answers are read whole; leave it out", None)
    return made


def check_shape(data: Mapping[str, Any], fail: Fail) -> None:
    """Check that there is a text or messages, not both, and one system message at most."""
    if (data["text"] is None) == (data["messages"] is None):
        both = data["text"] is not None
        fail(
            "both `text` and `messages` are given; give one" if both else "it is empty: it needs a text", None
        )
    if data["text"] is not None and not data["text"].strip():
        fail("it is blank: it needs a text", None)
    roles = [message["role"] for message in data["messages"] or ()]
    if data["system"] is not None and ("system" in roles or "developer" in roles):
        fail("`system` is given, and there is a system message among `messages`; give one", None)


def _json(value: Any, what: str, fail: Fail, depth: int) -> Any:
    """Copy a value that can be sent as JSON, exactly."""
    if depth > MAX_DEPTH:
        fail(f"{what} nests deeper than {MAX_DEPTH} levels", None)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return sendable(str.__str__(value), what, fail)
    if type(value) is int and value.bit_length() < 512:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [_json(item, what, fail, depth + 1) for item in value]
    if not isinstance(value, Mapping):
        shown = quoted(value) if isinstance(value, (int, float)) else a_kind(value)
        fail(f"{what} holds {shown}, which cannot be sent as JSON", None)
    return dict(_entries(value, what, fail, depth))


def _entries(value: Mapping[Any, Any], what: str, fail: Fail, depth: int) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if not isinstance(key, str) or not key or len(key) > 500:
            fail(f"{what} has the key {quoted(key)}; keys are text of 1 to 500 characters", None)
        yield sendable(str.__str__(key), what, fail), _json(item, what, fail, depth + 1)


def sendable(text: str, what: str, fail: Fail) -> str:
    """Give a text back where it has an encoding; half of a surrogate pair has none."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            fail(
                f"{what} holds half a character (U+{ord(text[error.start]):04X}), which cannot be sent", None
            )
    return text
