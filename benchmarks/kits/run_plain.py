"""The plain loop: a pool, the openai SDK, `as_completed`."""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import openai

told = json.load(sys.stdin)
client = openai.OpenAI(base_url=told["base_url"], api_key="none")


def ask(text):
    """Ask once; gives the answer as JSON."""
    answer = client.chat.completions.create(model=told["model"], messages=[{"role": "user", "content": text}])
    return json.loads(answer.choices[0].message.content)


def run(texts):
    """Ask all; gives the answers."""
    with ThreadPoolExecutor(told["workers"]) as pool:
        answers = [future.result() for future in as_completed([pool.submit(ask, text) for text in texts])]
    if told.get("frame"):
        import pandas as pd

        return pd.DataFrame(answers).to_dict("records")
    return answers


run(told["texts"][:20])
began = time.perf_counter()
answers = run(told["texts"])
seconds = time.perf_counter() - began
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
passed = sum(answer["found"] is True for answer in answers)
print(json.dumps({"seconds": seconds, "passed": passed, "peak_mb": peak_mb}))
