"""Reads the lists of a prompt: bullets, numbers, tables, YAML, plain lines, labels in a row."""

from __future__ import annotations

import re

from promptlab.simulator._catalogues import LONGEST_NAME, NAMING, Block, of_pairs
from promptlab.simulator._learner import Entry
from promptlab.simulator._request import is_order

__all__ = ["lists", "rows"]

_BULLET = re.compile(r"([ \t]*)(?:[-*•+]|\d{1,3}[.)])[ \t]+(\S.*)$")
_PAIR = re.compile(
    r"[ \t]*[\"'`*]{0,2}([A-Za-z][\w .-]{0,40}?)[\"'`*]{0,2}[ \t]*:[*]{0,2}(?:[ \t]+(.*?))?[ \t]*,?$"
)
_HEAD = re.compile(
    r"[\"'`*]{0,3}([\w./#&+-]+(?: [\w./#&+-]+){0,5}?)[\"'`*]{0,3}[ \t]*(?::[*]{0,2}[ \t]|[ \t][-–—=][ \t]|\t)[ \t]*(\S.*)$"
)
_PAREN = re.compile(r"[\"'`*]{0,3}([\w./-]+(?: [\w./-]+){0,3})[\"'`*]{0,3}[ \t]+\((.+)\)$")
_NAMED = r"[\"'`]?[A-Za-z][\w./-]*(?: [\w./-]+){0,2}[\"'`]?"
_SENTENCE = re.compile(r"(?i)(?:a|an|the|when|if|only|unless|where|no|do|for|never|always|be|each|every)\b .")
_ROW = re.compile(
    rf"(?:^|:[ \t\n]*|\[|\b(?:of|are|from|among|between)[ ]|[ ](?=`))({_NAMED}(?:\s*[,|]\s*(?:(?:or|and)[ ])?{_NAMED})+(?:\s+(?:or|and)\s+{_NAMED})?)",
    re.MULTILINE,
)


def lists(text: str) -> tuple[list[Block], str]:
    """Take the bulleted, numbered, tabled and plain lists out of a text; also give the text that is left."""
    blocks: list[Block] = []
    left: list[str] = []
    lead = ""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("```", '"""'))]
    place = 0
    while place < len(lines):
        line = lines[place]
        for reader in (_table, _bullets, _mapping, _plain):
            items, after = reader(lines, place)
            if items:
                blocks.append(Block(lead, tuple(items)))
                place, lead = after, ""
                break
        else:
            left.append(line)
            lead = line.strip() or lead
            place += 1
    return blocks, "\n".join(left)


def _bullets(lines: list[str], place: int) -> tuple[list[Entry], int]:
    first = _BULLET.match(lines[place])
    if not first:
        return [], place
    depth = len(first[1])
    groups: list[list[str]] = []
    while place < len(lines):
        line = lines[place]
        match = _BULLET.match(line)
        if match and len(match[1]) <= depth:
            if len(match[1]) < depth:
                break
            groups.append([match[2]])
        elif line.strip():
            if len(line) - len(line.lstrip()) <= depth:
                break
            groups[-1].append(line)
        elif not _goes_on(lines, place, depth):
            break
        place += 1
    return [_item(group) for group in groups], place


def _goes_on(lines: list[str], place: int, depth: int) -> bool:
    following = next((line for line in lines[place:] if line.strip()), "")
    match = _BULLET.match(following)
    return (len(match[1]) if match else len(following) - len(following.lstrip()) - 1) >= depth and bool(
        following
    )


def _item(group: list[str]) -> Entry:
    """Read one item: `name: text`, `- name: x` with keys below it, a bare name, or a sentence."""
    head = _PAIR.match(group[0])
    below = [match for line in group[1:] if (match := _PAIR.match(line))]
    pairs = [(match[1], _unquoted(match[2] or "")) for match in below]
    if head and head[1].lower() in NAMING and below and len(below) == len(group) - 1:
        entry = of_pairs([(head[1], _unquoted(head[2] or "")), *pairs])
        if entry is not None:
            return entry
    rest = " ".join(line.strip() for line in group[1:])
    named = _HEAD.match(group[0]) or _PAREN.match(group[0])
    if (
        named
        and len(named[1]) <= LONGEST_NAME
        and not (" " in named[1] and (_SENTENCE.match(named[1]) or is_order(named[1])))
    ):
        return Entry(named[1], f"{_unquoted(named[2])} {rest}".strip())
    bare = group[0].strip().rstrip(":.,;").strip("\"'`*").strip()
    if pairs and len(below) == len(group) - 1:
        entry = of_pairs([("name", bare), *pairs])
        if entry is not None:
            return entry
    if len(bare.split()) <= 4 and len(bare) <= LONGEST_NAME:
        return Entry(bare, rest)
    return Entry("", f"{group[0]} {rest}".strip())


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`":
        return value[1:-1]
    return value[1:-1].strip() if value.startswith("[") and value.endswith("]") else value


def _table(lines: list[str], place: int) -> tuple[list[Entry], int]:
    end = place
    while end < len(lines) and lines[end].lstrip().startswith("|"):
        end += 1
    cells = [[_unquoted(cell) for cell in line.strip().strip("|").split("|")] for line in lines[place:end]]
    if len(cells) < 3 or set("".join(cells[1])) - set(" :-"):
        return [], place
    header = [key.lower() for key in cells[0]]
    header[0] = "name"
    if len(header) == 2:
        header[1] = "description"
    found = (of_pairs(list(zip(header, row, strict=False))) for row in cells[2:])
    return [entry for entry in found if entry is not None], end


def _mapping(lines: list[str], place: int) -> tuple[list[Entry], int]:
    """Read a YAML mapping of names: `name:` with deeper `key: value` lines below, two times or more."""
    found: list[Entry] = []
    depth = len(lines[place]) - len(lines[place].lstrip())
    end = place
    while end < len(lines):
        head = _PAIR.match(lines[end])
        if not head or head[2] or len(lines[end]) - len(lines[end].lstrip()) != depth:
            break
        end += 1
        pairs: list[tuple[str, str]] = []
        while end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > depth:
            below = _PAIR.match(lines[end])
            if not below or not below[2]:
                return [], place
            pairs.append((below[1], _unquoted(below[2])))
            end += 1
        entry = of_pairs([("name", head[1]), *pairs])
        if not pairs or entry is None:
            return [], place
        found.append(entry)
    return (found, end) if len(found) > 1 else ([], place)


def _plain(lines: list[str], place: int) -> tuple[list[Entry], int]:
    """Read three or more lines in a row that are each `name: text`, or each one bare name."""
    for pattern in (_HEAD, re.compile(r"\s*([\w./-]+),?()\s*$")):
        found: list[Entry] = []
        end = place
        while end < len(lines) and (match := pattern.match(lines[end].strip())) and len(match[1].split()) < 5:
            found.append(Entry(match[1], match[2]))
            end += 1
        if len(found) > 2:
            return found, end
    return [], place


def rows(text: str) -> list[Block]:
    """Read lists written in a row: `Labels: a, b, c`, ``one of `a`, `b` or `c` ``, `a | b | c`."""
    blocks: list[Block] = []
    for match in _ROW.finditer(text):
        names = [
            name.strip().strip("\"'`")
            for name in re.split(r"[,|]\s*(?:or |and )?|\s+(?:or|and)\s+", match[1])
        ]
        names = [name for name in names if name]
        marked = sum(bool(re.search(r"[_\"'`-]", name)) for name in names) + match[0].startswith(
            (":", "are", "from", "among", "between")
        )
        if marked and len(names) > 2 and all(len(name.split()) <= 3 for name in names):
            lead = text[: match.start() + 1].rpartition("\n")[2]
            blocks.append(Block(lead, tuple(Entry(name) for name in names)))
    return blocks
