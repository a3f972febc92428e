"""How far an answer can be trusted, by logistic functions fitted on questions with a known outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.answer.evidence import Evidence

#: What the fit for one embedder looks at; cosines of different models can't be compared.
FEATURES = ("cosine", "cosine_margin", "text_margin", "agreement", "best_coverage", "coverage")
#: What is left to look at under any other embedder, or without a vector leg.
GENERAL = ("text_margin", "agreement", "best_coverage", "coverage")


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic function of named figures."""

    weights: Mapping[str, float]
    bias: float

    def of(self, figures: Mapping[str, float]) -> float:
        """A probability, never 0 or 1 outright."""
        x = self.bias + sum(weight * figures[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, x))))


#: Made by benchmarks/calibrate_confidence.py.
FITS: Mapping[str, Fit] = MappingProxyType({})
ANY = Fit({"text_margin": 1.0, "agreement": 1.0, "best_coverage": 4.0, "coverage": 0.0}, -3.0)
ANSWERED = Fit({"evidence": 1.0, "support": 3.0}, -2.0)
MIN_EVIDENCE = 0.05


def features(found: Evidence, names: Sequence[str]) -> list[float]:
    """The named figures; one that is not there is 0."""
    return [float(getattr(found, name) or 0.0) for name in names]


def sufficiency(found: Evidence, embedder: str | None) -> float:
    """How likely the answer is among the passages; ``embedder`` is the release's, where it is known."""
    fit = FITS.get(embedder or "") if found.cosine is not None else None
    names = FEATURES if fit else GENERAL
    return round((fit or ANY).of(dict(zip(names, features(found, names), strict=True))), 4)


def confidence(evidence: float, support: float) -> float:
    """How likely a written answer is right: of its evidence and the mean support of its claims."""
    bounded = min(max(evidence, 1e-4), 1 - 1e-4)
    return round(ANSWERED.of({"evidence": math.log(bounded / (1 - bounded)), "support": support}), 4)
