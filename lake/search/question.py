"""A search request: a text and checked options."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from lake.errors import UsageError
from lake.options import SearchOptions
from lake.tables.analyzer import has_word
from lake.tables.sql import check_encodable
from lake.tables.text_query import TextQuery, text_query

#: A longer question is a document; a model reads only its first few hundred words anyway.
MAX_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class SearchRequest(SearchOptions):
    """A text to search for, and options; raises UsageError for invalid or incompatible options."""

    text: str

    def __post_init__(self) -> None:
        SearchOptions.__post_init__(self)
        self._check_text()

    def _check_text(self) -> None:
        _check_question(self.text)
        self.text_query()

    @classmethod
    def asking(cls, text: str, options: SearchOptions) -> SearchRequest:
        """The text with options, which were checked when they were made."""
        made = object.__new__(cls)
        for one in fields(SearchOptions):
            object.__setattr__(made, one.name, getattr(options, one.name))
        object.__setattr__(made, "text", text)
        made._check_text()
        return made

    def by_words(self) -> SearchRequest:
        """The same search without vectors; a ``min_score`` on the scale of the fusion does not apply."""
        return replace(self, mode="text", min_score=self.min_score if self.rerank else None)

    def text_query(self) -> TextQuery:
        return text_query(self.text, self.syntax, self.fuzziness)

    @property
    def is_refined(self) -> bool:
        """Whether a step after the fusion reads the best candidates again."""
        closer = (self.rerank, self.boosts, self.diversity or None, self.collapse, self.min_score)
        return any(step is not None for step in closer)


def _check_question(text: str) -> None:
    if not isinstance(text, str):
        raise UsageError(f"the question is {type(text).__name__}, not text")
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the question has {len(text):,} characters; the maximum is {MAX_CHARACTERS:,}")
    check_encodable(text)
    if not has_word(text):
        raise UsageError("the question holds no word to search for")
