"""Makes a question of a passage that a person chose: a draft, which another person reviews."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.errors import RefusedError, UsageError
from lake.questions.anchoring import anchored
from lake.questions.denied import undenied
from lake.questions.store import change
from lake.questions.values import EvalQuestion, Evidence
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release

_CHUNK_ID = re.compile(r"[0-9a-f]{32}")


def chunk_evidence(lake: Lake, release: Release, chunk_id: str) -> Evidence:
    """The text of a chunk as evidence; raises UsageError if the release has no such chunk."""
    table = release.recipe.embedder.table
    chunks = lake.tables(release.generation).at(table, release.versions[table])
    where = one_of("chunk_id", [chunk_id])
    rows = chunks.scan(["source", "uri", "start", "end", "text"], where).to_pylist() if _is_id(chunk_id) else []
    if not rows:
        raise UsageError(f"no chunk {chunk_id!r} in {release.id}; each hit of a search has its chunk_id")
    row = rows[0]
    return Evidence(row["uri"], row["source"], row["text"], start=row["start"], end=row["end"])


def quote_evidence(lake: Lake, release: Release, uri: str, quote: str, source: str | None = None) -> Evidence:
    """A quote of a document, at its place in the release; raises UsageError unless it stands there just once."""
    evidence = Evidence(uri, source, quote)
    found = anchored(lake, release, [EvalQuestion("any", "any", evidence=(evidence,))])[0].evidence[0]
    if found.start is None:
        raise UsageError(
            f"{release.id} does not hold this quote once in {uri!r}; copy it from the text of the document, "
            "long enough that it stands there a single time"
        )
    return found


def draft(lake: Lake, question: EvalQuestion) -> EvalQuestion:
    """Keeps a draft with its evidence as live has it; a draft of the same words gets the evidence in addition.

    Returns the draft as it is stored. Raises RefusedError if the set has this question, reviewed, and UsageError if the
    document was erased.
    """
    new = anchored(lake, lake.log.read().live, [question])[0]

    def step(kept: list[EvalQuestion]) -> list[EvalQuestion]:
        known = next((one for one in kept if one.question_id == new.question_id), None)
        if known is not None and known.reviewed:
            raise RefusedError(
                f"{new.set!r} holds this question already, and a person accepted it; change its words to draft another"
            )
        others = [one for one in kept if one is not known]
        return undenied(lake, [*others, _with_evidence(known or new, new.evidence)])

    found = change(lake, step)
    stored = next((one for one in found if one.question_id == new.question_id), None)
    if stored is None:
        raise UsageError("the document of this passage was erased, so no question can be made of it")
    return stored


def _with_evidence(draft: EvalQuestion, more: tuple[Evidence, ...]) -> EvalQuestion:
    known = {(one.source, one.uri, one.start, one.end) for one in draft.evidence}
    new = tuple(one for one in more if (one.source, one.uri, one.start, one.end) not in known)
    return replace(draft, evidence=(*draft.evidence, *new))


def _is_id(chunk_id: str) -> bool:
    return _CHUNK_ID.fullmatch(chunk_id) is not None
