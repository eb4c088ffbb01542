"""The notebooks run from top to bottom, in a real kernel, and are committed without outputs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.conftest import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
OURS = ("OPENAI_", "PROMPTLAB_", "PARALLEL_WORKERS", "RUN_LLM_TESTS", "CI")
named = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], NotebookNode]:
    """Run a notebook once, in a copy of what it finds around it, without a key."""
    done: dict[Path, NotebookNode] = {}

    def run(path: Path) -> NotebookNode:
        if path not in done:
            place = tmp_path_factory.mktemp(path.stem)
            for folder in ("notebooks", "cases"):
                shutil.copytree(
                    REPOSITORY / folder, place / folder, ignore=shutil.ignore_patterns(".*", "__*")
                )
            env = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
            env |= {"PROMPTLAB_STORE": str(place / "lab.sqlite3"), "IPYTHONDIR": str(place / "ipython")}
            resources = {"metadata": {"path": str(place / "notebooks")}}
            notebook = nbformat.read(path, as_version=4)
            NotebookClient(notebook, timeout=300, resources=resources).execute(env=env)
            done[path] = notebook
        return done[path]

    return run


def said(cell: NotebookNode) -> str:
    """Give all that stands under a cell as text."""
    return "\n".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.outputs
    )


@named
def test_notebook_runs(path: Path, executed: Callable[[Path], NotebookNode]):
    """A notebook runs from top to bottom without an error or a warning, and says that a simulator answered."""
    notebook = executed(path)

    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    assert all(cell.execution_count for cell in cells)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not [output for cell in cells for output in cell.outputs if output.get("name") == "stderr"]
    records = [said(cell) for cell in cells if cell.source.startswith("%%prompt")]
    assert all("simulated" in record for record in records)


@named
def test_notebook_holds_no_output(path: Path):
    """A notebook is committed as it was written: without outputs, counts or traces of whoever ran it."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    nbformat.validate(notebook)
    assert cells
    assert not [
        cell.outputs or cell.execution_count for cell in cells if cell.outputs or cell.execution_count
    ]
    assert not [cell.metadata for cell in notebook.cells if cell.metadata]
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert path.stat().st_size < 100_000


def test_iterate_gets_better(executed: Callable[[Path], NotebookNode]):
    """In the first notebook each version of the prompt is better than the one before, and says what changed."""
    notebook = executed(REPOSITORY / "notebooks" / "01_iterate.ipynb")

    records = [said(cell) for cell in notebook.cells if cell.source.startswith("%%prompt")]

    assert len(records) == 3
    assert "What changed" not in records[0]
    assert all("is better: +" in record for record in records[1:])
