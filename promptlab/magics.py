"""The cell magic: a notebook cell that is the prompt. Running it runs the suite and shows what changed."""

from __future__ import annotations

import keyword
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from IPython.core.error import UsageError as MagicUsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from promptlab._cases import as_suite
from promptlab._errors import SettingError, UsageError
from promptlab._history import changes_since
from promptlab._lab import Lab, default_lab
from promptlab._prompt import Prompt
from promptlab._verbs import run_targets
from promptlab._wording import did_you_mean

OPTIONS: Mapping[str, str] = {
    "cases": "a suite's path, or the name of a variable that holds cases",
    "workers": "calls under way at once",
    "repeats": "how often each case is asked",
    "tags": "only cases with one of these tags, separated by commas",
    "limit": "only the first cases, so many",
    "model": "the model where the cell names none",
    "checks": "the name of a variable that holds callables",
    "lab": "the name of a variable that holds a Lab",
    "fresh": "true: pay anew for what the store holds",
}
"""What `%promptlab` and `%%prompt` take, as `name=value`."""

T = TypeVar("T")

WHOLE = ("workers", "repeats", "limit")

KEPT = "promptlab"
"""What the settings are called among those of the shell's extensions."""


@magics_class
class PromptMagics(Magics):
    """`%promptlab` sets what the cells share; `%%prompt NAME` runs its cell as a prompt."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell=shell)
        self.settings: dict[str, str] = shell.meta.setdefault(KEPT, {})
        """What `%promptlab` has set: option to text. The shell keeps it when the extension is loaded anew."""

    @no_var_expand
    @line_magic
    def promptlab(self, line: str) -> None:
        """Set what `%%prompt` cells share: `%promptlab cases=../cases/discovery.yaml workers=15`.

        An option without a value (`workers=`) goes back to its default; without options it shows what is set.
        A line of which something is wrong changes nothing.
        """
        _, given = _tidy(lambda: read_options(line, names=0))
        _tidy(lambda: self._check({name: value for name, value in given.items() if value}))
        for name, value in given.items():
            if value:
                self.settings[name] = value
            else:
                self.settings.pop(name, None)
        if not given:
            width = max(len(name) for name in OPTIONS)
            for name, meaning in OPTIONS.items():
                print(f"{name:{width}} = {self.settings.get(name, ''):24} {meaning}")  # noqa: T201 - a magic's answer

    @no_var_expand
    @cell_magic
    def prompt(self, line: str, cell: str) -> None:
        """Run the cell as the prompt NAME: `%%prompt NAME [workers=15 …]`, then the prompt's text as it is.

        Shows the progress, the table with failures first, and what changed since the last version of NAME.
        Leaves `NAME` (a `Prompt`) and `NAME_df` (the frame) behind.
        """
        _tidy(lambda: self._run(line, cell))

    def _run(self, line: str, cell: str) -> None:
        names, given = read_options(line, names=1)
        name = names[0] if names else ""
        if not name.isidentifier() or keyword.iskeyword(name):
            raise SettingError(
                f"%%prompt needs a name that Python takes, as in `%%prompt router`; got {name!r}"
            )
        options = {key: value for key, value in {**self.settings, **given}.items() if value}
        if "cases" not in options:
            raise SettingError("no cases: say `%promptlab cases=PATH` once, or `%%prompt NAME cases=PATH`")
        arguments = self._arguments(options)
        lab: Lab = arguments.pop("lab", None) or default_lab()
        model, cases = arguments.pop("model", None), arguments.pop("cases")
        prompt = Prompt.parse(cell.removesuffix("\n"), name=name)  # IPython ends every cell with a line break
        if model and prompt.model is None:
            prompt = Prompt(
                prompt.text,
                system=prompt.system,
                messages=prompt.messages,
                model=model,
                settings=prompt.settings,
                name=name,
            )
        suite = as_suite(cases, allow_code=lab.allow_code)
        if tags := arguments.pop("tags", None):
            suite = suite.filter(tags=tags)
        if limit := arguments.pop("limit", None):
            suite = suite[:limit]
        assert self.shell is not None
        self.shell.user_ns[name] = prompt
        changes = changes_since(lab, prompt, suite)
        try:
            result = run_targets(lab, suite, {name: prompt}, changes=changes, **arguments)
        finally:
            if lab.last is not None and lab.last.run.variants[0].version == prompt.version:
                self.shell.user_ns[f"{name}_df"] = lab.last.frame
        self.shell.user_ns[f"{name}_df"] = result.frame

    def _check(self, options: Mapping[str, str]) -> None:
        """Refuse options that no cell could be run with; cases in a variable are taken as they are."""
        values = self._arguments(options)
        if isinstance(values.get("cases"), Path):
            kept = self.settings.get("lab", "")
            lab = values["lab"] if "lab" in values else self.shell and self.shell.user_ns.get(kept)
            as_suite(values["cases"], allow_code=isinstance(lab, Lab) and lab.allow_code)

    def _arguments(self, options: Mapping[str, str]) -> dict[str, Any]:
        """Make values of the options' texts."""
        values: dict[str, Any] = {}
        for name, text in options.items():
            if name in WHOLE:
                if not (text.isascii() and text.isdigit() and int(text) > 0):
                    raise SettingError(f"{name}={text} is no whole number from 1 up")
                values[name] = int(text)
            elif name == "fresh":
                if text.lower() not in ("true", "false", "1", "0"):
                    raise SettingError(f"fresh={text} is neither true nor false")
                values[name] = text.lower() in ("true", "1")
            elif name == "tags":
                values[name] = [tag for tag in text.split(",") if tag]
            elif name == "cases":
                values[name] = self._cases(text)
            elif name in ("checks", "lab"):
                values[name] = self._variable(name, text)
            else:
                values[name] = text
        return values

    def _cases(self, text: str) -> Any:
        assert self.shell is not None
        return self.shell.user_ns[text] if text in self.shell.user_ns else Path(text).expanduser()

    def _variable(self, name: str, text: str) -> Any:
        assert self.shell is not None
        if text not in self.shell.user_ns:
            raise SettingError(f"{name}={text}: there is no variable {text!r}")
        value = self.shell.user_ns[text]
        if name == "lab" and not isinstance(value, Lab):
            raise SettingError(f"lab={text} is no Lab")
        return [value] if name == "checks" and callable(value) else value


def read_options(line: str, *, names: int) -> tuple[list[str], dict[str, str]]:
    """Read a magic's line: at most `names` plain words, then `option=value` pairs.

    Raises:
        SettingError: A word is neither, or an option is unknown.
    """
    try:
        words = shlex.split(line)
    except ValueError as wrong:
        raise SettingError(f"cannot read {line!r}: {wrong}") from None
    plain: list[str] = []
    options: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            if len(plain) >= names:
                raise SettingError(
                    f"{word!r} is no option; write name=value with one of {', '.join(OPTIONS)}"
                )
            plain.append(word)
        elif name not in OPTIONS:
            near = did_you_mean(name, OPTIONS)
            raise SettingError(f"there is no option {name!r}; there are {', '.join(OPTIONS)}.{near}")
        else:
            options[name] = value
    return plain, options


def _tidy(action: Callable[[], T]) -> T:
    """Show a wrong use as IPython shows its own: one line, no traceback."""
    try:
        return action()
    except UsageError as wrong:
        raise MagicUsageError(str(wrong)) from None


def complete(_shell: InteractiveShell, event: Any) -> list[str]:
    """Complete the names of options."""
    word = event.symbol
    return [f"{name}=" for name in OPTIONS if name.startswith(word)]


def load(shell: InteractiveShell) -> None:
    """Register the magics; called by `%load_ext promptlab`."""
    shell.register_magics(PromptMagics)
    for command in ("%promptlab", "%%prompt"):
        shell.set_hook("complete_command", complete, str_key=command)  # type: ignore[no-untyped-call]  # IPython's own


def unload(shell: InteractiveShell) -> None:
    """Take the magics away; called by `%unload_ext promptlab`. What `%promptlab` has set stays with the shell."""
    manager = shell.magics_manager
    manager.magics["line"].pop("promptlab", None)
    manager.magics["cell"].pop("prompt", None)
    manager.registry.pop(PromptMagics.__name__, None)
    for command in ("%promptlab", "%%prompt"):
        shell.strdispatchers["complete_command"].strs.pop(command, None)
