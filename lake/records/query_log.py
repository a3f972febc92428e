"""The query log: what a lake's services were asked and what they found, as QUERIES rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.ids import derived_id
from lake.options import QueryLogOptions
from lake.records.daily_files import DailyFiles
from lake.records.masking import Masking
from lake.records.schemas import QUERIES as SCHEMA

if TYPE_CHECKING:
    from lake.storage.denylist import Denylist


def _names_denied(denylist: Denylist, row: dict[str, Any]) -> bool:
    return any(denylist.has_place(hit["doc_id"]) for hit in row["hits"])


QUERIES = DailyFiles("queries", SCHEMA, "asked_at", _names_denied)


def question_digest(masked: str) -> str:
    """Digest of a masked question, the same for other case and blanks.

    >>> question_digest("How  much oil?") == question_digest("how much OIL?")
    True
    """
    return derived_id("question", " ".join(masked.casefold().split()))


class KeptQuestion:
    """Puts questions into rows as the lake's configuration allows: plain, as a digest, or not at all."""

    def __init__(self, options: QueryLogOptions) -> None:
        self._text, self._masking = options.text, Masking(options)

    def row(self, row: dict[str, Any]) -> dict[str, Any]:
        """A QUERIES row of one whose ``question`` is as the caller wrote it."""
        masked = self._masking.of(row["question"])
        digest = None if self._text == "off" else question_digest(masked)
        return {**row, "question": masked if self._text == "plain" else None, "question_digest": digest}

    def digest(self, question: str) -> str:
        """The digest that the log holds of a question that is kept elsewhere."""
        return question_digest(self._masking.of(question))
