"""Runs in kernels of several versions: what they publish, and how the interrupt ends them."""

from __future__ import annotations

import json
import threading

import pytest

from tests.kernels.kernel import printed, replaced, values

IDLE_WITHIN_S = 1.0
SETUP = """
import time, promptlab

def target(case):
    time.sleep(0.005)
    return "yes" if case.input["n"] % 4 else "no"

def cases(count):
    return [{"id": f"c{n}", "input": {"n": n}, "expect": {"equals": "yes"}} for n in range(count)]

"""
MANY = f"""{SETUP}
began = time.perf_counter()
frame = promptlab.run_parallel(cases(3000), target, workers=8)
print(time.perf_counter() - began)
"""


def hanging(server, count):
    """Let the server hold calls until the test is over; gives an event that is set when so many are held."""
    held = threading.Event()

    def answer(_call, _handler):
        if server.under_way >= count:
            held.set()
        server.released.wait(60)

    server.answer = answer
    return held


def test_messages_stay_few(kernel):
    """A run of 3,000 cases sends at most ten values a second, and leaves its record without a widget."""
    messages = kernel.run(MANY)
    seconds = float(printed(messages))

    assert 1 < len(values(messages)) <= 10 * seconds + 5
    assert len(messages) <= 10 * seconds + 60
    assert [set(bundle) for bundle in replaced(messages)] == [{"text/html", "text/plain"}]
    assert "2,250 of 3,000 passed" in replaced(messages)[-1]["text/html"]


def test_models_do_not_pile_up(kernel):
    """Ten runs leave as many widgets' models open as two did."""
    code = f"""{SETUP}
import ipywidgets.widgets.widget as widgets
counts = []
for _ in range(10):
    promptlab.run_parallel(cases(20), target, workers=8)
    counts.append(len(widgets._instances))
print(counts)
"""
    counts = json.loads(kernel.printed(code))

    assert 0 < max(counts[2:]) <= max(counts[:2])


@pytest.mark.parametrize("what", ["a prompt", "an async target"])
def test_interrupt_ends_hanging_calls(kernel, server, what):
    """With 24 calls that hang the kernel is idle within a second, and a row for every case is at hand."""
    held = hanging(server, 24)
    kernel.run(f"""
import asyncio, sys, threading, promptlab
import openai
client = openai.AsyncOpenAI(base_url={server.base_url!r}, api_key="none", max_retries=0)

async def ask(case):
    said = await client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "x"}}])
    return said.choices[0].message.content

lab = promptlab.Lab(base_url={server.base_url!r}, limits=promptlab.Limits(max_workers=24))
target = "Say {{{{ n }}}}" if {what!r} == "a prompt" else ask
cases = [{{"id": f"c{{n}}", "input": {{"n": n}}, "expect": {{"equals": "yes"}}}} for n in range(30)]
""")

    cell = kernel.begin("promptlab.run_parallel(cases, target, workers=24, lab=lab)")
    assert held.wait(60)
    kernel.interrupt()
    messages, reply = kernel.end(cell, seconds=IDLE_WITHIN_S)
    begun = len(server.calls)
    left = kernel.printed("""
import time
time.sleep(1)
partial = sys.last_value.partial
print(partial["status"].value_counts().to_dict())
print([thread.name for thread in threading.enumerate() if thread.name.startswith("promptlab")])
print(promptlab.last_run(lab=lab) is not None)
""").splitlines()

    assert reply["ename"] == "RunStopped"
    assert [len(m["content"]["traceback"]) for m in messages if m["msg_type"] == "error"] == [1]
    assert "Stopped early (interrupt)" in replaced(messages)[-1]["text/html"]
    assert left[0].startswith("{'error': 24, 'not_run': 6")
    assert left[1] == "[]"
    assert len(server.calls) == begun == 24
