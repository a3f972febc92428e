"""Turns a judgement of a passage or an answer into a row to keep."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.ids import derived_id
from lake.records.masking import Masking
from lake.search.predicate import ANYTHING, Predicate
from lake.storage import clock
from lake.tables.sql import one_of, unindexed

if TYPE_CHECKING:
    from lake.options import QueryLogOptions
    from lake.search.query_ids import Searched
    from lake.search.snapshot import Snapshot


MAX_VOTER = 200
MAX_COMMENT = 2_000


_CHUNK_ID = re.compile(r"[0-9a-f]{32}")


_OF_CHUNK = ("doc_id", "source", "uri", "chunk_id", "start", "end", "text")


def judged(
    snapshot: Snapshot, visible: Predicate, search: Searched, chunk_id: str, useful: bool, voter: str | None
) -> dict[str, Any]:
    """A FEEDBACK row; raises UsageError if the release has no such chunk, with the same message if it is hidden."""
    _check(useful, voter)
    rows = []
    if isinstance(chunk_id, str) and _CHUNK_ID.fullmatch(chunk_id) and not visible.is_nothing:
        rows = snapshot.table("chunks").scan(_OF_CHUNK, _only(chunk_id, visible)).to_pylist()
    if not rows:
        raise UsageError(f"no chunk {chunk_id!r} in {snapshot.release.id}; each hit of the search has its chunk_id")
    chunk = rows[0]
    document = snapshot.table("documents").scan(["digest"], one_of("doc_id", [chunk["doc_id"]])).to_pylist()[0]
    return {
        "feedback_id": secrets.token_hex(16),
        "release": snapshot.release.id,
        "question": search.question,
        "variant": search.variant,
        "useful": useful,
        "quote": chunk.pop("text"),
        **chunk,
        **document,
        "voter": None if voter is None else derived_id("voter", voter),
        "given_at": clock.now(),
    }


def judged_answer(
    options: QueryLogOptions, search: Searched, useful: bool, comment: str | None, voter: str | None
) -> dict[str, Any]:
    """An ANSWER_FEEDBACK row; ``options`` decide what is masked in the comment."""
    _check(useful, voter)
    if comment is not None and not (isinstance(comment, str) and comment.strip() and len(comment) <= MAX_COMMENT):
        raise UsageError(f"comment must be a text of 1 to {MAX_COMMENT:,} characters, or be left out")
    return {
        "feedback_id": secrets.token_hex(16),
        "release": search.release,
        "question": search.question,
        "variant": search.variant,
        "useful": useful,
        "comment": None if comment is None else Masking(options).of(comment),
        "voter": None if voter is None else derived_id("voter", voter),
        "given_at": clock.now(),
    }


def _check(useful: bool, voter: str | None) -> None:
    if not isinstance(useful, bool):
        raise UsageError(f"useful={useful!r} must be true or false")
    if voter is not None and not (isinstance(voter, str) and 0 < len(voter) <= MAX_VOTER):
        raise UsageError(f"voter must be a text of 1 to {MAX_VOTER} characters, or be left out")


def _only(chunk_id: str, visible: Predicate) -> str:
    """An index would answer sooner for an id that no chunk has than for a hidden one's."""
    key = "chunk_id" if visible == ANYTHING else unindexed("chunk_id")
    return str((visible & Predicate(one_of(key, [chunk_id]))).sql)
