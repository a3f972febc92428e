"""How much an audit lets pass."""

from __future__ import annotations

from dataclasses import dataclass

from lake.options.completeness import USUAL, Completeness


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How much is too much. Shares lie between 0 and 1.

    No loss of up to ``a_few`` documents, or ``a_few_chunks`` chunks, refuses a release, whatever its
    share of a small lake. ``allow_removed`` raises that for documents whose removal somebody allowed.
    """

    min_documents: int = 1
    min_tokens: int = 1
    norm_tolerance: float = 0.01
    a_few: int = 10
    a_few_chunks: int = 100
    allow_removed: int = 0
    warn_removed_share: float = 0.10
    max_removed_share: float = 0.50
    warn_failed_share: float = 0.05
    max_failed_share: float = 0.50
    warn_copies_share: float = 0.30
    completeness: Completeness = USUAL


DEFAULTS = AuditSettings()
