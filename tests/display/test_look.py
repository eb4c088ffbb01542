"""The pages in a real browser: nothing in them runs, folds open without script, nothing jumps."""

from pathlib import Path

import pytest

from promptlab._display import Meter
from promptlab._display._html import STOP_HINT, panel
from tests.display.feed import events_of, make_outcomes, make_run
from tests.display.test_page import HOSTILE, hostile_panel, hostile_record, make_record

CHROMIUM = Path("/usr/bin/chromium")
GROUNDS = {
    "light": "background:#fff;color:rgba(0,0,0,.87)",
    "dark": "background:#111;color:rgba(255,255,255,.87)",
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium at /usr/bin/chromium"),
]


@pytest.fixture
def open_page(chromium):
    """Show HTML in a window of 1280 pixels and give the page and what it tried."""
    contexts = []

    def show(source, *, script=True, ground="light"):
        context = chromium.new_context(java_script_enabled=script, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page, tried = context.new_page(), []
        page.on("dialog", lambda dialog: (tried.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: tried.append(request.url))
        page.set_content(
            f"<!doctype html><meta charset=utf-8><body style='{GROUNDS[ground]}'>{source}</body>"
        )
        return page, tried

    yield show
    for context in contexts:
        context.close()


@pytest.mark.parametrize("drawn", ["record", "panel"])
def test_hostile_page_does_nothing(open_page, drawn):
    """Hostile words open no dialog, ask for no address, and hide nothing."""
    page, tried = open_page(hostile_record().html() if drawn == "record" else hostile_panel())

    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    shown = page.inner_text("body")

    assert tried == []
    assert HOSTILE[:25] in shown
    assert page.locator("script, img, a, button, style, iframe").count() == 0


def test_row_opens_without_script(open_page):
    """A row opens to its prompt and output in a browser that runs no script."""
    page, _ = open_page(
        make_record(make_outcomes(20), describe=lambda _: "the whole prompt").html(), script=False
    )
    inside = page.get_by_text("the whole prompt").first

    before = inside.is_visible()
    page.locator("table details > summary").first.click()

    assert (before, inside.is_visible()) == (False, True)


def test_panel_keeps_its_height(open_page):
    """From the first row to the last the panel is as high, so that the page below does not move."""
    run = make_run(40)
    meter = Meter(run)
    sources = [panel(meter.read(), hint=STOP_HINT, clock="12:30:11")]
    for event in events_of(run, make_outcomes(40)):
        meter.fold(event)
        sources.append(panel(meter.read(), clock="12:30:12"))

    page, _ = open_page("<div id=slot></div>")
    heights = {
        page.evaluate("html => { slot.innerHTML = html; return slot.getBoundingClientRect().height }", source)
        for source in sources[::10] + sources[-1:]
    }

    assert len(heights) == 1


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("drawn", ["record", "panel"])
def test_page_is_no_wider_than_the_window(open_page, drawn, ground):
    """Long words wrap or are cut; nothing makes the notebook scroll sideways."""
    source = hostile_record("x" * 5_000).html() if drawn == "record" else hostile_panel("x" * 5_000)
    page, _ = open_page(source, ground=ground)

    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
