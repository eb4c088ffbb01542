"""DSPy's Evaluate over a program that calls the openai SDK, so that the harness is what differs."""

import json
import sys
import time

import dspy
import openai

told = json.load(sys.stdin)
client = openai.OpenAI(base_url=told["base_url"], api_key="none")


class Program(dspy.Module):
    """The program under test."""

    def forward(self, text):
        """Ask once."""
        messages = [{"role": "user", "content": text}]
        answer = client.chat.completions.create(model=told["model"], messages=messages)
        return dspy.Prediction(**json.loads(answer.choices[0].message.content))


def metric(_example, prediction, _trace=None):
    """Grade an answer."""
    return prediction.found is True


def run(texts):
    """Evaluate; gives how many passed."""
    examples = [dspy.Example(text=text).with_inputs("text") for text in texts]
    evaluate = dspy.Evaluate(
        devset=examples, metric=metric, num_threads=told["workers"], display_progress=True
    )
    result = evaluate(Program())
    return sum(bool(score) for _, _, score in result.results)


run(told["texts"][:20])
began = time.perf_counter()
passed = run(told["texts"])
print(json.dumps({"seconds": time.perf_counter() - began, "passed": passed}))
