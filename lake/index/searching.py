"""Searches a lake, answers questions from it, and says why a document is found or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from lake.directory import Lake
from lake.endpoints.deadline import within
from lake.errors import LakeError, TransientError
from lake.index.contents import ReleaseContents
from lake.index.records import ReleaseRecords
from lake.options import SearchArguments
from lake.options.answer import AnswerOptions
from lake.options.arguments import CONFIGURED, Configured, given, with_search_options
from lake.options.search import STALE_FOR
from lake.patches.lazy_pandas import find_no_pandas
from lake.plugins.later import Later
from lake.releases.history import At
from lake.search.known_log import LogReader
from lake.search.outcomes import unwrapped
from lake.search.question import SearchRequest
from lake.search.recorded import RecordedSearch
from lake.search.rights import Rights
from lake.search.shown import shown
from lake.search.snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa

    from lake import questions as ground_truth
    from lake.answer import Answer, ChatModel, Message
    from lake.inspect.diagnosis import diagnose, empty, trace
    from lake.inspect.diagnosis.diagnose import Why
    from lake.options import Boosts, CacheOptions
    from lake.options.search import Copies, Expand, Fusion, Mode, Syntax
    from lake.questions import Evidence
    from lake.schemas.result import SearchResult
    from lake.search import answers, explain
    from lake.search.question_embedding import Embedders
else:  # what only answers and diagnoses need
    answers, explain = Later("lake.search.answers"), Later("lake.search.explain")
    diagnose, empty = Later("lake.inspect.diagnosis.diagnose"), Later("lake.inspect.diagnosis.empty")
    trace, ground_truth = Later("lake.inspect.diagnosis.trace"), Later("lake.questions")


class Index(ReleaseContents, ReleaseRecords):
    """A lake opened for reading. Each call answers from exactly one release.

    A long-lived Index follows ``live``: the next call sees what was published. The first search reads the lake's
    search configuration, and later ones read it again if the log has grown.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return open_lake, (self._lake.url,)  # what it holds open, and caches, belongs to this process

    @cached_property
    def _answers(self) -> answers.LakeAnswers:
        return answers.LakeAnswers(self._reader, self._log, self.caches, self.search)

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
    def places(
        self,
        text: str,
        k: int | Configured = CONFIGURED,
        *,
        at: At = "live",
        embedder: Embedders = None,
        **options: Unpack[SearchArguments],
    ) -> pa.Table:
        """Where the passages of ``search`` stand: some columns of its hits, for less, since no text is read."""
        return self._reader.ask(at, [text], given(k=k, **options), embedder, lambda snapshot, rights, questions:
                                snapshot.places(questions[0], rights, embedder))  # fmt: skip

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

    def explain(self, found: SearchResult) -> list[dict[str, Any]]:
        """Retrievers, ranks, scores, release and lineage of each hit, as JSON."""
        history = self.history()
        release = history.resolve(found.release)
        return explain.explained(self._reader.snapshot(release), history, found)

    def shown(self, found: SearchResult, question: str, principals: tuple[str, ...] | str = ()) -> list[dict[str, Any]]:
        """For each hit where the question's words stand in it, and who may see it, as ``lake.search.shown`` has it."""
        return self._reader.search(
            found.release, lambda snapshot, rights: shown(snapshot, rights, found.hits, question, principals)
        )

    @with_search_options
    def why_nothing(
        self, text: str, *, at: At = "live", embedder: Embedders = None, **options: Unpack[SearchArguments]
    ) -> list[str]:
        """Sentences that explain why a search with these options finds nothing."""
        return self._reader.ask(at, [text], given(**options), embedder, lambda snapshot, rights, questions:
                                empty.reasons(snapshot, rights, questions[0], embedder))  # fmt: skip

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
            ground_truth.EvalQuestion("asked", question, evidence=tuple(evidence))
            if evidence
            else diagnose.meant(self.questions(name), question)
        )
        history = self.history()

        def traced(snapshot: Snapshot, rights: Rights, questions: list[SearchRequest]) -> Why:
            return diagnose.why(
                self._lake, history, expected, trace.SearchTrace(snapshot, questions[0], rights, embedder, budget)
            )

        return self._reader.ask(at, [expected.text], given(k=k, **options), embedder, traced)


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
    except TransientError as error:
        return _opened(Lake(url), cache, stale_for, missing=error)


def _opened(lake: Lake, cache: CacheOptions | None, stale_for: float, missing: TransientError | None = None) -> Index:
    find_no_pandas()
    log = LogReader(lake, stale_for, is_seen=missing is None)
    if missing:
        log.breaker.open(missing)  # nobody waits for it again until a probe finds it
    return Index(lake, cache, log)
