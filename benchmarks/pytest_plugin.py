"""What the pytest plugin costs and saves, beside pytest alone, serial tests, pytest-xdist and pytest-evals.

Forty cases of 50 ms each, eight workers. Prints wall-clock seconds (the smallest of some runs, which other work on the
machine disturbs least), then the CPU time that the plugin adds to `pytest --collect-only` in a project without prompt
tests, then the time from an interrupt to the end of the session.

    python benchmarks/pytest_plugin.py [--evals PYTHON] [--times N]

`--evals` names the Python of an environment that has pytest-evals, where there is one.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import promptlab

CASES, SECONDS, WORKERS = 40, 0.05, 8
PLAIN = ("-q", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")

SUITE = "cases:\n" + "".join(
    f"- {{id: c{n}, input: {{request: r{n}}}, expect: {{contains: r{n}}}}}\n" for n in range(CASES)
)
TRIVIAL = f"import pytest\n@pytest.mark.parametrize('n', range({CASES}))\ndef test_it(n): pass\n"
SERIAL = f"import time, pytest\n@pytest.mark.parametrize('n', range({CASES}))\ndef test_it(n): time.sleep({SECONDS})\n"
APPLICATION = f"""
import time, pytest
def app(case):
    time.sleep({SECONDS})
    return case.input["request"]
@pytest.mark.prompt_cases("s.yaml", prompt=app)
def test_it(prompt_result): assert prompt_result.passed
"""
EVALS = f"""
import time, pytest
@pytest.mark.eval(name="x")
@pytest.mark.parametrize("case", range({CASES}))
def test_it(case, eval_bag):
    time.sleep({SECONDS})
    eval_bag.passed = True
"""
MANY = "".join(f"def test_{n}(): pass\n" for n in range(200))


def wall(
    folder: Path, *arguments: str, python: str = sys.executable, times: int, **environment: str
) -> float:
    """Run pytest some times; gives the smallest number of seconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        done = subprocess.run(
            [python, "-m", "pytest", *arguments], cwd=folder, env=cleaned(**environment), capture_output=True, text=True, check=False,
        )  # fmt: skip
        found.append(time.perf_counter() - began)
        if done.returncode:
            sys.exit(f"pytest {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return min(found)


def cpu(folder: Path, *arguments: str) -> float:
    """Run pytest once; gives the CPU seconds, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env=cleaned(),
        capture_output=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cleaned(**more: str) -> dict[str, str]:
    """Give an environment in which compiled modules are kept, as they are where packages are installed."""
    names = ("PYTHONDONTWRITEBYTECODE", "OPENAI_BASE_URL", "OPENAI_API_KEY", "CI", "PARALLEL_WORKERS")
    return {**{name: value for name, value in os.environ.items() if name not in names}, **more}


def compare(folder: Path, times: int, evals: str | None) -> None:
    """Print a table of the ways to run the cases."""
    for name, text in (("trivial", TRIVIAL), ("serial", SERIAL), ("app", APPLICATION), ("evals", EVALS)):
        (folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    (folder / "s.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "p.md").write_text("Say {{ request }}", encoding="utf-8")
    base = wall(folder, *PLAIN, "test_trivial.py", times=times)
    rows = [("pytest alone, 40 empty tests", base)]
    rows.append(("one after another", wall(folder, *PLAIN, "test_serial.py", times=times)))
    rows.append(("pytest-xdist, 8 processes", wall(folder, *PLAIN, "-n", "8", "test_serial.py", times=times)))
    if evals:
        rows.append(
            ("pytest-evals", wall(folder, "-q", "--run-eval", "test_evals.py", python=evals, times=times))
        )
    workers = ("--prompt-workers", str(WORKERS), "--prompt-fresh")
    rows.append(("promptlab, an application", wall(folder, *PLAIN, "test_app.py", *workers, times=times)))
    with promptlab.simulate(latency=f"fixed:{SECONDS}", options={"answer": "echo"}) as server:
        live = {"OPENAI_BASE_URL": server.base_url, "RUN_LLM_TESTS": "1"}
        prompt = wall(folder, *PLAIN, "s.yaml", "--prompt", "p.md", *workers, times=times, **live)
    rows.append(("promptlab, a prompt over HTTP (imports the openai SDK)", prompt))
    print(
        f"| {CASES} cases of {1000 * SECONDS:.0f} ms, {WORKERS} workers | s | over pytest alone |\n| --- | ---: | ---: |"
    )
    for name, seconds in rows:
        print(f"| {name} | {seconds:.2f} | {seconds - base:.2f} |")
    print(f"| import openai, alone | {importing('openai', times):.2f} | |")


def importing(name: str, times: int) -> float:
    """Give the seconds that an import takes."""
    code = f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
    return min(
        float(subprocess.check_output([sys.executable, "-c", code], env=cleaned())) for _ in range(times)
    )


def idle(folder: Path, times: int) -> None:
    """Print what the plugin adds where there are no prompt tests."""
    (folder / "test_many.py").write_text(MANY, encoding="utf-8")
    arguments = (*PLAIN, "--collect-only", "test_many.py")
    pairs = [
        (cpu(folder, *arguments), cpu(folder, *arguments, "-p", "no:promptlab")) for _ in range(times * 4)
    ]
    added = sorted(with_it - without for with_it, without in pairs)
    print(
        f"\ncollect-only of 200 tests, CPU: {1000 * min(w for _, w in pairs):.0f} ms without the plugin; "
        f"it adds {1000 * statistics.median(added):.1f} ms (median of {len(pairs)} pairs), "
        f"{1000 * (min(a for a, _ in pairs) - min(w for _, w in pairs)):.1f} ms (smallest against smallest)"
    )


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
    print(
        f"\nfrom Ctrl-C to the end of the session, {WORKERS} or more calls hanging: {max(took):.2f} s at most"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evals", help="the Python of an environment with pytest-evals")
    parser.add_argument("--times", type=int, default=5, help="runs of each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["PROMPTLAB_STORE"] = str(folder / "lab.sqlite3")
        compare(folder, options.times, options.evals)
        idle(folder, options.times)
        interrupted(folder, options.times)


if __name__ == "__main__":
    main()
