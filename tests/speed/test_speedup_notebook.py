"""The notebook on speed runs from top to bottom, and is kept without outputs."""

from __future__ import annotations

import nbclient
import nbformat
import pytest

from tests.conftest import REPOSITORY

NOTEBOOK = REPOSITORY / "notebooks" / "03_speedup.ipynb"


def test_notebook_has_no_outputs():
    """What is in the repository is the notebook before it was run."""
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_notebook_runs_to_its_end(tmp_path):
    """Every cell runs, here at a hundredth of the latencies; charts are drawn, and a count is recommended."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (setup,) = [cell for cell in notebook.cells if "scale = 1.0 if FULL or real else 0.1" in cell.source]
    setup.source = setup.source.replace("else 0.1", "else 0.01")
    before = {path.name for path in NOTEBOOK.parent.iterdir()}

    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    ).execute()

    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert sum("image/png" in data for data in shown) == 2
    assert "workers:" in printed
    assert {path.name for path in NOTEBOOK.parent.iterdir()} == before
