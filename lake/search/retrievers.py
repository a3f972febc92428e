"""The retrievers of a release: full text, and one for each embedder. Each gives a ranked list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from lake.recipe import SPARSE
from lake.releases.values import Release
from lake.search.candidates import RankedList
from lake.search.chunk_rows import ChunkRows
from lake.search.exact_index import has_few_vectors
from lake.search.fusion import Chance, TermChance
from lake.search.leads import Leads
from lake.search.question import SearchRequest
from lake.search.question_embedding import Embedded, QuestionEmbedding
from lake.search.retrieved import RetrievedLists
from lake.search.spaces import space_of
from lake.search.standing import Allowed, StandingCopies
from lake.search.vector_space import Compared
from lake.search.word_search import WordSearch
from lake.tables.reader import TableReader, Where


class Retrievers:
    """Ranks the chunks of a release; ``submit`` runs in the background what may go on beside."""

    def __init__(
        self,
        release: Release,
        table: Callable[[str], TableReader],
        rows: ChunkRows,
        words: WordSearch,
        copies: StandingCopies,
        submit: Callable[..., Any],
    ) -> None:
        self._release, self._table, self._rows, self._words, self._submit = release, table, rows, words, submit
        self.spaces = {
            column: space_of(release, column, lambda: table("chunks"), copies, submit)
            for column in release.recipe.vector_columns
        }

    def lists(
        self,
        question: SearchRequest,
        where: Where,
        depth: int,
        embedded: Embedded,
        made: QuestionEmbedding | None = None,
        words: RankedList | None = None,
    ) -> tuple[list[RankedList], QuestionEmbedding | None]:
        """The ranked list of each retriever; looks ``words`` up while the question is embedded."""
        beside = None
        if question.mode == "hybrid" and words is None:
            beside = self._submit(self._words.ranked, question, where, depth)
        lists: list[RankedList] = []
        if question.mode != "text":
            made = made or embedded()
            lists += self._by_vectors(made, where, depth, roughly=question.mode == "hybrid")
        if question.mode != "vector":
            lists.append(words or (beside.result() if beside else self._words.ranked(question, where, depth)))
        return self._followed(lists), made

    def _by_vectors(self, made: QuestionEmbedding, where: Where, depth: int, *, roughly: bool) -> Iterator[RankedList]:
        """The ranked list of each embedder. ``roughly``: words or other vectors count beside it."""
        roughly = roughly or len(made.vectors) > 1
        each = {
            column: partial(
                self.spaces[column].nearest, vector, where, depth, made.compared.get(column), roughly=roughly
            )
            for column, vector in made.vectors.items()
        }
        # Nothing in the background may wait for what is loaded there.
        others = () if has_few_vectors(self._release) else [column for column in list(each)[1:] if column != SPARSE]
        beside = {column: self._submit(each[column]) for column in others}
        found = {column: one() for column, one in each.items() if column not in beside}
        yield from (beside[column].result() if column in beside else found[column] for column in each)

    def whole(
        self, question: SearchRequest, visible: str | None, allowed: Allowed, embedded: Embedded
    ) -> RetrievedLists:
        """The lists of every chunk under the condition ``visible``, if there is one, by exact cosines."""
        n_chunks = max(1, self._release.counts["n_chunks"])
        made = None if question.mode == "text" else embedded()
        lists = [
            self.spaces[column].whole(vector, visible, allowed.where, n_chunks)
            for column, vector in (made.vectors.items() if made else ())
        ]
        if question.mode != "vector":
            lists.append(self._words.ranked(question, allowed.where, n_chunks))
        return self.retrieved(self._followed(lists), n_chunks, made)

    def retrieved(self, lists: list[RankedList], depth: int, made: QuestionEmbedding | None) -> RetrievedLists:
        """The lists with what fuses them."""
        exact = self.spaces[next(iter(made.vectors))].exact if made else None
        held = self._rows.in_memory or exact
        places = self._rows.stored if held is None else held.rows

        def chance(column: str) -> Chance | TermChance:
            assert made is not None  # who ranked by vectors has them
            return self.spaces[column].chance(made.vectors[column], made.compared.get(column))

        return RetrievedLists(self._release.recipe, lists, depth, chance, places)

    def _followed(self, lists: list[RankedList]) -> list[RankedList]:
        """The lists with chunks in place of the summaries that lead to them."""
        return [self._leads.followed(one) for one in lists] if self._leads else lists

    @cached_property
    def _leads(self) -> Leads | None:
        return Leads.read(self._table("chunks")) if self._release.recipe.chunking.has_summaries else None

    def compared(self, made: Sequence[QuestionEmbedding], *, with_chance: bool) -> list[QuestionEmbedding]:
        """The embeddings of several questions with what is computed of all of them in one pass over the vectors."""
        known = [dict[str, Compared]() for _ in made]
        for column, space in self.spaces.items():
            having = [number for number, one in enumerate(made) if column in one.vectors]
            if having:
                found = space.compared([made[number].vectors[column] for number in having], with_chance=with_chance)
                for number, one in zip(having, found, strict=True):
                    known[number][column] = one
        return [replace(one, compared=of_one) for one, of_one in zip(made, known, strict=True)]
