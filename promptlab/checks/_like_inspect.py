"""The text scorers of Inspect, as its documentation defines them."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab._types import Answer, Case
from promptlab.checks._like import Mark, Measure, known_keys, texts_of
from promptlab.checks._like_evals import normalised
from promptlab.checks._pattern import BUDGET, pattern
from promptlab.checks._rules import CannotTellError

_EDGES = string.whitespace + string.punctuation
_MARKERS = str.maketrans("", "", "$€£,*_")
_NUMBER_EDGES = "!?:;()[]{}'\"`~<=>@#^&|."
_ANSWERS = {
    "letter": re.compile(r"ANSWER\s*:\s*([A-Za-z0-9])(?!\w)", re.IGNORECASE),
    "word": re.compile(r"ANSWER\s*:\s*(\w+)", re.IGNORECASE),
    "line": re.compile(r"ANSWER\s*:\s*([^\n]+)", re.IGNORECASE),
}
_CHOSEN_LINE = re.compile(r"^ANSWER\s*:\s*([a-z0-9][a-z0-9 ,]*)[\t\r]*(?:\.|$)", re.IGNORECASE | re.MULTILINE)
_CHOSEN_ANYWHERE = re.compile(r"ANSWER\s*:\s*([a-z0-9][a-z0-9 ,]*)(?!\w)", re.IGNORECASE)
_LOCATIONS = ("begin", "end", "any", "exact")
_MAX_ANSWER = 200_000


def measure(entry: Mapping[str, Any]) -> tuple[str, Measure]:
    """Build a measure of `{inspect: match, target: …}`; gives its kind too.

    Raises:
        UsageError: The kind or an option is unknown, or the target cannot be used.
    """
    kind = entry["inspect"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise UsageError(f"of Inspect's scorers {', '.join(KINDS)} are known; {show(kind)} is none of them")
    build, options = KINDS[kind]
    known_keys(entry, ("inspect", "target", *options), "inspect")
    if entry.get("target") is None:
        raise UsageError(f"`{kind}` needs a `target`")
    targets = texts_of(entry["target"], "`target`")
    return kind, build(targets, {key: entry[key] for key in options if key in entry})


def _flag(options: Mapping[str, Any], name: str, *, usual: bool) -> bool:
    value = options.get(name, usual)
    if not isinstance(value, bool):
        raise UsageError(f"`{name}` needs true or false, got {show(value)}")
    return value


def _any_of(targets: list[str], phrase: str, holds: Callable[[str, str], bool]) -> Measure:
    wanted = f"{phrase} {show(targets[0]) if len(targets) == 1 else f'one of {show(targets)}'}"

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        return Mark(any(holds(answer.text, target) for target in targets), wanted)

    return measure


def _match(targets: list[str], options: Mapping[str, Any]) -> Measure:
    location = options.get("location", "end")
    if location not in _LOCATIONS:
        raise UsageError(f"`location` is one of {', '.join(_LOCATIONS)}, not {show(location)}")
    ignore_case = _flag(options, "ignore_case", usual=True)
    numeric = _flag(options, "numeric", usual=False)
    if not numeric and not all(target.strip(_EDGES) for target in targets):
        raise UsageError("`target` has nothing but punctuation, which every answer would meet")

    def holds(text: str, target: str) -> bool:
        if numeric and (number := _number(target.translate(_MARKERS))) is not None:
            return _same_number(text.translate(_MARKERS), number, location)
        text, target = text.strip(_EDGES), target.strip(_EDGES)
        if ignore_case:
            text, target = text.casefold(), target.casefold()
        return bool(target) and _placed(text, target, location)

    return _any_of(targets, f"at `{location}`", holds)


def _placed(text: str, target: str, location: str) -> bool:
    if location == "begin":
        return text.startswith(target)
    if location == "end":
        return text.endswith(target)
    return text == target if location == "exact" else target in text


def _same_number(text: str, number: float, location: str) -> bool:
    if location == "exact":
        only = _number(text)
        return only is not None and _rounded(only) == _rounded(number)
    found = [one for word in text.split() if (one := _number(word)) is not None]
    if location == "begin":
        found = found[:1]
    elif location == "end":
        found = found[-1:]
    return any(_rounded(one) == _rounded(number) for one in found)


def _number(word: str) -> float | None:
    """Read a word that is a finite number, perhaps with punctuation around it."""
    bare = (
        word.strip().strip(_NUMBER_EDGES[:-1]).removesuffix(".").strip(_NUMBER_EDGES[:-1]).replace("−", "-")
    )
    if not re.fullmatch(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?", bare):
        return None
    number = float(bare)
    return number if math.isfinite(number) else None


def _rounded(number: float) -> float:
    return float(f"{number:.5g}")


def _includes(targets: list[str], options: Mapping[str, Any]) -> Measure:
    ignore_case = _flag(options, "ignore_case", usual=True)

    def holds(text: str, target: str) -> bool:
        return target.lower() in text.lower() if ignore_case else target in text

    return _any_of(targets, "text that includes", holds)


def _exact(targets: list[str], options: Mapping[str, Any]) -> Measure:
    del options
    if not all(normalised(target) for target in targets):
        raise UsageError(
            "`target` has nothing but punctuation and articles, so that nothing could be compared"
        )
    return _any_of(targets, "exactly", lambda text, target: normalised(text) == normalised(target))


def _pattern(targets: list[str], options: Mapping[str, Any]) -> Measure:
    written = options.get("pattern")
    if not isinstance(written, str):
        raise UsageError("`pattern` needs a regular expression")
    ignore_case = _flag(options, "ignore_case", usual=True)
    match_all = _flag(options, "match_all", usual=False)
    bounded = pattern(written, ignore_case=ignore_case)
    compiled = re.compile(written, re.IGNORECASE if ignore_case else re.NOFLAG)
    if not compiled.groups:
        raise UsageError(
            f"the pattern {show(written, 80)} has no group; what is in it is compared with the target"
        )

    def fits(group: str) -> bool:
        return any(_alike(group, target, ignore_case) for target in targets)

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        if bounded.steps(len(answer.text)) > BUDGET:
            raise CannotTellError(f"the pattern {show(written, 80)} would take too long on this answer")
        found = compiled.search(answer.text)
        groups = found.groups() if found else ()
        given = [group for group in groups if group is not None]
        holds = bool(given) and (all if match_all else any)(map(fits, given))
        return Mark(holds, f"{show(targets)} where {show(written, 80)} finds it")

    return measure


def _alike(one: str, other: str, ignore_case: bool) -> bool:
    return one.casefold() == other.casefold() if ignore_case else one == other


def _answer(targets: list[str], options: Mapping[str, Any]) -> Measure:
    kind = options.get("pattern")
    found = _ANSWERS.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise UsageError(f"`pattern` is one of {', '.join(_ANSWERS)}, not {show(kind)}")

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        match = found.search(answer.text[:_MAX_ANSWER])
        holds = match is not None and any(
            _alike(match[1].strip(), one.strip(), ignore_case=True) for one in targets
        )
        return Mark(holds, f"`ANSWER: …` with {show(targets)}")

    return measure


def _choice(targets: list[str], options: Mapping[str, Any]) -> Measure:
    del options
    wanted = {letter.strip().upper() for letter in targets}
    if not all(len(letter) == 1 and letter.isalpha() for letter in wanted):
        raise UsageError(f"`choice` needs the letters of the right choices, got {show(targets)}")

    def measure(case: Case, answer: Answer) -> Mark:  # noqa: ARG001 - the shape of every measure
        chosen = _chosen(answer.text[:_MAX_ANSWER], several=len(wanted) > 1)
        return Mark(chosen == wanted, f"`ANSWER: {', '.join(sorted(wanted))}`")

    return measure


def _chosen(text: str, *, several: bool) -> set[str]:
    """Give the letters of the last `ANSWER: …` that is a line of its own, else of the last one anywhere."""
    found = _CHOSEN_LINE.findall(text) or _CHOSEN_ANYWHERE.findall(text)
    said = found[-1].strip().upper() if found else ""
    if not several:
        return {said}
    parts = {part.strip() for part in said.replace(" AND ", ",").split(",")}
    return parts if all(len(part) == 1 for part in parts) else set(said.replace(" ", ""))


Build = Callable[[list[str], Mapping[str, Any]], Measure]
KINDS: Mapping[str, tuple[Build, tuple[str, ...]]] = {
    "match": (_match, ("location", "ignore_case", "numeric")),
    "includes": (_includes, ("ignore_case",)),
    "exact": (_exact, ()),
    "pattern": (_pattern, ("pattern", "ignore_case", "match_all")),
    "answer": (_answer, ("pattern",)),
    "choice": (_choice, ()),
}
"""Each scorer with what builds its measure and the options that it takes."""
