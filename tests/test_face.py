"""The public face: complete, light, and speaking of itself as `promptlab`."""

from __future__ import annotations

import subprocess
import sys

import promptlab

HEAVY = (
    "pandas",
    "numpy",
    "openai",
    "matplotlib",
    "ipywidgets",
    "IPython",
    "scipy",
    "jsonschema",
    "jinja2",
    "rich",
)


EXTENSION = ("load_ipython_extension", "unload_ipython_extension")
"""What IPython asks an extension for."""


def test_all_is_complete_and_sorted():
    """Every name in `__all__` can be had, is listed by `dir`, and stands in order; nothing else is public."""
    for name in promptlab.__all__:
        assert getattr(promptlab, name) is not None

    public = {
        name
        for name in dir(promptlab)
        if not name.startswith("_") and not _is_module(getattr(promptlab, name))
    }
    assert public - {"annotations", "TYPE_CHECKING", "Any", "import_module", *EXTENSION} == set(
        promptlab.__all__
    ) - {"__version__"}
    assert promptlab.__all__ == sorted(promptlab.__all__)


def test_names_say_promptlab_as_home():
    """What is public says `promptlab` in its repr and in tracebacks, not the room it lives in."""
    homes = {name: getattr(promptlab, name).__module__ for name in promptlab.__all__ if name != "__version__"}

    assert set(homes.values()) == {"promptlab"}


def test_import_loads_nothing_heavy():
    """`import promptlab` loads none of the heavy libraries."""
    code = f"import sys, promptlab; print([m for m in {HEAVY!r} if m in sys.modules])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def _is_module(value: object) -> bool:
    return type(value).__name__ == "module"
