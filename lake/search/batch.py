"""Searches one release for many questions: does once what they have in common, and the rest several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from lake.errors import LakeError
from lake.search.outcomes import outcome, unwrapped

if TYPE_CHECKING:
    from lake.schemas.result import SearchResult
    from lake.search.question import SearchRequest
    from lake.search.question_embedding import Embedded, Embedders
    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot
    from lake.search.stages import FoundCandidates, Sought

T = TypeVar("T")

#: Questions that are searched at a time, and those whose vectors are compared in one pass over a release's.
_AT_A_TIME, _TOGETHER = 4, 64


def search_all(
    snapshot: Snapshot, questions: Sequence[SearchRequest], rights: Rights, embedder: Embedders = None
) -> list[SearchResult | LakeError]:
    """The result of each question, or its error; embeds them, and reads their passages, together."""
    embeddings = snapshot.embeddings(questions, embedder)
    found: list[FoundCandidates | LakeError] = []
    with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="raglake-question") as pool:
        batch = _Batch(snapshot, rights, pool)
        for start in range(0, len(questions), _TOGETHER):
            some = slice(start, start + _TOGETHER)
            found += batch.found(questions[some], embeddings[some])
    results = outcome(lambda: snapshot.results([one for one in found if not isinstance(one, LakeError)]))
    if isinstance(results, LakeError):  # of one of them, which must not cost the others
        return [_result(snapshot, one) for one in found]
    left = iter(results)
    return [one if isinstance(one, LakeError) else next(left) for one in found]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Finds the candidates of some questions in three steps. Each question may meet an error, which it alone has."""

    snapshot: Snapshot
    rights: Rights
    pool: ThreadPoolExecutor

    def found(
        self, questions: Sequence[SearchRequest], embeddings: Sequence[Embedded]
    ) -> list[FoundCandidates | LakeError]:
        embedded = self._compared(questions, embeddings)
        # In memory it is short calls, for each of which threads would wait for one another.
        looking_up = [partial(self._sought, question) for question in questions]
        sought = [outcome(work) for work in looking_up] if self.snapshot.has_words else self._each(looking_up)
        works = [partial(self._found, *one) for one in zip(sought, embedded, strict=True)]
        is_short = self.snapshot.is_in_memory and not any(one.is_refined for one in questions)
        return [outcome(work) for work in works] if is_short else self._each(works)

    def _each(self, works: Sequence[Callable[[], T]]) -> list[T | LakeError]:
        """Several at a time. Each thread calls models as the lake in use here states."""
        found: dict[int, T | LakeError] = {}
        left = iter(enumerate(works))  # which threads share

        def some() -> None:
            found.update((number, outcome(work)) for number, work in left)

        for run in [self.pool.submit(copy_context().run, some) for _ in range(min(_AT_A_TIME, len(works)))]:
            run.result()
        return [found[number] for number in range(len(works))]

    def _compared(self, questions: Sequence[SearchRequest], embeddings: Sequence[Embedded]) -> list[Embedded]:
        """The embeddings with what is computed of all of them together; errors are raised when they are used."""
        wanted = [number for number, one in enumerate(questions) if one.mode != "text"]
        made = dict(zip(wanted, self._each([embeddings[number] for number in wanted]), strict=True))
        whole = {number: one for number, one in made.items() if not isinstance(one, LakeError)}
        with_chance = any(one.mode == "hybrid" and one.fusion != "rrf" for one in questions)
        compared = outcome(lambda: self.snapshot.compared(list(whole.values()), with_chance=with_chance))
        if not isinstance(compared, LakeError):  # else each question meets it by itself
            made |= zip(whole, compared, strict=True)
        return [partial(unwrapped, made[n]) if n in made else one for n, one in enumerate(embeddings)]

    def _sought(self, question: SearchRequest) -> Sought:
        sought = self.snapshot.sought(question, self.rights)
        with_words = outcome(partial(self.snapshot.with_words, sought))
        return sought if isinstance(with_words, LakeError) else with_words  # the search itself meets the error

    def _found(self, sought: Sought | LakeError, embedded: Embedded) -> FoundCandidates:
        return self.snapshot.found(unwrapped(sought), embedded)


def _result(snapshot: Snapshot, found: FoundCandidates | LakeError) -> SearchResult | LakeError:
    return found if isinstance(found, LakeError) else outcome(lambda: snapshot.results([found])[0])
