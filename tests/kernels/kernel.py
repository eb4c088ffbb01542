"""A real kernel and its client: what a front end does, without a page."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

Message = dict[str, Any]
NAME = "under-test"


class Kernel:
    """A kernel that runs.

    Args:
        folder: Where its settings go.
        python: The interpreter that it runs on.
        environ: Added to the environment.
    """

    def __init__(self, folder: Path, python: str = sys.executable, **environ: str) -> None:
        spec = folder / "kernels" / NAME / "kernel.json"
        spec.parent.mkdir(parents=True)
        command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": command, "display_name": NAME, "language": "python"}))
        env = {name: value for name, value in os.environ.items() if name not in _OF_OTHERS}
        env |= {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_RUNTIME_DIR": str(folder), **environ}
        specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")])
        self.manager = KernelManager(kernel_name=NAME, kernel_spec_manager=specs)
        self.manager.start_kernel(env=env)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, heard: Callable[[Message], None] | None = None) -> Sequence[Message]:
        """Run a cell and give the messages that it published; each goes to `heard` as it comes."""
        messages, reply = self.end(self.begin(code), heard)
        assert reply["status"] == "ok", "\n".join(reply.get("traceback", [str(reply)]))
        return messages

    def printed(self, code: str) -> str:
        """Run a cell and give what it printed."""
        return printed(self.run(code))

    def begin(self, code: str) -> str:
        """Send a cell and do not wait for it; gives its id."""
        return str(self.client.execute(code, allow_stdin=False))

    def end(
        self, cell: str, heard: Callable[[Message], None] | None = None, seconds: float = 120
    ) -> tuple[Sequence[Message], dict[str, Any]]:
        """Wait until the kernel is done with a cell; gives its messages and its reply.

        Raises:
            queue.Empty: The kernel was not idle within `seconds`.
        """
        until = time.monotonic() + seconds
        messages: list[Message] = []
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.0, until - time.monotonic()))
            if message["parent_header"].get("msg_id") != cell:
                continue
            messages.append(message)
            if heard is not None:
                heard(message)
            if message["content"].get("execution_state") == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=max(1.0, until - time.monotonic()))
            if reply["parent_header"].get("msg_id") == cell:
                return messages, reply["content"]

    def interrupt(self) -> None:
        """Interrupt it, as a front end does."""
        self.manager.interrupt_kernel()

    def close(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


_OF_OTHERS = ("PROMPTLAB_PROGRESS", "JPY_SESSION_NAME", "VSCODE_PID", "PYTHONPATH")


def printed(messages: Sequence[Message]) -> str:
    """Give what a cell printed."""
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def values(messages: Sequence[Message]) -> list[str]:
    """Give the HTML that was sent to a widget, in order."""
    states = [m["content"]["data"].get("state", {}) for m in messages if m["msg_type"] == "comm_msg"]
    return [state["value"] for state in states if "value" in state]


def replaced(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Give the bundles that replaced an output, in order."""
    return [m["content"]["data"] for m in messages if m["msg_type"] == "update_display_data"]
