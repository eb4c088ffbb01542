"""Written pages in a real browser: nothing in them runs, nothing is loaded, and all of it can be read."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from promptlab._display._escape import visible
from promptlab.report import page as make_page
from promptlab.report import write
from tests.compare.test_page import hostile
from tests.display.test_page import hostile_record

pytestmark = pytest.mark.browser

RTL = "\u202egnp.exe\u2066x\u2069\u200f"


def attack(address):
    """Give words that would run or load something wherever a page took them for markup."""
    return (
        f"<script src={address}/s.js></script><script>document.title='RAN';fetch('{address}/f')</script>"
        f"<img src={address}/i.png onerror=document.title='RAN'><svg onload=document.title='RAN'><a href=javascript:1>"
        f"</style><style>@import '{address}/c.css';*{{background:url({address}/b)}}</style></textarea></title></main>"
        f"<iframe srcdoc='<script>parent.document.title=1</script>' src={address}/fr></iframe><base href={address}/>"
        f"<form action={address}/form><input autofocus onfocus=document.title='RAN'></form><link rel=stylesheet "
        f"href={address}/l.css><object data={address}/o></object><meta http-equiv=refresh content='0;url={address}/m'>"
        f"\" onmouseover=\"document.title='RAN' ' onclick='document.title=1 --> ]]> {RTL} &lt;b&gt;"
    )


@pytest.fixture
def listener():
    """A server that takes down what it is asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.address = asked, f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def visit(chromium):
    """Open a file in a window of 1280 pixels and give the page and what it did."""
    contexts = []

    def show(path, scheme="light"):
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page, did = context.new_page(), []
        page.on("dialog", lambda dialog: (did.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: did.append(request.url))
        page.goto(path.as_uri())
        return page, did

    yield show
    for context in contexts:
        context.close()


def write_report(path, text):
    """Write the page of a run in which every word of others is hostile."""
    return write(path, text, [hostile_record(text).html()])


def write_comparison(path, text):
    """Write the page of a comparison in which every word of others is hostile."""
    return hostile(text).to_html(path)


@pytest.mark.parametrize("make", [write_report, write_comparison])
def test_written_page_does_nothing(visit, listener, tmp_path, make):
    """Whatever others say, opening, unfolding and clicking a page runs nothing and asks for nothing."""
    path = make(tmp_path / "page.html", attack(listener.address))
    page, did = visit(path)

    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    for place in ("summary", "td", "pre", "div"):
        found = page.locator(place).first
        if found.is_visible():
            found.hover()
            found.click()
    page.wait_for_load_state("networkidle")

    assert did == [path.as_uri()]
    assert listener.asked == []
    assert "RAN" not in page.title().replace("title='RAN'", "")
    assert (
        page.locator(
            "script, img, svg, a, iframe, base, form, input, object, button, body link, body meta"
        ).count()
        == 0
    )
    assert visible("<script src=") in page.inner_text("body")
    assert not set("\u202e\u2066\u2069\u200f") & set(page.content())


def test_policy_holds_where_words_escape(visit, listener, tmp_path):
    """Were markup of others to reach a page all the same, its policy lets it neither run nor load."""
    harm = attack(listener.address).replace("<meta http-equiv=refresh", "<meta name=x")
    path = tmp_path / "page.html"
    path.write_text(make_page("title", [harm]), encoding="utf-8")

    page, _ = visit(path)
    page.wait_for_load_state("networkidle")

    assert page.locator("body script, body img").count() >= 3
    assert page.title() == "title"
    assert listener.asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", [write_report, write_comparison])
def test_written_page_can_be_read(visit, tmp_path, make, scheme):
    """At 1280 pixels no page is wider than the window, and its text stands out from its ground, light and dark."""
    page, _ = visit(make(tmp_path / "page.html", "x" * 3_000 + " y"), scheme)
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")

    ink, ground = (
        page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor")
    )

    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert (("rgb(17, 17, 17)" in ground), ("255, 255, 255" in ink)) == (scheme == "dark",) * 2


def test_page_needs_no_script(chromium, tmp_path):
    """Without scripts the page is whole and its folds open."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_report(tmp_path / "page.html", "said").as_uri())
    inside = page.locator("table details pre").first

    before = inside.is_visible()
    page.locator("table details > summary").first.click()

    assert (before, inside.is_visible()) == (False, True)
    context.close()
