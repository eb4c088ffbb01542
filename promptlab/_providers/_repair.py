"""Parameters that a model does not take: dropped or renamed once, said once, remembered for the model."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Mapping
from typing import Any

from promptlab._scope import Scope

RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Names that mean the same; servers take the one, the other or both."""

SAMPLING = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_k",
    "min_p",
    "repetition_penalty",
)
DROPPED = frozenset(
    {
        *SAMPLING, *RENAMED, "seed", "stop", "n", "logprobs", "top_logprobs", "logit_bias", "user", "store",
        "metadata", "service_tier", "parallel_tool_calls", "reasoning_effort", "verbosity", "prediction",
        "prompt_cache_key", "safety_identifier", "chat_template_kwargs",
    }
)  # fmt: skip
"""Parameters that an answer can do without. The format of the answer and tools are not among them: without these it
would be the answer to another question."""

NOT_TAKEN = re.compile(
    r"unsupported (?:parameter|value|argument|field)|(?:not|isn't|un)[ -]?support|not (?:permitted|allowed|available)"
    r"|unknown (?:parameter|name|argument|field)|unrecogni[sz]ed|unexpected (?:keyword|argument|parameter|field)"
    r"|extra (?:inputs|fields|parameters)|cannot find field|only the default|deprecated for this model"
    r"|does not (?:accept|take)|incompatible with this model|no longer supported",
    re.IGNORECASE,
)
VALUE_ONLY = re.compile(
    r"supported values are|must be|should be|between|less than|greater than", re.IGNORECASE
)
"""What is said of a value that is wrong, where another would be taken: the user's to mend."""

TASTING_S = 0.12
"""How long others wait for the first call with parameters that some models refuse: a refusal comes at once."""
TASTING_SUSPECT_S = 0.3
SUSPECT = re.compile(r"(?:^|/)(?:o[1-9]|gpt-[5-9])", re.IGNORECASE)
"""Names of models that are known to refuse sampling parameters."""


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """What a response says of a parameter."""

    name: str
    """The parameter."""
    text: str
    """What the server says."""
    repairable: bool
    """Whether the call can be made without it, or with its other name."""


class Repairs:
    """What is known of the parameters that models take; shared by all calls to an endpoint."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, str | None]] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._tasted: dict[tuple[str, frozenset[str]], threading.Event] = {}

    def apply(self, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """Mend a request by what is known of its model.

        Returns:
            The body to send, the very one given where nothing is to be mended; and what was changed, in words.
        """
        known = self._known.get(str(body.get("model", "")))
        if not known:
            return body, ()
        mended, notes = dict(body), []
        for name, instead in list(known.items()):
            if name not in mended:
                continue
            value = mended.pop(name)
            if instead is not None and instead not in mended and known.get(instead, "") is not None:
                mended[instead] = value
                notes.append(f"{name} was sent as {instead}")
            else:
                notes.append(f"{name} was dropped")
        return (
            (mended, tuple(f"{note}: the model does not take it" for note in notes)) if notes else (body, ())
        )

    def learn(self, body: Mapping[str, Any], refused: Refused) -> bool:
        """Remember a refusal; tells whether the call can be made in another way now.

        Args:
            body: The body as it was sent.
            refused: What was refused.
        """
        if not refused.repairable or refused.name not in body:
            return False
        model = str(body.get("model", ""))
        other = RENAMED.get(refused.name)
        with self._lock:
            known = self._known.setdefault(model, {})
            # Where the other name was refused before, neither is taken.
            known[refused.name] = other if other is not None and other not in known else None
            if known[refused.name] is None and other in known:
                known[other] = None
            self._texts[model, refused.name] = refused.text
        return True

    def said(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Give what a run is to be told of the mending of a request: a topic and a text for each parameter."""
        model = str(body.get("model", ""))
        found = []
        for name, instead in self._known.get(model, {}).items():
            if name in body:
                done = f"sent as {instead}" if instead else "dropped"
                text = f"{model} does not take {name}: it is {done} (the server says: {self._texts[model, name][:200]})"
                found.append((f"{model} {name}", text))
        return found

    def taste(self, body: Mapping[str, Any], scope: Scope) -> threading.Event | None:
        """Have the first call with parameters that some models refuse go ahead, and the others wait a moment.

        Returns:
            For the call that goes ahead, what it sets when it has come back; None for any other.
        """
        doubtful = DROPPED.intersection(body)
        if not doubtful:
            return None
        model = str(body.get("model", ""))
        key = (model, frozenset(doubtful))
        event = self._tasted.get(key)
        if event is None:
            with self._lock:
                event = self._tasted.get(key)
                if event is None:
                    event = self._tasted[key] = threading.Event()
                    return event
        if not event.is_set():
            event.wait(min(TASTING_SUSPECT_S if SUSPECT.search(model) else TASTING_S, scope.left()))
        return None


def read_refused(status: int, content: bytes, body: Mapping[str, Any]) -> Refused | None:
    """Find the parameter that a response refuses; None where it refuses none, or not as such.

    Read are OpenAI's `error.param` and `error.code`, the list of faults that pydantic makes (`detail[].loc`), and
    texts that name a parameter of the request beside words such as "not supported".

    Args:
        status: The HTTP status.
        content: The response's body.
        body: The request's body.
    """
    if status not in (400, 422):
        return None
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    name, code, text = _named(data)
    if name not in body:
        quoted = [key for key in body if _names(key, text)]
        name = quoted[0] if len(quoted) == 1 or (quoted and NOT_TAKEN.search(text)) else ""
    if not name or name in ("messages", "model"):
        return None
    taken = code in ("unsupported_parameter", "unknown_parameter") or bool(NOT_TAKEN.search(f"{code} {text}"))
    value = code in ("unsupported_value", "invalid_value") or bool(VALUE_ONLY.search(text))
    default_only = bool(re.search(r"only the default|does not support", text, re.IGNORECASE))
    repairable = name in DROPPED and taken and (not value or (name in SAMPLING and default_only))
    return Refused(name, text, repairable)


def _named(data: Any) -> tuple[str, str, str]:
    """Give the parameter's name, the error's code and its text, as far as they are said."""
    if not isinstance(data, dict):
        return "", "", ""
    details = data.get("detail")
    if isinstance(details, list) and details and isinstance(details[0], dict):
        place = details[0].get("loc")
        last = place[-1] if isinstance(place, list) and place else ""
        return str(last), str(details[0].get("type", "")), str(details[0].get("msg", ""))
    error = data.get("error", data)
    if not isinstance(error, dict):
        return "", "", str(error)[:2000]
    name, code = error.get("param"), error.get("code")
    text = str(error.get("message") or error.get("detail") or "")[:2000]
    return (name if isinstance(name, str) else ""), (code.lower() if isinstance(code, str) else ""), text


def _names(key: str, text: str) -> bool:
    """Tell whether a text names a parameter, as a word of its own (`presencePenalty` for `presence_penalty`, too)."""
    camel = re.sub(r"_(.)", lambda found: found[1].upper(), key)
    return bool(re.search(rf"(?<![A-Za-z0-9_]){re.escape(key)}(?![A-Za-z0-9_])|\b{re.escape(camel)}\b", text))
