"""The documents suite: what must hold for every row of the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.verdict import Check

if TYPE_CHECKING:
    from expectations.audit_settings import AuditSettings
    from expectations.verdict import Severity

_INSPECT = "`raglake status` names them and what is missing, `raglake inspect URI` shows what was read of one"
_REREAD = "run `raglake ingest SOURCE` again; if it stays, the manifest was written wrongly: report it"


def build(settings: AuditSettings) -> list[Check]:
    """Checks over ``features.documents``; an empty release is a remark, since a new source may be empty."""
    return [
        Check("expect_table_row_count_to_be_between", "", "warning", "the release holds no document at all",
              kwargs={"min_value": settings.min_documents}, remedy="check what the source lists"),
        _present("uri", "critical"),
        _present("digest", "critical"),
        _present("fingerprint", "critical"),
        _present("content_id", "critical"),
        _present("indexed_at", "warning"),
        Check("expect_column_values_to_be_between", "n_parents", "critical",
              "{n} of {total} documents say that they have no parent", ids="doc_id",
              kwargs={"min_value": 1}, remedy=_REREAD),
        Check("expect_column_values_to_be_between", "n_chunks", "critical",
              "{n} of {total} documents say that they have no chunk", ids="doc_id",
              kwargs={"min_value": 1}, remedy=_REREAD),
        _remark("kept_enough", "{n} of {total} documents lost more of their words than is usual for their format"),
        _remark("all_was_read", "{n} of {total} documents have parts, pages or pictures that could not be read, or a "
                "guessed encoding"),
    ]  # fmt: skip


def _remark(column: str, message: str) -> Check:
    return Check("expect_column_values_to_be_in_set", column, "warning", message, ids="doc_id",
                 kwargs={"value_set": [True]}, remedy=_INSPECT)  # fmt: skip


def _present(column: str, severity: Severity) -> Check:
    return Check("expect_column_values_to_be_in_set", f"has_{column}", severity,
                 f"{{n}} of {{total}} documents have no {column}", ids="doc_id",
                 kwargs={"value_set": [True]}, remedy=_REREAD)  # fmt: skip
