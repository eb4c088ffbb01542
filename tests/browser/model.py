"""A model in a process of its own: it does what the prompt says, and counts what it was asked.

A call whose last message is `wait SECONDS|TEXT` gets TEXT as its answer after SECONDS. The counts go over the
process's own pipe, so that nothing that is under test is asked what it did.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import Call, Reply, ScriptedServer, chat

REPOSITORY = Path(__file__).resolve().parents[2]
ASKED = re.compile(r"wait ([\d.]+)\|(.*)", re.DOTALL)

PROMPT = "wait {{ seconds }}|{{ say }}"
"""The prompt that the model understands."""


@dataclass(frozen=True)
class Model:
    """The running model."""

    base_url: str
    """The endpoint."""
    process: subprocess.Popen[str]
    """Its process."""

    def counted(self) -> dict[str, int]:
        """Give what the server counted: calls `begun` so far, calls `under_way` now, and the `most` at once."""
        return self._say("counts")

    def reset(self) -> None:
        """Begin to count anew, and let go of calls that hang."""
        self._say("reset")

    def _say(self, word: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def running_model() -> Iterator[Model]:
    """Start the model, and end it afterwards."""
    command = [sys.executable, "-m", "tests.browser.model"]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        yield Model(json.loads(process.stdout.readline()), process)
        process.terminate()


def serve() -> None:
    """Answer calls until the pipe is closed."""
    with ScriptedServer() as server:
        server.says(lambda call: answer(call, server))
        print(json.dumps(server.base_url), flush=True)
        for line in sys.stdin:
            with server.lock:
                if line.strip() == "reset":
                    server.calls.clear()
                    server.most_under_way = server.under_way
                    server.released.set()
                    server.released = type(server.released)()
                counts = {
                    "begun": len(server.calls),
                    "under_way": server.under_way,
                    "most": server.most_under_way,
                }
            print(json.dumps(counts), flush=True)


def answer(call: Call, server: ScriptedServer) -> Reply | str:
    """Do what the prompt says."""
    asked = ASKED.search(call.text)
    if asked is None:
        return Reply({"error": {"message": f"not understood: {call.text[:200]}", "type": "invalid"}}, 400)
    server.released.wait(float(asked[1]))
    return Reply(chat(asked[2]))


if __name__ == "__main__":
    serve()
