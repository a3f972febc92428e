"""Reads a lake: search at any release, and datasets for Polars and DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Unpack

import pyarrow as pa

from lake import configuration
from lake.answer import AnswerOptions
from lake.cache.caches import opened, watch
from lake.directory import Lake
from lake.endpoints.deadline import within
from lake.endpoints.endpoint import using
from lake.errors import LakeError, TransientError
from lake.inspect.describe import contents, description
from lake.inspect.duplicates import NEAR, duplicates
from lake.options import SearchArguments
from lake.options.arguments import CONFIGURED, Configured, given, with_search_options
from lake.options.search import STALE_FOR
from lake.questions import EvalQuestion, questions, resolve
from lake.questions.copied import as_found
from lake.records import scores
from lake.records.calls import Calls
from lake.records.feedback import ANSWERS, PASSAGES, keep
from lake.records.query_log import QUERIES
from lake.records.query_log_writer import QueryLogWriter
from lake.records.watch_state import WatchState
from lake.records.watch_state import states as watch_states
from lake.releases.history import At, History
from lake.releases.rows import release_table
from lake.releases.values import Release
from lake.search.answers import LakeAnswers
from lake.search.diagnosis.diagnose import meant, why
from lake.search.diagnosis.empty import reasons
from lake.search.diagnosis.trace import SearchTrace
from lake.search.explain import explained
from lake.search.facets import facets, named
from lake.search.judgement import judged, judged_answer
from lake.search.known_log import LogReader, Wait
from lake.search.outcomes import unwrapped
from lake.search.query_ids import searched
from lake.search.question import SearchRequest
from lake.search.reader import Reader
from lake.search.reading import read_document
from lake.search.recorded import RecordedSearch
from lake.search.rights import Rights
from lake.search.shown import shown
from lake.search.snapshot import Snapshot

if TYPE_CHECKING:
    from lake.answer import Answer, AnswerOptions, ChatModel, Message
    from lake.inspect.diff import Difference
    from lake.inspect.indexed import IndexedDocuments
    from lake.options import Boosts, CacheOptions, SearchDefaults
    from lake.options.completeness import Completeness
    from lake.options.search import Copies, Expand, Fusion, Mode, Syntax
    from lake.questions import EvalQuestion, Evidence, Resolved
    from lake.records.calls import Calls
    from lake.result import SearchResult
    from lake.search.diagnosis.diagnose import Why
    from lake.search.question_embedding import Embedders


class Index:
    """A lake opened for reading. Each call answers from exactly one release.

    A long-lived Index follows ``live``: the next call sees what was published. The first search reads the lake's
    search configuration, and later ones read it again if the log has grown.
    """

    def __init__(self, lake: Lake, cache: CacheOptions | None = None, log: LogReader | None = None) -> None:
        self._lake, self._log = lake, log or LogReader(lake)
        self.caches = opened(lake, cache, is_seen=self._log.is_seen)
        self._reader = Reader(lake, self._log, self.caches)
        self._answers = LakeAnswers(self._reader, self._log, self.caches, self.search)
        if self.caches:
            watch(Reader.follow, self._reader)

    def __reduce__(self) -> tuple[Any, ...]:
        return open_lake, (self._lake.url,)  # what it holds open, and caches, belongs to this process

    def __repr__(self) -> str:
        return f"<Index of the lake {self._lake.url}>"

    @property
    def url(self) -> str:
        """The lake's folder or URL."""
        return self._lake.url

    def history(self) -> History:
        """The current release log."""
        return self._log.known(Wait.of({})).history

    def release(self, at: At = "live", *, degrade: bool = False) -> Release:
        """The release of ``live``, an id or name, or the one that was live at a date (its end) or time, UTC.

        With ``degrade``, as far as it is known if the lake can't be reached.
        """
        return self._log.known(Wait.of({"degrade": degrade})).history.resolve(at)

    def health(self) -> tuple[Release, datetime | None]:
        """The live release; and when the lake was last read, if searches with ``degrade`` go on without it now.

        Raises TransientError or ContractError if they can't, UsageError if nothing is published.
        """
        return self._reader.health()

    def age(self) -> float:
        """Seconds since the lake was last read; infinite if it never was."""
        return self._log.age()

    def releases(self) -> pa.Table:
        """Every release, oldest first."""
        return release_table(self.history())

    def describe(self, at: At = "live") -> dict[str, Any]:
        """Everything known about a release: its RELEASES row, recipe, failed checks, usage and log entries."""
        history = self.history()
        return description(self._lake, history, history.resolve(at))

    def status(self) -> dict[str, Any]:
        """The live release, its contents and its quarantine, as JSON."""
        history = self.history()
        found: dict[str, Any] = {"lake": self._lake.url, "pinned": history.pinned, "n_releases": len(history.releases)}
        found["watches"] = [watch.summary() for watch in self.watches()]
        if history.live is None:
            return {**found, "live": None, "quarantine": []}
        return found | self._reader.of_release("live", self._contents)

    def watches(self) -> Iterator[WatchState]:
        """How soon changes are published, by each who watches or watched the lake (``raglake watch``)."""
        return watch_states(self._lake.store)

    def _contents(self, live: Release) -> dict[str, Any]:
        return contents(self.history(), live, self._reader.snapshot(live), self._completeness())

    def _completeness(self) -> Completeness:
        return configuration.read(self._lake.store).completeness

    def inspect(self, uri: str, *, at: At = "live", source: str | None = None, chunks: bool = False) -> dict[str, Any]:
        """A document as a release or its quarantine holds it, as JSON; for operators, whatever its rights.

        ``sections`` hold the text as it is indexed, with ``chunks`` also cut into chunks; ``account`` what became of
        the words of the source; ``quarantine`` why it is not indexed. Raises UsageError for an unknown uri.
        """
        return self.documents.inspected(uri, at, source, chunks=chunks)

    @property
    def documents(self) -> IndexedDocuments:
        """What releases hold of single documents, and how these differ between releases."""
        from lake.inspect.indexed import IndexedDocuments

        return IndexedDocuments(self._lake, self._reader, self.history, self._completeness)

    def duplicates(self, at: At = "live", *, near: bool = False, likeness: float = NEAR) -> pa.Table:
        """DUPLICATES rows: documents with exactly the same text, largest groups first; for operators.

        With ``near``, also documents whose words resemble those of another one at least so much: ``likeness`` is the
        Jaccard similarity of their sequences of three words, from 0.5 to 1, estimated with a standard error of 0.03.
        """

        def read(release: Release) -> pa.Table:
            return duplicates(self._lake, self._reader.snapshot(release), near=near, likeness=likeness)

        return self._reader.of_release(at, read)

    def dataset(self, table: str, at: At = "live") -> Any:
        """A pyarrow dataset of ``documents``, ``parents``, ``chunks`` or ``quarantine`` at a release.

        Readable as long as its release is kept, and at least for the grace period of ``prune``.
        """
        return self._reader.of_release(at, lambda release: self._reader.snapshot(release).table(table).dataset())

    def findings(self, at: At = "live") -> pa.Table:
        """FINDINGS rows of the release's audit."""
        return self._lake.findings(self.release(at).id)

    def scores(self, at: At = "live") -> pa.Table:
        """SCORES rows of the release: each question's scores in its last evaluation, by search profile."""
        return scores.read(self._lake, self.release(at).id)

    def questions(self, name: str | None = None) -> list[EvalQuestion]:
        """The questions of a set with known answers, or those of all sets."""
        return questions(self._lake, name)

    def resolve(self, questions: Sequence[EvalQuestion], at: At = "live") -> list[Resolved]:
        """The places of each question's evidence in a release."""
        return self._reader.of_release(at, lambda release: resolve(self._lake, release, questions))

    def resolve_copies(
        self, resolved: Sequence[Resolved], found: Mapping[str, Sequence[str]], at: At = "live"
    ) -> list[Resolved]:
        """The questions with their evidence in those exact copies of its documents that were found first.

        ``found``: doc_ids by question_id, best first.
        """
        return self._reader.of_release(at, lambda release: as_found(self._lake, release, resolved, found))

    def keep_scores(self, rows: pa.Table) -> None:
        """Stores SCORES rows beside their release."""
        scores.keep(self._lake, rows)

    def calls(self, *, again: bool = False) -> Calls:
        """Chat models' stored replies; with ``again``, old ones are ignored and new ones replace them."""
        return Calls(self._lake, again=again)

    def diff(self, a: str, b: str = "live") -> Difference:
        """Differences from release ``a`` to release ``b``."""
        from lake.inspect.diff import difference

        history = self.history()
        return difference(self._lake, history.resolve(a), history.resolve(b))

    def using_endpoints(self) -> AbstractContextManager[None]:
        """Models that are loaded inside are called as the lake's configuration states."""
        return using(self._reader.endpoints(self.history()))

    def defaults(self) -> SearchDefaults:
        """The lake's search options: those of its configuration, else the defaults."""
        return self._reader.defaults(self.history())

    def search(
        self,
        text: str,
        k: int | Configured = CONFIGURED,
        *,
        at: At = "live",
        embedder: Embedders = None,
        mode: Mode | Configured = CONFIGURED,
        fusion: Fusion | Configured = CONFIGURED,
        alpha: float | Configured | None = CONFIGURED,
        weights: Mapping[str, float] | str | Configured | None = CONFIGURED,
        expand: Expand | Configured = CONFIGURED,
        window: int | Configured = CONFIGURED,
        fuzziness: int | Configured = CONFIGURED,
        synonyms: int | Configured | None = CONFIGURED,
        rerank: str | Configured | None = CONFIGURED,
        rerank_depth: int | Configured | None = CONFIGURED,
        rerank_weight: float | Configured | None = CONFIGURED,
        copies: Copies | Configured = CONFIGURED,
        collapse: float | Configured | None = CONFIGURED,
        diversity: float | Configured = CONFIGURED,
        boosts: Boosts | Mapping[str, Any] | Configured | None = CONFIGURED,
        where: str | None = None,
        filters: Mapping[str, Any] | None = None,
        principals: Sequence[str] | str = (),
        syntax: Syntax = "plain",
        min_score: float | None = None,
        degrade: bool = False,
        degrade_after: float = 2.0,
    ) -> SearchResult:
        """The ``k`` passages that answer best, best first; ``SearchOptions`` describes each option.

        CONFIGURED options fall back to the lake's configuration, else to the defaults of ``SearchOptions``. Scores are
        cosine similarities for ``vector``, BM25 for ``text``, and their fusion for ``hybrid``.
        """
        options = given(
            k=k, mode=mode, fusion=fusion, alpha=alpha, weights=weights, expand=expand, window=window,
            fuzziness=fuzziness, synonyms=synonyms, rerank=rerank, rerank_depth=rerank_depth,
            rerank_weight=rerank_weight, copies=copies, collapse=collapse, diversity=diversity, boosts=boosts,
            where=where, filters=filters, principals=principals, syntax=syntax, min_score=min_score, degrade=degrade,
            degrade_after=degrade_after,
        )  # fmt: skip
        return unwrapped(self._reader.outcomes(at, [(text, options)], embedder)[0])

    @with_search_options
    def search_batch(
        self,
        texts: Sequence[str | Mapping[str, Any]],
        k: int | Configured = CONFIGURED,
        *,
        at: At = "live",
        embedder: Embedders = None,
        **options: Unpack[SearchArguments],
    ) -> list[SearchResult]:
        """One result for each text, all from one release and embedded together; options as in ``search``.

        A mapping in place of a text holds ``text`` and options of its own. Raises the first error of any question.
        """
        return [unwrapped(found) for found in self.search_outcomes(texts, k, at=at, embedder=embedder, **options)]

    @with_search_options
    def search_outcomes(
        self,
        texts: Sequence[str | Mapping[str, Any]],
        k: int | Configured = CONFIGURED,
        *,
        at: At = "live",
        embedder: Embedders = None,
        **options: Unpack[SearchArguments],
    ) -> list[SearchResult | LakeError]:
        """Like ``search_batch``, with a question's error in place of its result."""
        shared = given(k=k, **options)
        return self._reader.outcomes(at, [_asked(one, shared) for one in texts], embedder)

    @with_search_options
    def recorded(
        self,
        texts: Sequence[str],
        k: int | Configured = CONFIGURED,
        *,
        at: At = "live",
        embedder: Embedders = None,
        **options: Unpack[SearchArguments],
    ) -> list[RecordedSearch]:
        """A search for each text whose retrievers ran once, to be ordered under many weights and boosts."""
        return self._reader.ask(
            at,
            texts,
            given(k=k, **options),
            embedder,
            lambda snapshot, rights, questions: [snapshot.recorded(one, rights, embedder) for one in questions],
        )

    @with_search_options
    def answer(
        self,
        question: str,
        k: int | None = None,
        *,
        at: At = "live",
        chat: ChatModel | str | Sequence[str] | None = None,
        options: AnswerOptions | None = None,
        history: Sequence[Message] = (),
        embedder: Embedders = None,
        **search: Unpack[SearchArguments],
    ) -> Answer:
        """An answer from the passages found, with checked citations; ``k`` overrides that of ``options``."""
        chosen = options or AnswerOptions()
        chosen = chosen if k is None else replace(chosen, k=k)
        return self._answers.answer(
            self._answers.request(question, at, chat, chosen, history, embedder, given(**search))
        )

    @with_search_options
    def answer_stream(
        self,
        question: str,
        k: int | None = None,
        *,
        at: At = "live",
        chat: ChatModel | str | Sequence[str] | None = None,
        options: AnswerOptions | None = None,
        history: Sequence[Message] = (),
        embedder: Embedders = None,
        **search: Unpack[SearchArguments],
    ) -> Iterator[str | Answer]:
        """Pieces of the text as the model writes it, then the Answer."""
        chosen = options or AnswerOptions()
        chosen = chosen if k is None else replace(chosen, k=k)
        return self._answers.stream(
            self._answers.request(question, at, chat, chosen, history, embedder, given(**search))
        )

    @with_search_options
    def why_nothing(
        self, text: str, *, at: At = "live", embedder: Embedders = None, **options: Unpack[SearchArguments]
    ) -> list[str]:
        """Sentences that explain why a search with these options finds nothing."""
        return self._reader.ask(at, [text], given(**options), embedder, lambda snapshot, rights, questions:
                                reasons(snapshot, rights, questions[0], embedder))  # fmt: skip

    def explain(self, found: SearchResult) -> list[dict[str, Any]]:
        """Retrievers, ranks, scores, release and lineage of each hit, as JSON."""
        history = self.history()
        release = history.resolve(found.release)
        return explained(self._reader.snapshot(release), history, found)

    @with_search_options
    def why(
        self,
        question: str,
        evidence: Sequence[Evidence] = (),
        *,
        at: At = "live",
        k: int | Configured = CONFIGURED,
        name: str | None = None,
        budget: int | None = None,
        embedder: Embedders = None,
        **options: Unpack[SearchArguments],
    ) -> Why:
        """Diagnoses which step of a search with these options finds or loses a question's evidence; for operators.

        Without ``evidence``, uses the stored question (of the set ``name``) with this text, id or key.
        ``budget``: maximum tokens of a request for an answer, as in ``AnswerOptions.budget_tokens``.
        """
        expected = (
            EvalQuestion("asked", question, evidence=tuple(evidence))
            if evidence
            else meant(self.questions(name), question)
        )
        history = self.history()

        def traced(snapshot: Snapshot, rights: Rights, questions: list[SearchRequest]) -> Why:
            return why(self._lake, history, expected, SearchTrace(snapshot, questions[0], rights, embedder, budget))

        return self._reader.ask(at, [expected.text], given(k=k, **options), embedder, traced)

    def feedback(
        self,
        query_id: str,
        chunk_id: str,
        useful: bool,
        *,
        voter: str | None = None,
        principals: Collection[str] | str = (),
    ) -> str:
        """Stores a judgement of a passage that a search found; returns its id.

        ``query_id`` is that of a ``SearchResult``. ``voter`` is any name, kept as a digest only; a voter's last
        judgement of a passage counts. Raises UsageError for a passage that is missing or hidden from ``principals``.
        """
        search = searched(query_id)

        def judge(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return judged(snapshot, rights.predicate(principals), search, chunk_id, useful, voter)

        return keep(self._lake, PASSAGES, self._reader.search(search.release, judge))

    def judgements(self) -> pa.Table:
        """FEEDBACK rows of all judgements, oldest first."""
        return PASSAGES.read(self._lake)

    def answer_feedback(
        self, query_id: str, useful: bool, comment: str | None = None, *, voter: str | None = None
    ) -> str:
        """Stores a judgement of a whole answer, with a comment if there is one; returns its id.

        ``query_id`` is that of the answer. The comment is masked as the query log is. Raises UsageError for an answer
        of a release that does not exist.
        """
        search = searched(query_id)
        self.release(search.release)
        options = configuration.read(self._lake.store).query_log
        return keep(self._lake, ANSWERS, judged_answer(options, search, useful, comment, voter))

    def answer_judgements(self) -> pa.Table:
        """ANSWER_FEEDBACK rows of all judgements, oldest first."""
        return ANSWERS.read(self._lake)

    def queries(self, since: date | None = None) -> pa.Table:
        """QUERIES rows of the query log, or those of days from ``since`` on (UTC), oldest first; for operators."""
        return QUERIES.read(self._lake, since)

    def query_log(self) -> QueryLogWriter:
        """A writer of the query log; raises UsageError if the lake can't be written to."""
        writer = QueryLogWriter(self._lake, lambda: configuration.read(self._lake.store).query_log)
        writer.check()
        return writer

    def facets(
        self,
        filters: Mapping[str, Any] | None = None,
        *,
        at: At = "live",
        principals: tuple[str, ...] | str = (),
    ) -> dict[str, Any]:
        """The documents that a search with these filters could find, counted by source, media type, language and more.

        ``facets`` holds the most frequent values of each column, counted without the column's own filter.
        """
        return self._reader.search(at, lambda snapshot, rights: facets(snapshot, rights, filters or {}, principals))

    def find_documents(
        self, name: str, *, at: At = "live", principals: tuple[str, ...] | str = (), limit: int = 20
    ) -> dict[str, Any]:
        """The release, and ``documents`` whose title or uri contains all words of ``name``."""

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return {"release": snapshot.release.id, "documents": named(snapshot, rights, name, principals, limit)}

        return self._reader.search(at, read)

    def shown(self, found: SearchResult, question: str, principals: tuple[str, ...] | str = ()) -> list[dict[str, Any]]:
        """For each hit where the question's words stand in it, and who may see it, as ``lake.search.shown`` has it."""
        return self._reader.search(
            found.release, lambda snapshot, rights: shown(snapshot, rights, found.hits, question, principals)
        )

    def document(
        self,
        doc_id: str,
        *,
        at: At = "live",
        principals: Collection[str] | str = (),
        start: int = 0,
        characters: int = 100_000,
    ) -> dict[str, Any]:
        """A document that the principals may see: ``release``, its row of the manifest, and its text in ``sections``.

        The text starts at ``start``; ``next_start`` is where to read on, None at its end.
        """

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return read_document(snapshot, rights.predicate(principals), doc_id, start, characters)

        return self._reader.search(at, read)


def _asked(question: str | Mapping[str, Any], shared: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The text and options of a question of a batch."""
    if not isinstance(question, Mapping):
        return question, shared
    options = {**shared, **question}
    return options.pop("text", None), options


def open_lake(
    url: str, *, cache: CacheOptions | None = None, stale_for: float = STALE_FOR, wait: float | None = None
) -> Index:
    """Opens a lake for reading, by default without a cache; raises UsageError if there is none.

    If the lake can't be reached later, searches with ``degrade`` answer from memory for ``stale_for`` seconds. If it
    can't be reached now, raises TransientError; with ``wait``, after that many seconds, opens it as soon as it can be.
    """
    if wait is None:
        return _opened(Lake.existing(url), cache, stale_for)
    try:
        return _opened(within(wait, lambda: Lake.existing(url), url), cache, stale_for)
    except TransientError:
        return _opened(Lake(url), cache, stale_for, is_seen=False)


def _opened(lake: Lake, cache: CacheOptions | None, stale_for: float, *, is_seen: bool = True) -> Index:
    return Index(lake, cache, LogReader(lake, stale_for, is_seen))
