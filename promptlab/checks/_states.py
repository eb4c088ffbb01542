"""A regular expression as a set of states, searched in time proportional to the text."""

from __future__ import annotations

import importlib
from typing import Any

# The parser and the compiler that `re` itself uses; the module's public face has no way to look at a pattern.
parser: Any = importlib.import_module("re._parser")
compiler: Any = importlib.import_module("re._compiler")
ops: Any = importlib.import_module("re._constants")

REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)
"""Repeats that give back what they took."""

_SINGLE = (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN)
_MOST_STATES = 2_000

_Flags = tuple[tuple[int, int], ...]


class States:
    """A pattern as states, each a single-character matcher, a condition, a fork, or the end."""

    END, FORK, CHAR, PLACE = range(4)

    def __init__(self) -> None:
        self.kinds: list[int] = [self.END]
        self.matchers: list[Any] = [None]
        self.following: list[list[int]] = [[]]
        self.start = 0
        self._made: dict[tuple[int, _Flags], Any] = {}

    @classmethod
    def of(cls, tree: Any) -> States | None:
        """Build the states of a parsed pattern; None where it has parts that have no states, or too many."""
        states = cls()
        try:
            states.start = states._sequence(tree, 0, ())
        except NoStatesError:
            return None
        return states

    def search(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere in a text, in one pass over it."""
        known: dict[tuple[int, str], bool] = {}
        current: set[int] = set()
        for position in range(len(text) + 1):
            reached = self._reach({*current, self.start}, text, position)
            if 0 in reached:
                return True
            if position == len(text):
                break
            char = text[position]
            current = set()
            for state in reached:
                fits = known.get((state, char))
                if fits is None:
                    fits = known[state, char] = self.matchers[state].match(char) is not None
                if fits:
                    current.update(self.following[state])
        return False

    def _reach(self, waiting: set[int], text: str, position: int) -> set[int]:
        """Follow forks and the conditions that hold here; leave the states that take a character, and the end."""
        reached: set[int] = set()
        seen = set(waiting)
        stack = list(waiting)
        while stack:
            state = stack.pop()
            kind = self.kinds[state]
            if kind in (self.CHAR, self.END):
                reached.add(state)
            elif kind == self.FORK or self.matchers[state].match(text, position) is not None:
                fresh = [after for after in self.following[state] if after not in seen]
                seen.update(fresh)
                stack.extend(fresh)
        return reached

    def _add(self, kind: int, matcher: Any, following: list[int]) -> int:
        if len(self.kinds) >= _MOST_STATES:
            raise NoStatesError
        self.kinds.append(kind)
        self.matchers.append(matcher)
        self.following.append(following)
        return len(self.kinds) - 1

    def _sequence(self, items: Any, after: int, flags: _Flags) -> int:
        for item in reversed(list(items)):
            after = self._item(items, item, after, flags)
        return after

    def _item(self, owner: Any, item: tuple[Any, Any], after: int, flags: _Flags) -> int:
        op, argument = item
        if op in _SINGLE or op is ops.AT:
            kind = self.PLACE if op is ops.AT else self.CHAR
            if (id(item), flags) not in self._made:
                self._made[id(item), flags] = _matcher(owner.state, item, flags)
            return self._add(kind, self._made[id(item), flags], [after])
        if op is ops.SUBPATTERN:
            _, added, removed, body = argument
            inner = (*flags, (added, removed)) if added or removed else flags
            return self._sequence(body, after, inner)
        if op is ops.BRANCH:
            return self._add(self.FORK, None, [self._sequence(part, after, flags) for part in argument[1]])
        if op in REPEATS:
            return self._repeat(argument, after, flags)
        raise NoStatesError

    def _repeat(self, argument: Any, after: int, flags: _Flags) -> int:
        least, most, body = argument
        entry = after
        if most is ops.MAXREPEAT:
            entry = self._add(self.FORK, None, [after])
            self.following[entry].append(self._sequence(body, entry, flags))
        else:
            for _ in range(most - least):
                entry = self._add(self.FORK, None, [self._sequence(body, entry, flags), after])
        for _ in range(least):
            entry = self._sequence(body, entry, flags)
        return entry


class NoStatesError(Exception):
    """The pattern has a part that is no set of states, or too many states."""


def _matcher(state: Any, item: Any, flags: _Flags) -> Any:
    """Compile one character class or anchor by itself, under the flags that hold where it stands."""
    part = parser.SubPattern(state, [item])
    for added, removed in reversed(flags):
        part = parser.SubPattern(state, [(ops.SUBPATTERN, (None, added, removed, part))])
    return compiler.compile(part)
