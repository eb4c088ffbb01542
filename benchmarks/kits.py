"""Calls a second beside the plain loop and the kits that one would pick instead: DSPy, pydantic-evals, Inspect AI.

    python benchmarks/kits.py [--calls 600] [--rounds 3]

Every harness runs in a process of its own, the kits each in an environment of its own (made under ~/.cache with uv or
pip; skipped, with the reason, where that cannot be), with the same version of the openai SDK. All ask the same server,
which answers at once, for the same cases; each warms up with 20 of them first. The harnesses take turns. They are set up
as their documentation shows it, with their number of workers and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from measure import load, spread, table

import promptlab

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "promptlab-bench"
KITS = {"dspy": "run_dspy", "pydantic-evals": "run_pydantic_evals", "inspect-ai": "run_inspect_ai"}
OURS = ("promptlab", "promptlab, no store")
INSTALL_S, RUN_S = 900, 60


def python_of(kit: str) -> tuple[str | None, str]:
    """Make the environment of a kit where there is none; gives its Python, or None and why not, with the version."""
    folder = CACHE / kit
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = [kit, f"openai=={version('openai')}"]
    near = Path(sys.executable).parent / "uv"
    uv = shutil.which("uv") or (str(near) if near.exists() else None)
    if uv:
        make = [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "--quiet", "--python", str(python), *wanted]
    else:
        make = [sys.executable, "-m", "venv", str(folder)]
        install = [str(python), "-m", "pip", "install", "--quiet", *wanted]
    for command in (make, install):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.CalledProcessError as broken:
            return None, (broken.stderr.strip().splitlines() or ["it cannot be installed"])[-1][:200]
        except (OSError, subprocess.TimeoutExpired) as broken:
            return None, f"it cannot be installed: {broken}"[:200]
    ask = f"from importlib.metadata import version; print(version({kit!r}))"
    told = subprocess.run([str(python), "-c", ask], check=True, capture_output=True, text=True)
    return str(python), told.stdout.strip()


def rate(python: str, script: str, told: dict[str, object]) -> float:
    """Run one harness once; gives its calls a second, 0 where it came to no end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    command = [python, str(HERE / "kits" / f"{script}.py")]
    try:
        done = subprocess.run(
            command, input=json.dumps(told), capture_output=True, text=True, timeout=RUN_S, env=environment, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 0.0
    if done.returncode:
        raise RuntimeError(f"{script}: {done.stderr[-2000:]}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    texts = told["texts"]
    assert isinstance(texts, list)
    assert result["passed"] == len(texts), f"{script}: {result['passed']} of {len(texts)} passed"
    return len(texts) / float(result["seconds"])


def one_round(url: str, texts: list[str], workers: int, kits: dict[str, str]) -> dict[str, float]:
    """Have every harness run once, in turn."""
    told: dict[str, object] = {"base_url": url, "model": "gpt-5-nano", "texts": texts, "workers": workers}
    found = {"plain": rate(sys.executable, "run_plain", told)}
    with tempfile.TemporaryDirectory() as folder:
        stored = {**told, "store": f"{folder}/lab.sqlite3"}
        found["promptlab"] = rate(sys.executable, "run_promptlab", stored)
    found["promptlab, no store"] = rate(sys.executable, "run_promptlab", {**told, "store": "off"})
    return found | {kit: rate(python, KITS[kit], told) for kit, python in kits.items()}


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    texts = [f'{{"found": true, "confidence": 0.9, "name": "workflow {n}"}}' for n in range(chosen.calls)]
    kits: dict[str, str] = {}
    versions: list[str] = []
    for kit in KITS:
        python, said = python_of(kit)
        versions.append(f"{kit} {said}" if python else f"{kit} is skipped: {said}")
        if python:
            kits[kit] = python
    rows: list[list[object]] = []
    best: list[str] = []
    with promptlab.simulate(latency="none", options={"answer": "echo"}) as simulator:
        for workers in (10, 100):
            rounds = [one_round(simulator.base_url, texts, workers, kits) for _ in range(chosen.rounds)]
            for name in rounds[0]:
                ratios = [found[name] / found["plain"] for found in rounds]
                rows.append([workers, name, spread([found[name] for found in rounds], 0), spread(ratios)])
            if kits:
                first = max(kits, key=lambda kit: statistics.median(found[kit] for found in rounds))
                for ours in OURS:
                    against = spread([found[ours] / found[first] for found in rounds if found[first]])
                    best.append(f"- {workers} workers, {ours} / {first}, the quickest of the kits: {against}")
    print(f"{chosen.calls} calls, {chosen.rounds} rounds: median (range). {'; '.join(versions)}. {load()}\n")
    print(table(["workers", "harness", "calls/s", "/plain"], rows))
    print("\n" + "\n".join(best))
    print(f"\nA rate of 0 is a run that had not come to its end after {RUN_S} s.")


if __name__ == "__main__":
    main()
