"""promptfoo's prompts become ours: texts, files, several in one file, chats; nunjucks is not jinja2, and it is said."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from promptlab._cases._beside import CODE, SCHEME, Beside
from promptlab._cases._document import failing
from promptlab._cases._report import Tally
from promptlab._errors import PromptError, SuiteError
from promptlab._prompt import Prompt
from promptlab._show import one_line
from promptlab._wording import a_kind, quoted
from promptlab._yaml import read_yaml
from promptlab.checks._like import strict_json

FILES = (".txt", ".md", ".json", ".yaml", ".yml", ".j2", ".csv", ".prompt")
PREFIX, SUFFIX = "prompt_prefix", "prompt_suffix"
"""Inputs of every case where a test has a prefix or a suffix."""
MAX_PROMPTS = 200

_ELSEWHERE = ("exec:", "langfuse://", "portkey://", "helicone://", "http://", "https://")
_FILTER = re.compile(r"\|\s*([A-Za-z_]\w*)")
_TAG = re.compile(r"\{%-?\s*([a-z]+)")
_SAME_FILTERS = frozenset(
    ("upper", "lower", "trim", "length", "join", "first", "last", "replace", "capitalize", "abs")
)
_ROLE = re.compile(r"""["']role["']\s*:""")
_YAML_CHAT = re.compile(r"\s*-\s+[\"']?role[\"']?\s*:")
_SAME_TAGS = frozenset(("if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"))


class Prompts:
    """Reads the prompts of one suite into the tally.

    Args:
        tally: Where they go, and what is not understood of them.
        beside: The suite's folder.
        settings: What every prompt is sent with.
    """

    def __init__(self, tally: Tally, beside: Beside, settings: Mapping[str, Any] | None = None) -> None:
        self._tally, self._beside, self._settings = tally, beside, settings

    def read(self, written: Any, *, wrapped: bool) -> None:
        """Read the value of `prompts`.

        Args:
            written: A text, a list, or a mapping of files to labels.
            wrapped: Whether every prompt stands between a prefix and a suffix that cases give.
        """
        if written is None:
            return
        if isinstance(written, Mapping):
            items: list[Any] = [{"id": key, "label": label} for key, label in written.items()]
        else:
            items = written if isinstance(written, list) else [written]
        for number, item in enumerate(items, start=1):
            for label, text in self._texts(item, number):
                if len(self._tally.prompts) >= MAX_PROMPTS:
                    self._tally.miss("prompt", f"there are more than {MAX_PROMPTS}", label)
                    return
                self._keep(label, text, wrapped=wrapped)

    def gaps(self, inputs: Sequence[Mapping[str, Any]]) -> None:
        """Note the prompts that ask for what not every case gives."""
        for name, prompt in self._tally.prompts.items():
            short = [len(prompt.holes - one.keys()) > 0 for one in inputs].count(True)
            if short:
                self._tally.note(
                    f"prompt {quoted(name)} asks for what {short} of {len(inputs)} cases do not give: nunjucks leaves"
                    " it out, here it is an error before any call"
                )

    def _texts(self, item: Any, number: int) -> Iterator[tuple[str, str]]:
        """Give the label and the text of each prompt that an item stands for."""
        where = f"prompts, item {number}"
        label, source = None, item
        if isinstance(item, Mapping):
            label = item.get("label") or item.get("display")
            source = item.get("raw") or item.get("id") or item.get("file")
            label = label if isinstance(label, str) else None
        if not isinstance(source, str) or not source.strip():
            self._tally.miss("prompt", f"it is {a_kind(source)}", where)
            return
        if source.startswith(_ELSEWHERE):
            self._tally.miss("prompt", f"{quoted(source.partition(':')[0])} prompts are not read", where)
            return
        bare = source.removeprefix(SCHEME)
        plain = "\n" not in source and "{{" not in source
        is_folder = plain and " " not in source and source.endswith("/")
        named = (
            source.startswith(SCHEME) or is_folder or (plain and Path(bare).suffix.lower() in (*FILES, *CODE))
        )
        if not named:
            yield label or f"prompt_{number}", source
            return
        if bare.lower().endswith(CODE) or Path(bare.rpartition(":")[0]).suffix.lower() in CODE:
            self._tally.miss("prompt", "it is made by code, which is not run here", where)
            return
        for path in self._beside.find(source):
            yield from self._file(path, label)

    def _file(self, path: Path, label: str | None) -> Iterator[tuple[str, str]]:
        if path.suffix.lower() not in FILES:
            self._tally.miss("prompt", "files of this kind are not read", self._beside.shown(path))
            return
        text = self._beside.text(path)
        name = label or path.stem
        if path.suffix.lower() == ".csv":
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
            for number, row in enumerate(rows, start=1):
                yield row.get("label") or f"{name}_{number}", row.get("prompt") or ""
            return
        if path.suffix.lower() in {".yaml", ".yml"}:
            import json

            try:
                text = json.dumps(self._beside.data(path)[0])
            except SuiteError as trouble:
                # Their holes are filled before they are read as YAML, so that they need not be YAML before.
                self._tally.miss("prompt", f"it is no YAML before it is filled: {trouble}", name)
                return
        parts = (
            re.split(r"^---[ \t]*\r?\n", text, flags=re.MULTILINE)
            if path.suffix.lower() == ".txt"
            else [text]
        )
        parts = [part for part in parts if part.strip()]
        for number, part in enumerate(parts, start=1):
            yield (
                name if len(parts) == 1 else f"{name}_{number}",
                part.rstrip("\r\n") if len(parts) > 1 else part,
            )

    def _keep(self, label: str, text: str, *, wrapped: bool) -> None:
        """Make a prompt of a text, or say why not."""
        name = one_line(label.strip(), 100) or "prompt"
        number = 1
        while name in self._tally.prompts:
            number += 1
            name = f"{one_line(label.strip(), 90)}_{number}"
        try:
            prompt = self._prompt(name, text, wrapped=wrapped)
            prompt.holes  # noqa: B018 - compiles the template, so that a broken one is told of here
        except PromptError as trouble:
            self._tally.miss("prompt", one_line(str(trouble), 160), name)
            return
        self._tally.prompts[name] = prompt
        odd = sorted({*_FILTER.findall(text)} - _SAME_FILTERS) + sorted({*_TAG.findall(text)} - _SAME_TAGS)
        if odd and ("{{" in text or "{%" in text):
            self._tally.note(
                f"prompt {quoted(name)} uses {', '.join(odd)}: promptfoo fills templates with nunjucks, here it is"
                " jinja2; look whether they mean the same"
            )

    def _prompt(self, name: str, text: str, *, wrapped: bool) -> Prompt:
        chat = _chat(text)
        if chat is not None:
            if wrapped:
                self._tally.miss("prompt prefix and suffix", "this prompt is a chat", name)
            return Prompt(messages=chat, name=name, settings=self._settings)
        whole = f"{{{{ {PREFIX} }}}}{text}{{{{ {SUFFIX} }}}}" if wrapped else text
        return Prompt(whole, name=name, settings=self._settings)


def _chat(text: str) -> list[Any] | None:
    """Read a prompt that is a list of messages, in JSON or YAML; None where it is a text.

    Raises:
        PromptError: It becomes such a list only when it is filled.
    """
    found: Any = None
    if text.lstrip().startswith(("[", "{")):
        read = strict_json(text)
        found = read[0] if read else None
        if read is None and _ROLE.search(text):
            raise PromptError("it is a chat in JSON only once it is filled; write its messages out")
    elif _YAML_CHAT.match(text):
        try:
            found = read_yaml(text, failing("the prompt")).data
        except SuiteError as trouble:
            raise PromptError(f"it is a chat in YAML only once it is filled: {trouble}") from None
    is_chat = isinstance(found, list) and all(isinstance(one, Mapping) and "role" in one for one in found)
    return found if is_chat and found else None
