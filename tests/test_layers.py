"""The house has floors: imports go down only, and each outside library has one home."""

from __future__ import annotations

import ast
from pathlib import Path

import promptlab

ROOT = Path(promptlab.__file__).parent
FLOORS = (
    ("_types", "_events", "_scope", "_protocols", "_errors", "_version"),
    ("_settings", "_redact", "_encodings", "_wholefile", "_diff", "_stats", "_schedule", "_prompt", "_prompt_value", "_unused", "_front", "_messages",
     "_template", "_textfile", "_yaml", "_yaml_events", "_yaml_lines", "_wording", "_show", "_answer", "_confidence",
     "_lenient", "_recover", "checks", "_grade", "_summary", "_asking", "_answer_type", "_judge", "_similar", "_bars"),
    ("_runner", "_target", "_leash", "_elsewhere", "_away", "_background_loop", "_kernel_loop", "_row"),
    ("_cases", "_providers", "_store", "_display", "_frame", "_compare", "charts", "report", "_export"),
    ("_lab", "_lab_parts", "_order", "_session", "_verbs", "_batch", "_batch_work", "_history", "_plan", "_sweep", "_speedup", "_contest", "_judging", "_repeats",
     "_suite_prompt", "_ci"),
    ("__init__", "magics", "cli", "_cli_compare", "_cli_convert", "_cli_ends", "__main__", "pytest_plugin", "_pytest"),
)  # fmt: skip
WORKSHOPS = set(FLOORS[3])
HOMES = {
    "sqlite3": {"_store"},
    "ipywidgets": {"_display", "magics"},
    "IPython": {"_display", "magics"},
    "openai": {"_providers"},
    "yaml": {"_yaml", "_yaml_events"},
    "jinja2": {"_template"},
    "jsonschema": {"checks"},
    "matplotlib": {"charts"},
    "rapidfuzz": {"checks"},
    "click": {"cli", "_cli_compare", "_cli_convert", "_cli_ends"},
}


def _rooms() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if room != "simulator":
            found.append((room, path))
    return found


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the floor they go to"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_room_has_a_floor():
    """A new module gets a place in the table of floors."""
    known = {room for floor in FLOORS for room in floor}

    assert {room for room, _ in _rooms()} <= known


def test_imports_go_down_only():
    """No module imports from a floor above its own, and no workshop from another."""
    height = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    wrong = []
    for room, path in _rooms():
        for name in _imports(path):
            parts = name.split(".")
            if parts[0] != "promptlab" or len(parts) == 1 or parts[1] not in height:
                continue
            other = parts[1]
            door_between = room in WORKSHOPS and other in WORKSHOPS and room != other
            if height[other] > height[room] or door_between:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")

    assert not wrong


def test_libraries_stay_at_home():
    """Each outside library is imported in its home alone."""
    wrong = []
    for room, path in _rooms():
        for name in _imports(path):
            library = name.split(".")[0]
            if library in HOMES and room not in HOMES[library]:
                wrong.append(f"{path.relative_to(ROOT)} imports {library}")

    assert not wrong


def test_simulator_is_an_annex():
    """The simulator shares no import with the house, nor the house with it."""
    inside = {n for p in (ROOT / "simulator").rglob("*.py") for n in _imports(p) if n.startswith("promptlab")}
    outside = {
        n
        for _, p in _rooms()
        if p.relative_to(ROOT).as_posix() != "cli/_simulate.py"
        for n in _imports(p)
        if n.startswith("promptlab.simulator")
    }

    assert {n for n in inside if not n.startswith("promptlab.simulator")} <= {"promptlab"}
    assert not outside


def test_modules_stay_small():
    """A module can be read in one sitting: 280 lines at most, a function 50."""
    wrong = []
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 280:
            wrong.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > 50:
                    wrong.append(f"{path.relative_to(ROOT)}: {node.name} has {size} lines")

    assert not wrong
