"""Regular expressions that cannot hang: a suite is data, and so is the answer that a pattern meets.

Python's `re` backtracks, holds every thread still while it does, and cannot be stopped. So a pattern's tree is read
first, and the steps that backtracking could need on a text of a given length are bounded from above. Within the
budget (some tenths of a second) `re` searches. Above it the same tree is run as a set of states, which takes time in
proportion to the text, whatever the pattern; each single character and anchor is still matched by `re`
itself, so both ways agree. What neither can do in time (look-arounds, back references and atomic groups have no such
states) is refused: at once where no answer could be searched, else for the one answer that is too long.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import show
from promptlab.checks._rules import CannotTellError
from promptlab.checks._states import REPEATS, States, ops, parser

BUDGET = 5e7
"""Steps of backtracking that are let to `re`: about 0.15 s, at 3 ns each."""

STATE_STEPS = 5_000_000
"""States times characters that the other way may visit: some seconds, in which other threads go on."""

_LONGEST_PATTERN = 2_000
_SMALL_ANSWER = 200
_PATIENCE = 10  # times the budget, for a pattern that has no other way

_BEGINNINGS = (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING)
_NEVER = float("inf")
_MOST_LOG_WAYS = 45.0


class Pattern:
    """A regular expression whose search is bounded."""

    def __init__(self, written: str, *, ignore_case: bool = False) -> None:
        self.written = written
        if len(written) > _LONGEST_PATTERN:
            raise UsageError(f"a pattern of {len(written)} characters; at most {_LONGEST_PATTERN}")
        flags = re.IGNORECASE if ignore_case else re.NOFLAG
        try:
            self._compiled = re.compile(written, flags)
            self._tree = parser.parse(written, flags)
        except (re.error, OverflowError, RecursionError) as trouble:
            raise UsageError(f"{show(written)} is no regular expression: {trouble}") from trouble
        if self.steps(_SMALL_ANSWER) > BUDGET and self._states is None:
            raise UsageError(
                f"the pattern {show(written)} could run for ever: it repeats something that can match in several"
                " ways, beside a look-around, a back reference or an atomic group"
            )

    @cached_property
    def _states(self) -> States | None:
        return States.of(self._tree)

    def search(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere in a text.

        Raises:
            CannotTellError: Where the text is too long for this pattern.
        """
        steps = self.steps(len(text))
        if steps <= BUDGET:
            return self._compiled.search(text) is not None
        if self._states is None:
            if steps <= BUDGET * _PATIENCE:
                return self._compiled.search(text) is not None
        elif len(self._states.kinds) * len(text) <= STATE_STEPS:
            return self._states.search(text)
        raise CannotTellError(
            f"the pattern {show(self.written, 80)} would take too long on a text of {len(text)} characters"
        )

    def steps(self, length: int) -> float:
        """Bound the steps of backtracking on a text of this length from above."""
        tree = self._tree
        multiline = tree.state.flags & re.MULTILINE
        anchored = bool(len(tree)) and tree[0][0] is ops.AT and tree[0][1] in _BEGINNINGS and not multiline
        return (1 if anchored else length + 1) * _cost(tree, length)[0]


@lru_cache(maxsize=512)
def pattern(written: str, *, ignore_case: bool = False) -> Pattern:
    """Compile a pattern once, however many cases carry it."""
    return Pattern(written, ignore_case=ignore_case)


def _cost(items: Iterable[tuple[Any, Any]], length: int) -> tuple[float, float]:
    """Bound the steps that a sequence takes from one place, and the ways in which it can match there."""
    steps, ways = 1.0, 1.0
    for op, argument in items:
        item_steps, item_ways = _item_cost(op, argument, length)
        steps += ways * item_steps
        ways *= item_ways
    return steps, ways


def _item_cost(op: Any, argument: Any, length: int) -> tuple[float, float]:
    if op in REPEATS or op is ops.POSSESSIVE_REPEAT:
        return _repeat_cost(op, argument, length)
    if op is ops.SUBPATTERN:
        return _cost(argument[3], length)
    if op is ops.BRANCH:
        return _together(argument[1], length)
    if op is ops.GROUPREF_EXISTS:
        return _together([part for part in argument[1:] if part is not None], length)
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return _cost(argument[1], length)[0], 1.0
    if op is ops.ATOMIC_GROUP:
        return _cost(argument, length)[0], 1.0
    if op is ops.GROUPREF:
        return float(length), 1.0
    return 1.0, 1.0


def _together(parts: Iterable[Any], length: int) -> tuple[float, float]:
    costs = [_cost(part, length) for part in parts]
    return sum(steps for steps, _ in costs), sum(ways for _, ways in costs)


def _repeat_cost(op: Any, argument: Any, length: int) -> tuple[float, float]:
    least, most, body = argument
    steps, ways = _cost(body, length)
    times = max(least, min(most, length // max(1, body.getwidth()[0])))
    if op is ops.POSSESSIVE_REPEAT:
        return times * steps + 1, 1.0
    if ways <= 1:
        return times * steps + 1, times - least + 1.0
    # Every round multiplies the ways; there are at most `times` numbers of rounds.
    total = times * ways**times if times * math.log(ways) < _MOST_LOG_WAYS else _NEVER
    return total * steps, total
