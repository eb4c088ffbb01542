"""promptlab as it comes: progress, the frame, and the store where it is told a path for one."""

import contextlib
import io
import json
import resource
import sys
import time

import promptlab

told = json.load(sys.stdin)
limits = promptlab.Limits(max_workers=told["workers"])


def run(texts, lab):
    """Run the suite; gives how many passed."""
    cases = [
        {"id": str(n), "input": {"text": text}, "expect": {"found": True}} for n, text in enumerate(texts)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        frame = promptlab.run_parallel(cases, "{{ text }}", workers=told["workers"], fresh=True, lab=lab)
    return int((frame["status"] == "pass").sum())


lab = promptlab.Lab(
    model=told["model"], base_url=told["base_url"], store=told["store"], display="text", limits=limits
)
with lab:
    run(told["texts"][:20], lab)
    began = time.perf_counter()
    passed = run(told["texts"], lab)
    seconds = time.perf_counter() - began
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "passed": passed, "peak_mb": peak_mb}))
