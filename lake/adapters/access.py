"""A lake as one caller may read it: rights, release and options are set once, by whoever sets it up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.index import Index, open_lake
from lake.options import SearchOptions
from lake.result import SearchResult
from lake.search.rights import Rights

if TYPE_CHECKING:
    from lake.answer.values import Answer

#: What a caller of an Access may not set for a single question.
FIXED = ("principals", "embedder")


@dataclass(frozen=True, slots=True)
class Access:
    """``principals``: whose documents may be seen, besides those that all may; "*" sees everything.

    ``at``: a release to stay with, by id, name, date or time, or ``live``. ``options`` are fields of
    ``SearchOptions`` for every search. A caller may set others for one search, but never
    ``principals``, nor another release than the one it stays with.
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
        """Of a lake at a folder or URL; UsageError where there is none, or no such release or option."""
        names = principals if isinstance(principals, str) else tuple(principals)
        access = cls(open_lake(lake), names, at, options)
        if at != "live":
            access.index.release(at)
        return access

    def search(self, text: str, k: int | None = None, at: str | None = None, **how: Any) -> SearchResult:
        """The ``k`` best passages, all of one release; as many as the lake's configuration says by default."""
        _refuse(how)
        words = {**self.options, **({} if k is None else {"k": k}), **how, "principals": self.principals}
        SearchOptions.of(words)
        return self.index.search(text, at=self._release(at), **words)

    def answer(self, question: str, at: str | None = None, **words: Any) -> Answer:
        """As of ``Index.answer``."""
        _refuse(words)
        fixed = {**self.options, **words, "principals": self.principals}
        return self.index.answer(question, at=self._release(at), **fixed)

    def answer_stream(self, question: str, at: str | None = None, **words: Any) -> Iterator[str | Answer]:
        """As of ``Index.answer_stream``."""
        _refuse(words)
        fixed = {**self.options, **words, "principals": self.principals}
        return self.index.answer_stream(question, at=self._release(at), **fixed)

    def document(self, doc_id: str, at: str | None = None, start: int = 0, characters: int = 100_000) -> dict[str, Any]:
        """As of ``Index.document``, JSON-like."""
        words: dict[str, Any] = {"principals": self.principals, "start": start, "characters": characters}
        return _plain(self.index.document(doc_id, at=self._release(at), **words))

    def releases(self) -> list[dict[str, Any]]:
        """RELEASES rows that JSON can hold, oldest first."""
        return [_plain(row) for row in self.index.releases().to_pylist()]

    def _release(self, at: str | None) -> str:
        if self.at != "live" and at not in (None, self.at):
            raise UsageError(f"this reader stays with release {self.at!r}; {at!r} can't be asked for here")
        return at or self.at


def passages(found: SearchResult) -> list[tuple[str, dict[str, Any]]]:
    """Text and metadata of each hit, best first; all of it JSON-like."""
    return [(row.pop("text"), _plain(row) | {"release": found.release}) for row in found]


def _refuse(how: Mapping[str, Any]) -> None:
    for name in FIXED:
        if name in how:
            raise UsageError(f"{name} is set where the reader is made, and by no single search")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
