"""Starts the simulator in a process of its own. It is a stand-in, reached over HTTP like any endpoint."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from promptlab._errors import PromptlabError, SettingError
from promptlab._show import one_line

WRONG_USE = 2
"""The exit code of a command whose options are wrong."""


class Simulator:
    """A running simulator. A context manager: it ends with its block, or with this process.

    Args:
        options: Command line options of `promptlab simulate`.

    Raises:
        SettingError: An option is wrong.
        PromptlabError: It did not come up.
    """

    def __init__(self, options: Sequence[str] = ()) -> None:
        command = [sys.executable, "-m", "promptlab.simulator", "--port", "0", "--die-with-parent", *options]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process that writes it
        # It ends when its standard input does, so that it never outlives this process, however that ends.
        self._process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        assert self._process.stdout is not None
        self._url = self._process.stdout.readline().strip()
        if not self._url.startswith("http://"):
            raise self._not_started()
        name = hashlib.sha256(str(self.stats()["settings"]).encode()).hexdigest()[:12]
        self.base_url = f"{self._url}/simulated/{name}/v1"
        """The endpoint to call, on loopback. It names what shapes the answers, so that a store knows them again."""

    def stats(self) -> dict[str, Any]:
        """Ask the simulator's counters: calls started, done, under way, limited and so on."""
        result: dict[str, Any] = json.loads(self._ask("/stats"))
        return result

    def reset(self) -> None:
        """Set the counters to zero."""
        self._ask("/reset", post=True)

    def alive(self) -> bool:
        """Tell whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        if self.alive():
            self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()

    def _not_started(self) -> PromptlabError:
        """Say in one line why it did not come up: the last one that it wrote; the others show its usage."""
        code = self._process.wait(5)
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-2_000:]
        last = said.splitlines()[-1] if said else self._url or "it said nothing"
        _, wrong, why = last.partition(": error: ")
        if wrong and code == WRONG_USE:
            return SettingError(f"simulate: {one_line(why, 500)}")
        return PromptlabError(f"the simulator did not start: {one_line(last, 500)}")

    def _ask(self, path: str, *, post: bool = False) -> bytes:
        import urllib.request  # only those who ask the simulator for its counters need it

        request = urllib.request.Request(self._url + path, data=b"{}" if post else None)  # noqa: S310 - our own loopback server
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the same
            content: bytes = response.read()
            return content

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Simulator({self.base_url!r})"


def simulate(
    *,
    latency: str | None = None,
    scale: float | None = None,
    rpm: float | None = None,
    tpm: float | None = None,
    concurrent: int | None = None,
    faults: Sequence[str] = (),
    seed: int | None = None,
    options: Mapping[str, str | bool] | None = None,
) -> Simulator:
    """Run an OpenAI-compatible stand-in server on loopback until it is closed, or its block ends.

    Its answers come from a small learner over the text of the prompt, not from a language model; its `model`
    says `simulated-…`. See `promptlab simulate --help` for what the options mean.

    Args:
        latency: The distribution of answer times in seconds, such as `fixed:0.2`, `lognormal:5,3,8`, `none`.
        scale: Multiplies every latency.
        rpm: Requests a minute before it answers 429.
        tpm: Tokens a minute before it answers 429.
        concurrent: Requests at once before it answers 429.
        faults: Scripted faults, such as `status=503,rate=0.03`.
        seed: Seeds what varies.
        options: Any further options of the command, by name; True for a flag.

    Returns:
        The running simulator, a context manager: `.base_url`, `.stats()`, `.reset()`, `.close()`.
    """
    given: dict[str, Any] = {
        "latency": latency, "scale": scale, "rpm": rpm, "tpm": tpm, "concurrent": concurrent, "seed": seed,
        **(options or {}),
    }  # fmt: skip
    arguments = [f"--fault={fault}" for fault in faults]
    for name, value in given.items():
        if value is True:
            arguments.append(f"--{name}")
        elif value is not None and value is not False:
            arguments.append(f"--{name}={value}")
    return Simulator(arguments)
