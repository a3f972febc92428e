"""Documents as the releases of a lake hold them, for a caller with some rights."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from lake.errors import UsageError
from lake.inspect.text_diff import text_diff
from lake.search.reading import find_document

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.search.reader import Reader
    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot

T = TypeVar("T")
Principals = Collection[str] | str
#: Hunks of a difference that one call returns, and the characters that end a call earlier.
_HUNKS, _HUNK_CHARACTERS = 100, 100_000


class IndexedDocuments:
    """What releases hold of single documents, as JSON-like values.

    Each call raises UsageError for a document that the release lacks or that ``principals`` may not see, with the
    same message.
    """

    def __init__(self, lake: Lake, reader: Reader) -> None:
        self._lake, self._reader = lake, reader

    def difference(self, doc_id: str, a: str, b: str, principals: Principals = (), first: int = 0) -> dict[str, Any]:
        """How its text differs between two releases, from hunk ``first`` on; ``next_hunk`` is None at the end.

        A release that lacks the document counts as one with an empty text; at least one of the two has it.
        """
        sides = [self._side(doc_id, release, principals) for release in (a, b)]
        row = sides[1][1] or sides[0][1]
        if row is None:
            raise UsageError(f"no document {doc_id!r} in {sides[0][0]} or {sides[1][0]}")
        (release_a, row_a, text_a), (release_b, row_b, text_b) = sides
        found = text_diff(text_a, text_b)
        hunks = found.hunks()
        shown = list(_within(hunks[first : first + _HUNKS], _HUNK_CHARACTERS, lambda hunk: hunk.b[1] - hunk.b[0]))
        end = first + len(shown)
        return {
            "from": release_a, "to": release_b, "doc_id": doc_id, "source": row["source"], "uri": row["uri"],
            "in_from": row_a is not None, "in_to": row_b is not None, "equal": text_a == text_b,
            "n_words_removed": found.n_words("removed"), "n_words_added": found.n_words("added"),
            "is_coarse": found.is_coarse, "n_hunks": len(hunks), "hunks": [hunk.to_json() for hunk in shown],
            "next_hunk": end if end < len(hunks) else None,
        }  # fmt: skip

    def _side(self, doc_id: str, at: str, principals: Principals) -> tuple[str, dict[str, Any] | None, str]:
        """The id of a release, the document's row in it, None if it has none, and the text, then empty."""

        def read(snapshot: Snapshot, rights: Rights) -> tuple[str, dict[str, Any] | None, str]:
            row = None
            with suppress(UsageError):
                row = find_document(snapshot, rights.predicate(principals), doc_id, ("source", "uri", "content_id"))
            return snapshot.release.id, row, self._text(row["content_id"]) if row else ""

        return self._reader.search(at, read)

    def _text(self, content_id: str) -> str:
        self._lake.contents.refresh()
        text: str = self._lake.contents.read([content_id], ["text"]).column("text")[0].as_py() or ""
        return text


def _within(items: Collection[T], most: int, size: Callable[[T], int]) -> Iterator[T]:
    """The first items, at least one, until their sizes exceed ``most``."""
    total = 0
    for number, item in enumerate(items):
        total += size(item)
        if number and total > most:
            return
        yield item
