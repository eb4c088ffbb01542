"""Async targets in a cell: on a loop of the run's own, and on the kernel's."""

from __future__ import annotations

import threading

import pytest

from tests.kernels.kernel import printed
from tests.servers import Reply, chat

SETUP = """
import asyncio, openai, promptlab

client = openai.AsyncOpenAI(base_url={url!r}, api_key="none", max_retries=0)

async def ask(text):
    said = await client.chat.completions.create(model="m", messages=[{{"role": "user", "content": text}}])
    return said.choices[0].message.content

async def target(case):
    return await ask(case.input["text"])

cases = [{{"id": f"c{{n}}", "input": {{"text": f"c{{n}}"}}, "expect": {{"equals": f"c{{n}}"}}}} for n in range(12)]
lab = promptlab.Lab(loop="kernel")
"""
RUN = "print(promptlab.run_parallel(cases, target, workers=6, lab=lab)['status'].value_counts()['pass'])"


@pytest.fixture
def echoing(server):
    """A server that repeats what it is told: a case's text once six of them are under way, `hang` never."""
    barrier = threading.Barrier(6)
    barrier_of_hanging = threading.Barrier(6)
    server.all_hang = threading.Event()

    def answer(call, _handler):
        if call.text.startswith("c"):
            barrier.wait(60)
        if call.text == "hang":
            if barrier_of_hanging.wait(60) == 0:
                server.all_hang.set()
            server.released.wait(60)
        return Reply(chat(call.text))

    server.answer = answer
    return server


def test_async_target_needs_no_patch(kernel):
    """An `async def` target runs in a cell, under the kernel's running loop, with nothing patched."""
    said = kernel.printed("""
import asyncio, promptlab

patched = lambda: hasattr(asyncio, "_nest_patched")
before = patched()

async def target(case):
    await asyncio.sleep(0.01)
    return "yes"

frame = promptlab.run_parallel([{"id": str(n), "input": {"n": n}, "expect": {"equals": "yes"}} for n in range(20)], target)
print(frame["passed"].all(), asyncio.get_running_loop().is_running(), patched() == before)
""")

    assert said.strip() == "True True True"


def test_client_of_a_cell_works_across_cells(kernel, echoing):
    """With `loop="kernel"` an async client made in a cell serves awaits and blocking runs in turn, side by side."""
    kernel.run(SETUP.format(url=echoing.base_url))

    said = [
        kernel.printed(cell).strip()
        for cell in ("print(await ask('hello'))", RUN, RUN, "print(await ask('bye'))")
    ]

    assert said == ["hello", "12", "12", "bye"]
    assert echoing.most_under_way == 6
    assert len(echoing.calls) == 26


def test_next_cell_waits_for_its_turn(kernel, echoing):
    """While a run turns the kernel's loop no other cell is begun."""
    kernel.run(SETUP.format(url=echoing.base_url))
    first = kernel.begin(f"print('first'); {RUN}; print('first over')")
    second = kernel.begin("print('second')")

    order: list[str] = []
    kernel.end(first, lambda message: order.extend(printed([message]).split("\n")))
    kernel.end(second, lambda message: order.extend(printed([message]).split("\n")))

    assert [line for line in order if line] == ["first", "12", "first over", "second"]


def test_deadline_ends_a_coroutine(kernel):
    """A coroutine on the kernel's loop is cut at the row's deadline, and may still clean up after itself."""
    said = kernel.printed("""
import asyncio, promptlab

ended = []

async def slow(case):
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.25)  # longer than the row waits for it
        ended.append(case.id)

lab = promptlab.Lab(loop="kernel", limits=promptlab.Limits(deadline=0.3))
frame = promptlab.run_parallel([{"id": str(n), "input": {"n": n}} for n in range(3)], slow, workers=3, lab=lab)
print(frame["error"].tolist(), sorted(ended))
""")

    assert said.strip() == "['timeout', 'timeout', 'timeout'] ['0', '1', '2']"


def test_interrupt_leaves_the_loop_whole(kernel, echoing):
    """The interrupt ends the coroutines on the kernel's loop, and the loop goes on to serve the next cells."""
    kernel.run(SETUP.format(url=echoing.base_url))
    kernel.run("""
ended = []

async def hang(case):
    try:
        await ask("hang")
    finally:
        ended.append(case.id)
""")

    cell = kernel.begin("promptlab.run_parallel(cases, hang, workers=6, lab=lab)")
    assert echoing.all_hang.wait(60)
    kernel.interrupt()
    _, reply = kernel.end(cell)
    after = kernel.printed("print(len(ended), await ask('alive'))")

    assert reply["ename"] == "RunStopped"
    assert after.strip() == "6 alive"
    assert kernel.printed(RUN).strip() == "12"


def test_interrupt_inside_a_coroutine_is_heard(kernel):
    """The interrupt ends the run also where it meets a coroutine that blocks the kernel's loop."""
    asked = []

    def heard(message):
        if "blocks" in printed([message]) and not asked:
            asked.append(kernel.interrupt())

    cell = kernel.begin("""
import time, promptlab

async def target(case):
    print("blocks", flush=True)
    time.sleep(0.1)  # the interrupt, which is sent when this is heard, may meet the print
    time.sleep(60)

lab = promptlab.Lab(loop="kernel")
promptlab.run_parallel([{"id": str(n), "input": {"n": n}} for n in range(3)], target, workers=3, lab=lab)
""")
    _, reply = kernel.end(cell, heard, seconds=30)

    assert reply["ename"] == "RunStopped"


def test_exit_of_a_coroutine_costs_its_row(kernel):
    """A coroutine on the kernel's loop that exits costs its own row alone."""
    said = kernel.printed("""
import promptlab

async def target(case):
    if case.id == "1":
        raise SystemExit(3)
    return "x"

lab = promptlab.Lab(loop="kernel")
frame = promptlab.run_parallel([{"id": str(n), "input": {"n": n}} for n in range(3)], target, workers=3, lab=lab)
print(frame["error"].fillna("none").tolist())
""")

    assert said.strip() == "['none', 'target', 'none']"
