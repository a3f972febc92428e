"""The quarantine suite: whoever could not be indexed is named, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.verdict import Check

if TYPE_CHECKING:
    from expectations.audit_settings import AuditSettings


def build(settings: AuditSettings) -> list[Check]:
    """Checks over ``features.quarantine``; how many there may be is a matter of the release's facts."""
    return [_present("uri", "name"), _present("reason", "reason"), _present("error_class", "error class")]


def _present(column: str, word: str) -> Check:
    return Check(
        "expect_column_values_to_be_in_set",
        f"has_{column}",
        "critical",
        f"{{n}} of {{total}} quarantined documents have no {word}",
        "doc_id",
        {"value_set": [True]},
        "a parser raised without saying why: report it",
    )
