"""Prices of calls: list prices of well-known models, or the environment's."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from lake.errors import UsageError

VARIABLE = "RAGLAKE_CHAT_PRICE"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float

    def of(self, n_input: int, n_output: int) -> float:
        """USD for these tokens.

        >>> Price(0.5, 2.0).of(1_000_000, 500_000)
        1.5
        """
        return (n_input * self.input + n_output * self.output) / 1e6


#: List prices, standard tier, as remembered of 2025; providers change them, so RAGLAKE_CHAT_PRICE takes precedence.
PRICES = {
    "gpt-4o": Price(2.50, 10.00),
    "gpt-4o-mini": Price(0.15, 0.60),
    "gpt-4.1": Price(2.00, 8.00),
    "gpt-4.1-mini": Price(0.40, 1.60),
    "gpt-4.1-nano": Price(0.10, 0.40),
    "gpt-5": Price(1.25, 10.00),
    "gpt-5-mini": Price(0.25, 2.00),
    "gpt-5-nano": Price(0.05, 0.40),
    "claude-opus-4-1": Price(15.00, 75.00),
    "claude-opus-4-5": Price(5.00, 25.00),
    "claude-sonnet-4-5": Price(3.00, 15.00),
    "claude-haiku-4-5": Price(1.00, 5.00),
}

_DATED = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")


def price_of(model: str) -> Price | None:
    """The price of ``model``: RAGLAKE_CHAT_PRICE as INPUT/OUTPUT, else the table's; None if both lack it.

    >>> price_of("gpt-4o-mini-2024-07-18") == PRICES["gpt-4o-mini"], price_of("local")
    (True, None)
    """
    stated = os.environ.get(VARIABLE, "").strip()
    return _stated(stated) if stated else PRICES.get(_DATED.sub("", model))


def _stated(value: str) -> Price:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)", value)
    if match is None:
        raise UsageError(
            f"{VARIABLE}={value!r} must be INPUT/OUTPUT in USD per million tokens; for example '0.15/0.60'"
        )
    return Price(float(match[1]), float(match[2]))
