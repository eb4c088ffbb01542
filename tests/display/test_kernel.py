"""The notebook displays in a real kernel: what it publishes, and what its front end can ask of it."""

import os
import sys
from collections import Counter

import pytest
from jupyter_client.manager import start_new_kernel

SETUP = """
import os, sys, time
from promptlab._display import Panels, choose
from promptlab._events import CaseFinished
from promptlab._scope import Stop
from tests.display.feed import events_of, make_outcome, make_outcomes, make_run, make_summary, show

panels = Panels()

def display_of():
    return choose("auto", environ=os.environ, stdout=sys.stdout, panels=panels)

def blocking(size, pause_s):
    "Run rows until they are done or the run is stopped, as a blocking cell does."
    stop, display, done = Stop(), display_of(), []
    display.start(make_run(size), stop)
    try:
        for outcome in make_outcomes(size):
            display(CaseFinished(outcome=outcome))
            done.append(outcome)
            if stop.wait(pause_s):
                break
        rest = [make_outcome(index, "not_run") for index in range(len(done), size)]
        display.finish(make_summary(make_run(size), [*done, *rest], stop.reason), [*done, *rest])
    finally:
        display.close()
    return display, stop.reason, len(done)
"""


class Kernel:
    """A real kernel and its client."""

    def __init__(self, folder, **environ):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "IPYTHONDIR": str(folder), **environ}
        for name in ("PROMPTLAB_PROGRESS", "JPY_SESSION_NAME", "VSCODE_PID"):
            if name not in environ:
                env.pop(name, None)
        self.manager, self.client = start_new_kernel(kernel_name="python3", env=env)
        self.run(SETUP)

    def run(self, code, heard=None):
        """Run a cell and give the messages that it published; each goes to `heard` as it comes."""
        messages = []

        def hook(message):
            messages.append(message)
            if heard is not None:
                heard(message)

        reply = self.client.execute_interactive(code, timeout=120, output_hook=hook, allow_stdin=False)
        assert reply["content"]["status"] == "ok", reply["content"]
        return messages

    def printed(self, code):
        """Run a cell and give what it printed."""
        return "".join(m["content"]["text"] for m in self.run(code) if m["msg_type"] == "stream")

    def send(self, comm, data, subshell):
        """Send a front end's message to a widget, by way of a subshell."""
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def subshell(self):
        """Open a subshell, or give None where the kernel has none."""
        features = self.client.kernel_info(reply=True, timeout=60)["content"].get("supported_features", [])
        if "kernel subshells" not in features:
            return None
        self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
        while True:
            reply = self.client.get_control_msg(timeout=60)
            if reply["msg_type"] == "create_subshell_reply":
                return reply["content"]["subshell_id"]

    def close(self):
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory):
    """A kernel as a Jupyter server starts one for a notebook."""
    kernel = Kernel(tmp_path_factory.mktemp("ipython"), JPY_SESSION_NAME="/tmp/notebook.ipynb")
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A kernel as nbclient starts one."""
    kernel = Kernel(tmp_path_factory.mktemp("ipython"))
    yield kernel
    kernel.close()


def kinds(messages):
    """Count the messages by their type."""
    return Counter(message["msg_type"] for message in messages)


def values(messages):
    """Give the HTML that was sent to a widget, in order."""
    states = [m["content"]["data"].get("state", {}) for m in messages if m["msg_type"] == "comm_msg"]
    return [state["value"] for state in states if "value" in state]


def replaced(messages):
    """Give the bundles that replaced an output, in order."""
    return [m["content"]["data"] for m in messages if m["msg_type"] == "update_display_data"]


BUSY = """
began = time.perf_counter()
display = display_of()
show(display, make_run(3000), make_outcomes(3000), 0.0005)
print(time.perf_counter() - began, display.kind, display.ui_errors)
"""


def seconds(messages):
    """Give the time that the busy cell took, and check its display."""
    text = next(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
    took, kind, errors = text.split()
    assert errors == "0"
    return float(took), kind


def test_widget_sends_ten_values_a_second(jupyterlab):
    """3,000 rows are at most ten messages a second, and the record without a widget comes last."""
    messages = jupyterlab.run(BUSY)
    took, kind = seconds(messages)

    first = next(m["content"]["data"] for m in messages if m["msg_type"] == "display_data")
    assert kind == "widget"
    assert set(first) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert 1 < len(values(messages)) <= 10 * took + 5
    assert [set(bundle) for bundle in replaced(messages)] == [{"text/html", "text/plain"}]
    assert "2,100 of 2,400 passed" in replaced(messages)[-1]["text/html"]
    assert sum(kinds(messages).values()) <= 12 * took + 40


def test_html_replaces_one_output(elsewhere):
    """Without a front end that shows widgets one output is replaced, at most ten times a second."""
    messages = elsewhere.run(BUSY)
    took, kind = seconds(messages)

    assert kind == "html"
    assert kinds(messages)["display_data"] == 1
    assert kinds(messages)["comm_open"] == 0
    assert 1 < len(replaced(messages)) <= 10 * took + 5
    assert all(set(bundle) == {"text/html", "text/plain"} for bundle in replaced(messages))
    assert "2,100 of 2,400 passed" in replaced(messages)[-1]["text/html"]


def test_widgets_do_not_pile_up(jupyterlab):
    """Ten runs leave as many models open as one: those of the last run, with its record in them."""
    code = """
import ipywidgets.widgets.widget as widget_module
counts = []
for _ in range(10):
    show(display_of(), make_run(5), make_outcomes(5))
    counts.append(len(widget_module._instances))
print(min(counts), max(counts), sum("promptlab-record" in str(getattr(w, "value", "")) for w in widget_module._instances.values()))
"""
    fewest, most, records = map(int, jupyterlab.printed(code).split())

    assert 0 < fewest <= most <= 26
    assert records == 1


def test_no_thread_stays(jupyterlab):
    """When a run is over the thread that drew it is gone."""
    code = "import threading; show(display_of(), make_run(2), make_outcomes(2)); print([t.name for t in threading.enumerate()])"

    assert "promptlab-display" not in jupyterlab.printed(code)


def test_broken_off_run_leaves_no_widget(jupyterlab):
    """A run that comes to no end leaves HTML that says so in the place of the widget."""
    code = """
display = display_of()
display.start(make_run(4), Stop())
display(CaseFinished(outcome=make_outcome(0)))
display.close()
"""
    last = replaced(jupyterlab.run(code))[-1]

    assert set(last) == {"text/html", "text/plain"}
    assert "Stopped (broken off): discovery with router: 1 of 4 done" in last["text/html"]


def test_missing_ipywidgets_means_html(jupyterlab):
    """Where ipywidgets is missing the panel is plain HTML."""
    code = """
saved = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "ipywidgets"}
sys.modules["ipywidgets"] = None
print(display_of().kind)
del sys.modules["ipywidgets"]
sys.modules.update(saved)
"""
    assert jupyterlab.printed(code).strip() == "html"


@pytest.mark.parametrize(
    "mark", ["os.environ['VSCODE_PID'] = '1'", "__vsc_ipynb_file__ = 'x'", "sys.modules['google.colab'] = os"]
)
def test_other_front_ends_get_html(jupyterlab, mark):
    """VS Code and Colab show widgets in ways of their own: there the panel is plain HTML."""
    undo = "os.environ.pop('VSCODE_PID', 0); globals().pop('__vsc_ipynb_file__', 0); sys.modules.pop('google.colab', 0)"

    assert jupyterlab.printed(f"{mark}\nprint(display_of().kind)\n{undo}").strip() == "html"


def test_variable_overrides_the_kernel(elsewhere):
    """`PROMPTLAB_PROGRESS` decides in a kernel as well."""
    code = "os.environ['PROMPTLAB_PROGRESS'] = '{0}'; print(display_of().kind); del os.environ['PROMPTLAB_PROGRESS']"

    assert [elsewhere.printed(code.format(kind)).strip() for kind in ("widget", "text", "none")] == [
        "widget", "text", "none",
    ]  # fmt: skip


class FrontEnd:
    """Reports views and clicks Stop by way of a subshell, as JupyterLab does."""

    def __init__(self, kernel, subshell):
        self.kernel, self.subshell = kernel, subshell
        self.stop_button = None
        self.hints = []
        self.clicked = False

    def __call__(self, message):
        """Look at what the kernel publishes."""
        content = message["content"]
        state = content.get("data", {}).get("state", {})
        if message["msg_type"] == "comm_open":
            if state.get("description") == "Stop":
                self.stop_button = content["comm_id"]
        elif message["msg_type"] == "comm_msg" and state.get("_view_count") == 0:
            self.kernel.send(
                content["comm_id"], {"method": "update", "state": {"_view_count": 1}}, self.subshell
            )
        if "value" in state and "promptlab-panel" in state["value"]:
            self.hints.append("Kernel menu, Interrupt" in state["value"])
        if state.get("disabled") is False and not self.clicked:
            self.clicked = True
            click = {"method": "custom", "content": {"event": "click"}}
            self.kernel.send(self.stop_button, click, self.subshell)


def test_stop_button_reaches_a_blocking_cell(jupyterlab):
    """A report of a view takes the hint away and opens the button; a click ends the run in mid-cell."""
    subshell = jupyterlab.subshell()
    if subshell is None:
        pytest.skip("this ipykernel has no subshells: there the hint stays, and the interrupt stops a run")
    front = FrontEnd(jupyterlab, subshell)

    messages = jupyterlab.run("display, reason, done = blocking(400, 0.1); print(reason, done < 400)", front)

    assert (
        "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream").strip()
        == "stop button True"
    )
    assert front.clicked
    assert front.hints[0]
    assert not front.hints[-1]
    assert "Stopped early (stop button)" in replaced(messages)[-1]["text/html"]


def test_hint_stays_without_an_answer(jupyterlab):
    """Where no report of a view comes the button stays shut, the hint in sight, and the probes are few."""
    messages = jupyterlab.run("blocking(30, 0.1)")
    states = [
        m["content"]["data"].get("state", {}) for m in messages if m["msg_type"] in ("comm_open", "comm_msg")
    ]

    live = [value for value in values(messages) if "promptlab-panel" in value]
    assert all("Kernel menu, Interrupt" in value for value in live)
    assert not [state for state in states if state.get("disabled") is False]
    assert 1 <= sum(state.get("_view_count") == 0 for state in states) <= 4


def test_interrupt_ends_a_blocking_cell(jupyterlab):
    """The kernel's interrupt reaches a cell whose display is live, and the display is left in order."""
    code = """
try:
    blocking(400, 0.1)
except KeyboardInterrupt:
    print("interrupted")
"""
    client = jupyterlab.client
    client.execute(code)
    seen, kinds_seen = [], []
    while not (kinds_seen[-1:] == ["idle"] and "display_data" in kinds_seen):
        message = client.get_iopub_msg(timeout=60)
        seen.append(message)
        kinds_seen.append(message["content"].get("execution_state") or message["msg_type"])
        if kinds_seen.count("comm_msg") == 3 and message["msg_type"] == "comm_msg":
            jupyterlab.manager.interrupt_kernel()

    assert "error" not in kinds_seen
    assert "interrupted" in "".join(m["content"]["text"] for m in seen if m["msg_type"] == "stream")
    assert "Stopped (broken off): discovery" in replaced(seen)[-1]["text/html"]


def test_executed_notebook_keeps_the_record(tmp_path, monkeypatch):
    """A notebook that nobody watches ends with the record in one output, as HTML and as text."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.delenv("PROMPTLAB_PROGRESS")
    shown = "record = show(display_of(), make_run(20), make_outcomes(20), 0.01)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (SETUP, shown)])

    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    outputs = notebook.cells[1].outputs
    assert [set(output.data) for output in outputs] == [{"text/html", "text/plain"}]
    assert "14 of 16 passed" in outputs[0].data["text/html"]
