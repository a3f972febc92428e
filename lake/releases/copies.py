"""Exact copies: documents of a release whose canonical texts are equal, and the one of them that stands for all.

Documents of one text under different titles are not copies: they are about different things, such as the forms of two
companies, and each is found by its title. A document without a title is a copy of the first one that has the text.

Which one stands depends on the documents alone, never on the night that brought them. A document with headings and a
title comes before plain text, then the one in the fewest folders, the one with the shortest name, and the first by
name. It is a relation of all documents of a release, so it is computed from their digests and not stored with any of
them: no row changes if another document does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow.compute as pc

from lake.schemas import CANONICAL_DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

#: Columns of documents that copies are found by.
COPY_COLUMNS = ("doc_id", "source", "uri", "media_type", "title", CANONICAL_DIGEST.name)


class Copy(NamedTuple):
    """A document that has copies."""

    doc_id: str
    source: str
    uri: str
    media_type: str | None = None
    title: str | None = None


def standing(copy: Copy) -> tuple[bool, bool, int, int, str, str, str]:
    """Sort key of copies: the first one stands for the others.

    >>> sorted([Copy("", "s", "old/a.md"), Copy("", "s", "b.md"), Copy("", "s", "a.md")], key=standing)[0].uri
    'a.md'
    """
    is_plain = copy.media_type == "text/plain"
    return is_plain, copy.title is None, copy.uri.count("/"), len(copy.uri), copy.uri, copy.source, copy.doc_id


def copied(documents: pa.Table) -> pa.Table:
    """Those of the documents (COPY_COLUMNS) whose text another one has."""
    counts = documents.column(CANONICAL_DIGEST.name).drop_null().value_counts()
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if not len(repeated):
        return documents.slice(0, 0)
    return documents.filter(pc.is_in(documents.column(CANONICAL_DIGEST.name), repeated))


def exact_groups(documents: pa.Table) -> dict[str, list[Copy]]:
    """The documents (COPY_COLUMNS) that are copies, by a key of each group; the one that stands is the first."""
    rows, groups = copied(documents), dict[str, list[Copy]]()
    *place, digests = (rows.column(name).to_pylist() for name in COPY_COLUMNS)
    for digest, *values in zip(digests, *place, strict=True):
        groups.setdefault(digest, []).append(Copy(*values))
    by_title = (part for digest in sorted(groups) for part in _titled(digest, sorted(groups[digest], key=standing)))
    return {key: copies for key, copies in by_title if len(copies) > 1}


def _titled(digest: str, copies: list[Copy]) -> Iterator[tuple[str, list[Copy]]]:
    """Parts a group of one text by title, under a key for each part."""
    titles = list(dict.fromkeys(copy.title for copy in copies if copy.title is not None)) or [""]
    for number, title in enumerate(titles):
        alike = (None, title) if number == 0 else (title,)
        yield f"{digest}/{number}", [copy for copy in copies if copy.title in alike]
