"""The vectors of a question in the space of each of a release's embedders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.base import Embedder, listed
from lake.endpoints.breaker import UnreachableError
from lake.errors import UsageError
from lake.recipe import SPARSE
from lake.search.fusion import shares
from lake.search.question_vectors import QuestionVectors, Through

if TYPE_CHECKING:
    from lake.recipe import Recipe
    from lake.releases.values import Release
    from lake.search.question import SearchRequest
    from lake.search.vector_space import Compared

#: What a caller may pass in place of a release's embedders: one of them, or several.
Embedders = Embedder | Sequence[Embedder] | None


@dataclass(frozen=True, slots=True)
class QuestionEmbedding:
    """Unit vectors by the column that they are compared with.

    ``missing``: the numbers, from 1, of the recipe's embedders that could not be reached. ``compared``: what is known
    of a vector before the search.
    """

    vectors: Mapping[str, np.ndarray]
    missing: tuple[int, ...] = ()
    compared: Mapping[str, Compared] = field(default_factory=dict)


#: Embeds a question when it is called, or returns what was embedded before.
Embedded = Callable[[], QuestionEmbedding]


class ReleaseEncoders:
    """Embeds questions to a release with those of its embedders that have a weight in a search."""

    def __init__(self, release: Release, through: Through) -> None:
        self._release = release
        self._by_column = {
            column: QuestionVectors(release, identity, through)
            for column, identity in release.recipe.vector_columns.items()
        }

    def of_question(self, question: SearchRequest, embedders: Embedders) -> QuestionEmbedding:
        """The question's vectors. Raises UnreachableError only if the question may degrade, and all are missing."""
        chosen = self._chosen(embedders)
        makers = {
            column: partial(self._by_column[column].of_question, question, chosen.get(column))
            for column in self._columns(question)
        }
        return self._made(makers)

    def of_questions(self, questions: Sequence[SearchRequest], embedders: Embedders) -> list[Embedded]:
        """What returns the vectors of each or raises why there are none; embeds all at once, and now."""
        chosen, makers = self._chosen(embedders), [dict[str, Callable[[], np.ndarray]]() for _ in questions]
        for column, encoder in self._by_column.items():
            numbers = [number for number, one in enumerate(questions) if column in self._columns(one)]
            found = encoder.of_questions([questions[number] for number in numbers], chosen.get(column))
            for number, maker in zip(numbers, found, strict=True):
                makers[number][column] = maker
        return [partial(self._made, of_one) for of_one in makers]

    def first(self, question: SearchRequest, embedders: Embedders) -> np.ndarray:
        """The question's vector by the first embedder alone."""
        column = next(iter(self._by_column))
        return self._by_column[column].of_question(question, self._chosen(embedders).get(column))

    def _columns(self, question: SearchRequest) -> list[str]:
        return [column for column, share in shares(self._release.recipe, question.embedder_weights).items() if share]

    def _chosen(self, embedders: Embedders) -> dict[str, Embedder]:
        """The embedder for each column that the caller passes one for."""
        passed = listed(embedders)
        if len(self._by_column) == 1 and len(passed) == 1:
            return dict(zip(self._by_column, passed, strict=True))  # which reports the difference if it is another
        columns = self._release.recipe.vector_columns.items()
        chosen = {column: one for column, identity in columns for one in passed if one.identity.answers(identity)}
        used = {id(one) for one in chosen.values()}
        if other := next((one.identity.name for one in passed if id(one) not in used), None):
            names = self._release.recipe.embedder_names
            raise UsageError(f"{self._release.id} was embedded with {names!r}; {other!r} would search another space")
        return chosen

    def _made(self, makers: Mapping[str, Callable[[], np.ndarray]]) -> QuestionEmbedding:
        if len(makers) == 1:
            return QuestionEmbedding({column: maker() for column, maker in makers.items()})
        # Endpoints are called side by side, as the lake in use here states.
        first, *others = makers.items()
        running = {column: _pool().submit(copy_context().run, maker) for column, maker in others}
        vectors: dict[str, np.ndarray] = {}
        failed: dict[str, UnreachableError] = {}
        for column, maker in (first, *((column, future.result) for column, future in running.items())):
            try:
                vectors[column] = maker()
            except UnreachableError as error:
                failed[column] = error
        if not vectors:
            raise next(iter(failed.values()))
        numbers = {column: number for number, column in enumerate(self._by_column, 1)}
        return QuestionEmbedding(vectors, tuple(numbers[column] for column in failed))


def embedder_part(recipe: Recipe, number: int) -> str:
    """The name of an embedder in a degraded result; ``number`` counts those of the recipe from 1."""
    return SPARSE if recipe.embedders[number - 1].is_sparse else f"vector:{number}"


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """Threads of their own, so that no search waits for one that waits for it."""
    return ThreadPoolExecutor(thread_name_prefix="raglake-embed-question")
