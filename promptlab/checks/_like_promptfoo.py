"""promptfoo's deterministic assertions, as its documentation defines them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import one_line, show
from promptlab._types import Answer, Case
from promptlab.checks._distance import rouge_recall, within_edits
from promptlab.checks._js_pattern import from_javascript
from promptlab.checks._like import NAMED, Mark, Measure, js_text, strict_json, texts_of
from promptlab.checks._like_structure import calls_f1, contains_json, is_json, valid_calls
from promptlab.checks._pattern import pattern
from promptlab.checks._rules import CannotTellError
from promptlab.checks._same import number_of, plain, same
from promptlab.checks._transform import transform
from promptlab.checks._xml import Xml

MOST_STEPS = 10_000_000_000
"""Pairs of letters that an edit distance may look at: some tenths of a second."""
USUAL_EDITS, USUAL_ROUGE = 5, 0.75
CALLS = ("is-valid-openai-tools-call", "is-valid-openai-function-call", "is-valid-function-call")
"""Assertions on tool calls; their value is the tools that are offered."""


def measure(kind: str, entry: Mapping[str, Any]) -> Measure:
    """Build the measure of an assertion that is not negated.

    Raises:
        UsageError: The kind is unknown, or its value or threshold cannot be used.
    """
    build = KINDS.get(kind)
    if build is None:
        raise UsageError(f"{show(kind, 60)} is no assertion that is known here")
    value, threshold = entry.get("value"), entry.get("threshold")
    if threshold is not None and number_of(threshold) is None:
        raise UsageError(f"`threshold` needs a number, got {show(threshold, 60)}")
    if value is None and kind not in _NO_VALUE:
        raise UsageError(f"`{kind}` needs a value")
    return build(value, threshold)


def transformed(made: Measure, written: Any) -> Measure:
    """Have a measure look at a transformed answer.

    Raises:
        UsageError: The transform is more than a plain one.
    """
    change = transform(written)

    def measure(case: Case, answer: Answer) -> Mark:
        return made(case, replace(answer, text=change(answer.text)))

    return measure


def _text(phrase: str, holds: Callable[[str], bool]) -> Measure:
    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        return Mark(holds(answer.text), phrase)

    return measure


def _equals(value: Any, threshold: Any) -> Measure:
    del threshold
    if isinstance(value, (dict, list)):
        wanted = plain(value)

        def holds(text: str) -> bool:
            read = strict_json(text)
            return read is not None and same(read[0], wanted)

        return _text(f"JSON that equals {show(value, NAMED)}", holds)
    expected = js_text(value)
    return _text(f"exactly {show(expected, NAMED)}", lambda text: text == expected)


def _lower(text: str) -> str:
    return text.lower()


def _as_is(text: str) -> str:
    return text


def _contains(*, fold: Callable[[str], str], combine: Callable[[Any], bool] | None) -> Any:
    def build(value: Any, threshold: Any) -> Measure:
        del threshold
        if combine is None and isinstance(value, list):
            raise UsageError("`contains` needs one text; for several there are contains-all and contains-any")
        parts = [fold(part) for part in texts_of(value, "the value")]
        combined = combine or all

        def holds(text: str) -> bool:
            folded = fold(text)
            return combined(part in folded for part in parts)

        how = "" if combine is None else "all of " if combine is all else "any of "
        case = " (in any case)" if fold is _lower else ""
        return _text(f"text that contains {how}{show(parts if combine else parts[0], NAMED)}{case}", holds)

    return build


def _starts_with(value: Any, threshold: Any) -> Measure:
    del threshold
    start = texts_of(js_text(value), "the value")[0]
    return _text(f"text that starts with {show(start, NAMED)}", lambda text: text.startswith(start))


def _regex(value: Any, threshold: Any) -> Measure:
    del threshold
    written = texts_of(js_text(value), "the pattern")[0]
    compiled = pattern(from_javascript(written))
    return _text(f"text that matches {show(written, NAMED)}", compiled.search)


def _is_xml(value: Any, threshold: Any) -> Measure:
    del threshold
    known = Xml(value)
    return _text(known.wanted, known.holds)


def _levenshtein(value: Any, threshold: Any) -> Measure:
    expected = js_text(value)
    most = USUAL_EDITS if threshold is None else math.floor(threshold)
    if most < 0:
        raise UsageError("the threshold is negative, which no answer could meet")

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        near = abs(len(answer.text) - len(expected)) <= most
        if near and len(answer.text) * (2 * most + 1) > MOST_STEPS:
            raise CannotTellError(
                f"the edit distance of a text of {len(answer.text)} characters would take too long"
            )
        distance = within_edits(answer.text, expected, most) if near else None
        got = show(answer.text, NAMED) if distance is None else f"{distance} edits"
        return Mark(distance is not None, f"at most {most} edits from {show(expected, NAMED)}", got=got)

    return measure


def _rouge(value: Any, threshold: Any) -> Measure:
    reference = texts_of(js_text(value), "the value")[0]
    least = USUAL_ROUGE if threshold is None else float(threshold)

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        score = rouge_recall(answer.text, reference)
        return Mark(score >= least, f"a ROUGE-1 recall from {least:g}", score, f"{score:.3f}")

    return measure


def _words(value: Any, threshold: Any) -> Measure:
    del threshold
    bounds = value if isinstance(value, Mapping) else {"min": value, "max": value}
    if not bounds or not set(bounds) <= {"min", "max"} or None in map(number_of, bounds.values()):
        raise UsageError(f"`word-count` needs a number, or min and max, got {show(value, 80)}")
    low, high = bounds.get("min", 0), bounds.get("max", math.inf)
    if low > high:
        raise UsageError("`word-count` has a min above its max")

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        count = len(answer.text.split())
        return Mark(low <= count <= high, f"from {low} to {high} words", got=str(count))

    return measure


def _finish_reason(value: Any, threshold: Any) -> Measure:
    del threshold
    wanted = js_text(value).lower()

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        came = answer.completion.finish_reason if answer.completion else None
        if came is None:
            raise CannotTellError("the provider did not say why the model stopped")
        return Mark(came.lower() == wanted, f"the finish reason {wanted}", got=one_line(came, 60))

    return measure


def _ceiling(name: str, factor: float, unit: str) -> Any:
    def build(value: Any, threshold: Any) -> Measure:
        del value
        if threshold is None or threshold < 0:
            raise UsageError("it needs a threshold")
        most = float(threshold)

        def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
            came = number_of(getattr(answer.completion, name, None))
            if came is None:
                raise CannotTellError(f"the call's {name} is not known")
            return Mark(came * factor <= most, f"at most {most:g} {unit}", got=f"{came * factor:.6g} {unit}")

        return measure

    return build


def _perplexity(value: Any, threshold: Any) -> Measure:
    del value
    if threshold is None:
        raise UsageError("it needs a threshold")
    most = float(threshold)

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        tokens = answer.completion.logprobs if answer.completion else None
        if not tokens:
            raise CannotTellError(
                "the perplexity needs log probabilities; set `logprobs: true` in the prompt's settings"
            )
        came = math.exp(-math.fsum(number for _, number in tokens) / len(tokens))
        return Mark(came <= most, f"a perplexity of at most {most:g}", got=f"{came:.4g}")

    return measure


_NO_VALUE = frozenset(("is-json", "contains-json", "is-xml", "latency", "cost", "perplexity"))

KINDS: Mapping[str, Callable[[Any, Any], Measure]] = {
    "equals": _equals,
    "contains": _contains(fold=_as_is, combine=None),
    "contains-all": _contains(fold=_as_is, combine=all),
    "contains-any": _contains(fold=_as_is, combine=any),
    "icontains": _contains(fold=_lower, combine=None),
    "icontains-all": _contains(fold=_lower, combine=all),
    "icontains-any": _contains(fold=_lower, combine=any),
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": is_json,
    "contains-json": contains_json,
    "is-xml": _is_xml,
    "levenshtein": _levenshtein,
    "rouge-n": _rouge,
    "word-count": _words,
    "finish-reason": _finish_reason,
    "latency": _ceiling("latency_s", 1000.0, "ms"),
    "cost": _ceiling("cost_usd", 1.0, "USD"),
    "perplexity": _perplexity,
    **dict.fromkeys(CALLS, valid_calls),
    "tool-call-f1": calls_f1,
}
"""Each kind with what builds its measure of a value and a threshold."""
