"""Explains why a passage was found and what it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.parse import parser_of
from lake.recipe.chunking import IS_SUMMARY
from lake.releases.rows import release_entries
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.releases.history import History
    from lake.schemas.result import SearchResult
    from lake.search.snapshot import Snapshot
    from lake.tables.synonyms import Expansion

_OF_HIT = ("uri", "source", "chunk_id", "chunk_ids", "copies", "copy_sources", "start", "end", "score")
_OF_DOCUMENT = ["doc_id", "digest", "content_id", "fingerprint", "size", "modified_at", "indexed_at"]


def explained(snapshot: Snapshot, history: History, found: SearchResult) -> list[dict[str, Any]]:
    """Each retriever's rank and score, the release and the lineage of each hit, as JSON."""
    release, rows = snapshot.release, found.hits.to_pylist()
    ids = sorted({hit["doc_id"] for hit in rows})
    leading = _summaries(snapshot, ids)
    documents = snapshot.table("documents").scan(_OF_DOCUMENT, one_of("doc_id", ids)).to_pylist() if ids else []
    by_id = {document.pop("doc_id"): document for document in documents}
    built = next((e for e in release_entries(history, release) if e["action"] == "build"), None)
    run = {"release": release.id, "created_at": release.created_at, "by": built and built["by"]}
    return [
        {
            **{name: hit[name] for name in _OF_HIT},
            "legs": _retrievers(hit, found.synonyms),
            **_led_by(leading, hit),
            "lineage": {**by_id[hit["doc_id"]], **_made_with(snapshot, hit["uri"]), "run": run},
        }
        for hit in rows
    ]


def _retrievers(hit: dict[str, Any], synonyms: Sequence[Expansion]) -> dict[str, Any]:
    found_by = {name: {"rank": hit[f"{name}_rank"], "score": hit[f"{name}_score"]} for name in ("vector", "text")}
    found = {name: marks for name, marks in found_by.items() if marks["rank"] is not None}
    if hit["legs"] is not None:
        found = {leg.pop("leg"): leg for leg in map(dict, hit["legs"])}
    if synonyms and "text" in found:
        found["text"]["synonyms"] = {term: list(added) for term, added in synonyms}
    found |= {} if hit["rerank_score"] is None else {"reranker": {"score": hit["rerank_score"]}}
    return found | ({} if hit["boost"] is None else {"boosts": {"factor": hit["boost"]}})


def _summaries(snapshot: Snapshot, doc_ids: Sequence[str]) -> list[dict[str, Any]]:
    if not doc_ids or not snapshot.release.recipe.chunking.has_summaries:
        return []
    where = f"{one_of('doc_id', doc_ids)} AND {IS_SUMMARY}"
    found: list[dict[str, Any]] = snapshot.table("chunks").scan(["doc_id", "start", "situation"], where).to_pylist()
    return found


def _led_by(summaries: Sequence[dict[str, Any]], hit: dict[str, Any]) -> dict[str, Any]:
    """The summaries that lead to a passage; nothing if there are none."""
    here = [one for one in summaries if one["doc_id"] == hit["doc_id"] and hit["start"] <= one["start"] < hit["end"]]
    return {"summaries": [one["situation"] for one in here]} if here else {}


def _made_with(snapshot: Snapshot, uri: str) -> dict[str, Any]:
    recipe, parser = snapshot.release.recipe, parser_of(uri)
    name = parser.name if parser else None
    return {
        "parser": name,
        "parser_version": recipe.parsers.get(name) if name else None,
        "recipe": recipe.digest,
        "embedder": recipe.embedder_names,
        "weights": "+".join(one.weights for one in recipe.embedders),
        "tables": snapshot.release.versions,
    }
