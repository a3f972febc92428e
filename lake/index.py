"""Reading a lake: search at any release, and datasets for Polars and DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.directory import Lake
from lake.inspect.describe import contents, description
from lake.questions import questions, resolve
from lake.records import scores
from lake.releases.history import History
from lake.releases.rows import release_table
from lake.releases.values import Release
from lake.search.reader import Reader
from lake.search.rights import Rights
from lake.search.snapshot import Snapshot, released

if TYPE_CHECKING:
    from lake.answer.retrieval import SearchFunction
    from lake.answer.values import Answer
    from lake.embed.base import Embedder
    from lake.inspect.diff import Difference
    from lake.questions import EvalQuestion, Evidence, Resolved
    from lake.records.calls import Calls
    from lake.search.defaults import SearchDefaults as Defaults
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
        from lake.records.calls import Calls

        return Calls(self._lake, again=again)

    def diff(self, a: str, b: str = "live") -> Difference:
        """What release ``b`` holds otherwise than ``a``."""
        from lake.inspect.diff import difference

        history = self.history()
        return difference(self._lake, history.resolve(a), history.resolve(b))

    def defaults(self) -> Defaults:
        """How the lake is searched where nobody says otherwise."""
        return self._reader.defaults(self.history())

    def search(
        self,
        text: str,
        k: int | None = None,
        *,
        at: str = "live",
        embedder: Embedder | None = None,
        **how: Any,
    ) -> pa.Table:
        """The ``k`` passages that answer best, as HITS rows, best first; ``how`` are fields of ``SearchRequest``.

        For instance ``mode="text"``, ``expand="none"``, ``filters={"media_type": "application/pdf"}``. What is not said
        is as the lake's configuration has it, and 10 passages else. Scores: cosine similarity for ``vector``, BM25 for
        ``text``, their fusion for ``hybrid``.
        """

        def found(snapshot: Snapshot, rights: Rights, questions: list[SearchRequest]) -> pa.Table:
            return snapshot.search(questions[0], rights, embedder)

        return self._reader.ask(at, [text], k, how, embedder, found)

    def search_batch(
        self,
        texts: Sequence[str],
        k: int | None = None,
        *,
        at: str = "live",
        embedder: Embedder | None = None,
        **how: Any,
    ) -> list[pa.Table]:
        """As ``search`` for each text, all from one release."""

        def found(snapshot: Snapshot, rights: Rights, questions: list[SearchRequest]) -> list[pa.Table]:
            return snapshot.search_all(questions, rights, embedder)

        return self._reader.ask(at, texts, k, how, embedder, found)

    def answer(self, question: str, *, at: str = "live", **words: Any) -> Answer:
        """An answer from the passages found, with checked citations.

        ``words``: ``chat``, ``options``, ``history`` as ``lake.answer.answer`` takes them, and those of ``search``.
        """
        from lake.answer import answer

        return answer(*self._asked(at, question, words), **words)

    def answer_stream(self, question: str, *, at: str = "live", **words: Any) -> Iterator[str | Answer]:
        """As ``answer``: pieces of the text as they are written, then the Answer."""
        from lake.answer import answer_stream

        return answer_stream(*self._asked(at, question, words), **words)

    def _asked(self, at: str, question: str, words: dict[str, Any]) -> tuple[SearchFunction, str]:
        """A search with ``words`` of its own set, which are taken out of them; the release is put in."""
        release = words["release"] = self.release(at)
        how = {name: words.pop(name) for name in words.keys() - {"chat", "options", "history", "release"}}
        return partial(self.search, at=release.id, **how), question

    def explain(self, hits: pa.Table) -> list[dict[str, Any]]:
        """For each hit of ``search`` its legs, ranks and scores, its release and its lineage; JSON-like."""
        from lake.search.explain import explained

        history = self.history()
        release = history.resolve(released(hits))
        return explained(self._reader.snapshot(release), history, hits)

    def why(
        self,
        question: str,
        evidence: Sequence[Evidence] = (),
        *,
        at: str = "live",
        k: int | None = None,
        name: str | None = None,
        budget: int | None = None,
        embedder: Embedder | None = None,
        **how: Any,
    ) -> Why:
        """Where the evidence of a question is found or lost, asked as ``search`` asks; for operators, who see all.

        Without ``evidence`` the question is one that is kept (in the set ``name``), by its text, id or key.
        ``budget``: tokens that a request for an answer may take, as of ``Options.budget_tokens``.
        """
        from lake.questions import EvalQuestion
        from lake.search.diagnosis.diagnose import meant, why
        from lake.search.diagnosis.trace import SearchTrace

        asked = (
            EvalQuestion("asked", question, evidence=tuple(evidence))
            if evidence
            else meant(self.questions(name), question)
        )
        history = self.history()

        def traced(snapshot: Snapshot, rights: Rights, questions: list[SearchRequest]) -> Why:
            return why(self._lake, history, asked, SearchTrace(snapshot, questions[0], rights, embedder, budget))

        return self._reader.ask(at, [asked.text], k, how, embedder, traced)

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

        ``query_id`` came with the passages (``lake.search.snapshot.query_of(hits)``). ``voter`` is any name of who
        judged, kept as a digest alone: of several judgements of theirs the last counts. UsageError for a passage that
        ``principals`` may not see, as for one that is not there.
        """
        from lake.records.feedback import keep
        from lake.search.judgement import judged
        from lake.search.query_ids import searched

        release, question = searched(query_id)

        def judge(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return judged(snapshot, rights.predicate(principals), question, chunk_id, useful, voter)

        return keep(self._lake, self._reader.search(release, judge))

    def judgements(self) -> pa.Table:
        """FEEDBACK rows of all that was said, oldest first."""
        from lake.records.feedback import read

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
        from lake.search.reading import read_document

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            return read_document(snapshot, rights.predicate(principals), doc_id, start, characters)

        return self._reader.search(at, read)


def open_lake(url: str) -> Index:
    """Open a lake for reading; UsageError where there is none."""
    return Index(Lake.existing(url))
