"""Opens one release for searching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property, lru_cache, partial

import numpy as np
import pyarrow as pa

from lake.embed.query_encoder import load_query_encoder
from lake.endpoints.breaker import UnreachableError
from lake.endpoints.usage import Usage
from lake.errors import UsageError
from lake.releases.values import Release
from lake.schemas import HITS
from lake.schemas.result import SearchResult
from lake.search.allow_list import Latest
from lake.search.candidates import RankedList
from lake.search.chunk_rows import ChunkRows
from lake.search.document_rows import DOCUMENT_ROW_BYTES, DocumentRows
from lake.search.exact_index import Loading, has_few_vectors
from lake.search.filters import ReleaseFilter
from lake.search.fusion import LEAST_DEPTH
from lake.search.late_interaction import OwnReranker, TokenVectors
from lake.search.passages import PLACES, ChosenPassages, StoredRows, grouped, hits_of
from lake.search.predicate import Predicate
from lake.search.query_ids import query_id
from lake.search.question import SearchRequest
from lake.search.question_embedding import Embedded, Embedders, QuestionEmbedding, ReleaseEncoders, embedder_part
from lake.search.question_vectors import Through
from lake.search.recorded import RecordedSearch, RowMemory
from lake.search.refine import OfRelease, refined
from lake.search.retrievers import Retrievers
from lake.search.rights import Rights
from lake.search.row_cache import fits, n_bytes
from lake.search.stages import FoundCandidates, Looked, Sought
from lake.search.standing import Allowed, StandingCopies
from lake.search.word_search import WordSearch
from lake.tables.reader import TableReader
from lake.tables.synonyms import Synonyms

#: Each retriever goes this many times deeper than k, so that both rank the candidates and sections can merge.
_DEPTH = 4
#: How much deeper a search goes that found too few passages, and its maximum depth.
_DEEPER, _DEEPEST = 4, 40_000
#: Extra rows to fetch: Lance cuts arbitrarily among equal scores, and we cut in order of chunk_id.
_SPARE = 32
#: Bytes of an English chunk.
_TEXT_BYTES = 1000
#: Of a document's id and acl.
_ACL_BYTES = 60


class Snapshot:
    """Reads and searches one release."""

    def __init__(
        self,
        release: Release,
        open_table: Callable[[str], TableReader],
        through: Through | None = None,
        tokens: TokenVectors | None = None,
        synonyms: Callable[[int], Synonyms] = lambda _: Synonyms(),
    ) -> None:
        self.release, self._open_table = release, open_table
        recipe, known = release.recipe, TokenVectors() if tokens is None else tokens
        self._own = OwnReranker(recipe.embedder, release.generation, known, recipe.has_token_vectors)
        self._encoders = ReleaseEncoders(release, through or Through())
        self._tables: dict[str, TableReader] = {}
        self._is_prepared = False
        submit = _pool().submit
        self._loading_words = Loading(lambda: self.table("chunks").prewarm(), submit)
        counts = release.counts  # those of releases before 0.4 name no copies, and their documents have no digests
        self._copies = StandingCopies(self.table, counts["n_chunks"], counts.get("n_copies", 0))
        self._rights: tuple[str | None, Rights] | None = None
        self._acls = Loading(self._manifest, submit)
        #: The documents that pass the latest filters; of ``lake.search.facets``.
        self.documents_passing: Latest[pa.Table] = Latest()
        self._rows = ChunkRows(release, self.table, submit)
        self._words = WordSearch(release, self.table, self._rows, synonyms, submit)
        self._retrievers = Retrievers(release, self.table, self._rows, self._words, self._copies, submit)

    @cached_property
    def document_rows(self) -> DocumentRows:
        """The rows of documents by their ids."""
        return DocumentRows.read(self.table("documents"))

    @property
    def n_bytes(self) -> int:
        """Approximate bytes in memory once it is searched often, with those of the words that are."""
        return self._words.n_bytes + self._n_bytes_without_words

    def let_go_words(self) -> None:
        """Frees the memory of words, which may be read again once they are asked for often enough."""
        self._words.let_go()

    @cached_property
    def _n_bytes_without_words(self) -> int:
        cached = n_bytes(self.release) if fits(self.release) else 0
        cached += self.release.counts["n_documents"] * (DOCUMENT_ROW_BYTES + _ACL_BYTES)
        each, n_chunks = self.release.recipe.embedders, self.release.counts["n_chunks"]
        cached += n_chunks * sum(one.vector_bytes("float32") for one in each if one.is_sparse)
        per_chunk = 4 * sum(one.width for one in each) + _TEXT_BYTES
        return cached + (n_chunks * per_chunk if has_few_vectors(self.release) else 0)

    def table(self, name: str) -> TableReader:
        """``documents``, ``parents``, ``chunks`` or ``quarantine``."""
        if name not in self._tables:
            stored = self.release.recipe.embedder.table if name == "chunks" else name
            if stored not in self.release.versions:
                raise UsageError(f"no table {name!r}; choose 'documents', 'parents', 'chunks' or 'quarantine'")
            self._tables[name] = self._open_table(stored)
        return self._tables[name]

    @cached_property
    def filter(self) -> ReleaseFilter:
        has_summaries = self.release.recipe.chunking.has_summaries
        tables = self.table("chunks"), self.table("documents")
        return ReleaseFilter(*tables, has_summaries=has_summaries, document_rows=lambda: self.document_rows)

    def rights(self, path: str | None, read: Callable[[str | None], pa.Table]) -> Rights:
        """Today's rights over this release; ``read`` returns the RIGHTS rows at ``path``."""
        known = self._rights
        if known is None or known[0] != path:
            rows = read(path)
            manifest = self._manifest() if rows.num_rows else None
            known = self._rights = path, Rights.over(rows, self._restricts, manifest)
        return known[1]

    def _manifest(self) -> pa.Table:
        """``doc_id`` and ``acl`` of the documents, from memory if they are held."""
        held = self._acls.value
        return self.table("documents").scan(["doc_id", "acl"]) if held is None else held

    @cached_property
    def _restricts(self) -> bool:
        return self.table("documents").count("acl IS NOT NULL") > 0

    def prepare(self) -> None:
        """Starts to load, once and in the background, what embeds questions and compares vectors."""
        if not self._is_prepared:
            self._is_prepared = True
            for identity in self.release.recipe.embedders:
                # An error is raised again when a search waits for the model.
                _pool().submit(load_query_encoder, identity.name, identity)
            for space in self._retrievers.spaces.values():
                space.begin()

    def hold(self) -> bool:
        """Loads, in the background, what a small release needs to be searched without the lake.

        Returns whether it is there; of a large release only a part ever is.
        """
        has_acls = self._acls.is_done()  # rights may change in an outage
        if not has_few_vectors(self.release):
            return has_acls
        spaces = [space.is_done() for space in self._retrievers.spaces.values()]
        return all([has_acls, *spaces, self._rows.loading.is_done(), self._loading_words.is_done()])

    def search(self, question: SearchRequest, rights: Rights, embedder: Embedders = None) -> SearchResult:
        """The passages, best first, that the question's principals may see."""
        embedded = partial(self._encoders.of_question, question, embedder)
        return self.results([self.found(self.sought(question, rights), embedded)])[0]

    def sought(self, question: SearchRequest, rights: Rights) -> Sought:
        """The question with what its principals, filters and copies let it find."""
        seen = rights.predicate(question.principals)
        visible = seen & self.filter.predicate(question.where, question.filters, seen=seen)
        return Sought(question, None if visible.is_nothing else self.allowed(question, visible))

    def with_words(self, sought: Sought) -> Sought:
        """The same with what its words find, if it wants that."""
        question, allowed = sought.question, sought.allowed
        if allowed is None or question.mode == "vector":
            return sought
        return replace(sought, words=self._words.ranked(question, allowed.where, _first_depth(question) + _SPARE))

    def found(self, sought: Sought, embedded: Embedded) -> FoundCandidates:
        """The candidates, and what could not be reached, or nothing."""
        if sought.allowed is None:
            return FoundCandidates(sought.question)
        return FoundCandidates(sought.question, *self._looked(sought, sought.allowed, embedded))

    def results(self, found: Sequence[FoundCandidates]) -> list[SearchResult]:
        """Of several questions, whose passages are read together."""
        hits = iter(self.read([(one.looked, one.question) for one in found if one.looked is not None]))
        return [
            SearchResult(self.release.id, query_id(self.release.id, one.question.text), HITS.empty_table())
            if one.looked is None
            else SearchResult(
                self.release.id,
                query_id(self.release.id, one.question.text),
                next(hits),
                one.degraded,
                synonyms=self._words.expansions(one.question),
                usage=one.looked.usage,
            )
            for one in found
        ]

    def _looked(self, sought: Sought, allowed: Allowed, embedded: Embedded) -> tuple[Looked, tuple[str, ...]]:
        """What ``look`` found, if need be by words alone, and the parts that could not be reached."""
        degraded, question = [], sought.question
        try:
            looked = self.look(question, allowed, embedded, sought.words)
        except UnreachableError as missing:
            if missing.part != "vector" or question.mode != "hybrid":
                raise
            degraded, question = ["vector"], question.by_words()
            looked = self.look(question, allowed, embedded)
        degraded += [embedder_part(self.release.recipe, number) for number in looked.missing]
        if question.rerank and "rerank" not in dict(looked.steps):
            degraded.append("rerank")
        return looked, tuple(degraded)

    def read(self, found: Sequence[tuple[Looked, SearchRequest]]) -> list[pa.Table]:
        """HITS rows of the first passages of each question."""
        rows = self._rows.in_memory or StoredRows(self.table("chunks"), self.table("parents"), _pool().submit)
        hits: dict[int, pa.Table] = {}
        for expand in {question.expand for _, question in found}:
            numbers = [number for number, (_, question) in enumerate(found) if question.expand == expand]
            some = [ChosenPassages(found[n][0].found, found[n][0].groups[: found[n][1].k]) for n in numbers]
            hits |= zip(numbers, hits_of(some, expand, rows, self.release.recipe), strict=True)
        return [looked.allowed.with_copies(hits[number]) for number, (looked, _) in enumerate(found)]

    def places(self, question: SearchRequest, rights: Rights, embedder: Embedders = None) -> pa.Table:
        """Where the passages of ``search`` stand (columns PLACES), best first; texts of chunks are not read."""
        found = self.found(self.sought(question, rights), partial(self._encoders.of_question, question, embedder))
        if question.expand != "none" or found.looked is None:
            return self.results([found])[0].hits.select(PLACES)
        passages = ChosenPassages(found.looked.found, found.looked.groups[: question.k])
        rows = self._rows.of(
            passages.best.column("_rowid").to_pylist(), [name for name in PLACES if name != "chunk_ids"]
        )
        found_at = [passages.chunk_ids if name == "chunk_ids" else rows.column(name) for name in PLACES]
        return pa.table(found_at, schema=pa.schema([HITS.field(name) for name in PLACES]))

    def look(
        self,
        question: SearchRequest,
        allowed: Allowed,
        embedded: Embedded,
        words: RankedList | None = None,
        *,
        all_groups: bool = False,
    ) -> Looked:
        """Searches deeper until there are enough passages; ``words``: what those of the question find at first.

        Without ``all_groups``, no more of them than the question wants.
        """
        self._rows.count_search()
        made, depth, of_release = None, _first_depth(question), self._of_release()
        while True:
            lists, made = self._retrievers.lists(question, allowed.where, depth + _SPARE, embedded, made, words)
            words = None
            fused = self._retrievers.retrieved(lists, depth, made).fused(question)
            steps = refined(fused, question, depth, of_release)
            most = None if all_groups else question.k
            groups = grouped(steps[-1][1], question.expand, question.window, most)
            # Refining steps read only the best candidates, however few passages those make.
            is_all = question.is_refined or all(len(one.row_ids) + one.n_merged < depth for one in lists)
            if len(groups) >= question.k or is_all or depth >= _DEEPEST:
                usage = sum(of_release.spent, Usage()) if of_release.spent else None
                return Looked(depth, fused, steps, groups, allowed, made.missing if made else (), usage)
            depth *= _DEEPER

    def recorded(self, question: SearchRequest, rights: Rights, embedder: Embedders = None) -> RecordedSearch:
        """The search's retrievers alone, all embedders among them, to be ordered under other options."""
        allowed = self.sought(question, rights).allowed
        release = replace(self._of_release(), known={})
        release = replace(release, read=RowMemory(release.read))
        if allowed is None:
            return RecordedSearch(question, None, release)
        self._rows.count_search()
        depth = _first_depth(question)
        embedded = partial(self._encoders.of_question, replace(question, weights=None), embedder)
        lists, made = self._retrievers.lists(question, allowed.where, depth + _SPARE, embedded)
        row_ids = np.concatenate([one.row_ids for one in lists])
        return RecordedSearch(question, self._retrievers.retrieved(lists, depth, made).remembering(row_ids), release)

    def _of_release(self) -> OfRelease:
        return OfRelease(self._rows.of, self.release.created_at, self._own, lambda: self.filter.metadata)

    def allowed(self, question: SearchRequest, visible: Predicate) -> Allowed:
        """The rows that a search may find, of exact copies those of one document unless it wants all."""
        return self._copies.allowed(visible.sql, collapsed=question.copies == "collapsed")

    def ranked_whole(self, question: SearchRequest, visible: Predicate, embedded: Embedded) -> pa.Table:
        """Like ``Looked.fused``, but of every visible chunk and by exact cosines, for a diagnosis."""
        allowed = self.allowed(question, visible)
        return self._retrievers.whole(question, visible.sql, allowed, embedded).fused(question)

    @property
    def is_in_memory(self) -> bool:
        """Whether all that a search reads besides words is in memory, so that one thread is as quick as several."""
        return has_few_vectors(self.release) and self._rows.in_memory is not None

    @property
    def has_words(self) -> bool:
        """Whether the words of its full text are in memory, too."""
        return self._words.are_held

    def vector(self, question: SearchRequest, embedder: Embedders) -> np.ndarray:
        """The question's unit vector by the first embedder; raises UnreachableError only if it may degrade."""
        return self._encoders.first(question, embedder)

    def embedding(self, question: SearchRequest, embedder: Embedders) -> QuestionEmbedding:
        """The question's vectors."""
        return self._encoders.of_question(question, embedder)

    def embeddings(self, questions: Sequence[SearchRequest], embedder: Embedders) -> list[Embedded]:
        """What returns the vectors of each question or raises why there are none; embeds all at once, and now."""
        return self._encoders.of_questions(questions, embedder)

    def compared(self, made: Sequence[QuestionEmbedding], *, with_chance: bool) -> list[QuestionEmbedding]:
        """The embeddings of several questions with what is computed of all of them in one pass over the vectors."""
        return self._retrievers.compared(made, with_chance=with_chance)


def _first_depth(question: SearchRequest) -> int:
    return max(LEAST_DEPTH if question.mode == "hybrid" else 0, _DEPTH * question.k)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="raglake-search")
