"""Faults of the answer: a completion that is well-formed JSON and yet no good, or good and odd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptlab.simulator._fault_rule import AnswerFault, Completion

__all__ = ["ANSWERS", "HOSTILE"]

HOSTILE = (
    "<script>document.title='scripted'</script><img src=x onerror=\"document.title='scripted'\">"
    '\x1b[2J\x1b]0;scripted\x07\n::error::scripted\n##[error]scripted\n=HYPERLINK("http://127.0.0.1/")\n'
    "{{ 7 * 7 }} {% for x in range(9) %}x{% endfor %} ${7*7} $(id) `id`\n"
    "[link](javascript:alert(1)) \u202etxet desrever\u202c a\x00b"
)
"""What a page, a terminal, a CI log, a spreadsheet, a template or a shell might take for its own."""

REFUSAL = "I'm sorry, but I cannot help with that."

USAGES: dict[str, Any] = {
    "null": None,
    "nulls": {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
    "negative": {"prompt_tokens": -1, "completion_tokens": -5, "total_tokens": -6},
}

Act = Callable[[Completion, str], None]


def _says(rewrite: Callable[[str, str], Any], finish: str | None = None) -> Act:
    """Build a fault that changes what is said, from the text and the rule's value, and why it ended."""

    def act(completion: Completion, value: str) -> None:
        choice = completion["choices"][0]
        message = choice["message"]
        message["content"] = rewrite(message["content"] or "", value)
        choice["logprobs"] = None
        if finish is not None:
            choice["finish_reason"] = finish

    return act


def _sets(name: str, make: Callable[[str], Any]) -> Act:
    """Build a fault that sets a field of the choice."""

    def act(completion: Completion, value: str) -> None:
        completion["choices"][0][name] = make(value)

    return act


def _half(text: str, _value: str) -> str:
    return text[: len(text) // 2]


def _parts(text: str, _value: str) -> list[dict[str, str]]:
    middle = len(text) // 2
    return [{"type": "text", "text": half} for half in (text[:middle], text[middle:])]


def _trailing_comma(text: str, _value: str) -> str:
    text = text.rstrip()
    return f"{text[:-1]},{text[-1]}" if text.endswith(("}", "]")) else text


def _refuse(completion: Completion, value: str) -> None:
    _says(lambda _text, _value: None, "stop")(completion, value)
    completion["choices"][0]["message"]["refusal"] = value


def _call_tool(completion: Completion, value: str) -> None:
    _says(lambda _text, _value: None, "tool_calls")(completion, value)
    function = {"name": value, "arguments": '{"query": "simulated"}'}
    calls = [{"id": "call_simulated", "type": "function", "function": function}]
    completion["choices"][0]["message"]["tool_calls"] = calls


def _no_choices(completion: Completion, _value: str) -> None:
    completion["choices"] = []


def _no_usage(completion: Completion, _value: str) -> None:
    del completion["usage"]


def _odd_usage(completion: Completion, value: str) -> None:
    completion["usage"] = USAGES[value]


ANSWERS = (
    AnswerFault("slow", "the answer, so many seconds later", "10", lambda _completion, _value: None),
    AnswerFault("refusal", "a refusal, in the words given", REFUSAL, _refuse),
    AnswerFault("truncated", "half the text, finish_reason length", "", _says(_half, "length")),
    AnswerFault("content-filter", "half the text, finish_reason content_filter", "", _says(_half, "content_filter")),
    AnswerFault("tool-calls", "a call of the tool named, and no text", "search", _call_tool),
    AnswerFault("empty", "a text of no characters", "", _says(lambda _text, _value: "")),
    AnswerFault("blank", "a text of white space", "", _says(lambda _text, _value: " \n\t ")),
    AnswerFault("null-content", "null for a text", "", _says(lambda _text, _value: None)),
    AnswerFault("no-choices", "an empty list of choices", "", _no_choices),
    AnswerFault("no-message", "a choice whose message is null", "", _sets("message", lambda _value: None)),
    AnswerFault("text", "the text given", "simulated", _says(lambda _text, value: value)),
    AnswerFault("hostile", "a text of markup, escapes, commands and templates", "", _says(lambda _text, _value: HOSTILE)),
    AnswerFault("parts", "the text as a list of two parts", "", _says(_parts)),
    AnswerFault("fence", "the text in a fence of the language given", "json", _says(lambda text, value: f"```{value}\n{text}\n```")),
    AnswerFault("prose", "the text with prose around it", "", _says(lambda text, _value: f"Sure! Here it is:\n\n{text}\n\nAnything else?")),
    AnswerFault("trailing-comma", "the text with a comma before its last brace", "", _says(_trailing_comma)),
    AnswerFault("single-quotes", "the text with single quotes for double ones", "", _says(lambda text, _value: text.replace('"', "'"))),
    AnswerFault("no-usage", "no usage", "", _no_usage),
    AnswerFault("odd-usage", "a usage of null, nulls or negative", "negative", _odd_usage, tuple(USAGES)),
    AnswerFault("odd-finish", "the finish_reason given", "because", _sets("finish_reason", lambda value: value)),
)  # fmt: skip
"""The faults of this kind."""
