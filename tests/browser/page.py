"""A notebook in JupyterLab, driven as its user would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page

from tests.browser.lab import LabServer

LOADED = """() => {
    const widget = window.jupyterapp?.shell.currentWidget;
    return Boolean(widget?.content?.widgets?.length && document.querySelector('.jp-Notebook .jp-Cell'));
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
SHUT_DOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
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
    """A notebook that is open in a page of its own."""

    def __init__(self, context: BrowserContext, lab: LabServer, name: str) -> None:
        self.lab = lab
        self.path = lab.root / name
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.open()

    def open(self) -> None:
        """Load the page, also anew."""
        self.page.goto(f"{self.lab.url}/lab/tree/{self.path.name}?reset", wait_until="domcontentloaded")
        self.page.wait_for_function(LOADED, timeout=60_000)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")

    def close(self) -> None:
        """End the kernel and close the page."""
        self.page.evaluate(SHUT_DOWN)
        self.page.close()

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
        """Run a cell and do not wait for it; what its panel says is noted from now on."""
        self.watch(index)
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

    def text(self, index: int) -> str:
        """Give all the text under a cell."""
        return self.output(index).inner_text()

    def ask(self, script: str, *values: Any) -> Any:
        """Evaluate a script in the page."""
        return self.page.evaluate(script, list(values))
