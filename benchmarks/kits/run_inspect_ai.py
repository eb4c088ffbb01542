"""Inspect AI: a task with `generate()` and a scorer, over its provider for compatible endpoints."""

import json
import os
import sys
import tempfile
import time

told = json.load(sys.stdin)
os.environ["SIMULATOR_API_KEY"] = "none"
os.environ["SIMULATOR_BASE_URL"] = told["base_url"]

from inspect_ai import Task, eval  # noqa: A004, E402 - its own name; it reads the environment when it is imported
from inspect_ai.dataset import Sample  # noqa: E402
from inspect_ai.scorer import Score, accuracy, scorer  # noqa: E402
from inspect_ai.solver import generate  # noqa: E402


@scorer(metrics=[accuracy()])
def found():
    """Make what grades an answer."""

    async def score(state, _target):
        return Score(value=int(json.loads(state.output.completion)["found"] is True))

    return score


def run(texts, folder):
    """Evaluate; gives how many passed."""
    samples = [Sample(id=n, input=text, target="") for n, text in enumerate(texts)]
    task = Task(dataset=samples, solver=generate(), scorer=found(), name="benchmark")
    (log,) = eval(
        task,
        model=f"openai-api/simulator/{told['model']}",
        max_connections=told["workers"],
        log_dir=folder,
        display="none",
    )
    return sum(next(iter(sample.scores.values())).value == 1 for sample in log.samples)


with tempfile.TemporaryDirectory() as folder:
    run(told["texts"][:20], folder)
    began = time.perf_counter()
    passed = run(told["texts"], folder)
    print(json.dumps({"seconds": time.perf_counter() - began, "passed": passed}))
