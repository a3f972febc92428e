"""Removes what was erased for good from feedback and from the query log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.erasure.rows import erase_rows
from lake.records.feedback import ANSWERS, PASSAGES
from lake.records.judged_traffic import JUDGED_TRAFFIC
from lake.records.query_log import QUERIES

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.erasure.scope import ErasureScope

_OF_PASSAGE = ("question", "source", "uri", "quote", "release", "chunk_id", "doc_id", "digest")
_OF_ANSWER = ("question", "comment", "release", "voter")
_OF_JUDGED = ("question_digest", "release", "sample", "judged_id", "doc_ids")
_OF_QUERY = ("question", "question_digest", "release", "hits", "request_id", "log_id")


def erase(lake: Lake, erased: ErasureScope) -> None:
    """Remove each judgement and each logged question about erased documents, or with a trace of their words."""
    erase_rows(lake, erased, PASSAGES, lambda row: (row["doc_id"], row["digest"]), _OF_PASSAGE)
    erase_rows(lake, erased, ANSWERS, lambda row: (), _OF_ANSWER)
    erase_rows(lake, erased, QUERIES, lambda row: [hit["doc_id"] for hit in row["hits"]], _OF_QUERY)
    erase_rows(lake, erased, JUDGED_TRAFFIC, lambda row: row["doc_ids"], _OF_JUDGED)
