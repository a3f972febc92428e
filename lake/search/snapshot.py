"""Opens one release for searching."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

import numpy as np
import pyarrow as pa

from lake.embed.query_encoder import load_query_encoder
from lake.endpoints.breaker import UnreachableError
from lake.endpoints.usage import Usage
from lake.errors import UsageError
from lake.recipe import SPARSE, are_own
from lake.releases.values import Release
from lake.schemas import HITS
from lake.schemas.result import SearchResult
from lake.search.allow_list import Latest
from lake.search.candidates import RankedList
from lake.search.document_rows import DOCUMENT_ROW_BYTES, DocumentRows
from lake.search.exact_index import ExactIndex, Loading, has_few_vectors
from lake.search.exact_words import exact_first
from lake.search.filters import ReleaseFilter
from lake.search.fusion import LEAST_DEPTH, Chance, TermChance
from lake.search.late_interaction import OwnReranker, TokenVectors
from lake.search.leads import Leads
from lake.search.passages import OF_CHUNK, PLACES, ChosenPassages, Group, StoredRows, grouped, hits_of
from lake.search.predicate import Predicate
from lake.search.query_ids import query_id
from lake.search.question import SearchRequest
from lake.search.question_embedding import Embedded, Embedders, QuestionEmbedding, ReleaseEncoders, embedder_part
from lake.search.question_vectors import Through
from lake.search.recorded import RecordedSearch, RowMemory
from lake.search.refine import OfRelease, refined
from lake.search.retrieved import RetrievedLists
from lake.search.rights import Rights
from lake.search.row_cache import RowCache, fits, n_bytes
from lake.search.spaces import space_of
from lake.search.standing import Allowed, StandingCopies
from lake.search.vector_space import Compared
from lake.tables.reader import TableReader, Where
from lake.tables.synonyms import Expansion, StemmedWords, Synonyms, plain_words, with_synonyms
from lake.tables.text_query import in_words
from lake.tables.words import algorithm_of, asked

#: Each retriever goes this many times deeper than k, so that both rank the candidates and sections can merge.
_DEPTH = 4
#: How much deeper a search goes that found too few passages, and its maximum depth.
_DEEPER, _DEEPEST = 4, 40_000
#: Extra rows to fetch: Lance cuts arbitrarily among equal scores, and we cut in order of chunk_id.
_SPARE = 32
#: Chunks whose rows are held in memory in the time that a search takes longer without.
_CHUNKS_PER_SEARCH = 3000
#: Bytes of an English chunk.
_TEXT_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Looked:
    """A search in detail: the fused candidates at its last ``depth``, those left by each step, and the passages.

    ``groups`` refer to rows of the last step. ``allowed``: what could be found. ``missing``: numbers of the
    embedders that could not be reached. ``usage``: of a chat model.
    """

    depth: int
    fused: pa.Table
    steps: list[tuple[str, pa.Table]]
    groups: list[Group]
    allowed: Allowed
    missing: tuple[int, ...] = ()
    usage: Usage | None = None

    @property
    def found(self) -> pa.Table:
        return self.steps[-1][1]


@dataclass(frozen=True, slots=True)
class Sought:
    """A question, the rows that it may find (None: it sees nothing), and what its words find, if that is known."""

    question: SearchRequest
    allowed: Allowed | None
    words: RankedList | None = None


@dataclass(frozen=True, slots=True)
class FoundCandidates:
    """What was found for a question, before its passages are read; nothing if it may see nothing."""

    question: SearchRequest
    looked: Looked | None = None
    degraded: tuple[str, ...] = ()


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
        self._synonyms = synonyms
        self._own = OwnReranker(
            release.recipe.embedder, release.generation, TokenVectors() if tokens is None else tokens
        )
        self._encoders = ReleaseEncoders(release, through or Through())
        self._tables: dict[str, TableReader] = {}
        self._is_prepared = False
        self._n_searches = 0
        submit = _pool().submit
        is_small = has_few_vectors(release)
        more = self._written if is_small else ()
        self._loading_rows = Loading(lambda: RowCache.read(self.table, with_texts=is_small, more=more), submit)
        self._loading_words = Loading(lambda: self.table("chunks").prewarm(), submit)
        counts = release.counts  # those of releases before 0.4 name no copies, and their documents have no digests
        self._copies = StandingCopies(self.table, counts["n_chunks"], counts.get("n_copies", 0))
        self._rights: tuple[str | None, Rights] | None = None
        #: The documents that pass the latest filters; of ``lake.search.facets``.
        self.documents_passing: Latest[pa.Table] = Latest()
        self._spaces = {
            column: space_of(release, column, lambda: self.table("chunks"), self._copies, submit)
            for column in release.recipe.vector_columns
        }

    @cached_property
    def document_rows(self) -> DocumentRows:
        """The rows of documents by their ids."""
        return DocumentRows.read(self.table("documents"))

    @property
    def n_bytes(self) -> int:
        """Approximate bytes in memory once it is searched often."""
        cached = n_bytes(self.release) if fits(self.release) else 0
        cached += self.release.counts["n_documents"] * DOCUMENT_ROW_BYTES
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
            known = self._rights = path, Rights.over(read(path), self.table("documents"))
        return known[1]

    def prepare(self) -> None:
        """Starts to load, once and in the background, what embeds questions and compares vectors."""
        if not self._is_prepared:
            self._is_prepared = True
            for identity in self.release.recipe.embedders:
                # An error is raised again when a search waits for the model.
                _pool().submit(load_query_encoder, identity.name, identity)
            for space in self._spaces.values():
                space.begin()

    def hold(self) -> bool:
        """Loads, in the background, what a small release needs to be searched without the lake.

        Returns whether it is there; of a large release only a part ever is.
        """
        if not has_few_vectors(self.release):
            return True
        spaces = [space.is_done() for space in self._spaces.values()]
        return all([*spaces, self._loading_rows.is_done(), self._loading_words.is_done()])

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
        return replace(sought, words=self._by_words(question, allowed.where, _first_depth(question) + _SPARE))

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
                synonyms=self.expansions(one.question),
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
        rows = self._row_cache or StoredRows(self.table("chunks"), self.table("parents"), _pool().submit)
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
        rows = self._rows(passages.best.column("_rowid").to_pylist(), [name for name in PLACES if name != "chunk_ids"])
        columns = [passages.chunk_ids if name == "chunk_ids" else rows.column(name) for name in PLACES]
        return pa.table(columns, schema=pa.schema([HITS.field(name) for name in PLACES]))

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
        self._n_searches += 1
        made, depth, of_release = None, _first_depth(question), self._of_release()
        while True:
            lists, made = self._ranked_lists(question, allowed.where, depth + _SPARE, embedded, made, words)
            words = None
            fused = self._retrieved(lists, depth, made).fused(question)
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
        self._n_searches += 1
        depth = _first_depth(question)
        embedded = partial(self._encoders.of_question, replace(question, weights=None), embedder)
        lists, made = self._ranked_lists(question, allowed.where, depth + _SPARE, embedded, None)
        row_ids = np.concatenate([one.row_ids for one in lists])
        return RecordedSearch(question, self._retrieved(lists, depth, made).remembering(row_ids), release)

    def _of_release(self) -> OfRelease:
        return OfRelease(self._rows, self.release.created_at, self._own.scores, lambda: self.filter.metadata)

    def _rows(self, row_ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Columns of these chunks, in their order; from memory if they are there."""
        is_small = has_few_vectors(self.release) and set(columns) <= {*OF_CHUNK, *self._written}
        held = self._row_cache if is_small else None
        if held is None or not row_ids:
            return self.table("chunks").rows(row_ids, columns)
        ids = pa.array(row_ids, pa.uint64())
        found = held.of(pa.table({"_rowid": ids}), with_sections=False).chunks
        for name in set(columns) & set(self._written):
            found = found.append_column(name, held.rows(ids.to_numpy(), [name]).column(name))
        return found.select(columns)

    @property
    def _written(self) -> tuple[str, ...]:
        """The columns of chunks that a chat model wrote, if the recipe has any."""
        chunking = self.release.recipe.chunking
        return ("situation",) if chunking.is_situated or chunking.has_summaries else ()

    def allowed(self, question: SearchRequest, visible: Predicate) -> Allowed:
        """The rows that a search may find, of exact copies those of one document unless it wants all."""
        return self._copies.allowed(visible.sql, collapsed=question.copies == "collapsed")

    def ranked_whole(self, question: SearchRequest, visible: Predicate, embedded: Embedded) -> pa.Table:
        """Like ``Looked.fused``, but of every visible chunk and by exact cosines, for a diagnosis."""
        n_chunks = max(1, self.release.counts["n_chunks"])
        lists: list[RankedList] = []
        made: QuestionEmbedding | None = None
        where = self.allowed(question, visible).where
        if question.mode != "text":
            made = embedded()
            lists += [
                self._spaces[column].whole(vector, visible.sql, where, n_chunks)
                for column, vector in made.vectors.items()
            ]
        if question.mode != "vector":
            lists.append(self._by_words(question, where, n_chunks))
        return self._retrieved(self._followed(lists), n_chunks, made).fused(question)

    def _ranked_lists(
        self,
        question: SearchRequest,
        where: Where,
        depth: int,
        embedded: Embedded,
        made: QuestionEmbedding | None,
        words: RankedList | None = None,
    ) -> tuple[list[RankedList], QuestionEmbedding | None]:
        """The ranked list of each retriever; looks ``words`` up while the question is embedded."""
        beside = None
        if question.mode == "hybrid" and words is None:
            beside = _pool().submit(self._by_words, question, where, depth)
        lists: list[RankedList] = []
        if question.mode != "text":
            made = made or embedded()
            lists += self._by_vectors(made, where, depth, roughly=question.mode == "hybrid")
        if question.mode != "vector":
            found = words or (beside.result() if beside else self._by_words(question, where, depth))
            lists.append(found)
        return self._followed(lists), made

    def _followed(self, lists: list[RankedList]) -> list[RankedList]:
        """The lists with chunks in place of the summaries that lead to them."""
        return [self._leads.followed(one) for one in lists] if self._leads else lists

    @cached_property
    def _leads(self) -> Leads | None:
        return Leads.read(self.table("chunks")) if self.release.recipe.chunking.has_summaries else None

    def _by_vectors(self, made: QuestionEmbedding, where: Where, depth: int, *, roughly: bool) -> Iterator[RankedList]:
        """The ranked list of each embedder. ``roughly``: words or other vectors count beside it."""
        roughly = roughly or len(made.vectors) > 1
        each = {
            column: partial(
                self._spaces[column].nearest, vector, where, depth, made.compared.get(column), roughly=roughly
            )
            for column, vector in made.vectors.items()
        }
        # Nothing in the pool may wait for what the pool loads.
        others = () if has_few_vectors(self.release) else [column for column in list(each)[1:] if column != SPARSE]
        beside = {column: _pool().submit(each[column]) for column in others}
        found = {column: one() for column, one in each.items() if column not in beside}
        yield from (beside[column].result() if column in beside else found[column] for column in each)

    def _by_words(self, question: SearchRequest, where: Where, depth: int) -> RankedList:
        query = question.text_query()
        if are_own(tokenizer := self.release.recipe.text_tokenizer):
            query = in_words(query, self._algorithms, tokenizer)
        added = self._added_words(self.expansions(question))
        found = self.table("chunks").matching(with_synonyms(query, added), depth, where)
        row_ids, scores = (found.column(name).to_numpy() for name in ("_rowid", "_score"))
        ranked = RankedList("text", row_ids, scores.astype(float))
        is_changed = bool(added or question.fuzziness)
        return ranked if is_changed else exact_first(ranked, question.text, self._rows, self._written)

    def expansions(self, question: SearchRequest) -> tuple[Expansion, ...]:
        """Terms of a question that have synonyms, with these."""
        if question.synonyms is None or question.mode == "vector" or not question.text_query().is_words:
            return ()
        rules, tokenizer = self._synonyms(question.synonyms), self.release.recipe.text_tokenizer
        compared = [StemmedWords(one, tokenizer) for one in self._algorithms] if are_own(tokenizer) else [plain_words]
        return tuple(dict(pair for words in compared for pair in rules.of(question.text, words)).items())

    def _added_words(self, expansions: Sequence[Expansion]) -> list[str]:
        """The words of synonyms as the release's full text holds them."""
        text = " ".join(one for _, others in expansions for one in others)
        if not text or not are_own(tokenizer := self.release.recipe.text_tokenizer):
            return text.split()
        found = asked(text, self._algorithms, tokenizer)
        return [*found.words, *found.forms]

    @cached_property
    def _algorithms(self) -> tuple[str, ...]:
        """How the release's texts are stemmed, beginning with the lake's own language."""
        own = self.release.recipe.text_language.lower()
        languages = self.table("documents").scan(["language"]).column("language").unique().to_pylist()
        return tuple(dict.fromkeys([own, *sorted({algorithm_of(language, own) for language in languages})]))

    def _retrieved(self, lists: list[RankedList], depth: int, made: QuestionEmbedding | None) -> RetrievedLists:
        in_memory = self._row_cache or (None if made is None else self._exact_index(made))

        def places(row_ids: np.ndarray, columns: Sequence[str]) -> pa.Table:
            if in_memory is not None:
                return in_memory.rows(row_ids, columns)
            return self.table("chunks").rows(row_ids.tolist(), columns)

        def chance(column: str) -> Chance | TermChance:
            assert made is not None  # who ranked by vectors has them
            return self._spaces[column].chance(made.vectors[column], made.compared.get(column))

        return RetrievedLists(self.release.recipe, lists, depth, chance, places)

    def _exact_index(self, made: QuestionEmbedding) -> ExactIndex | None:
        return self._spaces[next(iter(made.vectors))].exact

    @property
    def is_in_memory(self) -> bool:
        """Whether all that a search reads besides words is in memory, so that one thread is as quick as several."""
        return has_few_vectors(self.release) and self._row_cache is not None

    @property
    def _row_cache(self) -> RowCache | None:
        """None for the first searches, as long as loading everything would have cost more than it saved."""
        n_before = max(1, self.release.counts["n_chunks"] // _CHUNKS_PER_SEARCH)
        return self._loading_rows.at_hand() if self._n_searches > n_before and fits(self.release) else None

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
        known = [dict[str, Compared]() for _ in made]
        for column, space in self._spaces.items():
            having = [number for number, one in enumerate(made) if column in one.vectors]
            if having:
                found = space.compared([made[number].vectors[column] for number in having], with_chance=with_chance)
                for number, one in zip(having, found, strict=True):
                    known[number][column] = one
        return [replace(one, compared=of_one) for one, of_one in zip(made, known, strict=True)]


def _first_depth(question: SearchRequest) -> int:
    return max(LEAST_DEPTH if question.mode == "hybrid" else 0, _DEPTH * question.k)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="raglake-search")
