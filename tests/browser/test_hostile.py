"""What a model says is data: nothing of it becomes a part of the page."""

from __future__ import annotations

import pytest

HOSTILE = (
    "<script>window.fired = 'script'</script>",
    "<img src='https://evil.invalid/x.png' onerror=\"window.fired = 'image'\">",
    "<style>.promptlab-record { display: none } body { background: url(https://evil.invalid/y.png) }</style>",
    "<svg onload=\"window.fired = 'svg'\"></svg><iframe srcdoc='<script>parent.fired = 1</script>'></iframe>",
    r"$$\href{javascript:window.fired='mathematics'}{x}$$ \(y\) \begin{equation}z\end{equation}",
    "<a href=\"javascript:window.fired = 'link'\">click</a> [click](javascript:window.fired='markdown')",
    "<button data-commandlinker-command='notebook:run-all-cells' data-commandlinker-args='{}'>go</button>",
    "</pre></details></td></table><form action='https://evil.invalid/'><input name=q></form>",
    "\x1b[31mred\x1b[0m \u202edesrever",
)
ALIEN = (
    "script, img, style, svg, iframe, a, form, input, mjx-container, .MathJax, [data-commandlinker-command], "
    "[onerror], [onload], button:not(.promptlab-stop)"
)
"""Elements of which neither a panel nor a record has any."""
CASES = """
HOSTILE = {hostile}
suite = [
    {{"id": f"{{kind}}_{{index}} {{text if index < 8 else ''}}".strip(), "input": {{"seconds": 0.3 * index, "say": text}},
      "why": text, "tags": [text] if index < 8 else [],
      "expect": {{"equals": "yes " + text}} if kind == "fails" else {{"contains": text[5:9]}}}}
    for kind in ("fails", "passes") for index, text in enumerate(HOSTILE)
]
suite.append({{"id": "breaks", "input": {{"seconds": "x" + HOSTILE[1], "say": HOSTILE[0]}}, "expect": {{"equals": "y"}}}})
"""
RUN = "frame = promptlab.run_parallel(suite, promptlab.Prompt(PROMPT, name=HOSTILE[1]), workers=4, lab=lab)"


def alien(book):
    """Give the foreign elements in the output of the run, all folds opened, and what has fired."""
    return book.ask(
        """([where]) => {
            const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[2];
            const outputs = [...cell.querySelectorAll('.jp-OutputArea-output')];
            for (const fold of cell.querySelectorAll('details')) fold.open = true;
            const foreign = outputs.flatMap((output) => [...output.querySelectorAll(where)]);
            const found = foreign.map((element) => element.outerHTML.slice(0, 200));
            return [...found, ...(window.fired ? [`fired: ${window.fired}`] : [])];
        }""",
        ALIEN,
    )


@pytest.fixture
def hostile(notebook):
    """A notebook whose cases, prompt and answers are hostile, with the cases made."""
    book = notebook(CASES.format(hostile=repr(HOSTILE)), RUN)
    book.run(1)
    return book


def test_hostile_text_fires_nothing(hostile, page):
    """Hostile text is shown as text: in the live panel, in the record, and in the notebook opened again."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hostile.watch(2)
    hostile.start(2)
    hostile.page.wait_for_function("window.heads.some(([head]) => / 1\\d of 19 done/.test(head))")
    live, live_text = alien(hostile), hostile.text(2)
    hostile.wait_until_ended(2)
    hostile.wait_for_text(2, "9 of 18 passed")
    hostile.page.wait_for_timeout(1_000)  # mathematics is set in its own time
    done, done_text = alien(hostile), hostile.text(2)
    hostile.save()
    hostile.load()
    hostile.wait_for_text(2, "9 of 18 passed")
    again = alien(hostile)

    assert live == done == again == []
    assert hostile.trusted(2)
    assert sum(text in live_text for text in HOSTILE) >= 3
    for text in HOSTILE[:-1]:
        assert text in done_text
    assert "\x1b" not in done_text
    assert "\u202e" not in done_text
    assert not [url for url in asked if "evil.invalid" in url]
