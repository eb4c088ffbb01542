"""promptfoo's tests: where they are written, in the configuration, in files beside it, in scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from promptlab._cases._beside import CODE, SCHEME, Beside
from promptlab._cases._document import failing
from promptlab._cases._json import read_value
from promptlab._cases._promptfoo_csv import read_table, refused_table
from promptlab._cases._promptfoo_values import Missed
from promptlab._cases._report import Tally
from promptlab._wording import Fail, a_kind, quoted


@dataclass(frozen=True, slots=True)
class Test:
    """One test as written, and where."""

    raw: Mapping[str, Any]
    where: str
    line: int | None
    more: tuple[Any, ...] = field(default=())
    """What a scenario adds: partial tests that come before it."""


class Tests:
    """Finds the tests of one suite.

    Args:
        top: The configuration.
        shown: How messages call its file.
        starts: The line of each test in it, where that is known.
        tally: Where it is noted what is not understood.
        beside: The suite's folder.
    """

    def __init__(
        self, top: Mapping[str, Any], shown: str, starts: list[int] | None, tally: Tally, beside: Beside
    ) -> None:
        self.top, self.shown, self.starts = top, shown, starts
        self.fail = failing(shown)
        self.tally, self.beside = tally, beside

    def all(self) -> Iterator[Test]:
        """Give every test, then those of the scenarios."""
        yield from self._tests(self.top.get("tests"))
        yield from self._scenarios()

    def default(self) -> Mapping[str, Any]:
        """Give what every test has."""
        written = self.top.get("defaultTest") or {}
        if isinstance(written, str):
            if written.lower().endswith(CODE):
                self.fail("`defaultTest` is made by code, which is not run here", None)
            written = self.beside.data(self.beside.find(written)[0])[0]
        if not isinstance(written, Mapping):
            self.fail(f"`defaultTest` is a mapping; this is {a_kind(written)}", None)
        return written

    def merged(self, layers: tuple[Any, ...], key: str) -> dict[str, Any]:
        """Merge what the layers of a test say under a key; the later ones count."""
        made: dict[str, Any] = {}
        for layer in layers:
            value = layer.get(key)
            if key == "vars" and isinstance(value, (str, list)):
                for name in value if isinstance(value, list) else [value]:
                    for path in self.beside.find(str(name)):
                        data = self.beside.data(path)[0]
                        made.update(data if isinstance(data, Mapping) else {})
            elif isinstance(value, Mapping):
                made.update(value)
            elif value is not None:
                self.fail(f"`{key}` is a mapping; this is {a_kind(value)}", None)
        return made

    def values(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """Put files in the place of their names.

        Raises:
            Missed: A variable is made by code, or is of a kind that is not read.
        """
        made = {}
        for name, value in written.items():
            if isinstance(value, str) and value.startswith(SCHEME):
                head = value.rpartition(":")[0] if value.count(":") > 1 else value
                if value.lower().endswith((*CODE, ".pdf", ".mp4", ".mp3", ".wav")) or head.lower().endswith(
                    CODE
                ):
                    raise Missed(f"{quoted(name)} comes from {quoted(value, 80)}, which is not read here")
                found = [self.beside.value(path) for path in self.beside.find(value)]
                made[name] = found[0] if len(found) == 1 else found
                continue
            if isinstance(value, str) and ("{{" in value or "{%" in value):
                self.tally.note(
                    "variables with {{ }} in them are text here; promptfoo fills them like prompts"
                )
            made[name] = _as_js(value)
        return made

    def _tests(self, written: Any) -> Iterator[Test]:
        if isinstance(written, (str, Mapping)):
            written = [written]
        if written is not None and not isinstance(written, list):
            self.fail(f"`tests` is a list of tests or the name of a file; this is {a_kind(written)}", None)
        for index, one in enumerate(written or ()):
            line = self.starts[index] if self.starts and index < len(self.starts) else None
            where = self.shown if line is None else f"{self.shown}:{line}"
            named = one.get("path") if isinstance(one, Mapping) and "vars" not in one else one
            if isinstance(named, str):
                yield from self._file(named, where)
            elif isinstance(one, Mapping):
                yield Test(one, where, line)
            else:
                self.fail(f"a test is a mapping; this is {a_kind(one)}", line)

    def _file(self, reference: str, where: str) -> Iterator[Test]:
        """Read the tests of a file, or of several."""
        bare = reference.removeprefix(SCHEME)
        head = bare.rpartition(":")[0] if ":" in bare else bare
        if "://" in bare or bare.lower().endswith(CODE) or head.lower().endswith(CODE):
            kind = "code, which is not run here" if "://" not in bare else "an address, which is not fetched"
            self.tally.miss("tests", f"they come from {kind}", f"{where}: {reference.partition('?')[0]}")
            return
        if Path(bare.partition("#")[0]).suffix.lower() in {".xlsx", ".xls"}:
            self.tally.miss("tests", refused_table(bare), where)
            return
        for path in self.beside.find(reference):
            shown, suffix = self.beside.shown(path), path.suffix.lower()
            if suffix == ".csv":
                for line, row in read_table(self.beside.text(path), failing(shown), self.tally, shown):
                    yield Test(row, f"{shown}:{line}", None)
                continue
            yield from self._listed_file(path, shown, suffix)

    def _listed_file(self, path: Path, shown: str, suffix: str) -> Iterator[Test]:
        if suffix == ".jsonl":
            text, fail = self.beside.text(path), failing(shown)
            rows = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
            data: Any = [read_value(line, _at(fail, number)) for number, line in rows]
            lines: list[int] | None = [number for number, _ in rows]
        elif suffix in {".json", ".yaml", ".yml"}:
            data, lines = self.beside.data(path)
        else:
            self.tally.miss("tests", "files of this kind are not read", shown)
            return
        for index, one in enumerate(data if isinstance(data, list) else [data]):
            if not isinstance(one, Mapping):
                failing(shown)(f"a test is a mapping; this is {a_kind(one)}", lines[index] if lines else None)
            yield Test(one, f"{shown}:{lines[index]}" if lines else shown, None)

    def _scenarios(self) -> Iterator[Test]:
        for number, scenario in enumerate(self.top.get("scenarios") or (), start=1):
            where = f"{self.shown}, scenario {number}"
            if not isinstance(scenario, Mapping) or not isinstance(scenario.get("config"), list):
                self.tally.miss("scenario", "it has no list `config` of its own", where)
                continue
            inner = list(self._tests_of(scenario.get("tests"), where))
            for config in scenario["config"]:
                if not isinstance(config, Mapping):
                    self.tally.miss("scenario", "its `config` names a file", where)
                    continue
                for test in inner or [Test({}, where, None)]:
                    yield Test(test.raw, where, None, (config,))

    def _tests_of(self, written: Any, where: str) -> Iterator[Test]:
        starts, self.starts = self.starts, None
        yield from (Test(test.raw, where, None) for test in self._tests(written))
        self.starts = starts


def _as_js(value: Any) -> Any:
    """Give a value as JavaScript has it, where 1.0 is 1."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, list):
        return [_as_js(one) for one in value]
    return {key: _as_js(one) for key, one in value.items()} if isinstance(value, dict) else value


def _at(fail: Fail, number: int) -> Fail:
    def at_line(message: str, _: int | None) -> NoReturn:
        fail(message, number)

    return at_line
