"""Estimates how far an answer can be trusted, by logistic functions fitted on questions with known outcomes.

The weights come from benchmarks/calibrate_confidence.py; docs/answers.md has its figures and their limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.answer.evidence import evidence
from lake.reporting import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from lake.answer.evidence import EvidenceSignals
    from lake.answer.values import ConfidenceLevel, Sentence


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic function of named figures; may hold for one ``embedder`` only, since cosines of models differ."""

    weights: Mapping[str, float]
    bias: float
    embedder: str | None = None

    def of(self, figures: Mapping[str, float | None]) -> float:
        """A probability, never exactly 0 or 1."""
        x = self.bias + sum(weight * (figures[name] or 0.0) for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, x))))

    def fits(self, figures: Mapping[str, float | None], embedder: str | None) -> bool:
        known = all(figures[name] is not None for name in self.weights)
        return known and self.embedder in (None, embedder)


#: The first whose figures are all known applies: those of both retrievers, of one, or of none.
EVIDENCE_FITS = (
    Fit(
        {
            "cosine": 3.931,
            "cosine_margin": 1.248,
            "text_margin": 3.526,
            "agreement": 1.691,
            "best_coverage": 7.089,
            "coverage": 0.839,
        },
        -9.785,
        "minilm",
    ),
    Fit({"text_margin": 4.152, "agreement": 2.565, "best_coverage": 7.467, "coverage": 1.026}, -8.569),
    Fit({"cosine": 5.823, "cosine_margin": 2.479, "best_coverage": 8.687, "coverage": 0.996}, -9.087, "minilm"),
    Fit({"text_margin": 5.439, "best_coverage": 7.752, "coverage": 1.173}, -7.315),
    Fit({"best_coverage": 10.114, "coverage": 1.550}, -6.085),
)
#: Of ten flagged sentences about eight were wrong (benchmarks/altered_answers.py).
CONTRADICTED = 0.2
_HIGH, _MEDIUM = 0.8, 0.5
ANSWER_FIT = Fit({"evidence": 0.560, "support": 9.661}, -4.048)


def evidence_of(question: str, hits: pa.Table, embedder: str | None) -> float:
    """Probability that these HITS, best first, contain the answer; 0 if there are none."""
    return sufficiency(evidence(question, hits.to_pylist()), embedder) if hits.num_rows else 0.0


def sufficiency(found: EvidenceSignals, embedder: str | None) -> float:
    """Probability that the passages contain the answer; ``embedder`` is the release's, if known."""
    figures = {name: getattr(found, name) for name in EVIDENCE_FITS[0].weights}
    fit = next(fit for fit in EVIDENCE_FITS if fit.fits(figures, embedder))
    return round(fit.of(figures), 4)


def confidence(evidence: float, support: float, *, is_contradicted: bool = False) -> float:
    """Probability that an answer is right, from its passages' evidence and the mean support of its claims."""
    found = ANSWER_FIT.of({"evidence": log_odds(evidence), "support": support})
    return round(min(found, CONTRADICTED) if is_contradicted else found, 4)


def level_of(probability: float) -> ConfidenceLevel:
    """
    >>> level_of(0.9), level_of(0.6), level_of(0.1)
    ('high', 'medium', 'low')
    """
    return "high" if probability >= _HIGH else "medium" if probability >= _MEDIUM else "low"


def reasons(evidence: float, sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """What speaks for and against an answer."""
    claims = [sentence for sentence in sentences if sentence.is_claim]
    n_held = sum(sentence.supported for sentence in claims)
    n_against = sum(bool(sentence.contradictions) for sentence in claims)
    n_uncited = sum(not sentence.citations for sentence in claims)
    found = [f"{level_of(evidence)} evidence in the passages: a chance of {evidence:.0%} that they hold the answer"]
    if claims:
        found.append(f"sources support {n_held} of {counted(len(claims), 'sentence')}")
    if n_against:
        found.append(f"sources state otherwise than {counted(n_against, 'sentence')}")
    if n_uncited:
        found.append(f"{counted(n_uncited, 'sentence')} without a citation")
    return tuple(found)


def log_odds(probability: float) -> float:
    """
    >>> log_odds(0.5), log_odds(1.0) < 10
    (0.0, True)
    """
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
