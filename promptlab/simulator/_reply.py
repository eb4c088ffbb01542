"""What the answering model hands to the server: the text of one answer and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, before the server dresses it as a chat completion.

    Attributes:
        text: What the model says; empty where it refuses.
        logprobs: The tokens of `text` in order, each with its natural log probability.
        refusal: What the model says instead of an answer; None where it answers.
    """

    text: str
    logprobs: tuple[tuple[str, float], ...] | None = None
    refusal: str | None = None
