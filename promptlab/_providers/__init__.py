"""Providers: request in, completion or failure out. The wrappers have the same shape."""

from promptlab._providers._budget import Budget
from promptlab._providers._embedded import Simulator, simulate
from promptlab._providers._openai import OpenAIProvider
from promptlab._providers._retry import retried
from promptlab._providers._stored import stored

__all__ = ["Budget", "OpenAIProvider", "Simulator", "retried", "simulate", "stored"]
