"""What an answer cost, from a kept price table; nothing is guessed."""

from __future__ import annotations

from promptlab._types import Completion


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
        self._warm = False

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
