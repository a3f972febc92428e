"""Reading a lake: search at any release, and datasets for Polars and DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import pyarrow as pa

from lake.answer import AnswerOptions, answer, answer_stream
from lake.directory import Lake
from lake.inspect.describe import contents, description
from lake.options import SearchArguments
from lake.options.arguments import CONFIGURED, Configured, given, with_search_options
from lake.questions import EvalQuestion, questions, resolve
from lake.records import scores
from lake.records.calls import Calls
from lake.records.feedback import keep, read
from lake.releases.history import History
from lake.releases.rows import release_table
from lake.releases.values import Release
from lake.search.diagnosis.diagnose import meant, why
from lake.search.diagnosis.empty import reasons
from lake.search.diagnosis.trace import SearchTrace
from lake.search.explain import explained
from lake.search.judgement import judged
from lake.search.query_ids import searched
from lake.search.reader import Reader
from lake.search.reading import read_document
from lake.search.rights import Rights
from lake.search.snapshot import Snapshot

if TYPE_CHECKING:
    from lake.answer import Answer, AnswerOptions, ChatModel, Message
    from lake.answer.retrieval import SearchFunction
    from lake.embed.base import Embedder
    from lake.inspect.diff import Difference
    from lake.options import Boosts, SearchDefaults
    from lake.options.search import Expand, Fusion, Mode, Syntax
    from lake.questions import EvalQuestion, Evidence, Resolved
    from lake.records.calls import Calls
    from lake.result import SearchResult
    from lake.search.diagnosis.diagnose import Why
    from lake.search.question import SearchRequest


class Index:
    """A lake opened for reading. Each call answers from exactly one release.

    A long-lived Index follows ``live``: whatever is published is seen by the next call. What the lake's configuration
    says of searches is read with the first one, and again when the log has grown.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._reader = Reader(lake)

    def __repr__(self) -> str:
        return f"<Index of the lake {self._lake.url}>"

    def history(self) -> History:
        """The release log as it stands now."""
        return self._lake.log.read()

    def release(self, at: str = "live") -> Release:
        """``live``, a release's id, or what was live at a date (its end) or time, UTC."""
        return self.history().resolve(at)

    def releases(self) -> pa.Table:
        """Every release, oldest first."""
        return release_table(self.history())

    def describe(self, at: str = "live") -> dict[str, Any]:
        """All that is known of a release: its RELEASES row, recipe, failed checks, what it took, its log entries."""
        history = self.history()
        return description(self._lake, history, history.resolve(at))

    def status(self) -> dict[str, Any]:
        """What is live, what it holds, and what is in quarantine there; JSON-like."""
        history = self.history()
        found: dict[str, Any] = {"lake": self._lake.url, "pinned": history.pinned, "n_releases": len(history.releases)}
        if history.live is None:
            return {**found, "live": None, "quarantine": []}
        return found | self._reader.of_release("live", self._contents)

    def _contents(self, live: Release) -> dict[str, Any]:
        return contents(self.history(), live, self._reader.snapshot(live))

    def dataset(self, table: str, at: str = "live") -> Any:
        """A pyarrow dataset of ``documents``, ``parents``, ``chunks`` or ``quarantine`` at a release.

        It reads as long as its release is kept, and at least for the grace that ``prune`` leaves it.
        """
        return self._reader.of_release(at, lambda release: self._reader.snapshot(release).table(table).dataset())

    def findings(self, at: str = "live") -> pa.Table:
        """FINDINGS rows of the release's audit."""
        return self._lake.findings(self.release(at).id)

    def scores(self, at: str = "live") -> pa.Table:
        """SCORES rows of the release: what each question scored when it was last evaluated, in each way of asking."""
        return scores.read(self._lake, self.release(at).id)

    def questions(self, name: str | None = None) -> list[EvalQuestion]:
        """The questions of a set whose answers are known, or those of all sets."""
        return questions(self._lake, name)

    def resolve(self, asked: Sequence[EvalQuestion], at: str = "live") -> list[Resolved]:
        """Where a release has the evidence of each question."""
        return self._reader.of_release(at, lambda release: resolve(self._lake, release, asked))

    def keep_scores(self, rows: pa.Table) -> None:
        """Keep SCORES rows beside their release."""
        scores.keep(self._lake, rows)

    def calls(self, *, again: bool = False) -> Calls:
        """Replies of chat models that the lake keeps; with ``again`` none is given, and new ones take their place."""
        return Calls(self._lake, again=again)

    def diff(self, a: str, b: str = "live") -> Difference:
        """What release ``b`` holds otherwise than ``a``."""
        from lake.inspect.diff import difference

        history = self.history()
        return difference(self._lake, history.resolve(a), history.resolve(b))

    def defaults(self) -> SearchDefaults:
        """The search options that hold for the lake: what its configuration sets, else the defaults."""
        return self._reader.defaults(self.history())

    def search(
        self,
        text: str,
        k: int | Configured = CONFIGURED,
        *,
        at: str = "live",
        embedder: Embedder | None = None,
        mode: Mode | Configured = CONFIGURED,
        fusion: Fusion | Configured = CONFIGURED,
        alpha: float | Configured | None = CONFIGURED,
        expand: Expand | Configured = CONFIGURED,
        window: int | Configured = CONFIGURED,
        fuzziness: int | Configured = CONFIGURED,
        rerank: str | Configured | None = CONFIGURED,
        rerank_depth: int | Configured = CONFIGURED,
        collapse: float | Configured | None = CONFIGURED,
        diversity: float | Configured = CONFIGURED,
        boosts: Boosts | Mapping[str, Any] | Configured | None = CONFIGURED,
        where: str | None = None,
        filters: Mapping[str, Any] | None = None,
        principals: Sequence[str] | str = (),
        syntax: Syntax = "plain",
        min_score: float | None = None,
    ) -> SearchResult:
        """The ``k`` passages that answer best, best first; ``SearchOptions`` describes each option.

        CONFIGURED options fall back to the lake's configuration, else to the defaults of ``SearchOptions``. Scores are
        cosine similarities for ``vector``, BM25 for ``text``, and their fusion for ``hybrid``.
        """
        said = given(
            k=k, mode=mode, fusion=fusion, alpha=alpha, expand=expand, window=window, fuzziness=fuzziness,
            rerank=rerank, rerank_depth=rerank_depth, collapse=collapse, diversity=diversity, boosts=boosts,
            where=where, filters=filters, principals=principals, syntax=syntax, min_score=min_score,
        )  # fmt: skip
        return self._reader.ask(at, [text], said, embedder, lambda snapshot, rights, questions:
                                snapshot.search(questions[0], rights, embedder))  # fmt: skip

    @with_search_options
    def search_batch(
        self,
        texts: Sequence[str],
        k: int | Configured = CONFIGURED,
        *,
        at: str = "live",
        embedder: Embedder | None = None,
        **options: Unpack[SearchArguments],
    ) -> list[SearchResult]:
        """One result for each text, all from one release; options as of ``search``."""
        return self._reader.ask(at, texts, given(k=k, **options), embedder, lambda snapshot, rights, questions:
                                snapshot.search_all(questions, rights, embedder))  # fmt: skip

    @with_search_options
    def answer(
        self,
        question: str,
        k: int | None = None,
        *,
        at: str = "live",
        chat: ChatModel | str | None = None,
        options: AnswerOptions | None = None,
        history: Sequence[Message] = (),
        embedder: Embedder | None = None,
        **search: Unpack[SearchArguments],
    ) -> Answer:
        """An answer from the passages found, with checked citations; ``k`` overrides that of ``options``."""
        release, options, find = self._searching(at, options, k, embedder, search)
        return answer(find, question, chat=chat, options=options, history=history, release=release)

    @with_search_options
    def answer_stream(
        self,
        question: str,
        k: int | None = None,
        *,
        at: str = "live",
        chat: ChatModel | str | None = None,
        options: AnswerOptions | None = None,
        history: Sequence[Message] = (),
        embedder: Embedder | None = None,
        **search: Unpack[SearchArguments],
    ) -> Iterator[str | Answer]:
        """Pieces of the text as the model writes it, then the Answer."""
        release, options, find = self._searching(at, options, k, embedder, search)
        return answer_stream(find, question, chat=chat, options=options, history=history, release=release)

    def _searching(
        self,
        at: str,
        options: AnswerOptions | None,
        k: int | None,
        embedder: Embedder | None,
        search: SearchArguments,
    ) -> tuple[Release, AnswerOptions, SearchFunction]:
        """The release, the options of an answer, and a search in which all but text and ``k`` is set."""
        release, chosen = self.release(at), options or AnswerOptions()
        find = partial(self.search, at=release.id, embedder=embedder, **given(**search))
        return release, chosen if k is None else replace(chosen, k=k), find

    @with_search_options
    def why_nothing(
        self, text: str, *, at: str = "live", embedder: Embedder | None = None, **options: Unpack[SearchArguments]
    ) -> list[str]:
        """Sentences that explain why a search with these options finds nothing."""
        return self._reader.ask(at, [text], given(**options), embedder, lambda snapshot, rights, questions:
                                reasons(snapshot, rights, questions[0], embedder))  # fmt: skip

    def explain(self, found: SearchResult) -> list[dict[str, Any]]:
        """Retrievers, ranks, scores, release and lineage of each hit; JSON-like."""
        history = self.history()
        release = history.resolve(found.release)
        return explained(self._reader.snapshot(release), history, found.hits)

    @with_search_options
    def why(
        self,
        question: str,
        evidence: Sequence[Evidence] = (),
        *,
        at: str = "live",
        k: int | Configured = CONFIGURED,
        name: str | None = None,
        budget: int | None = None,
        embedder: Embedder | None = None,
        **options: Unpack[SearchArguments],
    ) -> Why:
        """Where the evidence of a question is found or lost by a search with these options; for operators.

        Without ``evidence`` the question is one that is kept (in the set ``name``), by its text, id or key.
        ``budget``: tokens that a request for an answer may take, as of ``AnswerOptions.budget_tokens``.
        """
        asked = (
            EvalQuestion("asked", question, evidence=tuple(evidence))
            if evidence
            else meant(self.questions(name), question)
        )
        history = self.history()

        def traced(snapshot: Snapshot, rights: Rights, questions: list[SearchRequest]) -> Why:
            return why(self._lake, history, asked, SearchTrace(snapshot, questions[0], rights, embedder, budget))

        return self._reader.ask(at, [asked.text], given(k=k, **options), embedder, traced)

    def feedback(
        self,
        query_id: str,
        chunk_id: str,
        useful: bool,
        *,
        voter: str | None = None,
        principals: Collection[str] | str = (),
    ) -> str:
        """Keep what somebody said of a passage that a search had found, and give the id of that.

        ``query_id`` is that of a ``SearchResult``. ``voter`` is any name of who
        judged, kept as a digest alone: of several judgements of theirs the last counts. UsageError for a passage that
        ``principals`` may not see, as for one that is not there.
        """
        release, question = searched(query_id)

        def judge(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return judged(snapshot, rights.predicate(principals), question, chunk_id, useful, voter)

        return keep(self._lake, self._reader.search(release, judge))

    def judgements(self) -> pa.Table:
        """FEEDBACK rows of all that was said, oldest first."""
        return read(self._lake)

    def document(
        self,
        doc_id: str,
        *,
        at: str = "live",
        principals: Collection[str] | str = (),
        start: int = 0,
        characters: int = 100_000,
    ) -> dict[str, Any]:
        """A document that the principals may see: ``release``, its row of the manifest, and its text in ``sections``.

        The text is read from ``start`` on; ``next_start`` says where it goes on, None at its end.
        """

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return read_document(snapshot, rights.predicate(principals), doc_id, start, characters)

        return self._reader.search(at, read)


def open_lake(url: str) -> Index:
    """Open a lake for reading; UsageError where there is none."""
    return Index(Lake.existing(url))
