"""The chunks suite: what must hold for every span that is embedded and searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.column_metrics import metric_ending
from expectations.parents import span_checks
from expectations.verdict import Check

if TYPE_CHECKING:
    from expectations.audit_settings import AuditSettings
    from lake.recipe import Recipe

_REMEDY = "embed them again: the vector store holds the wrong vectors, or another model wrote them"


def build(settings: AuditSettings, recipe: Recipe | None = None) -> list[Check]:
    """Checks over ``column_metrics.chunks``: those of every span, and size, numbers and length of each vector."""
    checks = _of_vectors("", "", settings)
    for column, one in list(recipe.vector_columns.items())[1:] if recipe else ():
        ending, by = metric_ending(column), f" by {one.name!r}"
        checks += _of_sparse(ending, by) if one.is_sparse else _of_vectors(ending, by, settings)
    return [*span_checks("chunks", "chunk_id", settings), *checks]


def _of_vectors(ending: str, by: str, settings: AuditSettings) -> list[Check]:
    """Checks of one column of vectors, whose metrics end in ``ending``."""
    low, high = 1 - settings.norm_tolerance, 1 + settings.norm_tolerance
    return [
        _true(f"dimension_ok{ending}", f"{{n}} of {{total}} chunks have no vector{by} of the embedder's size", _REMEDY),
        _true(f"finite{ending}", f"{{n}} of {{total}} chunks have a vector{by} that is not all finite numbers",
              _REMEDY),
        Check("expect_column_values_to_be_between", f"norm{ending}", "critical",
              f"{{n}} of {{total}} chunks have a vector{by} whose length is not 1 +/- {settings.norm_tolerance:g} "
              "({observed}; 0 is found by no query)",
              "chunk_id", {"min_value": low, "max_value": high}, _REMEDY),
    ]  # fmt: skip


def _of_sparse(ending: str, by: str) -> list[Check]:
    """Checks of a column of sparse vectors, which have any length, and none if a text has no weight."""
    return [
        _true(f"dimension_ok{ending}", f"{{n}} of {{total}} chunks have no vector{by} of the embedder's size", _REMEDY),
        _true(f"finite{ending}", f"{{n}} of {{total}} chunks have a vector{by} with a weight that is not above zero",
              _REMEDY),
    ]  # fmt: skip


def _true(column: str, message: str, remedy: str) -> Check:
    return Check(
        "expect_column_values_to_be_in_set", column, "critical", message, "chunk_id", {"value_set": [True]}, remedy
    )
