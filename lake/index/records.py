"""What is kept beside releases: questions, scores, judgements, replies and the query log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.directory import configuration
from lake.index.opened import OpenLake
from lake.plugins.later import Later
from lake.records import scores
from lake.records.calls import Calls
from lake.records.feedback import ANSWERS, PASSAGES, keep
from lake.records.query_log import QUERIES
from lake.records.query_log_writer import QueryLogWriter
from lake.releases.history import At
from lake.search.judgement import judged, judged_answer
from lake.search.query_ids import searched
from lake.search.rights import Rights
from lake.search.snapshot import Snapshot

if TYPE_CHECKING:
    from lake import questions as ground_truth
    from lake.questions import EvalQuestion, Resolved, copied
else:  # what a search does not need
    ground_truth, copied = Later("lake.questions"), Later("lake.questions.copied")


class ReleaseRecords(OpenLake):
    """Reads and keeps what is recorded beside releases."""

    def scores(self, at: At = "live") -> pa.Table:
        """SCORES rows of the release: each question's scores in its last evaluation, by search profile."""
        return scores.read(self._lake, self.release(at).id)

    def keep_scores(self, rows: pa.Table) -> None:
        """Stores SCORES rows beside their release."""
        scores.keep(self._lake, rows)

    def questions(self, name: str | None = None) -> list[EvalQuestion]:
        """The questions of a set with known answers, or those of all sets."""
        return ground_truth.questions(self._lake, name)

    def resolve(self, questions: Sequence[EvalQuestion], at: At = "live") -> list[Resolved]:
        """The places of each question's evidence in a release."""
        return self._reader.of_release(at, lambda release: ground_truth.resolve(self._lake, release, questions))

    def resolve_copies(
        self, resolved: Sequence[Resolved], found: Mapping[str, Sequence[str]], at: At = "live"
    ) -> list[Resolved]:
        """The questions with their evidence in those exact copies of its documents that were found first.

        ``found``: doc_ids by question_id, best first.
        """
        return self._reader.of_release(at, lambda release: copied.as_found(self._lake, release, resolved, found))

    def calls(self, *, again: bool = False) -> Calls:
        """Chat models' stored replies; with ``again``, old ones are ignored and new ones replace them."""
        return Calls(self._lake, again=again)

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
