"""Keeps secrets out of texts: whatever encoding they come back in."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from urllib.parse import unquote

from promptlab._encodings import encodings

MASK = "[key removed]"
IN_ESCAPES = f"{MASK[:-1]}: it was written in escapes]"
"""Stands for a whole text where nobody can say which part of it was the secret."""

SHORTEST = 6
"""A shorter secret is no secret, and masking it would spoil ordinary words."""
SHORTEST_WORD = 12
"""So is a single word of letters alone that is shorter than this."""
PLACEHOLDERS = frozenset(
    {"no-key", "lm-studio", "not-needed", "not-used", "no-key-required", "sk-no-key-required"}
)
"""What servers of one's own are given for a key: no secrets either."""
PIECE = 20
"""Characters of a form from which on a piece of it is masked too: of a text that was cut or wrapped, say."""
PIECE_OF_SECRET = 12
"""Characters of the secret itself that such a piece holds at least."""

Place = tuple[str, int]
"""A form, and where in it a piece begins."""

_PROBE = 6
_STEP = PIECE - _PROBE + 1
_OFTEN = 40
_ESCAPE = (
    re.compile(  # each branch begins with a letter of its own: texts without any are passed over quickly
        r"\\\\*(?:u00|x|u\{0*)([0-7][0-9a-f])\}?|\\\\*([01][0-7]{2})|%(?:25)*([2-7][0-9a-f])|=([2-7][0-9a-f])"
        r"|&#x0*([2-7][0-9a-f]);?|&#0*([0-9]{2,3});?|&[a-z]{2,8};"
    )
)
_BASES = (16, 8, 16, 16, 16, 10)
_SLASHED = re.compile(r"\\(?:u00[0-7]|u\{|x[0-7]|[01][0-7]{2})")
_BREAK = re.compile(r"(?:\s|=\r?\n|\\+[nr])+")
_BREAK_BEFORE = re.compile(r"(?:\s|=\r?\n|\\+[nr])+\Z")
_ROOM_FOR_BREAK = 8
_PASSES = 4


class Secret:
    """A secret that shows itself nowhere unless asked for."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled: let the other process read it from its environment")


def redactor(secrets: Iterable[Secret]) -> Callable[[str], str]:
    """Make a function that masks the secrets in a text, plain or encoded.

    Masked are the secret itself in any case of letters and what `encodings` makes of it, also in lines, and pieces of
    these from 20 characters on. A secret that can only be seen once escapes are undone costs the whole text.
    """
    kept = [secret for secret in secrets if is_secret(secret.reveal())]
    return _Redactor(kept) if kept else _same


def passwords_in(address: str) -> list[Secret]:
    """Give the password that stands in an address, as it is written and as it is meant."""
    found = re.match(r"[a-z+.-]+://[^/?#@]*?:([^/?#]*)@", address, re.IGNORECASE)
    return [Secret(text) for text in {found[1], unquote(found[1])}] if found else []


def is_secret(value: str) -> bool:
    """Tell whether a key is one to be kept; ordinary words and placeholders are not."""
    if len(value) < SHORTEST or value.lower() in PLACEHOLDERS:
        return False
    return not (value.isalpha() and len(value) < SHORTEST_WORD)


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class _Table:
    """What is looked for, in lower case."""

    short: tuple[str, ...]
    """Forms that are looked for as they are, the longest first."""
    pattern: re.Pattern[str]
    """Matches them in any case of letters."""
    pieces: Mapping[int, Mapping[str, Place]]
    """Pieces of the other forms, by their length, with where they stand."""
    probes: frozenset[str]
    """Whatever six characters stand in one of these forms."""


def _table(secrets: Iterable[Secret]) -> _Table:
    forms: dict[str, int] = {}
    for value in {secret.reveal() for secret in secrets}:
        for form in encodings(value):
            piece = max(PIECE, ceil(PIECE_OF_SECRET * len(form) / len(value)))
            forms[form] = min(piece, len(form))
    short = sorted((form for form in forms if SHORTEST <= len(form) < PIECE), key=len, reverse=True)
    pieces: dict[int, dict[str, Place]] = {}
    probes: set[str] = set()
    for form, size in forms.items():
        if len(form) >= PIECE:
            places = pieces.setdefault(size, {})
            places.update({form[at : at + size]: (form, at) for at in range(len(form) - size + 1)})
            probes |= {form[at : at + _PROBE] for at in range(len(form) - _PROBE + 1)}
    pattern = re.compile("|".join(map(re.escape, short)) or r"(?!)", re.IGNORECASE)
    return _Table(tuple(short), pattern, pieces, frozenset(probes))


class _Redactor:
    """Masks the forms of secrets.

    Most texts hold none, so what counts is how soon that is known: of a text only every fifteenth place is looked at.
    Whatever piece is long enough to be masked has one of these places in it, where six of its characters stand.
    """

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._secrets = secrets
        # The names of fields, checks and models come again with every row.
        self._often = functools.lru_cache(maxsize=2048)(self._masked)

    @functools.cached_property
    def _known(self) -> _Table:
        return _table(self._secrets)  # takes milliseconds: made for the first text

    def __call__(self, text: str) -> str:
        """Mask the secrets in a text."""
        return self._often(text) if len(text) <= _OFTEN else self._masked(text)

    def _masked(self, text: str) -> str:
        if len(text) < SHORTEST:
            return text
        low = _lower(text)
        if spans := self._spans(low):
            for start, end in reversed(spans):
                text = text[:start] + MASK + text[end:]
            low = _lower(text)
        if self._short_in(low):
            text = self._known.pattern.sub(MASK, text)
            low = _lower(text)
        escaped = "%" in low or "=" in low or "&" in low or ("\\" in low and _SLASHED.search(low))
        if escaped and self._in_escapes(low):
            return IN_ESCAPES
        return text

    def __repr__(self) -> str:
        return "<masks secrets>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("what masks a secret holds it, and is not pickled")

    def _short_in(self, low: str) -> bool:
        for form in self._known.short:  # noqa: SIM110 - a generator takes three times as long
            if form in low:
                return True
        return False

    def _spans(self, low: str) -> list[tuple[int, int]]:
        """Find the places of pieces, in order and apart from each other."""
        probes = self._known.probes
        near = [at for at in range(0, len(low), _STEP) if low[at : at + _PROBE] in probes]
        found: list[tuple[int, int]] = []
        looked, reach = 0, max(self._known.pieces, default=0)
        for at in near:
            end = min(len(low), at + reach)
            start = max(looked, at - reach)
            while start < end:
                span = self._piece_at(low, start)
                if span is not None:
                    found.append(span)
                    start = max(start + 1, span[1])
                else:
                    start += 1
            looked = max(looked, start)
        return _merged(found)

    def _piece_at(self, low: str, start: int) -> tuple[int, int] | None:
        last = start + PIECE - _PROBE
        if (
            low[start : start + _PROBE] not in self._known.probes
            or low[last : last + _PROBE] not in self._known.probes
        ):
            return None  # of a piece every six characters are known, these too
        for size, places in self._known.pieces.items():
            place = places.get(low[start : start + size])
            if place is not None:
                return _back(low, start, place), _on(low, start + size, place, place[1] + size)
        return None

    def _in_escapes(self, low: str) -> bool:
        """Tell whether a secret appears once escapes are undone: of JSON, Python, addresses, HTML and mail."""
        for _ in range(_PASSES):
            low, escapes = _ESCAPE.subn(_char, low)
            if not escapes:
                return False
            low = _lower(low)
            if self._spans(low) or self._short_in(low):
                return True
        return False


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _on(low: str, end: int, place: Place, at: int) -> int:
    """Follow a form from a piece of it to where it ends, over the ends of lines."""
    form = place[0]
    while at < len(form):
        begin = end
        if (end == len(low) or low[end] != form[at]) and (gap := _BREAK.match(low, end)):
            begin = gap.end()
        if begin >= len(low) or low[begin] != form[at]:
            break
        end, at = begin + 1, at + 1
    return end


def _back(low: str, start: int, place: Place) -> int:
    """Follow a form from a piece of it back to where it begins, over the ends of lines."""
    form, at = place
    while at and start:
        before = start
        if low[start - 1] != form[at - 1]:
            gap = _BREAK_BEFORE.search(low[max(0, start - _ROOM_FOR_BREAK) : start])
            before -= len(gap[0]) if gap else 0
        if not before or low[before - 1] != form[at - 1]:
            break
        start, at = before - 1, at - 1
    return start


def _char(found: re.Match[str]) -> str:
    """Give the character that an escape stands for."""
    for number, base in zip(found.groups(), _BASES, strict=True):
        if number is not None:
            return chr(int(number, base))
    return html.unescape(found[0])


def _lower(text: str) -> str:
    """Give a text in lower case, each character in its place."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
