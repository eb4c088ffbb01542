"""What the pytest plugin costs and saves, beside pytest alone, serial tests, pytest-xdist and pytest-evals.

Forty calls of 50 ms each, eight workers, answered by a simulator in a process of its own. Every way is run once in
each round, in turn, so that what else the machine does hits all alike; a row gives the median of its rounds with the
range, and the time against ours in the same round. Then the CPU time that the plugin adds to `pytest --collect-only`
in a project without prompt tests, and the time from an interrupt to the end of the session.

    python benchmarks/pytest_plugin.py [--rounds N] [--no-evals]

pytest-evals gets an environment of its own in a temporary folder; where it cannot be installed its row says so.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from measure import load, spread, table

import promptlab

CASES, SECONDS, WORKERS = 40, 0.05, 8
LIMIT_S = 0.6
PLAIN = ("-q", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
IDLE_PAIRS = 30

SUITE = "cases:\n" + "".join(
    f"- {{id: c{n}, input: {{request: r{n}}}, expect: {{contains: r{n}}}}}\n" for n in range(CASES)
)
TRIVIAL = f"import pytest\n@pytest.mark.parametrize('n', range({CASES}))\ndef test_it(n): pass\n"
CLIENT = """
import openai, pytest
client = openai.OpenAI(api_key="none", max_retries=0)
client.chat.completions
def ask(n):
    said = client.chat.completions.create(model="m", messages=[{"role": "user", "content": f"Say r{n}"}])
    assert f"r{n}" in said.choices[0].message.content
"""
IMPORTED = CLIENT + f"@pytest.mark.parametrize('n', range({CASES}))\ndef test_it(n): pass\n"
SERIAL = CLIENT + f"@pytest.mark.parametrize('n', range({CASES}))\ndef test_it(n): ask(n)\n"
EVALS = (
    CLIENT
    + f"""
@pytest.mark.eval(name="x")
@pytest.mark.parametrize("n", range({CASES}))
def test_it(n, eval_bag):
    ask(n)
    eval_bag.passed = True
"""
)
APPLICATION = f"""
import time, pytest
def app(case):
    time.sleep({SECONDS})
    return case.input["request"]
@pytest.mark.prompt_cases("s.yaml", prompt=app)
def test_it(prompt_result): assert prompt_result.passed
"""
MANY = "".join(f"def test_{n}(): pass\n" for n in range(200))
OURS = "promptlab, a prompt"


Took = tuple[float, float]
"""Seconds on the wall, and of CPU in the process and its children, user and system."""


def once(folder: Path, *arguments: str, python: str = sys.executable, **environment: str) -> Took:
    """Run pytest once."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [python, "-m", "pytest", *arguments], cwd=folder, env=cleaned(**environment), capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"pytest {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cleaned(**more: str) -> dict[str, str]:
    """Give an environment in which compiled modules are kept, as they are where packages are installed."""
    names = ("PYTHONDONTWRITEBYTECODE", "OPENAI_BASE_URL", "OPENAI_API_KEY", "CI", "PARALLEL_WORKERS")
    return {**{name: value for name, value in os.environ.items() if name not in names}, **more}


def make_evals(folder: Path) -> tuple[str | None, str]:
    """Make an environment with pytest-evals; gives its Python, or why there is none."""
    place = folder / "evals"
    python = str(place / "bin" / "python")
    packages = ("pytest-evals", "openai", "pytest")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        steps: list[list[str]] = [
            [uv, "venv", "-q", "-p", sys.executable, str(place)],
            [uv, "pip", "install", "-q", "-p", python, *packages],
        ]
    else:
        steps = [
            [sys.executable, "-m", "venv", str(place)],
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages],
        ]
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=300)
        except (OSError, subprocess.TimeoutExpired) as wrong:
            return None, f"{type(wrong).__name__}: {step[0]}"
        if done.returncode:
            return None, (done.stderr.strip().splitlines() or ["it could not be installed"])[-1][:100]
    return python, ""


def ways(folder: Path, url: str, evals: str | None) -> dict[str, Callable[[], Took]]:
    """Give the ways to run the cases, by name."""
    texts = {
        "trivial": TRIVIAL,
        "imported": IMPORTED,
        "serial": SERIAL,
        "app": APPLICATION,
        "evals": EVALS,
    }
    for name, text in texts.items():
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    (folder / "s.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "p.md").write_text("Say {{ request }}", encoding="utf-8")
    live = {"OPENAI_BASE_URL": url, "RUN_LLM_TESTS": "1"}
    workers = ("--prompt-workers", str(WORKERS), "--prompt-fresh")
    found: dict[str, Callable[[], Took]] = {
        "pytest alone": lambda: once(folder, *PLAIN, "test_trivial.py"),
        "pytest alone, the SDK imported": lambda: once(folder, *PLAIN, "test_imported.py", **live),
        "one call after another": lambda: once(folder, *PLAIN, "test_serial.py", **live),
        f"pytest-xdist, {WORKERS} processes": lambda: once(
            folder, *PLAIN, "-n", str(WORKERS), "test_serial.py", **live
        ),
        "promptlab, an application": lambda: once(folder, *PLAIN, "test_app.py", *workers),
        OURS: lambda: once(folder, *PLAIN, "s.yaml", "--prompt", "p.md", *workers, **live),
    }
    if evals:
        found["pytest-evals"] = lambda: once(
            folder, "-q", "-p", "no:cacheprovider", "--run-eval", "test_evals.py", python=evals, **live
        )
    return found


def compare(folder: Path, rounds: int, evals: str | None, why_not: str) -> None:
    """Print a table of the ways to run the cases."""
    with promptlab.simulate(latency=f"fixed:{SECONDS}", options={"answer": "echo"}) as server:
        run = ways(folder, server.base_url, evals)
        for make in run.values():
            make()  # what is compiled and cached is not measured
        pairs: dict[str, list[Took]] = {name: [] for name in run}
        for _ in range(rounds):
            for name, make in run.items():
                pairs[name].append(make())
    took = {name: [seconds for seconds, _ in found] for name, found in pairs.items()}
    base, sdk, ours = (took[name] for name in ("pytest alone", "pytest alone, the SDK imported", OURS))
    rows: list[Sequence[object]] = [
        (
            name,
            spread(seconds),
            spread(_less(seconds, base)),
            spread(_over(seconds, ours)),
            spread([used for _, used in pairs[name]]),
        )
        for name, seconds in took.items()
    ]
    if not evals:
        rows.append(("pytest-evals", f"skipped: {why_not}", "", "", ""))
    print(f"{CASES} calls of {1000 * SECONDS:.0f} ms, {WORKERS} workers; {rounds} rounds; {load()}\n")
    print(table(("way", "s", "s over pytest alone", "times ours", "s of CPU"), rows))
    app = _less(took["promptlab, an application"], base)
    print(f"\nOver pytest's own time (at most {LIMIT_S} s wanted): an application {spread(app)} s; ", end="")
    print(
        f"a prompt {spread(_less(ours, base))} s, {spread(_less(ours, sdk))} s where the SDK is imported anyway"
    )


def _less(seconds: Sequence[float], base: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(seconds, base, strict=True)]


def _over(seconds: Sequence[float], base: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(seconds, base, strict=True)]


def idle(folder: Path) -> None:
    """Print what the plugin adds where there are no prompt tests."""
    (folder / "test_many.py").write_text(MANY, encoding="utf-8")
    arguments = (*PLAIN, "--collect-only", "test_many.py")
    pairs = [
        (once(folder, *arguments)[1], once(folder, *arguments, "-p", "no:promptlab")[1])
        for _ in range(IDLE_PAIRS)
    ]
    added = [1000 * (with_it - without) for with_it, without in pairs]
    without = 1000 * statistics.median(without for _, without in pairs)
    print(
        f"\ncollect-only of 200 tests, CPU: {without:.0f} ms without the plugin; it adds {spread(added, 1)} ms ",
        end="",
    )
    print(f"({IDLE_PAIRS} pairs, half of them from {_quartiles(added)})")


def _quartiles(values: Sequence[float]) -> str:
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.1f} to {high:.1f}"


def interrupted(folder: Path, times: int) -> None:
    """Print how long a session with hanging calls takes to end."""
    took = []
    with promptlab.simulate(latency="fixed:30") as server:
        for _ in range(times):
            server.reset()
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *PLAIN, "s.yaml", "--prompt", "p.md", "--prompt-fresh"],
                cwd=folder, env=cleaned(OPENAI_BASE_URL=server.base_url, RUN_LLM_TESTS="1"),
                stdout=subprocess.PIPE, text=True, start_new_session=True,
            )  # fmt: skip
            while server.stats()["started"] < WORKERS:
                time.sleep(0.02)
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate()
            took.append(time.perf_counter() - began)
            assert "prompt tests" in said
    print(f"\nfrom Ctrl-C to the end of the session, {WORKERS} or more calls hanging: {spread(took)} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-evals", action="store_true", help="leave pytest-evals out")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["PROMPTLAB_STORE"] = str(folder / "lab.sqlite3")
        evals, why_not = (None, "left out") if options.no_evals else make_evals(folder)
        compare(folder, options.rounds, evals, why_not)
        idle(folder)
        interrupted(folder, options.rounds)


if __name__ == "__main__":
    main()
