"""Why a passage is here, or is not: the way of a document through the stages of a search."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from lake.console.client import ApiError
from lake.console.views.search_settings import SearchSettings, filters_of
from lake.console.visit import Visit
from lake.inspect.diagnosis.messages import options_in_words
from lake.recipe import is_sparse

#: The stages of a search in their order, each with what is lost there, as ``POST /why`` names it.
_STAGES: Mapping[str, tuple[str, ...]] = {
    "Its text is in the release": ("absent", "erased", "several sources", "quarantined", "text gone", "ambiguous"),
    "A chunk holds it": ("no chunk",),
    "You may see it": ("hidden",),
    "It passes the filters": ("filtered",),
    "Meaning or words find it": ("no words", "missed by the index", "too deep"),
    "Later steps keep it": ("rerank_depth", "collapse", "min_score"),
    "It is among the first": ("beyond k",),
}

#: Other releases that are looked at for a document that one lacks, and documents of its quarantine that are named.
_LOOKED, _LISTED = 5, 10
#: The parameters of the diagnosis, which a search does not have.
_OWN = ("name", "doc_id", "start", "end", "column")


@dataclass(frozen=True, slots=True)
class WayStep:
    """``state``: "passed", "lost", or "left" for what comes after a loss."""

    title: str
    state: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AbsentDocument:
    """Where a document is that a release does not hold: ``quarantine`` has rows of it, ``releases`` are others.

    Both are empty for visitors who don't see every document.
    """

    quarantine: Sequence[Mapping[str, Any]] = ()
    releases: Sequence[str] = ()


async def why(visit: Visit) -> Response:
    """The way of ``doc_id``; of a name, the documents that it may mean. ``column``: b is the second of two."""
    settings = SearchSettings.of(visit, "_b" if visit.word("column") == "b" else "")
    text, name = visit.word("q"), visit.word("name")
    doc_id, found, diagnosis = visit.word("doc_id"), [], None
    if name and not doc_id:
        found = (await visit.api.get("/documents", name=name, at=settings.at))["documents"]
        doc_id = found[0]["doc_id"] if len(found) == 1 else ""
    if doc_id and text:
        body = settings.body(text, filters_of(visit))
        span = {one: number for one in ("start", "end") if (number := visit.number(one)) is not None}
        diagnosis = await visit.api.post("/why", {**body, "doc_id": doc_id, **span})
    way = way_of(diagnosis) if diagnosis else []
    absent = await _absent(visit, name, settings.at) if name and not doc_id and not found else AbsentDocument()
    words: dict[str, Any] = {
        "text": text,
        "name": name,
        "documents": found,
        "diagnosis": diagnosis,
        "way": way,
        "absent": absent,
    }
    response = visit.page("why.html", back=visit.altered("/search", _OWN), **words)
    if visit.is_part and name:  # the page that opens it has it in its address
        named = {"missing": name, **({"missing_id": doc_id} if doc_id else {})}
        response.headers["HX-Replace-Url"] = visit.altered("/search", _OWN, **named)
    return response


async def _absent(visit: Visit, name: str, at: str) -> AbsentDocument:
    """Looks for a name in the quarantine of the release, and in the newest of the others."""
    if visit.key["principals"] != "*":
        return AbsentDocument()
    here = visit.live["release"] if at == "live" and visit.live else at
    others = [row["release"] for row in visit.releases if row["release"] != here]
    looked = [visit.api.get("/documents", name=name, at=other, limit=1) for other in others[:_LOOKED]]
    try:
        kept, *found = await asyncio.gather(visit.api.get("/quarantine", at=at, name=name, limit=_LISTED), *looked)
    except ApiError:  # for instance of a key that allows no release but live
        return AbsentDocument()
    holding = [other for other, one in zip(others, found, strict=False) if one["documents"]]
    return AbsentDocument(kept["documents"], holding)


def way_of(diagnosis: Mapping[str, Any]) -> list[WayStep]:
    """The stages that the document passed, the one that lost it, and those that it did not reach."""
    evidence, way, is_lost = diagnosis["evidence"][0], list[WayStep](), False
    for title, stages in _STAGES.items():
        is_here = evidence["stage"] in stages
        state = "left" if is_lost else "lost" if is_here else "passed"
        notes = _notes(title, evidence, diagnosis) if state != "left" or "find" in title else ()
        way.append(WayStep(title, state, notes))
        is_lost = is_lost or is_here
    return way


def _notes(title: str, evidence: Mapping[str, Any], diagnosis: Mapping[str, Any]) -> tuple[str, ...]:
    span = evidence["spans"][0] if evidence["spans"] else None
    if title.startswith("A chunk"):
        n = evidence["n_chunks"]
        return (f"{n:,} chunk{'' if n == 1 else 's'}",) if n else ()
    if title.startswith("Meaning") and span:
        found, of = _ranks(span), f"of {diagnosis['n_visible']:,}"
        options = options_in_words(diagnosis["options"])
        return (
            *([f"options: {options}"] if options else []),
            *(f"by {name}: place {rank:,} {of} ({unit} {score:.3g})" for name, unit, rank, score in found if rank),
        )
    if title.startswith("Later"):
        return tuple(_step(step) for step in evidence["steps"])
    if title.startswith("It is among") and evidence["rank"]:
        return (f"passage {evidence['rank']:,}; {diagnosis['k']} are shown",)
    return ()


def _ranks(span: Mapping[str, Any]) -> Iterator[tuple[str, str, int | None, float | None]]:
    """What each retriever looks at, the unit of its scores, and its rank and score of a chunk."""
    yield "meaning", "cosine", span["vector_rank"], span["vector_score"]
    for one in span["further"]:
        what, unit = ("terms", "dot product") if is_sparse(one["embedder"]) else ("meaning", "cosine")
        yield f"{what} of {one['embedder']}", unit, one["rank"], one["score"]
    yield "words", "BM25", span["text_rank"], span["text_score"]


def _step(step: Mapping[str, Any]) -> str:
    return f"{step['name']}: " + (
        "dropped" if step["rank"] is None else f"place {step['rank']:,} ({step['score']:.3g})"
    )
