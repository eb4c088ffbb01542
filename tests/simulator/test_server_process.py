"""The simulator as a process of its own: starts with one line, leaves no orphan."""

from __future__ import annotations

import ast
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import promptlab.simulator

COMMAND = [sys.executable, "-m", "promptlab.simulator", "--answer=echo", "--latency=none"]


@pytest.fixture
def start():
    """Start simulators as processes, and end what is left of them."""
    running = []

    def begin(*options, **more):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running.append(subprocess.Popen([*COMMAND, *options], text=True, **{**pipes, **more}))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def test_first_line_is_the_address(start):
    """The one line on the standard output is the address, and it answers there from then on."""
    process = start("--die-with-parent")

    url = process.stdout.readline().strip()
    with urllib.request.urlopen(f"{url}/healthz", timeout=20) as response:
        said = json.load(response)
    out, err = process.communicate(timeout=20)

    assert url.startswith("http://127.0.0.1:")
    assert said == {"status": "ok"}
    assert (out, err, process.returncode) == ("", "", 0)


def test_end_of_input_ends_it(start):
    """With `--die-with-parent` it ends with its standard input, also while a call hangs."""
    process = start("--die-with-parent", "--fault=hang")
    url = process.stdout.readline().strip()

    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as hanging:
        hanging.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        process.stdin.close()

        assert process.wait(timeout=20) == 0


def test_no_input_ends_it_at_once(start):
    """With `--die-with-parent` and nobody at the other end it does not stay."""
    process = start("--die-with-parent", stdin=subprocess.DEVNULL)

    assert process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("options", "number", "code"),
    [([], signal.SIGTERM, 0), ([], signal.SIGINT, 130), (["--die-with-parent"], signal.SIGTERM, 0)],
)
def test_signals_end_it_quietly(start, options, number, code):
    """SIGTERM and Ctrl-C end it without a trace."""
    process = start(*options)
    process.stdout.readline()

    process.send_signal(number)

    assert process.wait(timeout=20) == code
    assert process.stderr.read() == ""


def test_interrupt_is_the_parents_matter(start):
    """With `--die-with-parent` a Ctrl-C in the terminal, which reaches it too, does not end it."""
    process = start("--die-with-parent")
    url = process.stdout.readline().strip()

    process.send_signal(signal.SIGINT)
    with urllib.request.urlopen(f"{url}/healthz", timeout=20) as response:
        assert response.status == 200


def test_taken_port_is_named(start):
    """A port that somebody else has is said in one line, with status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _, err = start(f"--port={port}").communicate(timeout=20)

    assert f"port {port}" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "options", [["--rpm=0"], ["--rpm=nan"], ["--latency=x"], ["--port=99999"], ["--lat=none"], ["x"]]
)
def test_wrong_options_are_refused(options, capsys):
    """A wrong option ends the command with status 2 and names it."""
    with pytest.raises(SystemExit) as caught:
        promptlab.simulator.main(options, prog="promptlab simulate")

    assert caught.value.code == 2
    assert options[0].partition("=")[0] in capsys.readouterr().err


def test_annex_imports_nothing_of_the_house():
    """The simulator imports the standard library and itself, nothing else."""
    for path in Path(promptlab.simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert name.startswith("promptlab.simulator") or top in sys.stdlib_module_names, (
                    f"{path}: {name}"
                )
