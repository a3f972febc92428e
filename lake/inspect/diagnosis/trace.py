"""Follows the evidence of a question through a search of one release, up to the step that loses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.answer.answering import room_for
from lake.answer.context import pack
from lake.inspect.diagnosis.empty import conditions
from lake.inspect.diagnosis.overlap import covered, meets
from lake.inspect.diagnosis.values import EvidenceLocation, SearchStep, Span, Stage, VectorRank
from lake.options import AnswerOptions
from lake.recipe.chunking import IS_TEXT
from lake.search.diversity import duplicates
from lake.search.leads import TEXTS
from lake.search.predicate import ANYTHING, Predicate
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.answer.context import Context
    from lake.questions.alignment import Place
    from lake.search.question import SearchRequest
    from lake.search.question_embedding import Embedders, QuestionEmbedding
    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot
    from lake.search.stages import Looked
    from lake.search.standing import Allowed

_SPAN = ("chunk_id", "parent_id", "start", "end", "heading", "page")
_RANKS = ("rank", "score", "vector_rank", "vector_score", "text_rank", "text_score")
_SHOWN_SPANS = 10


@dataclass
class SearchTrace:
    """One search, run once, for any number of places. ``budget``: maximum tokens of a chat request."""

    snapshot: Snapshot
    question: SearchRequest
    rights: Rights
    embedder: Embedders = None
    budget: int | None = None

    @cached_property
    def seen(self) -> Predicate:
        """What the principals may see."""
        return self.rights.predicate(self.question.principals)

    @cached_property
    def wanted(self) -> Predicate:
        """What passes the filters."""
        return self.snapshot.filter.predicate(self.question.where, self.question.filters, seen=self.seen)

    @cached_property
    def embedding(self) -> QuestionEmbedding:
        return self.snapshot.embedding(replace(self.question, degrade=False), self.embedder)

    @cached_property
    def looked(self) -> Looked | None:
        """The search itself; None if nothing is visible."""
        if self._allowed is None:
            return None
        return self.snapshot.look(self.question, self._allowed, lambda: self.embedding, all_groups=True)

    @cached_property
    def _allowed(self) -> Allowed | None:
        """What the search may find; None if nothing is visible."""
        visible = self.seen & self.wanted
        return None if visible.is_nothing else self.snapshot.allowed(self.question, visible)

    @cached_property
    def hits(self) -> list[dict[str, Any]]:
        """HITS rows."""
        if self.looked is None:
            return []
        found: list[dict[str, Any]] = self.snapshot.read([(self.looked, self.question)])[0].to_pylist()
        return found

    @cached_property
    def context(self) -> Context:
        """What an answer would be made from."""
        options = AnswerOptions() if self.budget is None else AnswerOptions(budget_tokens=self.budget)
        return pack(self.hits, room_for(self.question.text, options))

    @cached_property
    def whole(self) -> pa.Table:
        """Every chunk that a retriever can find, best first."""
        return self._ranked(self.seen & self.wanted)

    def _ranked(self, visible: Predicate) -> pa.Table:
        if visible.is_nothing:
            return pa.table({"chunk_id": pa.array([], pa.string()), "rank": pa.array([], pa.int64())})
        ranked = self.snapshot.ranked_whole(self.question, visible, lambda: self.embedding)
        return ranked.append_column("rank", pa.array(np.arange(1, ranked.num_rows + 1), pa.int64()))

    @property
    def n_visible(self) -> int:
        visible = self.seen & self.wanted & TEXTS
        return 0 if visible.is_nothing else self.snapshot.table("chunks").count(visible.sql)

    def follow(self, place: Place) -> EvidenceLocation:
        """Finds out at which stage the evidence at a place of the release is lost, if it is.

        If an exact copy of its document stands for it, follows that copy.
        """
        copy = self._allowed.stand_in(place.doc_id) if self._allowed is not None else None
        if copy is None:
            return self._follow(place)
        spans = self.snapshot.table("chunks").scan(_SPAN, _texts_of(copy.doc_id)).to_pylist()
        inside = [span["chunk_id"] for span in spans if meets(place, {**span, "doc_id": place.doc_id})]
        found = self._follow(replace(place, doc_id=copy.doc_id, chunk_ids=tuple(inside)))
        return replace(found, stands=copy.uri)

    def _follow(self, place: Place) -> EvidenceLocation:
        chunks = self._chunks(place)
        ids = [row["chunk_id"] for row in chunks]
        stage, facts = self._stage(place, ids)
        spans = self._spans(chunks, stage)
        rank, share = self._passage(place)
        held = place.start is None or any(
            row["start"] <= place.start and (place.end or 0) <= row["end"] for row in chunks
        )
        return EvidenceLocation(
            evidence=place.evidence,
            stage=stage,
            facts=facts,
            doc_id=place.doc_id,
            start=place.start,
            end=place.end,
            spans=tuple(spans[:_SHOWN_SPANS]),
            n_chunks=len(chunks),
            is_cut=bool(chunks) and not held,
            steps=self._steps(spans),
            rank=rank or self._group_rank(set(ids)),
            covered=share,
        )

    def _chunks(self, place: Place) -> list[dict[str, Any]]:
        """Chunks at a place, or all chunks if the place is a whole document."""
        rows = self.snapshot.table("chunks").scan(_SPAN, _texts_of(place.doc_id)).to_pylist()
        inside = [row for row in rows if place.start is None or row["chunk_id"] in place.chunk_ids]
        return sorted(inside, key=lambda row: (row["start"], row["end"]))

    def _stage(self, place: Place, ids: Sequence[str]) -> tuple[Stage, dict[str, Any]]:
        """The first stage that leaves none of the chunks, and facts for its message."""
        if not ids:
            return "no chunk", {}
        if self._passage(place)[0] is not None:
            number = self._source_number(place)
            return ("found", {"source_number": number}) if number else ("out of context", {})
        seen = self._passing(ids, self.seen)
        if not seen:
            return "hidden", {"acl": self._acl(place.doc_id)}
        visible = self._passing(seen, self.wanted)
        if not visible:
            return "filtered", {"conditions": self._failing(seen)}
        return self._lost_in_search(visible)

    def _passing(self, ids: Sequence[str], predicate: Predicate) -> list[str]:
        if predicate.is_nothing or not ids:
            return []
        where = (Predicate(one_of("chunk_id", ids)) & predicate).sql
        return [str(name) for name in self.snapshot.table("chunks").scan(["chunk_id"], where).column(0).to_pylist()]

    def _acl(self, doc_id: str) -> list[str]:
        """Who may see a document today."""
        if doc_id in self.rights.changed:
            return sorted(self.rights.changed[doc_id][1] or ())
        rows = self.snapshot.table("documents").scan(["acl"], one_of("doc_id", [doc_id])).to_pylist()
        return sorted(rows[0]["acl"] or ()) if rows else []

    def _failing(self, ids: Sequence[str]) -> list[str]:
        """The conditions that none of the chunks meets."""
        predicate = self.snapshot.filter.predicate
        found = conditions(self.question)
        return [one.words for one in found if not self._passing(ids, predicate(one.where, one.filters))]

    def _lost_in_search(self, ids: Sequence[str]) -> tuple[Stage, dict[str, Any]]:
        looked = self.looked
        assert looked is not None
        ranked = _rows(self.whole, ids)
        if not ranked:
            return "no words", {} if self.question.text_query().is_words else {"has_conditions": True}
        if not _rows(looked.fused, ids):
            columns = [f"{column}_rank" for column in self.snapshot.release.recipe.vector_columns]
            by_vector = [row[name] for row in ranked for name in columns if row.get(name) is not None]
            missed = min(by_vector, default=looked.depth + 1) <= looked.depth
            return ("missed by the index", {}) if missed else ("too deep", {"depth": looked.depth})
        before = looked.fused
        for name, table in looked.steps:
            if not _rows(table, ids):
                return self._left_out(name, before, table, ids)
            before = table
        return "beyond k", {"k": self.question.k}

    def _left_out(
        self, name: str, before: pa.Table, after: pa.Table, ids: Sequence[str]
    ) -> tuple[Stage, dict[str, Any]]:
        """Names the refining step that dropped the chunks, and the facts for its message."""
        if name == "rerank_depth":
            return "rerank_depth", {"n": after.num_rows}
        if name == "min_score":
            best = max(row["score"] for row in _rows(before, ids))
            return "min_score", {"score": best, "least": self.question.min_score}
        texts = self.snapshot.table("chunks").rows(before.column("_rowid").to_pylist(), ["chunk_id", "text", "uri"])
        originals = duplicates(texts.column("text").to_pylist(), self.question.collapse or 1.0)
        at = next(row for row, name in enumerate(texts.column("chunk_id").to_pylist()) if name in set(ids))
        original = texts.slice(originals[at], 1).to_pylist()[0]
        return "collapse", {"copy_of": original["uri"], "chunk_id": original["chunk_id"]}

    def _spans(self, chunks: Sequence[Mapping[str, Any]], stage: Stage) -> list[Span]:
        """The chunks with their ranks, best first; hidden chunks get the rank they would have if visible."""
        ids = [row["chunk_id"] for row in chunks]
        ranked = self.whole
        if stage in ("hidden", "filtered"):
            visible, mine = self.seen & self.wanted, one_of("chunk_id", ids)
            more = Predicate(mine if visible.is_nothing else f"({visible.sql}) OR {mine}")
            ranked = self._ranked(ANYTHING if visible == ANYTHING else more)
        known = {row["chunk_id"]: row for row in _rows(ranked, ids)} if ids else {}
        spans = []
        for row in chunks:
            ranks = known.get(row["chunk_id"], {})
            fields: dict[str, Any] = {**row, **{name: ranks.get(name) for name in _RANKS}}
            spans.append(Span(**fields, further=self._further(ranks)))
        return sorted(spans, key=lambda span: span.rank or len(self.whole) + 1)

    def _further(self, ranks: Mapping[str, Any]) -> tuple[VectorRank, ...]:
        columns = self.snapshot.release.recipe.vector_columns
        return tuple(
            VectorRank(columns[name].name, ranks.get(f"{name}_rank"), ranks.get(f"{name}_score"))
            for name in list(columns)[1:]
        )

    def _steps(self, spans: Sequence[Span]) -> tuple[SearchStep, ...]:
        if self.looked is None or not spans:
            return ()
        chunk_id, found = spans[0].chunk_id, []
        for name, table in [("fusion", self.looked.fused), *self.looked.steps]:
            rank = pc.index(table.column("chunk_id"), chunk_id).as_py()
            score = table.column("score")[rank].as_py() if rank >= 0 else None
            found.append(SearchStep(name, rank + 1 if rank >= 0 else None, score))
            if rank < 0:
                break
        return tuple(found) if self.question.is_refined else tuple(found[:1])

    def _group_rank(self, ids: set[str]) -> int | None:
        """Rank of the first passage that contains one of these chunks."""
        if self.looked is None:
            return None
        chunk_ids = self.looked.found.column("chunk_id").to_pylist()
        for rank, group in enumerate(self.looked.groups, 1):
            if not ids.isdisjoint(chunk_ids[row] for row in group.rows):
                return rank
        return None

    def _passage(self, place: Place) -> tuple[int | None, float]:
        """The first passage that overlaps the evidence, and the share of it that all passages cover together."""
        ranks, spans = [], []
        for rank, hit in enumerate(self.hits, 1):
            if meets(place, hit):
                ranks.append(rank)
                spans.append((hit["start"], hit["end"]))
        return (ranks[0] if ranks else None), covered(place, spans)

    def _source_number(self, place: Place) -> int | None:
        for source in self.context.sources:
            if meets(place, {"doc_id": source.doc_id, "start": source.start, "end": source.end}):
                return source.number
        return None


def _texts_of(doc_id: str) -> str:
    return f"{one_of('doc_id', [doc_id])} AND {IS_TEXT}"


def _rows(ranked: pa.Table, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of these chunks, best first."""
    wanted = pa.array(sorted(ids), pa.string())
    found: list[dict[str, Any]] = ranked.filter(pc.is_in(ranked.column("chunk_id"), wanted)).to_pylist()
    return found
