"""The comparison's page in a real browser: nothing runs, folds open without script, nothing runs over."""

from __future__ import annotations

import pytest

import promptlab
from tests.compare.frames import make_frame
from tests.compare.test_page import hostile, html_of
from tests.display.test_look import CHROMIUM, GROUNDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium at /usr/bin/chromium"),
]


@pytest.fixture
def open_file(chromium):
    """Open a file in a window of 1280 pixels and give the page and what it tried."""
    contexts = []

    def show(path, *, script=True, scheme="light"):
        context = chromium.new_context(
            java_script_enabled=script, color_scheme=scheme, viewport={"width": 1280, "height": 900}
        )
        contexts.append(context)
        page, tried = context.new_page(), []
        page.on("dialog", lambda dialog: (tried.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: tried.append(request.url))
        page.goto(path.as_uri())
        return page, [url for url in tried if url != path.as_uri()]

    yield show
    for context in contexts:
        context.close()


@pytest.fixture
def long_page(tmp_path):
    """A comparison with long outputs, and cases and words that do not break."""
    a = make_frame("PPFFPF" * 4, name="A", text="the supplier billed freight apart " * 80)
    b = make_frame("FPPFPE" * 4, name="B", text="the supplier billed the freight apart " * 80 + "x" * 4_000)
    return promptlab.compare(a, b).to_html(tmp_path / "long.html")


def test_hostile_page_does_nothing(open_file, tmp_path):
    """Hostile words open no dialog, ask for no address, and make no element."""
    page, tried = open_file(hostile(variants=3).to_html(tmp_path / "hostile.html"))

    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    assert tried == []
    assert "<script>alert(1)</script>" in page.inner_text("body")
    assert page.locator("script, img, a, button, iframe, link, object").count() == 0


def test_case_opens_without_script(open_file, long_page):
    """A case opens to both outputs in a browser that runs no script."""
    page, _ = open_file(long_page, script=False)
    inside = page.locator("details:has(summary > b:text-is('c0')) ins").first

    before = inside.is_visible()
    page.locator("summary", has=page.locator("b:text-is('c0')")).first.click()

    assert (before, inside.is_visible()) == (False, True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_follows_the_scheme_and_the_window(open_file, long_page, scheme):
    """The page is light or dark as the reader's system is, and no wider than the window with everything open."""
    page, _ = open_file(long_page, scheme=scheme)

    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 17)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("ground", GROUNDS)
def test_fragment_fits_a_notebook(chromium, ground):
    """What stands in a notebook is no wider than its page either."""
    a, b = make_frame("PF" * 9, name="A", text="x" * 5_000), make_frame("FP" * 9, name="B", text="y" * 5_000)
    page = chromium.new_page(viewport={"width": 1280, "height": 900})

    page.set_content(f"<body style='{GROUNDS[ground]}'>{html_of(promptlab.compare(a, b))}</body>")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.close()
