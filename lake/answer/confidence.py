"""How far an answer can be trusted, by logistic functions fitted on questions with a known outcome."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.answer.evidence import Evidence

#: What the fit for one embedder looks at; cosines of different models can't be compared.
FEATURES = ("cosine", "cosine_margin", "text_margin", "agreement", "best_coverage", "coverage")
#: What is left to look at under any other embedder, or without a vector leg.
GENERAL = ("text_margin", "agreement", "best_coverage", "coverage")


def features(found: Evidence, names: Sequence[str]) -> list[float]:
    return [float(getattr(found, name) or 0.0) for name in names]
def logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))
