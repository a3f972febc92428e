"""The chunks suite: what must hold for every span that is embedded and searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.parents import span_checks
from expectations.verdict import Check

if TYPE_CHECKING:
    from expectations.audit_settings import AuditSettings


def build(settings: AuditSettings) -> list[Check]:
    """Checks over ``features.chunks``: those of every span, and the vector's size, numbers and length."""
    remedy = "embed them again: the vector store holds the wrong vectors, or another model wrote them"
    low, high = 1 - settings.norm_tolerance, 1 + settings.norm_tolerance
    return [
        *span_checks("chunks", "chunk_id", settings),
        _true("dimension_ok", "{n} of {total} chunks have no vector of the embedder's size", remedy),
        _true("finite", "{n} of {total} chunks have a vector that is not all finite numbers", remedy),
        Check("expect_column_values_to_be_between", "norm", "critical",
              f"{{n}} of {{total}} chunks have a vector whose length is not 1 +/- {settings.norm_tolerance:g} "
              "({observed}; 0 is found by no query)",
              "chunk_id", {"min_value": low, "max_value": high}, remedy),
    ]  # fmt: skip


def _true(column: str, message: str, remedy: str) -> Check:
    return Check(
        "expect_column_values_to_be_in_set", column, "critical", message, "chunk_id", {"value_set": [True]}, remedy
    )
