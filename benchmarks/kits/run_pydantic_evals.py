"""pydantic-evals: a dataset, a task, an evaluator.

The task is a plain function. As a coroutine over `AsyncOpenAI` some runs came to no end, with answers unread in the
client's sockets.
"""

import json
import sys
import time
from dataclasses import dataclass

import openai
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext

told = json.load(sys.stdin)
client = openai.OpenAI(base_url=told["base_url"], api_key="none")


@dataclass
class Found(Evaluator):
    """Grades an answer."""

    def evaluate(self, ctx: EvaluatorContext) -> bool:
        """Tell whether it was found."""
        return ctx.output["found"] is True


def run(texts):
    """Evaluate; gives how many passed."""

    def ask(text: str) -> dict:
        messages = [{"role": "user", "content": text}]
        answer = client.chat.completions.create(model=told["model"], messages=messages)
        return json.loads(answer.choices[0].message.content)

    cases = [Case(name=str(n), inputs=text) for n, text in enumerate(texts)]
    dataset = Dataset(name="benchmark", cases=cases, evaluators=[Found()])
    report = dataset.evaluate_sync(ask, max_concurrency=told["workers"])
    return sum(all(found.value for found in case.assertions.values()) for case in report.cases)


run(told["texts"][:20])
began = time.perf_counter()
passed = run(told["texts"])
print(json.dumps({"seconds": time.perf_counter() - began, "passed": passed}))
