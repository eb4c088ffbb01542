"""promptfoo's assertions become expectations of ours; each is understood, or named and never passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptlab._cases._beside import CODE, SCHEME, Beside
from promptlab._cases._expect import LATER
from promptlab._cases._promptfoo_values import Missed, filled, model_of, split
from promptlab._cases._report import Tally
from promptlab._errors import UsageError
from promptlab._show import one_line
from promptlab._wording import a_kind, did_you_mean, quoted
from promptlab.checks import PROMPTFOO_KINDS
from promptlab.checks._like_promptfoo import CALLS
from promptlab.checks.foreign import foreign_checks

SET = "assert-set"
KEYS = (
    "type", "value", "threshold", "weight", "metric", "transform", "provider", "rubricPrompt", "config",
    "contextTransform",
)  # fmt: skip
CODE_KINDS = ("javascript", "python", "ruby", "webhook")

_NATIVE = {
    "contains": "contains", "contains-all": "contains_all", "contains-any": "contains_any",
    "latency": "max_latency_s", "cost": "max_cost_usd", "similar": "similar", "llm-rubric": "judge",
}  # fmt: skip


class Assertions:
    """Reads the assertions of one suite.

    Args:
        tally: Where it is noted what is understood.
        beside: The suite's folder.
        templates: The suite's `assertionTemplates`.
    """

    def __init__(self, tally: Tally, beside: Beside, templates: Mapping[str, Any]) -> None:
        self._tally, self._beside, self._templates = tally, beside, templates
        self.tools: list[dict[str, Any]] | None = None
        """The tools that the suite's providers offer, where they offer the same."""

    def expect(
        self,
        written: Sequence[Any],
        values: Mapping[str, Any],
        options: Mapping[str, Any],
        threshold: Any,
        case: str,
    ) -> dict[str, Any] | None:
        """Make the expectation of one test; None where it asserts nothing.

        Args:
            written: Its assertions.
            values: Its variables.
            options: Its options, with those of the defaults.
            threshold: The score that all of them together must reach, or None where each must pass.
            case: The case, for the report.
        """
        if not written:
            return None
        entries = self._entries(written, values, options, case)
        if not entries:
            return None
        if threshold is not None:
            return {"foreign": [self._whole(entries, threshold, case)]}
        entries = [
            entry for entry in entries if entry.get("weight") != 0 or not _asks_model(entry)
        ] or entries
        if all(entry.get("weight") == 0 for entry in entries):
            return {
                "foreign": [
                    *_without(entries, "metric"),
                    self._open("weight 0", "every assertion weighs nothing", case),
                ]
            }
        return _merged(entries)

    def _whole(self, entries: list[dict[str, Any]], threshold: Any, case: str) -> dict[str, Any]:
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 < threshold <= 1:
            why = "it passes whatever comes" if threshold == 0 else "it is no number above 0 and at most 1"
            return self._open("threshold", why, case)
        made = {"promptfoo": SET, "threshold": threshold, "assert": entries}
        try:
            foreign_checks([made], LATER)
        except UsageError as trouble:
            return self._open("threshold", str(trouble), case)
        return made

    def _open(self, kind: str, why: str, case: str) -> dict[str, Any]:
        """Note what is not understood, and give the entry that keeps the case from passing."""
        self._tally.miss(kind, why, case)
        self._tally.withhold(case)
        return {"by_hand": f"{one_line(kind, 60)} ({one_line(why, 120)})"}

    def _entries(
        self, written: Sequence[Any], values: Mapping[str, Any], options: Mapping[str, Any], case: str
    ) -> list[dict[str, Any]]:
        """Make the entries of assertions; what only measures has none."""
        return [made for one in written if (made := self._entry(one, values, options, case))]

    def _entry(
        self, raw: Any, values: Mapping[str, Any], options: Mapping[str, Any], case: str
    ) -> dict[str, Any]:
        kind = "an assertion"
        weight: Any = None
        try:
            raw = self._resolved(raw)
            written = raw.get("type")
            if not isinstance(written, str) or not written.strip():
                return self._open(kind, f"its type is {a_kind(written)}", case)
            kind, weight = written, raw.get("weight")
            if kind == SET:
                return self._set(raw, values, options, case)
            if weight == 0 and kind == "cost" and raw.get("threshold") is None:
                self._tally.note(
                    "`cost` without a threshold and with weight 0 only measures; frames hold the cost"
                )
                return {}
            made = self._made(kind, raw, values, options)
            foreign_checks([made], LATER)
        except (Missed, UsageError) as missed:
            made = self._open(kind, str(missed), case)
            return made if not isinstance(weight, (int, float)) or weight < 0 else {**made, "weight": weight}
        self._tally.understood[kind] += 1
        if weight == 0:
            self._tally.note(
                "assertions of weight 0 decide nothing here either; those that ask a model are left out"
            )
        return made

    def _resolved(self, raw: Any) -> Mapping[str, Any]:
        """Follow a `$ref` to a template."""
        if not isinstance(raw, Mapping):
            raise Missed(f"it is {a_kind(raw)}, not a mapping with a type")
        if "$ref" not in raw:
            return raw
        name = str(raw["$ref"]).removeprefix("#/assertionTemplates/")
        template = self._templates.get(name)
        if not isinstance(template, Mapping) or "$ref" in template:
            raise Missed(f"there is no template {quoted(name)}.{did_you_mean(name, self._templates)}")
        return {**template, **{key: value for key, value in raw.items() if key != "$ref"}}

    def _set(
        self, raw: Mapping[str, Any], values: Mapping[str, Any], options: Mapping[str, Any], case: str
    ) -> dict[str, Any]:
        inner = raw.get("assert")
        if not isinstance(inner, list) or not inner:
            raise Missed("it holds no assertions")
        made: dict[str, Any] = {
            "promptfoo": SET,
            "assert": self._entries(inner, values, options, case),
        }
        for key in ("threshold", "weight"):
            if raw.get(key) is not None:
                made[key] = raw[key]
        foreign_checks([made], LATER)
        self._tally.understood[SET] += 1
        return made

    def _made(
        self, kind: str, raw: Mapping[str, Any], values: Mapping[str, Any], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Make the entry of an assertion."""
        base = kind.removeprefix("not-")
        if base in CODE_KINDS:
            raise Missed("it is code, which is not run here")
        if base not in PROMPTFOO_KINDS:
            raise Missed(f"no assertion of that name is known here.{did_you_mean(base, PROMPTFOO_KINDS)}")
        for key in raw:
            if key not in KEYS:
                raise Missed(f"it has the key {quoted(key)}, which is not known")
        for key in ("rubricPrompt", "contextTransform"):
            if raw.get(key, options.get(key)) is not None and base == "llm-rubric":
                raise Missed(f"it has a {key} of its own")
        made: dict[str, Any] = {"promptfoo": kind}
        if raw.get("value") is not None:
            made["value"] = split(base, filled(self._loaded(raw["value"]), values))
        if base in CALLS:
            if self.tools is None:
                raise Missed("the suite does not say which tools are offered")
            made["value"] = self.tools
        for key in ("threshold", "weight"):
            if raw.get(key) is not None:
                made[key] = raw[key]
        changes = [one for one in (options.get("transform"), raw.get("transform")) if one is not None]
        if len(changes) > 1:
            raise Missed("it is transformed twice")
        if changes:
            made["transform"] = changes[0]
        if base in {"similar", "llm-rubric"}:
            self._model(made, raw.get("provider", options.get("provider")), embeds=base == "similar")
        return made

    def _model(self, made: dict[str, Any], provider: Any, *, embeds: bool) -> None:
        if isinstance(provider, Mapping):
            own = provider.get("embedding" if embeds else "text")
            provider = own.get("id") if isinstance(own, Mapping) else own or provider.get("id")
        if provider is None or (isinstance(provider, str) and (":embedding" in provider) != embeds):
            # Also where it is a model of the other sort: promptfoo takes its own default then.
            if embeds:
                self._tally.note(
                    "`similar` asks the usual embedding model here; promptfoo's is text-embedding-3-large"
                )
            return
        model = model_of(provider)
        if model is None:
            self._tally.note("a grader that is no model of OpenAI's is replaced by the lab's own model")
        else:
            made["model"] = model

    def _loaded(self, value: Any) -> Any:
        """Put a file's content in place of its name."""
        if isinstance(value, list):
            return [self._loaded(one) for one in value]
        if not isinstance(value, str) or not value.startswith(SCHEME):
            return value
        name = value.split(":", 2)[:2]
        if any(part.endswith(CODE) for part in (value, ":".join(name))):
            raise Missed("its value comes from code, which is not run here")
        return self._beside.value(self._beside.find(value)[0])


def _asks_model(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("promptfoo", "")).removeprefix("not-") in {"similar", "llm-rubric"}


def _without(entries: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in entry.items() if name != key}
        for entry in entries
        if not _asks_model(entry)
    ]


def _merged(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Write what means exactly the same in our own words in them, and the rest in promptfoo's."""
    expect: dict[str, Any] = {}
    foreign: list[dict[str, Any]] = []
    for entry in entries:
        native = _native(entry)
        if native is None or native[0] in expect:
            kept = {key: value for key, value in entry.items() if key != "weight" or value == 0}
            foreign.append(kept)
        else:
            expect[native[0]] = native[1]
    if foreign:
        expect["foreign"] = foreign
    return expect


def _native(entry: Mapping[str, Any]) -> tuple[str, Any] | None:
    written = str(entry.get("promptfoo", ""))
    kind = written.removeprefix("not-")
    if kind not in _NATIVE or "transform" in entry or entry.get("weight") == 0:
        return None
    name, value, negated = _NATIVE[kind], entry.get("value"), kind != written
    if kind in {"latency", "cost"}:
        return (
            None
            if negated
            else (name, entry["threshold"] / 1000 if kind == "latency" else entry["threshold"])
        )
    if kind in {"similar", "llm-rubric"}:
        if negated:
            return None
        word = "value" if kind == "similar" else "rubric"
        return name, {word: value, **{key: entry[key] for key in ("threshold", "model") if key in entry}}
    parts = value if isinstance(value, list) else [value]
    same = all(
        isinstance(part, str) and part and part == part.strip() for part in parts
    )  # ours leaves edges out
    return (f"not_{name}" if negated else name, value) if same else None
