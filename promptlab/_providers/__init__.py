"""Providers: request in, completion or failure out. The wrappers have the same shape."""

from promptlab._providers._batch_api import BatchApi, BatchState, BatchTroubleError, line, packs
from promptlab._providers._budget import Budget
from promptlab._providers._embedded import Simulator, simulate
from promptlab._providers._gate import Gate
from promptlab._providers._openai import OpenAIProvider
from promptlab._providers._remote import RemoteWire, remote
from promptlab._providers._repair import Repairs
from promptlab._providers._retry import retried
from promptlab._providers._seat import Seat
from promptlab._providers._stored import stored

__all__ = [
    "BatchApi", "BatchState", "BatchTroubleError", "Budget", "Gate", "OpenAIProvider", "RemoteWire", "Repairs", "Seat", "Simulator", "line", "packs", "remote", "retried", "simulate", "stored",
]  # fmt: skip
