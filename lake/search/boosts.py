"""What besides relevance may raise a passage, said outright by the caller: recency and the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from lake.errors import UsageError
from lake.named_numbers import named_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Boosts:
    """Factors on a passage's score; a factor of 1 leaves it as it is.

    recency: ``1 + recency_weight * 2 ** (-age / recency_half_life_days)``, the age being what lies
    between the document's change and the release, in days; never below 0, so that a date in the future
    counts as new. Without a half-life, and for a document without a date, the factor is 1.

    source: ``sources[source]``; sources not named have 1.
    """

    recency_half_life_days: float | None = None
    recency_weight: float = 0.2
    sources: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        half_life = self.recency_half_life_days
        if half_life is not None and not (isfinite(half_life) and half_life > 0):
            raise UsageError(f"recency's half-life is {half_life} days; it must be above 0")
        if not (isfinite(self.recency_weight) and self.recency_weight >= 0):
            raise UsageError(f"recency's weight is {self.recency_weight}; it must be 0 or more")
        wrong = {name: factor for name, factor in self.sources.items() if not (isfinite(factor) and factor >= 0)}
        if wrong:
            raise UsageError(f"factors of sources must be numbers, 0 or more; these are not: {wrong}")

    @property
    def is_neutral(self) -> bool:
        """Whether every factor is 1, whatever the passages."""
        ages = self.recency_half_life_days is not None and self.recency_weight > 0
        return not ages and all(factor == 1 for factor in self.sources.values())

    def factors(self, modified_at: Sequence[datetime | None], source: Sequence[str], as_of: datetime) -> np.ndarray:
        """float64 [n], one for each passage; ``as_of`` is when the release was created, never now."""
        if len(modified_at) != len(source):
            raise UsageError(f"{len(modified_at)} dates for {len(source)} sources; give one of each per passage")
        recency = np.array([self._recency(at, as_of) for at in modified_at], dtype=np.float64)
        return recency * np.array([self.sources.get(name, 1.0) for name in source], dtype=np.float64)

    def _recency(self, modified_at: datetime | None, as_of: datetime) -> float:
        if modified_at is None or self.recency_half_life_days is None:
            return 1.0
        days = max((as_of - modified_at).total_seconds() / _DAY, 0.0)
        return 1.0 + self.recency_weight * float(2.0 ** (-days / self.recency_half_life_days))


def parse_sources(words: Iterable[str]) -> dict[str, float]:
    """``NAME=FACTOR`` words of a command line.

    >>> parse_sources(["handbook=1.5", "tickets=0.5"])
    {'handbook': 1.5, 'tickets': 0.5}
    """
    return named_numbers(words, form="SOURCE=FACTOR", example="handbook=1.5")
