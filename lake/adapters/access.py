"""A lake as one caller may read it: whoever creates it fixes rights, release and options."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lake.errors import LakeError, UsageError
from lake.index import Index, open_lake
from lake.options import SearchOptions
from lake.schemas.result import SearchResult
from lake.search.rights import Rights
from lake.sources.declared import EVERYTHING

if TYPE_CHECKING:
    from lake.answer.values import Answer

#: Options that a caller of an Access may not set for a single question.
FIXED = ("principals", "embedder")
#: Columns of RELEASES that depend on all documents, or are words of operators, who see all.
_OF_ALL_DOCUMENTS = ("n_documents", "n_quarantined", "n_parents", "n_chunks", "audit", "why", "digest")


@dataclass(frozen=True, slots=True)
class Access:
    """``principals``: whose documents are visible besides unrestricted ones; "*" sees everything.

    ``at``: the release to use, by id, name, date or time, or ``live``. ``options`` are fields of ``SearchOptions`` for
    every search. A caller may set others for one search, but never ``principals``, nor another release than a fixed
    ``at``.
    """

    index: Index
    principals: tuple[str, ...] | str = ()
    at: str = "live"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse(self.options)
        SearchOptions.of(self.options)
        Rights({}).predicate(self.principals)

    @classmethod
    def open(cls, lake: str, principals: Collection[str] | str = (), at: str = "live", **options: Any) -> Access:
        """Opens a lake at a folder or URL; raises UsageError if there is none, or no such release or option."""
        names = principals if isinstance(principals, str) else tuple(principals)
        access = cls(open_lake(lake), names, at, options)
        if at != "live":
            access.index.release(at)
        return access

    def search(self, text: str, k: int | None = None, at: str | None = None, **how: Any) -> SearchResult:
        """The ``k`` best passages, all of one release; by default as many as the lake's configuration sets."""
        _refuse(how)
        words = {**self.options, **({} if k is None else {"k": k}), **how, "principals": self.principals}
        SearchOptions.of(words)
        return self.index.search(text, at=self._release(at), **words)

    def search_outcomes(
        self, questions: Sequence[Mapping[str, Any]], at: str | None = None, **how: Any
    ) -> list[SearchResult | LakeError]:
        """Like ``Index.search_outcomes``, of questions with ``text`` and options."""
        for options in (how, *questions):
            _refuse(options)
        words = {**self.options, **how, "principals": self.principals}
        return self.index.search_outcomes(questions, at=self._release(at), **words)

    def answer(self, question: str, at: str | None = None, **words: Any) -> Answer:
        """Like ``Index.answer``."""
        _refuse(words)
        fixed = {**self.options, **words, "principals": self.principals}
        return self.index.answer(question, at=self._release(at), **fixed)

    def answer_stream(self, question: str, at: str | None = None, **words: Any) -> Iterator[str | Answer]:
        """Like ``Index.answer_stream``."""
        _refuse(words)
        fixed = {**self.options, **words, "principals": self.principals}
        return self.index.answer_stream(question, at=self._release(at), **fixed)

    def document(self, doc_id: str, at: str | None = None, start: int = 0, characters: int = 100_000) -> dict[str, Any]:
        """Like ``Index.document``, as JSON."""
        words: dict[str, Any] = {"principals": self.principals, "start": start, "characters": characters}
        return _plain(self.index.document(doc_id, at=self._release(at), **words))

    def releases(self) -> list[dict[str, Any]]:
        """RELEASES rows as JSON, oldest first; what counts or names hidden documents is None."""
        rows = [_plain(row) for row in self.index.releases().to_pylist()]
        hides_some = self.principals != EVERYTHING and self.index.history().rights is not None
        return [row | dict.fromkeys(_OF_ALL_DOCUMENTS) for row in rows] if hides_some else rows

    def _release(self, at: str | None) -> str:
        if self.at != "live" and at not in (None, self.at):
            raise UsageError(f"this reader is fixed to release {self.at!r}; {at!r} is not available here")
        return at or self.at


def passages(found: SearchResult) -> list[tuple[str, dict[str, Any]]]:
    """Text and metadata of each hit, best first, as JSON."""
    return [(row.pop("text"), _plain(row) | {"release": found.release}) for row in found]


def _refuse(how: Mapping[str, Any]) -> None:
    for name in FIXED:
        if name in how:
            raise UsageError(f"{name} is fixed when the reader is created; a single search can't set it")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
