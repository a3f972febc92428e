"""The full text of a release: which chunks have the words of a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lake.plugins.later import Later
from lake.recipe import are_own
from lake.releases.values import Release
from lake.search.candidates import RankedList
from lake.search.chunk_rows import ChunkRows
from lake.search.exact_index import Loading
from lake.search.exact_words import exact_first
from lake.search.question import SearchRequest
from lake.search.wildcards import WildcardTexts, matching
from lake.tables.reader import TableReader, Where
from lake.tables.synonyms import Expansion, StemmedWords, Synonyms, plain_words, with_synonyms
from lake.tables.text_query import in_words
from lake.tables.words import WORD_COLUMNS, algorithm_of, asked

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.tables import held_words
    from lake.tables.held_words import HeldWords
    from lake.tables.text_query import TextQuery
else:  # what only a reader that is asked often needs
    held_words = Later("lake.tables.held_words")

#: Chunks whose words are held in memory in the time that a search by Lance takes longer, and the most of a release.
_CHUNKS_PER_SEARCH, _MOST_CHUNKS = 150, 250_000


class WordSearch:
    """Ranks a release's chunks by the words of a question, and by synonyms of them.

    They are held in memory once the release was asked often, unless it is too large. ``synonyms``: the lake's list of
    a number. ``submit`` runs something in the background.
    """

    def __init__(
        self,
        release: Release,
        table: Callable[[str], TableReader],
        rows: ChunkRows,
        synonyms: Callable[[int], Synonyms],
        submit: Callable[..., Any],
    ) -> None:
        self._table, self._rows, self._synonyms, self._submit = table, rows, synonyms, submit
        parts = release.recipe.text_index.parts
        more = [column for part, column in (("title", "title"), ("place", "uri")) if part in parts]
        self._searched = WildcardTexts(
            ("text", "heading", *more, *rows.written), release.recipe.text_tokenizer == "words/accents"
        )
        self._tokenizer, self._language = release.recipe.text_tokenizer, release.recipe.text_language.lower()
        self._revision = release.recipe.words_revision
        n_chunks = release.counts["n_chunks"]
        self._can_hold = are_own(self._tokenizer) and n_chunks <= _MOST_CHUNKS
        self._n_before = n_chunks // _CHUNKS_PER_SEARCH
        self.let_go()

    def ranked(self, question: SearchRequest, where: Where, depth: int) -> RankedList:
        """The best ``depth`` chunks, those with exactly the words of an identifier first."""
        query = question.text_query()
        wildcards, query = query.wildcards, query.without_wildcards()
        if are_own(self._tokenizer):
            query = in_words(query, self._algorithms, self._tokenizer, self._revision)
        added = self._added(self.expansions(question))
        if wildcards:
            found = matching(self._table("chunks"), query, wildcards, depth, where, self._searched)
        else:
            found = self._matching(with_synonyms(query, added), depth, where)
        row_ids, scores = (found.column(name).to_numpy() for name in ("_rowid", "_score"))
        ranked = RankedList("text", row_ids, scores.astype(float))
        is_changed = bool(added or question.fuzziness)
        return ranked if is_changed else exact_first(ranked, question.text, self._rows.of, self._rows.written)

    def _matching(self, query: TextQuery, depth: int, where: Where) -> pa.Table:
        self._n_asked += 1
        is_plain = query.is_words and not query.clauses[0].fuzziness
        if is_plain and not isinstance(where, str) and (held := self._held()) is not None:
            return held.matching(query, depth, where)
        return self._table("chunks").matching(query, depth, where)

    @property
    def are_held(self) -> bool:
        """Whether the words are in memory."""
        return self._held() is not None

    def _held(self) -> HeldWords | None:
        """None for the first questions, as long as reading all words would cost more than it saved."""
        if not self._can_hold or self._n_asked <= self._n_before:
            return None
        with suppress(Exception):  # which a search by Lance may meet as well
            return self._loading.at_hand()
        self.let_go()  # since reading them again is worth as many questions more
        return None

    def let_go(self) -> None:
        """Holds no words until as many questions were asked again as reading them is worth."""
        self._n_asked = 0
        self._loading = Loading(lambda: held_words.read_held_words(self._table("chunks"), WORD_COLUMNS), self._submit)

    @property
    def n_bytes(self) -> int:
        """Approximate bytes of the words in memory."""
        held = self._loading.value
        return held.n_bytes if held is not None else 0

    def expansions(self, question: SearchRequest) -> tuple[Expansion, ...]:
        """Terms of a question that have synonyms, with these."""
        if question.synonyms is None or question.mode == "vector" or not question.text_query().is_words:
            return ()
        rules, stemmed = self._synonyms(question.synonyms), are_own(self._tokenizer)
        compared = [StemmedWords(one, self._tokenizer) for one in self._algorithms] if stemmed else [plain_words]
        return tuple(dict(pair for words in compared for pair in rules.of(question.text, words)).items())

    def _added(self, expansions: Sequence[Expansion]) -> list[str]:
        """The words of synonyms as the release's full text holds them."""
        text = " ".join(one for _, others in expansions for one in others)
        if not text or not are_own(self._tokenizer):
            return text.split()
        found = asked(text, self._algorithms, self._tokenizer, self._revision)
        return [*found.words, *found.forms]

    @cached_property
    def _algorithms(self) -> tuple[str, ...]:
        """How the release's texts are stemmed, beginning with the lake's own language."""
        languages = self._table("documents").scan(["language"]).column("language").unique().to_pylist()
        others = sorted({algorithm_of(language, self._language) for language in languages})
        return tuple(dict.fromkeys([self._language, *others]))
