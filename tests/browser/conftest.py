"""One browser, one JupyterLab and one model for all the tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lab import LabServer, running_lab
from tests.browser.model import PROMPT, Model, running_model
from tests.browser.page import Notebook

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTH, HEIGHT = 1280, 1000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them where there is no Chromium."""
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show what the pages of a failed test held, and where their pictures are."""
    report = yield
    if call.when == "call" and report.failed:
        for book in getattr(item, "opened", []):
            picture = book.path.with_suffix(".png")
            book.page.screenshot(path=picture)
            report.sections.append((f"{picture}", book.page.locator(".jp-Notebook").inner_text()[:5000]))
    return report


@pytest.fixture(scope="session")
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a headless Chromium; notebooks are opened in it one after the other."""
    opened = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """The JupyterLab of the notebook's author."""
    with running_lab(tmp_path_factory.mktemp("author")) as server:
        yield server


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Somebody else's JupyterLab, which trusts no notebook yet."""
    with running_lab(tmp_path_factory.mktemp("stranger")) as server:
        yield server


@pytest.fixture(scope="session")
def running() -> Iterator[Model]:
    """The model, in a process of its own."""
    with running_model() as model:
        yield model


@pytest.fixture
def model(running: Model) -> Model:
    """The model, with its counts at nothing."""
    running.reset()
    return running


@pytest.fixture
def notebook(
    page: Page, lab: LabServer, model: Model, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Open notebooks of the cells given; the first cell, which makes the lab, is put before them and run."""
    opened: list[Notebook] = []
    request.node.opened = opened

    def open_with(*cells: str, anew: bool = False) -> Notebook:
        name = f"{request.node.name}-{len(opened)}.ipynb".replace("[", "-").replace("]", "")
        lab.write(name, setup_cell(model), *cells)
        made = Notebook(page, lab, name, anew=anew)
        opened.append(made)
        made.run(0)
        return made

    yield open_with
    for made in opened:
        if not made.closed:
            made.close()


def setup_cell(model: Model) -> str:
    """Write the cell that makes a lab which asks the model, and says how to make cases."""
    return f"""
import promptlab

lab = promptlab.Lab(base_url={model.base_url!r}, store="off")
PROMPT = {PROMPT!r}

def cases(count, seconds, say="yes"):
    "Cases that each take `seconds` (a number, or a function of the case's number) and pass on `yes`."
    take = seconds if callable(seconds) else lambda index: seconds
    return [
        {{"id": f"case_{{index}}", "input": {{"seconds": take(index), "say": say if index % 4 else "no"}},
         "expect": {{"equals": "yes"}}}}
        for index in range(count)
    ]
"""
