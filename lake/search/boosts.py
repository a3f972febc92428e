"""Factors of a passage's score: its recency and its source."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from lake.errors import UsageError
from lake.options import Boosts
from lake.options.named_numbers import named_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DAY = 86400.0


def factors(
    boosts: Boosts, modified_at: Sequence[datetime | None], source: Sequence[str], as_of: datetime
) -> np.ndarray:
    """float64 [n], one for each passage; ``as_of`` is when the release was created, never the present."""
    if len(modified_at) != len(source):
        raise UsageError(f"{len(modified_at)} dates for {len(source)} sources; give one of each per passage")
    recency = np.array([_recency(boosts, at, as_of) for at in modified_at], dtype=np.float64)
    return recency * np.array([boosts.sources.get(name, 1.0) for name in source], dtype=np.float64)


def _recency(boosts: Boosts, modified_at: datetime | None, as_of: datetime) -> float:
    if modified_at is None or boosts.recency_half_life_days is None:
        return 1.0
    days = max((as_of - modified_at).total_seconds() / _DAY, 0.0)
    return 1.0 + boosts.recency_weight * float(2.0 ** (-days / boosts.recency_half_life_days))


def parse_sources(words: Iterable[str]) -> dict[str, float]:
    """Parses ``NAME=FACTOR`` words of a command line.

    >>> parse_sources(["handbook=1.5", "tickets=0.5"])
    {'handbook': 1.5, 'tickets': 0.5}
    """
    return named_numbers(words, form="SOURCE=FACTOR", example="handbook=1.5")
