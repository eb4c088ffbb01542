"""A notebook in JupyterLab, driven as its user would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.lab import LabServer

LOADED = "() => Boolean(window.jupyterapp?.shell?.currentWidget)"
OPEN = """async ([path]) => {
    await window.jupyterapp.restored;
    const open = (factory) => window.jupyterapp.commands.execute('docmanager:open', {path, factory});
    const widget = await open('Notebook');
    await widget.context.ready;
    await widget.revealed;
}"""
READY = """() => {
    const shown = document.querySelectorAll('.jp-Notebook .jp-Cell').length;
    return shown && shown === window.jupyterapp.shell.currentWidget?.content?.widgets?.length;
}"""
CLOSE = """async () => {
    const widget = window.jupyterapp.shell.currentWidget;
    await widget.sessionContext.shutdown();
    widget.context.model.dirty = false;
    widget.close();
}"""
IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
ENDED = r"""([index]) => {
    const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[index];
    return /^\[\d+\]/.test(cell.querySelector('.jp-InputPrompt').textContent);
}"""
RUN = """([index, command]) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    window.jupyterapp.commands.execute(command);
}"""
WATCH = """([index]) => {
    const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[index];
    const prompt = cell.querySelector('.jp-InputPrompt');
    window.heads = [];
    window.ended = null;
    window.asked = null;
    const look = () => {
        const head = cell.querySelector('.promptlab-head')?.textContent;
        const state = prompt.textContent;
        if (head && head !== window.heads.at(-1)?.[0]) window.heads.push([head, state]);
        if (window.asked !== null && window.ended === null && /\\d/.test(state)) window.ended = performance.now();
    };
    const ask = (event) => {
        const stop = event.type === 'click' && event.target.closest('button')?.textContent === 'Stop';
        if (stop || (event.type === 'keydown' && event.key === 'i')) window.asked = performance.now();
    };
    new MutationObserver(look).observe(cell, {subtree: true, childList: true, characterData: true});
    for (const kind of ['click', 'keydown']) document.addEventListener(kind, ask, {capture: true});
}"""


class Notebook:
    """A notebook that is open in JupyterLab.

    Args:
        page: The browser's page.
        lab: The server.
        name: The notebook's file.
        anew: Whether the page is to be loaded even where it shows this JupyterLab already.
    """

    def __init__(self, page: Page, lab: LabServer, name: str, *, anew: bool = False) -> None:
        self.page = page
        self.lab = lab
        self.path = lab.root / name
        self.closed = False
        if anew or not page.url.startswith(lab.url):
            self.load()
        else:
            self._open()

    def load(self) -> None:
        """Load the page, also anew."""
        self.page.goto(f"{self.lab.url}/lab?reset", wait_until="domcontentloaded")
        self.page.wait_for_function(LOADED, timeout=60_000)
        self._open()

    def _open(self) -> None:
        self.page.evaluate(OPEN, [self.path.name])
        self.page.wait_for_function(READY, timeout=60_000)

    def close(self) -> None:
        """End the kernel and close the notebook."""
        self.closed = True
        self.page.evaluate(CLOSE)
        self.page.wait_for_function("() => !document.querySelector('.jp-Notebook')")

    def cell(self, index: int) -> Locator:
        """Give a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """Give what stands under a cell."""
        return self.cell(index).locator(".jp-OutputArea")

    def prompt(self, index: int) -> str:
        """Give a cell's prompt: `[ ]:`, `[*]:` or `[3]:`."""
        return self.cell(index).locator(".jp-InputPrompt").inner_text().strip()

    def start(self, index: int) -> None:
        """Run a cell and do not wait for it."""
        self.page.evaluate(RUN, [index, "notebook:run-cell"])

    def watch(self, index: int) -> None:
        """Note what the panel of a cell says, and how long the cell goes on after it was asked to stop."""
        self.page.evaluate(WATCH, [index])

    def run_all(self) -> None:
        """Run all cells and do not wait for them."""
        self.page.evaluate(RUN, [0, "notebook:run-all-cells"])

    def wait_until_ended(self, index: int, seconds: float = 60) -> None:
        """Wait until a cell has its number."""
        self.page.wait_for_function(ENDED, arg=[index], timeout=1000 * seconds)

    def run(self, *indices: int) -> None:
        """Run cells to their ends, one after the other."""
        for index in indices:
            self.page.wait_for_function(IDLE, timeout=60_000)
            self.page.evaluate(RUN, [index, "notebook:run-cell"])
            self.wait_until_ended(index)

    def edit(self, index: int, text: str) -> None:
        """Put another text into a cell."""
        self.ask(
            "([i, text]) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.setSource(text)",
            index,
            text,
        )

    def wait_for_text(self, index: int, text: str, seconds: float = 30) -> None:
        """Wait until a text stands under a cell."""
        self.output(index).get_by_text(text).first.wait_for(timeout=1000 * seconds)

    def heads(self) -> Sequence[tuple[str, str]]:
        """Give every headline that the watched cell has shown, each with the cell's prompt at that moment."""
        return [(head, prompt.strip()) for head, prompt in self.page.evaluate("window.heads")]

    def seconds_to_end(self) -> float:
        """Give how long the watched cell went on after Stop was clicked or the interrupt's keys were pressed."""
        return float(self.page.evaluate("(window.ended - window.asked) / 1000"))

    def interrupt(self, index: int) -> None:
        """Interrupt the kernel as a user does."""
        self.cell(index).locator(".jp-InputPrompt").click()
        for key in ("Escape", "i", "i"):
            self.page.keyboard.press(key)

    def save(self) -> None:
        """Save the notebook, and wait until that is done."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def trusted(self, index: int) -> bool:
        """Tell whether the front end trusts a cell's output."""
        return bool(
            self.ask("([i]) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.trusted", index)
        )

    def dress(self, theme: str) -> None:
        """Change JupyterLab's theme."""
        self.ask("([theme]) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        self.page.wait_for_function(f"document.body.dataset.jpThemeName === '{theme}'")

    def text(self, index: int) -> str:
        """Give all the text under a cell."""
        return self.output(index).inner_text()

    def ask(self, script: str, *values: Any) -> Any:
        """Evaluate a script in the page."""
        return self.page.evaluate(script, list(values))
