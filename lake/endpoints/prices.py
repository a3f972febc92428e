"""Prices of calls: one's own, else list prices by the package ``genai-prices``; None if neither knows the model.

The package is 1.7 MB, brings nothing that the clients of OpenAI and Anthropic don't, and never reads a network here.
Loading its list takes half a second, so it is loaded when a price is needed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from lake.endpoints.endpoint import settings
from lake.endpoints.providers import PROVIDERS
from lake.errors import UsageError
from lake.options.endpoints import PRICE_FORM, check_price

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

VARIABLE = "RAGLAKE_CHAT_PRICE"
_PACKAGE = "genai-prices"
#: The newest date that each version's notes state; the package itself has none.
_DATES = {"0.2.3": "2026-11-04"}
#: Models with open weights, which anybody may run: elsewhere than at the provider, the provider's price is not theirs.
_OPEN = ("gpt-oss",)


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens; ``cached`` input costs as much as other input if its price is not stated."""

    input: float
    output: float | None
    cached: float | None = None
    origin: str = "own price"

    def of(self, n_input: int, n_output: int, n_cached: int = 0, n_written: int = 0) -> float:
        """USD for these tokens; ``n_cached`` and ``n_written`` of the input were read from, or written to, a cache.

        >>> Price(0.5, 2.0).of(1_000_000, 500_000), Price(0.5, 2.0, 0.1).of(1_000_000, 0, n_cached=500_000)
        (1.5, 0.3)
        """
        cached = self.input if self.cached is None else self.cached
        n_cached = min(n_cached, n_input)
        return ((n_input - n_cached) * self.input + n_cached * cached + n_output * (self.output or 0.0)) / 1e6


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A model's price in the list; ``calculate`` is that of the package."""

    model: str
    provider: str
    origin: str
    _calculate: Any = field(repr=False, compare=False)

    def of(self, n_input: int, n_output: int, n_cached: int = 0, n_written: int = 0) -> float:
        """USD for these tokens, see ``Price.of``; more for a long input if the list says so."""
        n_cached = min(n_cached, n_input)
        return float(self._calculate(n_input, n_output, n_cached, min(n_written, n_input - n_cached)).total_price)


def list_of_prices() -> str:
    """The list with its date.

    >>> list_of_prices().startswith("genai-prices ")
    True
    """
    version = metadata.version(_PACKAGE)
    date = _DATES.get(version)
    return f"{_PACKAGE} {version}" + (f", {date}" if date else "")


def price_of(name: str, url: str | None = None) -> Price | ListPrice | None:
    """The price of the chat model PROVIDER:MODEL at an address, or at the provider's own: RAGLAKE_CHAT_PRICE, else
    that of the lake's configuration, else the list price.

    >>> price_of("openai:gpt-4o-mini-2024-07-18").of(1_000_000, 0), price_of("openai:local")
    (0.15, None)
    """
    stated = os.environ.get(VARIABLE, "").strip()
    found = _stated(VARIABLE, stated) if stated else input_price_of(name, url)
    if isinstance(found, Price) and found.output is None:
        raise UsageError(f"{found.origin} of {name!r} lacks the price of output; state {PRICE_FORM}")
    return found


def input_price_of(name: str, url: str | None = None) -> Price | ListPrice | None:
    """The price of a model that only reads, such as an embedder: the configuration's, else the list price."""
    own = settings().prices.get(name)
    if own is not None:
        return _stated(f"endpoints.prices.{name}", own)
    family, _, model = name.partition(":")
    provider = PROVIDERS.get(family)
    if provider is None or provider.prices is None:
        return None
    is_elsewhere = url is not None and not provider.owns(url)
    if is_elsewhere and (found := _found(model, None, url)):
        return found
    return None if is_elsewhere and model.startswith(_OPEN) else _found(model, provider.prices, None)


@cache
def _found(model: str, provider: str | None, url: str | None) -> ListPrice | None:
    from genai_prices import Usage, calc_price

    def calculate(n_input: int, n_output: int, n_cached: int, n_written: int) -> PriceCalculation:
        usage = Usage(
            input_tokens=n_input, output_tokens=n_output, cache_read_tokens=n_cached, cache_write_tokens=n_written
        )
        if provider is None:
            return calc_price(usage, model, provider_api_url=url or "")
        return calc_price(usage, model, provider_id=provider)

    try:
        found = calculate(1, 1, 0, 0)
    except LookupError:
        return None
    return ListPrice(found.model.id, found.provider.id, list_of_prices(), calculate)


def _stated(name: str, value: str) -> Price:
    try:
        numbers = [float(number) for number in check_price(name, value).split("/")]
    except UsageError as error:
        raise UsageError(f"{name}={value!r} must be {PRICE_FORM}") from error
    cached = numbers[2] if len(numbers) > 2 else None
    return Price(numbers[0], numbers[1] if len(numbers) > 1 else None, cached, f"own price ({name})")
