"""The sandbox that templates are compiled for: data, a few harmless methods, and a meter on everything."""

from __future__ import annotations

from typing import Any

from jinja2 import StrictUndefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing

from promptlab._template._filters import filters, tests
from promptlab._template._meter import METER, LimitReached, no_hole, plain, text_of
from promptlab._template._operations import METHODS, OPERATORS, Method, operate
from promptlab._wording import a_kind, did_you_mean, listed, quoted

HELPERS = ("range", "dict", "namespace")

_LOOP = frozenset(
    "index index0 revindex revindex0 first last length previtem nextitem cycle changed".split()  # noqa: SIM905
)


class Unfilled(StrictUndefined):
    """A hole, key or item that is not there; its message lists what is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_obj is missing and not self._undefined_hint:
            return f"nothing fills {quoted(self._undefined_name)}"
        if self._undefined_hint or not isinstance(self._undefined_obj, dict):
            return super()._undefined_message
        keys = [str(key) for key in self._undefined_obj]
        name = str(self._undefined_name)
        near = did_you_mean(name, keys) or (f" It has {listed(keys)}." if keys else " It is empty.")
        return f"a mapping has no key {quoted(name)}.{near}"


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles and runs templates over plain data. Has no state of its own; threads may share it."""

    intercepted_binops = OPERATORS

    def __init__(self) -> None:
        super().__init__(
            undefined=Unfilled,
            autoescape=False,
            keep_trailing_newline=True,
            finalize=_written,
            optimized=False,  # constants are worked out while rendering, under the meter
            cache_size=0,
        )
        self.globals = dict(zip(HELPERS, (_range, _dict, Namespace), strict=True))
        self.filters = filters()
        self.tests = tests()  # type: ignore[assignment]  # jinja2 infers its own, narrower type

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Give a key of a mapping or one of the few methods that data has."""
        METER.get().tick()
        if attribute in METHODS.get(type(obj), ()):
            return Method(obj, attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        if isinstance(obj, Namespace) and not attribute.startswith("_"):
            return getattr(obj, attribute, self.undefined(name=f"{attribute} of a namespace"))
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Give an item of a mapping, list or text."""
        METER.get().tick()
        no_hole(obj)
        no_hole(argument)
        if isinstance(argument, str) and argument in getattr(type(obj), "_fields", ()):
            return getattr(obj, argument)
        if isinstance(obj, dict):
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        if isinstance(obj, (str, list, tuple, range)) and isinstance(argument, int):
            inside = -len(obj) <= argument < len(obj)
            return obj[argument] if inside else self.undefined(f"there is no item {argument}")
        known = sorted(METHODS.get(type(obj), ()))
        hint = did_you_mean(str(argument), known) or (f" It has {listed(known)}." if known else "")
        message = f"{a_kind(obj)} has no {quoted(argument)} that a prompt may use.{hint}"
        return self.undefined(message, exc=SecurityError)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template may call: its macros, a method of data, `range`, `dict`, `namespace`."""
        METER.get().tick()
        no_hole(obj)
        helper = any(obj is known for known in self.globals.values())
        of_loop = isinstance(getattr(obj, "__self__", None), LoopContext)
        if not (helper or of_loop or isinstance(obj, (Method, Macro))):
            raise SecurityError(f"{a_kind(obj)} cannot be called in a prompt")
        return context.call(obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - jinja2's signature
        """Apply an operator, within bounds that are checked before it makes anything."""
        return operate(operator, left, right)


@pass_context
def _written(context: Context, value: Any) -> str:  # noqa: ARG001 - asking for it forbids folding at compile time
    text = text_of(value)
    METER.get().tick(len(text))
    return text


def _range(*args: int) -> range:
    made = range(*args)
    if len(made) > 100_000:
        raise LimitReached("range() is asked for more than 100,000 numbers")
    return made


def _dict(*args: Any, **kwargs: Any) -> Any:
    return METER.get().made(plain(dict(*args, **kwargs), "dict()"))
