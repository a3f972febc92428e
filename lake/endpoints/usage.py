"""Usage of a model: calls, tokens and USD."""

from __future__ import annotations

from dataclasses import dataclass

#: A larger count of tokens is none.
_MOST_TOKENS = 1 << 53


def whole(count: object) -> int | None:
    """A number of tokens, which some state as a floating-point number; None if it can't be one.

    >>> whole(7), whole(7.0), whole(None), whole(-1), whole("7"), whole(float("nan"))
    (7, 7, None, None, None, None)
    """
    is_number = isinstance(count, int | float) and not isinstance(count, bool)
    return int(count) if is_number and 0 <= count < _MOST_TOKENS else None  # type: ignore[call-overload, operator]


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls, tokens as the provider counts them (else as tiktoken does), and USD; None if a price is unknown.

    ``n_cached`` of the input tokens came from the provider's cache of prompts. ``prices`` names the lists of prices
    that the USD are by, with their dates.

    >>> (Usage(1, 10, 5, 0.5) + Usage(1, 20, 5, None)).n_input, (Usage(1, 1, 1, 0.5) + Usage(1, 1, 1, None)).cost_usd
    (30, None)
    """

    n_calls: int = 0
    n_input: int = 0
    n_output: int = 0
    cost_usd: float | None = 0.0
    n_cached: int = 0
    prices: tuple[str, ...] = ()

    def __add__(self, other: Usage) -> Usage:
        both_known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            self.n_calls + other.n_calls,
            self.n_input + other.n_input,
            self.n_output + other.n_output,
            (self.cost_usd or 0.0) + (other.cost_usd or 0.0) if both_known else None,
            self.n_cached + other.n_cached,
            tuple(sorted({*self.prices, *other.prices})),
        )
