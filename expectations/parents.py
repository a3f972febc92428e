"""The parents suite: what must hold for every span that an answer is built from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.verdict import Check

if TYPE_CHECKING:
    from expectations.audit_settings import AuditSettings


def build(settings: AuditSettings) -> list[Check]:
    """Checks over ``features.parents``."""
    return span_checks("parents", "parent_id", settings)


def span_checks(rows: str, ids: str, settings: AuditSettings) -> list[Check]:
    """What parents and chunks have in common: a place in their document, a text as long as it, tokens."""
    remedy = "the chunker or the commit wrote it wrongly: run `raglake rebuild`"
    not_null = "expect_column_values_to_not_be_null"
    between, in_set = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"
    of_rows = f"{{n}} of {{total}} {rows}"
    return [
        Check(not_null, "start", "critical", f"{of_rows} have no start", ids, remedy=remedy),
        Check(not_null, "end", "critical", f"{of_rows} have no end", ids, remedy=remedy),
        Check(between, "start", "critical", f"{of_rows} start before their document", ids, {"min_value": 0}, remedy),
        Check(in_set, "length_ok", "critical", f"{of_rows} have a text that is not as long as end - start", ids,
              {"value_set": [True]}, remedy),
        Check(in_set, "has_text", "critical", f"{of_rows} hold only white space", ids, {"value_set": [True]}, remedy),
        Check(not_null, "n_tokens", "warning", f"{of_rows} have no token count", ids),
        Check(between, "n_tokens", "warning", f"{of_rows} count fewer than {settings.min_tokens} tokens", ids,
              {"min_value": settings.min_tokens}),
    ]  # fmt: skip
