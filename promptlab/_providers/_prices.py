"""What an answer cost, from a kept price table; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptlab._summary import simulated_model
from promptlab._types import Completion

LETTERS = 5.0
"""Characters a token holds at most, on average: fewer tokens than this says are hardly ever counted."""


class Prices:
    """Prices answers of one endpoint.

    The table is that of `genai-prices`. A model is looked up at the provider whose address the endpoint
    is; at any other address (a proxy, a gateway) under OpenAI's names alone. What is not found has no price.

    Args:
        base_url: The endpoint's address.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._unknown: set[str] = set()
        self._warm = "/simulated/" in base_url  # what a simulator answers has no price

    def warm(self) -> None:
        """Load the table, once: it takes a third of a second, best spent while calls are under way."""
        if not self._warm:
            self._warm = True
            self.of(Completion(text="", model="gpt-5-nano", input_tokens=0, output_tokens=0))

    def of(self, completion: Completion) -> float | None:
        """Give the cost in US dollars, or None where model, price or token counts are unknown."""
        model, sent, received = completion.model, completion.input_tokens, completion.output_tokens
        if model is None or sent is None or received is None or model in self._unknown:
            return None
        if simulated_model(model):
            return None  # without the table, which takes long to load
        from genai_prices import Usage, calc_price

        usage = Usage(
            input_tokens=sent, output_tokens=received, cache_read_tokens=completion.cached_input_tokens or 0
        )
        for at_address in (True, False):
            try:
                price = (
                    calc_price(usage, model, provider_api_url=self._base_url)
                    if at_address
                    else calc_price(usage, model, provider_id="openai")
                )
            except LookupError:
                continue
            return float(price.total_price)
        self._unknown.add(model)
        return None

    def least(self, body: Mapping[str, Any]) -> float:
        """Give the least that a request costs in US dollars, from the length of its texts; 0 where unknown."""
        sent = int(sum(map(len, _texts(body))) / LETTERS)
        least = Completion(text="", model=str(body.get("model")), input_tokens=sent, output_tokens=0)
        return self.of(least) or 0.0


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    """Give the texts that are sent; pictures are left out, as their length says nothing of their tokens."""
    inputs = body.get("input")
    yield from (one for one in (inputs if isinstance(inputs, list) else [inputs]) if isinstance(one, str))
    for message in body.get("messages") or ():
        content = message.get("content") if isinstance(message, Mapping) else None
        for part in content if isinstance(content, list) else [content]:
            text = part.get("text") if isinstance(part, Mapping) else part
            if isinstance(text, str):
                yield text
