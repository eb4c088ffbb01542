"""promptfoo's suites: the configuration, and files of tests by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from promptlab._cases._beside import Beside
from promptlab._cases._document import Document, failing
from promptlab._cases._promptfoo_asserts import Assertions
from promptlab._cases._promptfoo_csv import read_table
from promptlab._cases._promptfoo_keys import CHANGING, OPTIONS, TEST_KEYS, TOP_KEYS
from promptlab._cases._promptfoo_prompts import PREFIX, SUFFIX, Prompts
from promptlab._cases._promptfoo_tests import Test, Tests
from promptlab._cases._promptfoo_tools import tools_of
from promptlab._cases._promptfoo_values import Missed, model_of
from promptlab._cases._report import Tally
from promptlab._show import one_line
from promptlab._wording import did_you_mean, quoted

FORMAT = "promptfoo"
MAX_TESTS = 1_000_000


def is_config(data: Any) -> bool:
    """Tell whether data is a configuration, or a list of tests."""
    if isinstance(data, Mapping):
        return "cases" not in data and bool(
            {"prompts", "providers", "targets", "tests", "scenarios", "defaultTest"} & data.keys()
        )
    return isinstance(data, list) and any(
        isinstance(one, Mapping) and ("vars" in one or "assert" in one) for one in data
    )


def read(data: Any, lines: Mapping[str | None, list[int]], path: Path, shown: str) -> Document:
    """Read a configuration, or a list of tests.

    Raises:
        SuiteError: Something in it cannot be read at all, or names a file outside its folder.
    """
    top = data if isinstance(data, Mapping) else {"tests": data}
    starts = lines.get("tests" if isinstance(data, Mapping) else None)
    return _Reader(top, path, shown, starts).document()


def read_rows(text: str, path: Path, shown: str) -> Document:
    """Read a table of tests."""
    tally = Tally(FORMAT)
    rows = list(read_table(text, failing(shown), tally, shown))
    reader = _Reader({"tests": [raw for _, raw in rows]}, path, shown, [line for line, _ in rows], tally)
    return reader.document()


class _Reader:
    """Reads one suite."""

    def __init__(
        self,
        top: Mapping[str, Any],
        path: Path,
        shown: str,
        starts: list[int] | None,
        tally: Tally | None = None,
    ) -> None:
        self.top, self.path, self.shown = top, path, shown
        self.fail = failing(shown)
        self.tally = tally or Tally(FORMAT)
        self.beside = Beside(path, shown)
        self.tests = Tests(top, shown, starts, self.tally, self.beside)
        templates = top.get("assertionTemplates")
        self.asserts = Assertions(
            self.tally, self.beside, templates if isinstance(templates, Mapping) else {}
        )
        self.ids: dict[str, int] = {}
        self.wrapped = False

    def document(self) -> Document:
        """Read everything."""
        self._check_top()
        default = self.tests.default()
        blocked = self._providers()
        tools = tools_of(self.top.get("providers", self.top.get("targets")), self.beside, self.tally)
        self.asserts.tools = tools
        tests = list(itertools.islice(self.tests.all(), MAX_TESTS))
        cases: list[dict[str, Any]] = []
        lines: list[int] = []
        places: list[str] = []
        for number, test in enumerate(tests, start=1):
            for case in self._cases(test, default, number, blocked):
                cases.append(case)
                lines.append(test.line or 1)
                places.append(self._place(test))
                if len(cases) > MAX_TESTS:
                    self.fail(f"its variables unfold to more than {MAX_TESTS:,} cases", None)
        if not cases:
            told = self.tally.report(()).not_understood
            self.fail(f"it has no tests that can be read{f' ({told[0]})' if told else ''}", 1)
        if self.wrapped:
            for case in cases:
                case["input"] = {PREFIX: "", SUFFIX: "", **case["input"]}
        prompts = Prompts(self.tally, self.beside, {"tools": tools} if tools else None)
        prompts.read(self.top.get("prompts"), wrapped=self.wrapped)
        prompts.gaps([case["input"] for case in cases])
        return Document(
            name=self.path.stem,
            shown=self.shown,
            cases=cases,
            path=self.path,
            top=self._settings(),
            lines=lines,
            places=places,
            report=self.tally.report(cases),
        )

    def _place(self, test: Test) -> str:
        """Give the file and line of a test; files beside the suite are named from where the suite is."""
        if test.where.startswith(self.shown):
            return test.where
        return str(Path(self.shown).parent / test.where)

    def _settings(self) -> dict[str, Any]:
        """Give what stands beside the tests and has a meaning here."""
        found: dict[str, Any] = {}
        if isinstance(self.top.get("description"), str):
            found["description"] = self.top["description"]
        options = self.top.get("evaluateOptions")
        repeats = options.get("repeat") if isinstance(options, Mapping) else None
        if isinstance(repeats, int) and not isinstance(repeats, bool) and 1 <= repeats <= 1000:
            found["repeats"] = repeats
        return found

    def _check_top(self) -> None:
        for key in self.top:
            if key in CHANGING:
                self.tally.miss(key, CHANGING[key], self.shown)
            elif key.startswith("x-"):
                self.tally.note(
                    "keys that begin with `x-` are left aside: they hold what is referred to elsewhere"
                )
            elif key not in TOP_KEYS:
                self.tally.miss(key, f"no such key is known.{did_you_mean(key, TOP_KEYS)}", self.shown)
        if self.top.get("env"):
            self.tally.note("`env` is ignored: nothing of it is read or kept")

    def _providers(self) -> list[str]:
        """Note the models; give what of the providers keeps every answer from being judged."""
        written = self.top.get("providers", self.top.get("targets"))
        blocked = []
        for one in written if isinstance(written, list) else [written]:
            name, more = one.get("id") if isinstance(one, Mapping) else one, one
            if isinstance(one, Mapping) and "id" not in one and len(one) == 1:
                name, more = next(iter(one.items()))
            if isinstance(more, Mapping) and (more.get("transform") or more.get("responseTransform")):
                blocked.append("a provider's transform")
            model = model_of(name)
            if model is not None:
                self.tally.models.append(model)
            elif isinstance(name, str):
                self.tally.note(
                    f"the provider {quoted(name.partition('?')[0].rpartition('@')[2], 60)} is none that is called here; name a model of yours"
                )
        return sorted(set(blocked))

    def _cases(
        self, test: Test, default: Mapping[str, Any], number: int, blocked: list[str]
    ) -> Iterator[dict[str, Any]]:
        """Make the cases of a test: one for each combination of its listed variables."""
        layers = (default, *test.more, test.raw)
        options = self.tests.merged(layers, "options")
        try:
            values = self.tests.values(self.tests.merged(layers, "vars"))
        except Missed as missed:
            self.tally.miss("vars", f"{missed}; the test is left out", test.where)
            return
        raw_own = [one for layer in layers[1:] for one in _as_list(layer.get("assert"))]
        written = (
            raw_own if options.get("disableDefaultAsserts") else [*_as_list(default.get("assert")), *raw_own]
        )
        threshold = next(
            (layer["threshold"] for layer in reversed(layers) if layer.get("threshold") is not None), None
        )
        base = self._id(test.raw, number)
        combos = list(self._combined(values, options))
        if any(layer.get("prompts") or layer.get("providers") for layer in layers):
            self.tally.note(
                "tests for some prompts or providers alone are asked whatever the prompt and model"
            )
        if options.get("prefix") or options.get("suffix"):
            self.wrapped = True
        for index, combo in enumerate(combos, start=1):
            case = base if len(combos) == 1 else f"{base}.{index}"
            expect = self.asserts.expect(written, combo, options, threshold, case)
            odd = [*blocked, *self._odd(layers, options)]
            if odd and expect is not None:
                for what in odd:
                    self.tally.miss(what, "it may change what is checked", case)
                self.tally.withhold(case)
                expect.setdefault("foreign", []).extend({"by_hand": one_line(what, 100)} for what in odd)
            yield self._case(case, combo, expect, layers, options)

    def _case(
        self,
        case: str,
        values: Mapping[str, Any],
        expect: Any,
        layers: tuple[Any, ...],
        options: Mapping[str, Any],
    ) -> dict[str, Any]:
        inputs = dict(values)
        for key, name in (("prefix", PREFIX), ("suffix", SUFFIX)):
            if isinstance(options.get(key), str):
                inputs[name] = options[key]
        made: dict[str, Any] = {"id": case, "input": inputs}
        if expect is not None:
            made["expect"] = expect
        metadata = self.tests.merged(layers, "metadata")
        if metadata:
            made["metadata"] = dict(metadata)
            tags = metadata.get("tags")
            if (
                isinstance(tags, list)
                and tags
                and all(
                    isinstance(tag, str) and tag.strip() and tag.isprintable() and len(tag) <= 200
                    for tag in tags
                )
            ):
                made["tags"] = tags
        why = layers[-1].get("description")
        if isinstance(why, str) and why.strip():
            made["why"] = why
        return made

    def _odd(self, layers: tuple[Any, ...], options: Mapping[str, Any]) -> list[str]:
        """Give what of a test is not known, and so may change what it means."""
        found = {f"the key {key}" for layer in layers for key in layer if key not in TEST_KEYS}
        found |= {f"the option {key}" for key in options if key not in OPTIONS and key != "rubricPrompt"}
        return sorted(found)

    def _combined(self, values: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        lists = (
            {}
            if options.get("disableVarExpansion")
            else {k: v for k, v in values.items() if isinstance(v, list) and v}
        )
        for picked in itertools.product(*lists.values()):
            yield {**values, **dict(zip(lists, picked, strict=True))}

    def _id(self, raw: Mapping[str, Any], number: int) -> str:
        """Name a test: by its description where that is one line, and no other has it, else by its number."""
        text = raw.get("id") or raw.get("description")
        name = text.strip() if isinstance(text, str) else ""
        if not name or not name.isprintable() or len(name) > 120:
            name = f"test_{number}"
        count = self.ids[name] = self.ids.get(name, 0) + 1
        return name if count == 1 else f"{name}_{count}"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
